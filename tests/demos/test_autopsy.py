"""The autopsy: what was recorded of a stuck run is what the bars, the lamp and the sentence say."""

import json
import math
from random import Random

import numpy as np
import pytest
from matplotlib.colors import to_hex
from seeing import BLACK, BLUE, NAMES, ORANGE, Watched, axis_named, bars, color, row_of, rows_of

from nin_course.demos import Autopsy
from nin_course.diagnose import Health
from nin_course.weights import ASSETS

LINES = (ASSETS / "stuck_runs" / "runs.jsonl").read_text(encoding="utf-8").splitlines()
RUNS = {(run["recipe"], run["seed"]): run for run in map(json.loads, LINES)}
LAST = 313  # an epoch of the sample
BLOCKS = ["block 1", "block 2", "block 3", "head"]
DEMO = Watched(Autopsy, recipe="as the notes", seed=1, step=0)
LAMPS = {"no complaint": BLUE, "in trouble": ORANGE, "no gradient": BLACK, "dead": BLACK}


def chosen():
    """Some runs at some steps, among them each kind of finding: all dead, no gradient, dead classes, none."""
    every = [(*run, step) for run in RUNS for step in RUNS[run]["health"]]
    dead = {n: [s for s in every if len(kept(*s)["dead"]) == n] for n in range(11)}
    walled = [s for s in every if next(iter(kept(*s)["gradient"].values())) == 0 and s not in dead[10]]
    worst = [max(every, key=lambda state: kept(*state)["loss"])]
    return Random(1).sample(every, 14) + worst + [s for states in (*dead.values(), walled) for s in states[:2]]


def kept(recipe, seed, step):
    return RUNS[recipe, seed]["health"][step]


def expected_lamp(health) -> str:
    if len(health["dead"]) == 10 or not math.isfinite(health["loss"]):
        return "dead"
    if next(iter(health["gradient"].values())) == 0:
        return "no gradient"
    troubled = health["dead"] or not health["images_tell_labels"] or health["loss"] > 10 * math.log(10)
    slow = health["steps"] >= 50 and health["loss"] > 0.9 * math.log(10)
    still = health["steps"] and 0 < sum(m == 0 for m in health["moved"].values()) < len(health["moved"])
    return "in trouble" if troubled or slow or still else "no complaint"


@pytest.mark.parametrize("state", chosen(), ids=str)
def test_the_picture_is_the_examination_at_that_step(state):
    recipe, seed, step = state[0], state[1], int(state[2])
    DEMO.at(recipe=recipe, seed=seed, step=step)
    run, health, figure = RUNS[recipe, seed], kept(*state), DEMO.figure
    dead, evidence = health["dead"], run["evidence"][str(step)]
    # the classes
    classes = axis_named(figure, "mean logit")
    assert rows_of(classes) == NAMES
    ((group,), (low, high)) = bars(classes), classes.get_xlim()
    found = {row_of(classes, bar): bar.get_width() for bar in group}
    assert [found[name] for name in NAMES] == evidence
    assert {color(bar) for bar in group} == {BLUE}
    assert low <= min(0, *evidence)
    assert max(0, *evidence) < high
    assert 0 < high - low < 1.3 * (max(0, *evidence) - min(0, *evidence)) + 0.25
    marks = {t.get_position()[1]: t.get_text() for t in classes.texts if t.get_text()}
    assert marks == {k: "  dead: always 0" for k in dead}
    assert {color(t) for t in classes.texts} == {ORANGE}
    # the gradients
    norms = axis_named(figure, "gradient norm")
    assert rows_of(norms) == BLOCKS
    assert norms.get_xscale() == "log"
    (group,), values = bars(norms), list(health["gradient"].values())
    left, right = norms.get_xlim()
    assert right > max(values)
    at = {name: i for i, name in enumerate(BLOCKS)}
    for bar in group:
        value, end = values[at[row_of(norms, bar)]], bar.get_x() + bar.get_width()
        assert bar.get_x() == left
        assert end == pytest.approx(max(value, left))
    zeros = {t.get_position()[1]: t.get_text() for t in norms.texts if t.get_text()}
    assert zeros == {i: "0" for i, value in enumerate(values) if value == 0}
    # the losses, and now
    losses = axis_named(figure, "training loss")
    curve = next(line for line in losses.lines if len(line.get_xdata()) > 2 and color(line) == BLUE)
    (now,) = (line for line in losses.lines if line.get_marker() == "o")
    assert list(curve.get_ydata()) == run["loss"]
    ends = [min(10 * i, LAST) for i in range(1, len(run["loss"]) + 1)]
    assert list(curve.get_xdata()) == ends
    assert list(now.get_xdata()) == [step]
    assert list(now.get_ydata()) == [min(health["loss"], 3.1)]
    (chance,) = (line for line in losses.lines if line.get_linestyle() == "--")
    np.testing.assert_allclose(chance.get_ydata(), math.log(10))
    assert losses.get_xlim()[0] < 0 <= LAST < losses.get_xlim()[1]
    assert losses.get_ylim()[0] == 0 < 3.1 < losses.get_ylim()[1]
    # the lamp, and the sentence
    (words,), (lamp,) = figure.texts, (a for a in figure.axes if not a.axison)
    assert words.get_text() == expected_lamp(health)
    (bulb,) = lamp.lines
    assert color_of_lamp(bulb) == LAMPS[words.get_text()]
    said = [f"Step {step}: loss {health['loss']:.2f}."]
    if step == LAST:
        said.append(f"{100 * run['accuracy']:.1f}% of the test images right.")
    findings = Health(**health, names=NAMES).findings()
    if 1 < len(dead) < 10:  # of one, and of all, a finding of its own tells
        names = ", ".join(NAMES[k] for k in dead)
        findings[: len(dead)] = [
            f"It cannot say {names}: their maps are zero for every image. Take the ReLU off the logits."
        ]
    if words.get_text() == "no gradient":
        without = [name for name, value in zip(BLOCKS, values, strict=True) if value == 0]
        findings.append(f"No gradient at all reaches {', '.join(without)}.")
    assert DEMO.line == " ".join([*said, *(findings or ["Nothing is wrong that an examination could find."])])
    assert (not findings) == (words.get_text() == "no complaint")
    assert ("It has not begun to learn" in DEMO.line) == ("far too small" not in DEMO.line and slow_only(health))


