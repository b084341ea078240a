"""What an answer is, asked by name: a number, n numbers, a tensor, a letter. The type step of the ladder.

Every reader returns what the check compares, or raises Wrong with what is wanted and what came. Containers are
forgiven where nothing is lost: tuple, list, generator, dict view, array.
"""

import inspect
import itertools
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress

import numpy as np
import torch
from torch import nn

from nin_course.checks._ladder import Wrong

MOST = 20_000  # things in a container that is read one by one


class Drawn(list):
    """What a generator, or another iterator, gave; the beginning of it, if it has no end."""


def drawn(value):
    """The value, with every iterator in it drawn out, so that it can be read more than once."""
    if isinstance(value, Iterator):
        return Drawn(drawn(part) for part in itertools.islice(value, MOST + 1))
    return type(value)(map(drawn, value)) if type(value) in (list, tuple) and len(value) < 100 else value


def kind(value) -> str:
    """What a value is, in words: "None", "a string", "a tensor of shape (2, 3)", "a network (Conv2d)"."""
    if value is None or value is ... or isinstance(value, bool):
        return {None: "None", ...: "`...`"}.get(value, str(value))
    if isinstance(value, torch.Tensor):
        what = " on meta" if value.is_meta else " of complex numbers" if value.is_complex() else ""
        return f"a tensor of shape {tuple(value.shape)}{what}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, nn.Module):
        return f"a network ({type(value).__name__})"
    if isinstance(value, type):
        return f"the class {value.__name__} itself"
    if isinstance(value, Drawn):
        return f"a generator of {len(value)}" if len(value) <= MOST else f"a generator of more than {MOST:,}"
    if inspect.isroutine(value):
        return "a function, not what it returns"
    if isinstance(value, (bytes, complex, np.complexfloating)):
        return "bytes" if isinstance(value, bytes) else "a complex number"
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        return "a number of more than 308 digits"
    if isinstance(value, (int, float, np.number)):
        return f"the number {show(value)}"
    if isinstance(value, str):
        return f"the string {value[:30]!r}"
    name = type(value).__name__
    count = f" of {len(value)}" if isinstance(value, (list, tuple, Set, Mapping)) else ""
    return f"an {name}{count}" if name[0].lower() in "aeiou" else f"a {name}{count}"


def tensor(value) -> torch.Tensor:
    """Anything that holds real numbers, in any dtype, as float64 on the CPU; a copy."""
    if isinstance(value, torch.Tensor):
        if value.is_complex() or value.is_meta:
            raise Wrong(f"numbers are wanted; this is {kind(value)}")
        value = value.detach()
        value = value.dequantize() if value.is_quantized else value
        value = value.to_dense() if value.layout != torch.strided else value
        return value.to("cpu", torch.float64, copy=True)
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return torch.tensor(value.astype(np.float64))
    if hasattr(type(value), "__float__") and not isinstance(value, (np.ndarray, np.complexfloating)):
        with suppress(OverflowError, TypeError, ValueError):
            return torch.tensor(float(value), dtype=torch.float64)
    if ordered(value):
        parts = [tensor(part) for part in items(value)]
        if len({part.shape for part in parts}) > 1:
            shapes = ", ".join(str(tuple(part.shape)) for part in parts[:4])
            raise Wrong(f"numbers are wanted, all of one shape; these have {shapes}")
        return torch.stack(parts) if parts else torch.zeros(0, dtype=torch.float64)
    raise Wrong(f"numbers are wanted; this is {kind(value)}")


def items(value, wanted: str = "numbers are wanted") -> list:
    """The items of a container, also of one without an end: then there are too many."""
    found = Drawn(itertools.islice(value, MOST + 1))
    if len(found) > MOST:
        raise Wrong(f"{wanted}; this is {kind(found if isinstance(value, Iterator) else value)}")
    return found


def ordered(value) -> bool:
    """A container that keeps an order: not a string, a set, a dict or a network."""
    if isinstance(value, (str, bytes, Set, Mapping, nn.Module, torch.Tensor, type)) and not _view(value):
        return False
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, (Sequence, Iterator)) or (isinstance(value, Iterable) and _view(value))


def _view(value) -> bool:
    return isinstance(value, (type({}.keys()), type({}.values())))


