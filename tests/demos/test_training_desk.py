"""The training desk: its keys, its picture, and that it lets nothing run for nobody."""

import json
import math
import time
from threading import Thread

import pytest
from seeing import BLUE, GREY, ORANGE, Watched, axis_named, color

from nin_course.demos import TrainingDesk, training_desk
from nin_course.demos.record import Record, recorded
from nin_course.demos.run import Run
from nin_course.weights import ASSETS, recorded_run_card

MADE_UP = Record("your run, with batch norm")
MADE_UP.loss = [(50, 2.0), (100, 9.0), (150, math.nan)]
MADE_UP.pace = [(50, 1500.0), (100, 1234.0)]
MADE_UP.train_acc = [(50, 0.31), (100, 0.52)]
MADE_UP.valid_acc = [(50, 0.42), (100, 0.63), (150, 0.1)]
MADE_UP.health = [(50, ""), (100, "It is sick."), (150, "")]
EXPLODED = Record("your run, without batch norm")  # at once, and again
EXPLODED.loss = [(50, math.nan), (100, 2.0), (150, math.inf)]
EXPLODED.health = [(50, "It is sick.")]
DESK = {"lr": 3e-3, "batch_norm": True, "relu": False}
DEMO = Watched(TrainingDesk)


# ---- the record -----------------------------------------------------------------------------------------------------


def test_the_recorded_run_is_the_one_in_its_files():
    lines = (ASSETS / "recorded_run" / "history.jsonl").read_text(encoding="utf-8").splitlines()
    steps = [entry for entry in map(json.loads, lines) if "step" in entry]
    epochs = [entry for entry in map(json.loads, lines) if "epoch" in entry]
    run = recorded()
    assert run.name == "the recorded run"
    assert run.loss == [(entry["step"], entry["loss"]) for entry in steps]
    assert run.valid_acc == [(s["step"], s["accuracy"]) for s in recorded_run_card()["snapshots"]]
    assert run.last == 1256 == 8 * 157  # eight epochs of 157 batches
    assert run.train_acc == [(157 * entry["epoch"], entry["train_acc"]) for entry in epochs]
    assert run.pace == [(157 * entry["epoch"], entry["images_per_second"]) for entry in epochs]
    assert run.health == [(157 * (i + 1), "") for i in range(8)]


def test_a_record_ends_with_its_latest_loss_or_accuracy():
    assert Record("none").last == 0
    assert Record("one", loss=[(50, 1.0)]).last == Record("two", valid_acc=[(50, 0.1)]).last == 50
    assert Record("both", loss=[(50, 1.0)], valid_acc=[(10, 0.1), (60, 0.2)]).last == 60


# ---- the picture ----------------------------------------------------------------------------------------------------


def by(entries, step):
    return [list(column) for column in zip(*[e for e in entries if e[0] <= step], strict=True)] or [[], []]


@pytest.mark.parametrize("step", [0, 49, 50, 100, 149, 150, 300, 700, 1256])
@pytest.mark.parametrize("record", [recorded(), MADE_UP, EXPLODED], ids=lambda record: record.name)
def test_the_picture_shows_what_was_known_by_a_step_and_nothing_later(record, step):
    if step > max(record.last, 150):
        return
    demo = DEMO
    demo.at(**DESK, record=record, step=step)
    losses, accuracies, pace = (axis_named(demo.figure, t) for t in ("training loss", "accuracy", "images a second"))
    (chance,) = (line for line in losses.lines if line.get_linestyle() == ":")
    assert list(chance.get_ydata()) == [math.log(10)] * 2
    labels = {line.get_label(): line for line in accuracies.lines}
    curve = next(line for line in losses.lines if line is not chance)
    drawn = {
        "loss": (curve, BLUE),
        "train_acc": (labels["training"], GREY),
        "valid_acc": (labels["other images"], ORANGE),
    }
    drawn["pace"] = pace.lines[0], GREY
    for name, (line, colour) in drawn.items():
        assert color(line) == colour
        assert repr([list(line.get_xdata()), list(line.get_ydata())]) == repr(by(getattr(record, name), step))
    for axis in (losses, accuracies, pace):
        assert axis.get_xlabel() == "step"
        assert axis.get_xlim() == (0, pytest.approx(max(500, 1.02 * record.last)))  # as long as the run, not the step
    assert accuracies.get_ylim() == (0, 1)
    for axis, name in ((losses, "loss"), (pace, "pace")):
        finite = [v for v in by(getattr(record, name), step)[1] if math.isfinite(v)]
        top = 1.1 * max(finite) if finite else 1.1
        assert axis.get_ylim() == (0, pytest.approx(min(top, 5.0) if name == "loss" else top))
    # the lamp
    known = by(record.health, step)[1]
    lamp = next(a for a in demo.figure.axes if not a.axison).patches[0]
    sick = bool(known and known[-1])
    expected = (ORANGE, "sick") if sick else (BLUE, "healthy") if known else (GREY, "not yet\nknown")
    words, head = (text.get_text() for text in demo.figure.texts)
    assert (color(lamp), words) == expected
    # in words
    name = record.name
    assert head == f"{name}    |    on the desk: learning rate 0.003, batch norm"
    parts = [f"{name.capitalize()}, step {step} of {record.last}"]
    for entries, told in (("loss", "loss {:.2f}"), ("valid_acc", "accuracy {:.3f}"), ("pace", "{:,.0f} images/s")):
        parts += [told.format(value) for value in by(getattr(record, entries), step)[1][-1:]]
    assert demo.line == ", ".join(parts) + ". Learning rate now: 0.003." + (" It is sick." if sick else "")


