"""What the recorded runs of chapter 08 are, and what two networks' seeds allow one to say."""

import json

import lab
import pytest
import torch

from nin_course import recipe
from nin_course.files import FULL
from nin_course.results import STUDENT, Point, device_of, paired, points, runs
from nin_course.weights import ASSETS


def test_a_paired_difference_by_hand():
    """0, 0.01 and 0.02: mean 0.01, deviation 0.01, and 4.303 · 0.01 / √3."""
    assert paired({0: 0.90, 1: 0.91, 2: 0.92, 7: 0.1}, {0: 0.90, 2: 0.90, 1: 0.90, 8: 0.2}) == (0.01, 0.024843)
    for n, half in {2: 6.353, 10: 2.1657}.items():  # of -0, -1, … -9, whose squares from their mean add up to 82.5
        mean, found = paired({k: k for k in range(n)}, {k: 2 * k + 0.0123 for k in range(n)})
        assert mean == pytest.approx(-(n - 1) / 2 - 0.0123)
        assert found == pytest.approx(half, rel=1e-4)
    for n in (0, 1, 11):
        with pytest.raises(ValueError, match=rf"2 to 10 seeds that both have; here are {n}\."):
            paired(dict.fromkeys(range(12), 1.0), dict.fromkeys(range(12 - n, 25), 0.5))


@pytest.mark.parametrize(("freedom", "t"), list(enumerate(STUDENT, 1)))
def test_students_numbers_hold_95_percent(freedom, t):
    """The density integrated; its constant from the same integral over everything, by x = tan(u)."""
    u = torch.linspace(-torch.pi / 2, torch.pi / 2, 200_001, dtype=torch.float64)[1:-1]
    density = (1 + u.tan() ** 2 / freedom) ** (-(freedom + 1) / 2) / u.cos() ** 2
    inside = density[u.tan().abs() <= t].sum() / density.sum()
    assert inside == pytest.approx(0.95, abs=1e-4)


def line(net, seed, accuracy, images=10_000, tried=False, device="CPU, 1 threads", autocast="no", **recipe):
    made_on = {"device": device, "machine": "x86_64", "autocast": autocast}
    recipe = {"net": net, "size": 28, "lr": 0.004, **recipe}
    found = {"images": images, "seed": seed, "tried": tried, "recipe": recipe, "made_on": made_on}
    looks = {"held_out": 0} if tried else {"test": 0, "test_sample": 0.01, "held_out": 0.02}
    return found | {where: {"accuracy": accuracy + more} for where, more in looks.items()}


H200 = dict(device="NVIDIA H200", autocast="bfloat16")


def test_runs_that_differ_in_the_seed_alone_are_one_point_and_tries_are_none():
    found = [
        line("2", 1, 0.6, **H200),
        *(line("2", 0, 0.9), line("0@macs", 0, 0.8), line("2", 1, 0.91), line("2", 1, 0.7, images=1_000)),
        *(line("2", 0, 0.5, lr=0.008), line("L", 0, 0, tried=True), line("2", 4, 0.92, device="CPU, 8 threads")),
        *(line("2", 1, 0.4, autocast="bfloat16"), line("2", 2, 0.7, **H200)),
    ]
    assert points(found) == [
        Point("2", 10_000, {"lr": 0.004}, "NVIDIA H200, bfloat16", {1: 0.6, 2: 0.7}),
        Point("2", 10_000, {"lr": 0.004}, "CPU", {0: 0.9, 1: 0.91, 4: 0.92}),
        Point("0@macs", 10_000, {"lr": 0.004}, "CPU", {0: 0.8}),
        Point("2", 1_000, {"lr": 0.004}, "CPU", {1: 0.7}),
        Point("2", 10_000, {"lr": 0.008}, "CPU", {0: 0.5}),
        Point("2", 10_000, {"lr": 0.004}, "CPU, bfloat16", {1: 0.4}),
    ]
    assert points(found)[1].mean == pytest.approx(0.91)
    for where, accuracy in {"test_sample": 0.81, "held_out": 0.82}.items():
        assert len(points(found, where)) == 6
        assert points(found, where)[2].accuracy == {0: pytest.approx(accuracy)}


def test_the_runs_of_one_device_are_had_alone(tmp_path):
    lines = [line("2", 0, 0.9), line("2", 1, 0.6, **H200), line("2", 1, 0.5, device="CPU, 2 threads")]
    (tmp_path / "runs.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    assert runs(path=tmp_path / "runs.jsonl") == lines
    assert runs("CPU", tmp_path / "runs.jsonl") == [lines[0], lines[2]]
    assert runs("NVIDIA H200, bfloat16", tmp_path / "runs.jsonl") == [lines[1]]
    assert runs("NVIDIA H200", tmp_path / "runs.jsonl") == []


def test_the_record_is_one_of_planned_runs_each_once():
    """What comes with the package: whole lines, all of them planned, by one thread, with the fields of a record."""
    lines = runs()
    assert lines == [json.loads(line) for line in (ASSETS / "lab" / "runs.jsonl").read_text().split("\n")[:-1]]
    assert runs("CPU, bfloat16")  # chapter 08's
    assert lab.RUNS == ASSETS / "lab" / "runs.jsonl"  # there the command writes
    names = [str(lab.Run(r["images"], r["seed"], recipe.Recipe(**r["recipe"]), r["tried"])) for r in lines]
    assert len({(name, device_of(line)) for name, line in zip(names, lines, strict=True)}) == len(names) > 0
    assert set(names) <= {str(run) for found in lab.plan().values() for run in found}
    for line in lines:
        assert line["made_on"]["device"] == "CPU, 1 threads" or not device_of(line).startswith("CPU")
        assert ("held_out" in line) == (line["images"] < 60_000)
        assert ("test" in line) == ("test_sample" in line) == (not line["tried"])
        for name, n in {"held_out": 5_000, "test": 10_000, "test_sample": 2_000}.items():
            right = line.get(name, {"accuracy": 0})["accuracy"] * n
            assert right == pytest.approx(round(right), abs=1e-6)


def test_the_card_of_the_record_says_what_is_in_a_line_and_of_which_images():
    card = json.loads((ASSETS / "lab" / "card.json").read_text())
    assert card["command"] == "python benchmarks/lab.py"
    assert card["data_sha256"] == FULL
    told = {"what", "command", "planned", "data_sha256", "images", "accuracy", "notes_epochs"}
    looks = {"trained", "held_out", "test", "test_sample"}
    assert set(card) == told | looks
    assert looks <= {key for line in runs() for key in line}
