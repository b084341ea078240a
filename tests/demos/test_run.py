"""The run at the training desk: what it trains, what it writes down, and that it obeys."""

import itertools
import time
from copy import deepcopy
from threading import Timer
from threading import enumerate as threads

import pytest
import torch
from seeing import IMAGES, LABELS
from torch import nn

from nin_course.data import MEAN, STD
from nin_course.demos import run as module
from nin_course.demos.run import Run, _HandedOut
from nin_course.history import History
from nin_course.recipe import preset


@pytest.fixture
def asked(monkeypatch):
    """A run's data are a few test images, its looks three steps apart, and at most two; what it asked for is kept."""
    X, y = torch.tensor((IMAGES[:16, None] - MEAN) / STD).float(), torch.tensor(LABELS[:16])
    asked, build = {}, module.nin_small

    def load(recipe, device, **settings):
        assert device == torch.device("cpu")
        asked.update(recipe=recipe, **settings)
        return list(zip(X.split(4), y.split(4), strict=True)), [(X[:8], y[:8])]

    def nin_small():
        net = build()
        asked["first"] = deepcopy(net)
        return net

    monkeypatch.setattr(module, "load", load)
    monkeypatch.setattr(module, "nin_small", nin_small)
    monkeypatch.setattr(module.time, "time_ns", lambda: 1)  # with these first weights some classes are alive
    monkeypatch.setattr(module, "LOOK", 3)
    monkeypatch.setattr(module, "LOOKS", 2)
    return asked


def finished(run):
    run.start()
    assert run.over.wait(120)
    return run


@pytest.mark.parametrize(("batch_norm", "relu"), [(True, False), (False, True)])
def test_a_run_trains_the_network_that_was_ordered_and_ends_after_its_looks(asked, batch_norm, relu, capsys):
    told = []
    run = Run(1e-5, batch_norm, relu, lambda: told.append((run.record.last, run.over.is_set())))
    assert not run.over.is_set()
    finished(run)
    words = "with batch norm" if batch_norm else "without batch norm, ReLU on logits"
    assert run.record.name == f"your run, {words}"
    assert any(isinstance(m, nn.BatchNorm2d) for m in run.net.modules()) == batch_norm
    assert isinstance(run.net[4][-1], nn.ReLU) == relu
    assert not torch.equal(run.net[0][0].weight, asked["first"][0][0].weight)
    assert run.net[2][0].weight.is_contiguous(memory_format=torch.channels_last)
    assert (asked["recipe"], asked["held_out"]) == (preset("laptop"), 50)
    assert [step for step, _ in run.record.loss] == [3, 6]
    assert [step for step, _ in run.record.valid_acc] == [step for step, _ in run.record.train_acc] == [3, 6]
    assert told == [(3, False), (6, False), (6, True)]
    assert capsys.readouterr().err == ""


def test_a_rate_of_zero_changes_no_weight(asked):
    run = finished(Run(0.0, False, False, lambda: None))
    assert all(map(torch.equal, run.net.state_dict().values(), asked["first"].state_dict().values()))


def test_no_two_runs_begin_with_the_same_weights(asked, monkeypatch):
    monkeypatch.setattr(module.time, "time_ns", iter([1, 2]).__next__)
    nets = [finished(Run(0.0, False, False, lambda: None)).net for _ in range(2)]
    assert not torch.equal(nets[0][0][0].weight, nets[1][0][0].weight)


def test_without_batch_norm_and_with_the_relu_a_rate_of_a_tenth_makes_it_sick_as_the_guide_says(asked, monkeypatch):
    monkeypatch.setattr(module, "LOOK", 5)
    monkeypatch.setattr(module, "LOOKS", 1)
    run = finished(Run(0.1, False, True, lambda: None))
    assert run.record.loss[0][1] > 100
    assert run.record.health[-1][1]


def test_a_run_beyond_hope_ends_and_says_why(asked, monkeypatch):
    monkeypatch.setattr(module, "LOOKS", 40)
    run = finished(Run(1e20, False, False, lambda: None))
    assert len(run.record.valid_acc) < 40
    assert run.record.health[-1][1].startswith("It has exploded")