def number(value, what: str = "a number") -> torch.Tensor:
    """One number, as a tensor of shape (); one in a list or an array will do, True and False will not."""
    if single(value):
        return number(value[0], what)
    with suppress(Wrong):
        found = tensor(value)
        if found.numel() == 1 and not boolean(value):
            return found.reshape(())
    raise Wrong(f"{what} is wanted; this is {kind(value)}")


def single(value) -> bool:
    """A list of one thing, or another container of one."""
    return ordered(value) and isinstance(value, Sequence) and len(value) == 1


def boolean(value) -> bool:
    if single(value):
        return boolean(value[0])
    return isinstance(value, bool) or getattr(value, "dtype", None) in (torch.bool, np.dtype(bool))


def several(value, names: Sequence[str]) -> list:
    """As many parts as there are names, in this order, each still as it came."""
    wanted = _things(names)
    if not ordered(value) and not (hasattr(type(value), "ndim") and value.ndim):
        raise Wrong(f"{wanted}; this is {kind(value)}")
    parts = items(value, wanted)
    if len(parts) != len(names):
        raise Wrong(f"{wanted}; this is {kind(value if hasattr(value, '__len__') else parts)}")
    return parts


def _things(names: Sequence[str]) -> str:
    return f"{_word(len(names))} things are wanted, ({', '.join(names)})"


def numbers(value, names: Sequence[str]) -> dict[str, torch.Tensor]:
    """As many numbers as there are names, in this order; a tensor or an array of any shape will do."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        if math.prod(value.shape) != len(names):
            raise Wrong(f"{_things(names)}; this is {kind(value)}")
        value = value.to_dense() if getattr(value, "layout", torch.strided) != torch.strided else value
        value = value.reshape(-1)
    return {n: number(part, f"a number for {n}") for n, part in zip(names, several(value, names), strict=True)}


def letter(value, allowed: Iterable[str]) -> str:
    """One of the letters, in either case, brackets and dots forgiven."""
    *most, last = allowed
    said = value.strip(" .,:;()[]'\"\n\t").upper() if isinstance(value, str) else None
    if said not in (*most, last):
        raise Wrong(f"Answer with one letter, {', '.join(most)} or {last}; this is {kind(value)}.")
    return said


def letters(value, allowed: Iterable[str]) -> list[str]:
    """Several of the letters, in their order: a string ("C, D and E"), or any container of single ones."""
    allowed, several = list(allowed), isinstance(value, Set) or ordered(value)
    wanted = f"Answer with letters, {allowed[0]} to {allowed[-1]}, in a list or a string"
    if isinstance(value, str):
        parts = [c for c in re.sub(r"(?<=\W)and(?=\W)|[和与]", "", value) if c.isalnum()]
    else:
        parts = sorted(value, key=str) if isinstance(value, Set) else items(value, wanted) if several else [None]
    found = []
    for part in parts:
        try:
            found.append(letter(part, allowed))
        except Wrong:
            inside = f" with {kind(part)} in it" if several else ""
            raise Wrong(f"{wanted}; this is {kind(value)}{inside}.") from None
    return found


def exactly(
    value, right: str, statements: Mapping[str, str], why: Callable[[str], str], *, none: str, extra: str, missing: str
) -> None:
    """Raises Wrong unless the letters in `value` are those of `right`, in whatever order.

    It tells of the first letter that is not as it should be, in the order of `statements`: `extra` or `missing`, in
    which {0} is the letter and {1} its statement, and then `why(letter)`. `none` is the beginning if no letter came.
    """
    said = letters(value, statements)
    if not said:
        raise Wrong(f"{none}: answer with at least one letter.")
    for letter, statement in statements.items():
        if (letter in said) != (letter in right):
            raise Wrong(f"{(extra if letter in said else missing).format(letter, statement)} {why(letter)}.")


def show(value) -> str:
    """A number for a sentence: 1,234 or 0.1235."""
    value = float(value)
    if value == int(value) if abs(value) < 1e15 else False:
        return f"{int(value):,}"
    return f"{value:.4g}"


def signature(function) -> list[str]:
    return list(inspect.signature(function).parameters)


def _word(n: int) -> str:
    return {2: "Two", 3: "Three", 4: "Four", 5: "Five"}.get(n, str(n))