def color_of_lamp(line):
    return to_hex(line.get_markerfacecolor())


def slow_only(health) -> bool:
    still = health["steps"] and 0 < sum(m == 0 for m in health["moved"].values()) < len(health["moved"])
    slow = health["steps"] >= 50 and health["loss"] > 0.9 * math.log(10)
    return bool(slow and not health["dead"] and not still and health["images_tell_labels"])


def test_the_states_of_the_sliders_are_the_recorded_ones():
    controls = Autopsy().controls
    assert [step for _, step in controls["step"].options] == [int(s) for s in next(iter(RUNS.values()))["health"]]
    assert [recipe for recipe, _ in controls["recipe"].options] == list(dict.fromkeys(recipe for recipe, _ in RUNS))
    assert all(name == str(value) for c in ("step", "recipe") for name, value in controls[c].options)
    assert (controls["seed"].min, controls["seed"].max) == (0, max(seed for _, seed in RUNS))


def examined(**changes):
    return Autopsy.compute({"recipe": "as the notes", "seed": 1, "step": 0} | changes)


def test_a_network_beyond_hope_is_called_dead(monkeypatch):
    run = json.loads(LINES[0])
    run["health"]["0"] |= {"dead": list(range(10)), "gradient": dict.fromkeys("0246", 0.0)}
    monkeypatch.setattr("nin_course.demos.autopsy.runs", lambda: {("made up", 1): run})
    DEMO.at(recipe="made up", seed=1, step=0)
    (lamp,), (words,) = (a.lines[0] for a in DEMO.figure.axes if not a.axison), DEMO.figure.texts
    assert (color_of_lamp(lamp), words.get_text()) == (BLACK, "dead")
    assert DEMO.line.count("All 10 class maps are zero") == 1
    assert "It cannot say" not in DEMO.line


def test_every_lamp_is_seen_at_the_end_of_some_run():
    lamps = {examined(recipe=recipe, seed=seed, step=LAST)["lamp"] for recipe, seed in RUNS}
    assert lamps == {"walled", "ill", "well"}


def test_what_chapter_06_says_was_found_in_the_autopsy_is_there():
    first, end = (examined(seed=8, step=step)["health"].dead for step in (0, LAST))
    assert [NAMES[k] for k in set(first) - set(end)] == ["T-shirt", "Trouser", "Bag"]
    assert [NAMES[k] for k in set(end) - set(first)] == ["Dress"]
    for recipe, seed in (("no ReLU on the logits", 9), ("width kept", 16)):
        result = examined(recipe=recipe, seed=seed, step=LAST)
        assert result["health"].dead == []
        assert result["gradient"]["block 1"] == 0
        assert 1.0 in result["health"].silent.values()
    norms = {
        recipe: sorted(examined(recipe=recipe, seed=seed)["gradient"]["block 1"] for seed in range(20))[10]
        for recipe in ("width kept", "Kaiming")
    }
    assert 5e4 < norms["Kaiming"] / norms["width kept"] < 2e5