def test_a_paused_run_takes_no_step_and_an_ended_one_not_many(asked, monkeypatch):
    monkeypatch.setattr(module, "LOOKS", 10_000)
    run = Run(1e-3, False, False, lambda: None)
    assert not run.paused
    run.pause()
    before = set(threads())
    run.start()
    assert [thread.daemon for thread in {*threads()} - before] == [True]  # no kernel waits for it
    assert not run.over.wait(0.3)
    assert (run.paused, run.record.last) == (True, 0)
    run.pause()
    assert not run.paused
    while run.record.last < 6:
        assert not run.over.wait(0.02)
    run.pause()
    run.end()
    assert run.over.wait(60)
    assert run.record.last < 9_000
    assert not run.paused


def test_batches_go_round_and_each_is_taken_at_the_rate_of_the_moment(monkeypatch):
    monkeypatch.setattr(module, "LOOK", 4)
    clock = itertools.count(100)
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock))
    run, group = Run(0.5, True, False, lambda: None), {"lr": None}
    handed_out, seen = _HandedOut("abc", run, group), []
    for batch in handed_out:
        seen.append((batch, group["lr"]))
        run.lr += 1
    assert seen == [("a", 0.5), ("b", 1.5), ("c", 2.5), ("a", 3.5)]
    assert list(handed_out) == ["b", "c", "a", "b"]
    assert (run.clock, run.before) == (100, 0)  # once, at the first step
    run.record.loss, started = [(8, 2.0)], time.monotonic()
    run.pause()
    Timer(0.1, run.pause).start()
    assert list(handed_out) == ["c", "a", "b", "c"]
    assert time.monotonic() - started >= 0.09
    assert (run.clock, run.before) == (101, 8)  # the pause is not among the seconds


def test_a_look_is_written_down_once_with_its_pace(monkeypatch):
    now, told = iter([12.0, 13.0, 17.0, 18.0]), []
    run = Run(1e-3, True, False, lambda: told.append(run.record.last))
    run.clock = 10.0
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(now))
    history = History("cpu", None, step=[50], step_loss=[2.0])
    run(history)  # before the look
    assert (run.record.loss, run.record.pace, run.record.valid_acc) == ([(50, 2.0)], [(50, 64 * 50 / 2)], [])
    history.train_acc, history.valid_acc, history.health = [0.3], [0.4], ["a line"]
    run(history)  # after it
    assert run.record.pace == [(50, 1600.0)]
    assert (run.record.train_acc, run.record.valid_acc, run.record.health) == ([(50, 0.3)], [(50, 0.4)], [(50, "")])
    history.step, history.step_loss = [50, 100], [2.0, 1.5]
    run(history)
    history.train_acc, history.valid_acc, history.health = [0.3, 0.5], [0.4, 0.6], ["a line"] * 2
    history.findings = ["It is sick.", "And more."]
    run(history)
    assert run.record.loss == [(50, 2.0), (100, 1.5)]
    assert run.record.pace == [(50, 1600.0), (100, 64 * 50 / 4)]  # the seconds from one look to the next steps
    assert run.record.train_acc == [(50, 0.3), (100, 0.5)]
    assert run.record.valid_acc == [(50, 0.4), (100, 0.6)]
    assert run.record.health == [(50, ""), (100, "It is sick.")]
    assert told == [50, 50, 100, 100]
    history.findings = ["All is lost.", "And more."]
    run.record.loss.append((120, 9.0))
    run.close(history)
    assert run.record.health[2:] == [(120, "All is lost.")]
    history.findings = []
    run.close(history)
    assert len(run.record.health) == 3


def test_a_run_that_breaks_off_says_why(monkeypatch, capsys):
    def no_batches(*_args, **_settings):
        raise OSError("no such file")

    monkeypatch.setattr(module, "load", no_batches)
    run = finished(Run(1e-3, True, False, lambda: None))
    assert run.record.name == "your run, with batch norm, broke off: OSError"
    assert "OSError: no such file" in capsys.readouterr().err
