"""Whatever an answer may be or do that is none."""

import itertools
import sys
import time

import numpy as np
import torch
from torch import nn


class NoReturn(nn.Module):
    def forward(self, X):
        X.sum()


def loops(*_):
    until = time.monotonic() + 30  # if nothing stops it, a test fails and does not hang
    while time.monotonic() < until:
        pass


class Loops(nn.Module):
    def forward(self, X):
        loops()


class Raises:
    """An iterator that cannot be drawn from."""

    def __iter__(self):
        return self

    def __next__(self):
        return 1 / 0


class Hostile:
    """Raises whatever is asked of it."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __len__(self):
        raise RuntimeError("len")

    def __repr__(self):
        raise RuntimeError("repr")


def exits(*_):
    sys.exit()


def interrupts(*_):
    raise KeyboardInterrupt


def recurses(*arguments):
    return recurses(*arguments)


def ruins(*arguments):
    """Empties what it can reach."""
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
    for argument in arguments:
        if isinstance(argument, torch.Tensor) and argument.is_floating_point():
            argument.detach().zero_()
        if isinstance(argument, list):
            argument.clear()
    return arguments


def values() -> dict[str, object]:
    """Each made anew: a check may change one."""
    return {
        "None": None,
        "an empty string": "",
        "a string": "0.65",
        "a letter": "Z",
        "bytes": b"B",
        "nan": float("nan"),
        "infinity": float("-inf"),
        "a huge number": 10**400,
        "minus five": -5.0,
        "True": True,
        "complex": 1j,
        "a list": [],
        "a deep list": [[1], [2, [3]]],
        "strings": ["B", 3],
        "a dict": {"A": 1},
        "a set": {1, 2},
        "an object": object(),
        "hostile": Hostile(),
        "a class": int,
        "a network's class": nn.ReLU,
        "a network": nn.Linear(2, 2),
        "an empty network": nn.Sequential(),
        "a network without a return": NoReturn(),
        "an abstract network": nn.Module(),
        "an unready network": nn.LazyLinear(3),
        "no numbers": torch.zeros(0),
        "zeros": torch.zeros(2, 3),
        "a nan tensor": torch.full((2, 2), float("nan")),
        "a sparse tensor": torch.eye(3).to_sparse(),
        "a tensor on meta": torch.empty(3, device="meta"),
        "a complex tensor": torch.ones(2, dtype=torch.complex64),
        "a bfloat16 tensor": torch.ones(3, 7, dtype=torch.bfloat16),
        "an array of objects": np.array([None, "a"], dtype=object),
        "an endless iterator": itertools.count(),
        "an iterator that raises": Raises(),
    }


def everything() -> dict[str, object]:
    """Values, and functions that do what they should not or return one of them."""
    found = values()
    functions = {
        "no argument": lambda: 1,
        "nine arguments": lambda a, b, c, d, e, f, g, h, i: 1,
        "prints": lambda *_: print("0.65"),
        "returns its arguments": lambda *arguments: arguments,
        "returns a function": lambda *_: print,
        "raises": lambda *_: 1 / 0,
        "exits": exits,
        "interrupts": interrupts,
        "recurses": recurses,
        "ruins": ruins,
        "a builtin": len,
        "a partly built-in": torch.add,
    }
    returns = {f"returns {name}": lambda *_, value=value: value for name, value in found.items()}
    return found | functions | returns
