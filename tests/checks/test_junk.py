"""Whatever an answer is or does: a verdict, never an exception, never [OK], and the check is as it was."""

import itertools
import signal
import sys
import time

import numpy as np
import pytest
import torch
from exercises import EXERCISES, OWN
from in_chinese import CHINESE, unknown
from torch import nn

from nin_course.checks._ladder import Verdict, exercise


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


class Hostile:
    """Raises whatever is asked of it."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __len__(self):
        raise RuntimeError("len")

    def __repr__(self):
        raise RuntimeError("repr")


VALUES = {
    "None": None,
    "an empty string": "",
    "a string": "0.65",
    "a letter": "Z",
    "bytes": b"B",
    "nan": float("nan"),
    "infinity": float("-inf"),
    "a huge number": 10**400,
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
    "a network's class": nn.Linear,
    "a network": nn.Linear(2, 2),
    "an empty network": nn.Sequential(),
    "a network without a return": NoReturn(),
    "an abstract network": nn.Module(),
    "an unready network": nn.LazyLinear(3),
    "no numbers": torch.zeros(0),
    "a nan tensor": torch.full((2, 2), float("nan")),
    "a sparse tensor": torch.eye(3).to_sparse(),
    "a tensor on meta": torch.empty(3, device="meta"),
    "a complex tensor": torch.ones(2, dtype=torch.complex64),
    "a quantised tensor": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
    "a bfloat16 tensor": torch.ones(3, 7, dtype=torch.bfloat16),
    "an array of objects": np.array([None, "a"], dtype=object),
    "an endless iterator": itertools.count(),
    "a generator that raises": (1 / 0 for _ in range(3)),
}


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


FUNCTIONS = {
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
} | {f"returns {name}": lambda *_, value=value: value for name, value in VALUES.items()}

HERE = {type(value).__name__ for value in VALUES.values()} | {"Loops"}


def said(check, *answers):
    verdict = check(*answers)
    assert isinstance(verdict, Verdict)
    assert verdict.passed is not True, verdict
    assert verdict.text
    assert repr(verdict)
    assert not unknown(CHINESE.translate(verdict.text), *OWN, *HERE), verdict
    return verdict


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EXERCISES)
def test_junk_gets_a_verdict(name, capsys):
    check = EXERCISES[name]
    right = next(iter(check.right.values()))
    before = torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads(), torch.get_rng_state()
    for junk in (*VALUES.values(), *FUNCTIONS.values()):
        for place in range(len(check.takes)):
            said(check, *[junk if i == place else answer for i, answer in enumerate(right)])
        if len(check.takes) > 1:
            said(check, *[junk] * len(check.takes))
    assert check(*right, None).passed is False  # one too many
    after = torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads(), torch.get_rng_state()
    assert before[:3] == after[:3]
    assert torch.equal(before[3], after[3])
    assert check(*right).passed is True, "it is no longer what it was"


@pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="no alarm here: a loop without an end is the reader's to stop"
)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EXERCISES)
def test_a_loop_without_an_end_is_stopped(name, monkeypatch):
    check = EXERCISES[name]
    right = next(iter(check.right.values()))
    monkeypatch.setattr(check, "seconds", 0.25)
    for endless in (lambda *_: Loops(), loops):
        verdict = said(check, endless, *right[1:])
    if callable(right[0]):
        assert "did not end within 0.25 seconds, at `" in verdict.text


def test_the_same_answer_gets_the_same_verdict_whatever_pytorch_was_set_to():
    def settings(dtype, grad, threads):
        torch.set_default_dtype(dtype), torch.set_grad_enabled(grad), torch.set_num_threads(threads)

    first = torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_num_threads()
    try:
        for name in ("ch01.notices", "ch02.deep_block", "ch04.design", "ch05.train_and_test"):
            check, texts = EXERCISES[name], set()
            for setting in (first, (torch.float64, True, 1), (torch.float32, False, 3)):
                settings(*setting)
                texts.add(repr(check(*next(iter(check.right.values())))))
            assert len(texts) == 1
    finally:
        settings(*first)


def test_what_an_answer_prints_is_shown_once_and_not_without_end(capsys):
    @exercise("a", "b", "c")
    def noisy(answer) -> str:
        for _ in range(1_000):
            answer()
        return "Right."

    assert noisy(lambda: print("0123456789")).passed is True
    shown = capsys.readouterr().out
    assert shown.startswith("0123456789\n0123456789\n")
    assert len(shown) == 2_000
