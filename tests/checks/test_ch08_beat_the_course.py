"""Which of the course's networks a run has to beat, and what is said of the distance."""

from pathlib import Path

import pytest

from nin_course.audit import Audited
from nin_course.checks import ch08
from nin_course.files import sample_hashes
from nin_course.lab import Costs
from nin_course.recipe import PRESETS, Recipe, preset
from nin_course.results import Point

LAPTOP = {k: v for k, v in vars(preset("laptop", sample=False)).items() if k not in ("net", "size")}
# In parameters: squeeze 35,750 · 2 121,418 · map 126,328
COURSE = [
    Point("squeeze", 10_000, LAPTOP, "CPU", {0: 0.84, 1: 0.85, 2: 0.86}),
    Point("2", 10_000, LAPTOP | {"epochs": 20, "lr": 0.008}, "CPU", {k: 0.9 for k in range(5)}),
    Point("2", 10_000, LAPTOP, "CPU", {k: 0.89 for k in range(5)}),
    Point("map", 10_000, LAPTOP, "CPU", {0: 0.99, 1: 0.99}),
]


@pytest.fixture
def verdict(monkeypatch, tmp_path):
    """accuracy, parameters -> the verdict on a run that was measured so."""
    monkeypatch.setattr(ch08, "course", lambda images: COURSE if images == 2_000 else [])
    monkeypatch.setattr(ch08, "read_card", lambda folder: {"data_sha256": sample_hashes()})

    def of(accuracy, parameters, recipe=PRESETS["laptop"]):
        measured = Audited(recipe, accuracy, 2_000, Costs(parameters, 1, 1, 1))
        monkeypatch.setattr(ch08, "audit", lambda folder: measured)
        return ch08.beat_the_course(tmp_path)

    return of


@pytest.mark.parametrize(("accuracy", "parameters", "above"), [
    (0.8505, 7_850, True),  # smaller than all: the smallest counts
    (0.85, 7_850, False),  # level is not above
    (0.8495, 35_750, False),
    (0.8505, 121_417, True),
    (0.8505, 121_418, False),
    (0.9, 121_418, False),
    (0.9005, 121_418, True),
    (0.9005, 10_000_000, True),  # two seeds make no curve
])  # fmt: skip
def test_a_run_has_to_beat_the_best_that_has_no_more_parameters(accuracy, parameters, above, verdict):
    assert verdict(accuracy, parameters).passed is above


def test_what_is_said_of_a_run_above_the_curve(verdict):
    """One standard error: √(0.91 · 0.09 / 2000) = 0.640%, √(0.9055 · 0.0945 / 2000) = 0.654%."""
    told = "Above the curve: 91.00% of the 2,000 test images, measured again. The course's best with no more than "
    told += "200,000 parameters is “two 1×1 layers in a block: NiN”, 90.00% in the mean of 5 seeds; that is 1.00 "
    told += "points below yours. "
    assert verdict(0.91, 200_000).text == (
        told + "The luck of 2,000 images alone is 0.64 points (one standard error); this is more."
    )
    assert verdict(0.9055, 200_000).text.endswith(
        "0.55 points below yours. The luck of 2,000 images alone is 0.65 points (one standard error); this is less: "
        "another seed may fall below."
    )


@pytest.mark.parametrize(("parameters", "whose"), [
    (35_749, "smallest network"), (35_750, "best with no more than 35,750 parameters"),
])  # fmt: skip
@pytest.mark.parametrize("accuracy", [0.1, 0.9])
def test_a_run_that_is_smaller_than_all_is_held_against_the_smallest_and_told_so(parameters, whose, accuracy, verdict):
    assert f"measured again. The course's {whose} is “" in verdict(accuracy, parameters).text


def test_what_is_said_of_a_run_below_the_curve(verdict):
    start = (
        "90.00% of the 2,000 test images, measured again. The course's best with no more than 480,394 parameters is "
    )
    start += "“two 1×1 layers in a block: NiN”, 90.00% in the mean of 5 seeds; that is 0.00 points above yours. "
    differs = "Its recipe differs from yours: epochs 20 (yours: 8), lr 0.008 (yours: 0.004)."
    assert verdict(0.9, 480_394).text == start + differs
    same = Recipe(**LAPTOP | {"epochs": 20, "lr": 0.008, "sample": True})
    assert verdict(0.9, 480_394, same).text == start + "It has your recipe: change something."
    assert "in the mean of 3 seeds; that is 1.50 points above yours. It has your recipe" in verdict(0.835, 40_000).text


@pytest.mark.parametrize(
    "given", ["runs/mine", "./runs/mine/", "../runs/mine", Path("runs/mine"), "runs/mine/card.json"]
)
def test_the_folder_is_seen_from_the_notebook_and_from_the_folder_above(given, tmp_path, monkeypatch):
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    (tmp_path / "runs" / "mine" / "card.json").write_text("{}")
    (tmp_path / "notebooks").mkdir()
    asked = []
    monkeypatch.setattr(ch08, "read_card", lambda folder: asked.append(folder.resolve()) or {"data_sha256": {}})
    for place in ("notebooks", "."):
        monkeypatch.chdir(tmp_path / place)
        if place == "notebooks" or not str(given).startswith(".."):
            told = ch08.beat_the_course(given).text
            found = "../runs/mine" if place == "notebooks" else "runs/mine"
            assert f"By its card the run in {found} was trained on other images" in told
            assert told.endswith(" Train it with --sample.")
    assert set(asked) == {(tmp_path / "runs" / "mine").resolve()}


def test_what_lies_here_comes_before_what_lies_above(tmp_path, monkeypatch):
    for place in ("runs/mine", "notebooks/runs/mine"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "runs" / "mine" / "card.json").write_text("{}")
    monkeypatch.chdir(tmp_path / "notebooks")
    assert "no card.json" in ch08.beat_the_course("runs/mine").text


def test_the_home_folder_has_its_short_name(tmp_path, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    (tmp_path / "mine").mkdir()
    assert "no card.json" in ch08.beat_the_course("~/mine").text


def test_a_folder_that_is_not_there_is_told_from_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = f"There is no folder 'runs/mine', seen from {tmp_path} or from the folder above."
    for given in ("runs/mine", Path("runs/mine"), " runs/mine"):
        assert ch08.beat_the_course(given).text == f"{said} The one that you gave to --out is wanted."
    (tmp_path / "history.jsonl").write_text("")
    assert ch08.beat_the_course("history.jsonl").text.startswith("There is no folder 'history.jsonl', seen from")