def test_what_is_on_the_desk_for_the_next_run_is_told():
    DEMO.at(lr=1e-5, batch_norm=False, relu=True, record=MADE_UP, step=100)
    head = DEMO.figure.texts[1].get_text()
    assert head.endswith("    |    on the desk: learning rate 1e-05, no batch norm, ReLU on logits")
    assert "Learning rate now: 1e-05." in DEMO.line


# ---- the keys -------------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(monkeypatch):
    """A desk whose runs take no steps of their own: the test moves them, and they end when they are told to."""

    def train(run):
        while not run.stop:
            run.go_on.wait(0.01)
            assert not run.over.wait(0.005)

    monkeypatch.setattr(Run, "_train", train)
    monkeypatch.setattr("nin_course.demos._base.png", lambda figure, packing: repr(id(figure)).encode())
    desk = TrainingDesk()
    yield desk
    desk.end()


def pressed(desk, name):
    desk.keys[name].click()
    return {key: button.disabled for key, button in desk.keys.items()}


HELD = {"Start": False, "Pause": True, "Stop": True, "Recorded run": False}
OPEN = {name: not disabled for name, disabled in HELD.items()}


def test_a_run_is_started_shown_paused_and_stopped_with_the_keys(desk):
    assert {key: button.disabled for key, button in desk.keys.items()} == HELD
    assert not desk.running
    assert desk.text.startswith("The recorded run, step 1256 of 1256, loss ")
    desk.controls["batch_norm"].value, desk.controls["relu"].value, desk.controls["lr"].value = False, True, 0.1
    assert pressed(desk, "Start") == OPEN
    run, step = desk.run, desk.controls["step"]
    assert (run.lr, run.batch_norm, run.relu, desk.running, desk.beat.playing) == (0.1, False, True, True, True)
    assert (step.value, step.max) == (0, 1)
    assert desk.text.startswith("Your run, without batch norm, ReLU on logits, step 0 of 0.")
    for last in (50, 100):
        run.record.loss.append((last, 2.0))
        run.changed()
        assert (step.value, step.max) == (last, last)
        assert f"step {last} of {last}, loss 2.00" in desk.text
    step.value = 50  # back in time, while it runs
    assert "step 50 of 100" in desk.text
    desk.controls["lr"].value = 1e-5
    assert run.lr == 1e-5
    assert pressed(desk, "Start") == pressed(desk, "Recorded run") == OPEN
    assert (desk.run, desk.record) == (run, run.record)
    pressed(desk, "Pause")
    assert (run.paused, desk.keys["Pause"].description) == (True, "Go on")
    pressed(desk, "Pause")
    assert (run.paused, desk.keys["Pause"].description) == (False, "Pause")
    pressed(desk, "Pause")
    pressed(desk, "Stop")
    assert run.over.wait(10)
    ended(desk)
    assert "step 100 of 100" in desk.text
    pressed(desk, "Recorded run")
    assert (step.value, step.max) == (1256, 1256)
    assert desk.text.startswith("The recorded run, step 1256 of 1256")
    assert desk.record is recorded()  # it is not read again
    assert pressed(desk, "Start") == OPEN
    assert desk.run is not run


def ended(desk):
    deadline = time.monotonic() + 10
    while desk.keys["Start"].disabled and time.monotonic() < deadline:
        time.sleep(0.005)
    assert {key: button.disabled for key, button in desk.keys.items()} == HELD
    assert (desk.running, desk.beat.playing, desk.keys["Pause"].description) == (False, False, "Pause")


def test_a_run_that_breaks_off_gives_the_keys_back(desk, monkeypatch, capsys):
    monkeypatch.setattr(Run, "_train", lambda run: 1 / 0)
    pressed(desk, "Start")
    assert desk.run.over.wait(10)
    ended(desk)
    assert "Your run, with batch norm, broke off: ZeroDivisionError, step 0 of 0." in desk.text
    assert "division by zero" in capsys.readouterr().err


@pytest.mark.parametrize("seen", [TrainingDesk.update, TrainingDesk._labels, lambda desk: desk._show(1)])
def test_what_the_run_shows_waits_for_what_a_hand_shows(desk, seen):
    """Both have a thread of their own, and there is one picture."""
    desk.start()
    run = Thread(target=seen, args=(desk,))
    with desk.lock:
        before = desk.text, desk.state
        run.start()
        run.join(0.05)
        assert run.is_alive()
        assert (desk.text, desk.state) == before  # nothing of it, not even the slider
    run.join(10)
    assert not run.is_alive()


def test_keys_without_a_run_do_nothing(desk):
    before = desk.text
    desk.pause()
    desk.end()
    assert (desk.text, desk.running) == (before, False)


def test_a_desk_that_nobody_looks_at_ends_its_run_after_twenty_seconds(desk, monkeypatch):
    waiting = []

    class Loop:
        @staticmethod
        def call_later(seconds, call):
            waiting.append((seconds, call))

    monkeypatch.setattr(training_desk.asyncio, "get_running_loop", lambda: Loop)
    pressed(desk, "Start")

    def a_second():
        ((seconds, call),) = waiting
        waiting.clear()
        assert seconds == 1
        call()

    for second in range(30):
        a_second()
        if second == 15:
            desk.beat.value += 1  # the page is still there
    assert desk.running
    assert not desk.run.stop
    for _ in range(7):
        assert not desk.run.stop
        a_second()
    assert desk.run.stop
    assert not waiting
    assert desk.run.over.wait(10)
    pressed(desk, "Start")
    assert desk.missed == 0
    waiting.clear()
    pressed(desk, "Stop")
    assert desk.run.over.wait(10)
    desk._watch()
    assert not waiting
