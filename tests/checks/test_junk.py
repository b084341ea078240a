"""Whatever an answer is or does: a verdict, never an exception, never [OK], and the check is as it was."""

import signal

import pytest
import torch
import verdicts
from exercises import EXERCISES, OWN
from in_chinese import CHINESE, unknown
from junk import Loops, loops, values

from nin_course.checks._ladder import Verdict, exercise

HERE = {type(value).__name__ for value in values().values()} | {"Loops"}


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
    right, pieces = next(iter(check.right.values())), [*verdicts.junk(name)]
    before = torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads(), torch.get_rng_state()
    for kind, answers in pieces:
        verdicts.as_before(name, f"junk: {kind}", said(check, *answers).text)
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
