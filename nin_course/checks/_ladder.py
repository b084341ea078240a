"""The ladder that every check climbs: is there an answer, of the right type, shape, value; if not, which mistake is it?

An `Exercise` always answers with a `Verdict`, whatever it is given. Its own part is one function, `look(*answers)`,
that returns a sentence of praise or raises `Wrong`. What surrounds it is here: the untouched placeholder, exceptions
and the line of the student's own code that raised them, a time limit, and PyTorch's global settings, which an answer
may change and a check must not depend on.
"""

import dis
import html
import inspect
import io
import linecache
import signal
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import cache
from pathlib import Path
from typing import ClassVar

import torch

import nin_course
from nin_course.language import say

SECONDS = 20  # how long a check may take, unless it says otherwise
KEPT = 2_000  # characters of what an answer prints
INPUT = "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype."
MEANT = {  # what PyTorch says -> what it means
    f"{INPUT} Got: Bool": "True and False have no mean in PyTorch: first `.float()`, which makes them 1 and 0.",
    f"{INPUT} Got: Long": "Whole numbers have no mean in PyTorch: first `.float()`.",
    "Subtraction, the `-` operator, with": "True and False cannot be subtracted: first `.float()`.",
    "selected index k out of range": "`topk(k, dim)` takes k of those that lie along `dim`, and there are fewer.",
}


class Wrong(Exception):
    """An answer that is not right; its text says what it is instead and what to look at."""


class TimeUp(BaseException):
    """Not an Exception, so that an answer's `except Exception` lets it through."""


class Verdict:
    """What a check says: `passed` is True, False, or None where there was nothing to judge."""

    MARKS: ClassVar = {True: ("[OK]", "#0b5fa5"), False: ("[not yet]", "#d95f02"), None: ("[--]", "#6b6b6b")}

    def __init__(self, passed: bool | None, text: str):
        self.passed, self.text = passed, say(text)

    def __repr__(self) -> str:
        return f"{say(self.MARKS[self.passed][0])} {self.text}"

    def _repr_html_(self) -> str:
        mark, colour = self.MARKS[self.passed]
        style = f"border-left:6px solid {colour};padding:6px 10px;margin:2px 0;white-space:pre-wrap;font-size:1.02em"
        return f"<div style='{style}'><b>{say(mark)}</b> {html.escape(self.text)}</div>"


class Exercise:
    """A check that a chapter calls in one line, `exercise(answer)`, with three hints: `exercise.hint()`.

    The names of the answers, as the chapter calls them, are those of `look`'s parameters. `right` and `wrong` are
    its cases, filled by `nin_course.checks.cases`: answers that must pass, and name -> (answers, words of the verdict).
    """

    def __init__(self, look: Callable[..., str], hints: Sequence[str], seconds: float):
        self.look, self.hints, self.seconds, self.given = look, hints, seconds, 0
        self.__doc__, self.__name__ = look.__doc__, look.__name__
        self.takes = list(inspect.signature(look).parameters)
        self.right: dict[str, tuple] = {}
        self.wrong: dict[str, tuple[tuple, str]] = {}

    def __call__(self, *answers) -> Verdict:
        if len(answers) != len(self.takes):
            call = f"{self.look.__module__.rsplit('.', 1)[-1]}.{self.__name__}({', '.join(self.takes)})"
            return Verdict(False if answers else None, f"Give your answer to this check: {call}")
        empty = [name for name, answer in zip(self.takes, answers, strict=True) if untouched(answer)]
        if len(empty) == len(answers):
            return Verdict(None, "No answer yet: that is fine. Write yours above, run it, then run this check again.")
        if empty:
            return Verdict(None, f"Half done: {' and '.join(empty)} is still empty.")
        heard = Heard()
        try:
            with own_settings(), at_most(self.seconds), redirect_stdout(heard):
                verdict = Verdict(True, self.look(*answers))
        except Wrong as wrong:
            text = str(wrong)
            verdict = Verdict(False, text if text.rstrip(")").endswith((".", "?", "!")) else f"{text}.")
        except TimeUp as up:
            text = f"It did not end within {self.seconds:g} seconds{at_line(up)}. Is there a loop that never stops?"
            verdict = Verdict(False, text)
        except KeyboardInterrupt:
            verdict = Verdict(None, "Interrupted before there was a verdict.")
        except BaseException as error:
            verdict = Verdict(False, f"It stopped with {raised(error)}")
        if heard.text:
            print(heard.text, end="")
        return verdict

    def hint(self) -> Verdict:
        """The next hint, each time it is asked for."""
        self.given = min(self.given + 1, len(self.hints))
        return Verdict(None, f"Hint {self.given} of {len(self.hints)}: {self.hints[self.given - 1]}")


def exercise(*hints: str, seconds: float = SECONDS) -> Callable[[Callable[..., str]], Exercise]:
    return lambda look: Exercise(look, hints, seconds)


def untouched(answer) -> bool:
    """True for the placeholder: `...`, or a function whose body is `...` alone."""
    if not inspect.isfunction(answer):
        return answer is ...
    steps = [step for step in dis.get_instructions(answer) if step.opname not in ("RESUME", "NOP", "COPY_FREE_VARS")]
    return all(step.opname in ("LOAD_CONST", "RETURN_CONST", "RETURN_VALUE") for step in steps) and all(
        step.argval in (None, ...) for step in steps if "CONST" in step.opname
    )


class Heard(io.TextIOBase):
    """What an answer prints, the beginning of it."""

    def __init__(self):
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text[: KEPT - len(self.text)]
        return len(text)


@contextmanager
def own_settings() -> Iterator[None]:
    """PyTorch's global settings as a check needs them inside, and as they were afterwards; the same random numbers."""
    grad, dtype, threads = torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        torch.set_num_threads(1)  # sums are added in the same order on every machine
        torch.set_grad_enabled(True)
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_grad_enabled(grad)
            torch.set_default_dtype(dtype)
            torch.set_num_threads(threads)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raises TimeUp inside when they are over (and again each second), where the platform can."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_):
        raise TimeUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


NOT_THEIRS = tuple(
    str(Path(folder).resolve())
    for folder in {*map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib")), *nin_course.__path__}
) + tuple(str(Path(module.__file__).resolve().parent) for name, module in sys.modules.items() if name == "torch")


@cache
def theirs(file: str) -> bool:
    """Is this file of code the student's own?"""
    return not file.startswith("<frozen") and not str(Path(file).resolve()).startswith(NOT_THEIRS)


def at_line(error: BaseException) -> str:
    """`, at ...` with the last line of the student's own code on the way to the error, if it is known."""
    last, step = None, error.__traceback__
    while step:
        name = step.tb_frame.f_code.co_filename
        if theirs(name):
            last = linecache.getline(name, step.tb_lineno, step.tb_frame.f_globals).strip() or last
        step = step.tb_next
    return f", at `{last}`" if last else ""


def raised(error: BaseException) -> str:
    """An exception in words: its type, the student's line, what it says, and what that means, if it is in MEANT."""
    said = " ".join(str(error).split())
    meant = next((f" {words}" for text, words in MEANT.items() if text in said), "")
    said = f": {said[:300]}" if said else ""
    return f"{type(error).__name__}{at_line(error)}{said.rstrip('.!')}.{meant}"
