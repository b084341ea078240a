"""A student's function is called once: what it returned, printed, raised, changed in place, and let PyTorch do."""

import copy
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from nin_course.checks import _read
from nin_course.checks._ladder import Heard, Wrong, raised
from nin_course.checks._read import kind

PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "dot")  # what PyTorch calls a matrix product


@dataclass
class Outcome:
    """What happened when a function was called: a value, or an error."""

    value: object = None
    error: Exception | None = None
    printed: str = ""
    changed: list[str] = field(default_factory=list)  # arguments that are not what they were


def call(function: Callable, *args, names: Sequence[str] = ()) -> Outcome:
    """Calls it with copies of `args`; notices what it prints, raises, and changes in place."""
    given, heard = copy.deepcopy(args), Heard()
    try:
        with redirect_stdout(heard):
            value = _read.drawn(function(*given))  # here, where a generator's exceptions are the answer's
        outcome = Outcome(value)
    except Exception as error:
        outcome = Outcome(error=error)
    if heard.text:
        print(heard.text, end="")  # the exercise shows it, after the check
    outcome.printed = heard.text.strip()
    names = names or [f"argument {i}" for i in range(1, len(args) + 1)]
    outcome.changed = [name for name, a, b in zip(names, args, given, strict=False) if not _alike(a, b)]
    return outcome


def _alike(a, b) -> bool:
    if isinstance(a, torch.Tensor):
        return a.shape == b.shape and torch.equal(a, b)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_alike, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    return not isinstance(a, (int, float, str)) or a == b


def returned(outcome: Outcome, called: str):
    """The value, if there is one; else Wrong says what there was instead."""
    if outcome.error:
        raise Wrong(f"{called} stopped with {raised(outcome.error)}")
    if outcome.value is None and outcome.printed:
        raise Wrong(
            f"{called} printed {outcome.printed.splitlines()[-1][:60]!r} and returned None. `print` shows a value and "
            "forgets it; `return` gives it to whoever called."
        )
    if outcome.value is None or outcome.value is ...:
        raise Wrong(f"{called} returned {kind(outcome.value)}. Is the `return` missing, or not reached?")
    return outcome.value


def the_function(answer, name: str) -> Callable:
    """The answer, if it can be called."""
    if not callable(answer) or isinstance(answer, torch.nn.Module):
        raise Wrong(f"Give the check the function itself, {name}, without brackets; this is {kind(answer)}.")
    return answer


class _Ran(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        self.names.append(op.overloadpacket.__name__)
        return op(*args, **(kwargs or {}))


def products(function: Callable, *args) -> int:
    """How many matrix products it really does with copies of `args`, whatever they are called in its source.

    Wrong says so if a convolution does the work.
    """
    with _Ran() as ran:
        function(*copy.deepcopy(args))
    if any("conv" in name for name in ran.names):
        raise Wrong("The values are right, but a convolution computed them. Do it with a matrix product.")
    return sum(name in PRODUCTS for name in ran.names)
