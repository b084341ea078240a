"""The ladder every check climbs: is there an answer, of the right type, shape, value; if not, which mistake is it?"""

import html
import traceback
from collections.abc import Callable, Sequence
from typing import ClassVar

import torch


class Wrong(Exception):
    """An answer that is not right; its text says what it is instead and what to look at."""


class Unanswered(Exception):
    """The placeholder still stands."""


class Verdict:
    """What a check says: `passed` is True, False, or None where there was nothing to judge."""

    MARKS: ClassVar = {True: ("[OK]", "#0b5fa5"), False: ("[not yet]", "#d95f02"), None: ("[--]", "#6b6b6b")}

    def __init__(self, passed: bool | None, text: str):
        self.passed, self.text = passed, text

    def __repr__(self) -> str:
        return f"{self.MARKS[self.passed][0]} {self.text}"

    def _repr_html_(self) -> str:
        mark, colour = self.MARKS[self.passed]
        style = f"border-left:6px solid {colour};padding:6px 10px;margin:2px 0;white-space:pre-wrap;font-size:1.02em"
        return f"<div style='{style}'><b>{mark}</b> {html.escape(self.text)}</div>"


class Exercise:
    """A check that a chapter calls in one line, `exercise(answer)`, with three hints: `exercise.hint()`.

    `look(*answer)` returns a sentence of praise or raises Wrong. `right` and `wrong` are its test cases, filled by
    `nin_course.checks.cases`: answers that must pass, and name -> (answer, words that its message must contain).
    """

    def __init__(self, look: Callable[..., str], hints: Sequence[str]):
        self.look, self.hints, self.given = look, hints, 0
        self.__doc__ = look.__doc__
        self.right: dict[str, tuple] = {}
        self.wrong: dict[str, tuple[tuple, str]] = {}

    def __call__(self, *answer) -> Verdict:
        try:
            if not answer or any(part is None or part is ... for part in answer):
                raise Unanswered
            return Verdict(True, self.look(*answer))
        except Unanswered:
            return Verdict(None, "No answer yet: that is fine. Write yours above, run it, then run this check again.")
        except Wrong as wrong:
            return Verdict(False, str(wrong))

    def hint(self) -> Verdict:
        """The next hint, each time it is asked for."""
        self.given = min(self.given + 1, len(self.hints))
        return Verdict(None, f"Hint {self.given} of {len(self.hints)}: {self.hints[self.given - 1]}")


def exercise(*hints: str) -> Callable[[Callable[..., str]], Exercise]:
    return lambda look: Exercise(look, hints)


def run(function, *inputs, name: str, on: str):
    """What the student's function returns; its exceptions, and a placeholder, become messages."""
    if not callable(function):
        raise Wrong(f"Give the check the function itself: {name}, without brackets; this is a {_kind(function)}.")
    try:
        result = function(*inputs)
    except Exception as error:
        line = traceback.extract_tb(error.__traceback__)[-1].line
        at = f", at `{line}`" if line else ""
        raise Wrong(f"{name} stopped with {type(error).__name__} on {on}{at}: {error}") from error
    if result is None or result is ...:
        raise Unanswered
    return result


def as_tensor(answer, *, name: str) -> torch.Tensor:
    """The type step: anything that holds numbers is welcome, in any dtype."""
    if isinstance(answer, torch.Tensor):
        return answer.detach().cpu().double()
    try:
        return torch.as_tensor(answer, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        raise Wrong(f"{name} should return a tensor; it returned a {_kind(answer)}.") from error


def same(got: torch.Tensor, want: torch.Tensor, tolerance: float = 1e-3) -> bool:
    """Equal shapes and values; the tolerance leaves room for half precision."""
    return got.shape == want.shape and torch.allclose(got.double(), want.double(), atol=tolerance, rtol=tolerance)


def difference(got: torch.Tensor, want: torch.Tensor) -> str:
    return f"the largest difference is {(got.double() - want.double()).abs().max():.3g}"


def shape(t: torch.Tensor) -> str:
    return str(tuple(t.shape))


def _kind(value) -> str:
    return type(value).__name__
