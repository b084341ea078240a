"""The benchmarks run, and compare like with like."""

import json
import re
from pathlib import Path

import loader
import recipe
import torch
import training

import nin_course as d2l

ROOT = Path(__file__).parents[2]


def test_the_readmes_figures_are_those_that_were_measured():
    """Every row of a README table that holds a ratio stands, word for word, in benchmarks/results.md."""
    measured = (ROOT / "benchmarks" / "results.md").read_text().splitlines()
    quoted = [line for line in (ROOT / "README.md").read_text().splitlines() if re.search(r"\d× \|$", line)]
    assert len(quoted) >= 3
    assert set(quoted) <= set(measured)


def test_what_chapter_05_quotes_was_measured():
    text = " ".join((ROOT / "notebooks" / "source" / "05_training.md").read_text().split())
    measured = (ROOT / "benchmarks" / "results.md").read_text()
    assert "1,275 MiB for *notes*, 110 MiB for *small*" in text
    assert "The usual loader, alone, makes 7,401 images a second" in text
    assert "batches of 256 would cost it 1.3 percentage points" in text
    assert "| batches of 64 (256 instead) | 0.8856 (0.8838 to 0.8898, 3 seeds) | -0.0132 |" in measured
    assert "with and without them, three seeds each, the medians are the same" in text
    assert "| bfloat16 and channels-last | 0.8988 (0.8926 to 0.8990, 3 seeds) | +0.0000 |" in measured
    assert "| loading, 28 → 224 px | 7,401 images/s |" in measured
    assert "| memory that training adds, at each one's batch size | 1,275 MiB | 110 MiB |" in measured
    assert "*small* got 92 % of the 10,000 test images right after four epochs" in text
    accuracies = [run["accuracy"] for run in recipe.recorded("curve")["4 epochs"]]
    assert len(accuracies) == 3
    assert min(accuracies) >= 0.92
    assert "the notes' network, with theirs, got 83 % after five" in text
    assert round(100 * recipe.PUBLISHED[-1]) == 83


def test_what_the_chapters_quote_from_a_gpu_was_measured_there():
    text, notes = (
        " ".join((ROOT / "notebooks" / "source" / f"{name}.md").read_text(encoding="utf-8").split())
        for name in ("05_training", "A_the_original_notes")
    )
    race, card = (json.loads((ROOT / "benchmarks" / "gpu" / f"{n}.json").read_text()) for n in ("chapter_05", "notes"))
    assert f"h200 = [{', '.join(f'{speed:_}' for speed in race['race'].values())}]" in text
    assert f"queued after {race['queued_ms']} ms, done after {race['done_ms']} ms" in text
    assert card["made_on"]["device"] == race["made_on"]["device"] == "NVIDIA H200"
    assert "an epoch of the notes' network takes it about 4 seconds" in text
    assert round(card["seconds"] / card["recipe"]["epochs"]) == 4
    assert f"five epochs of 60,000 images took {card['seconds']:.0f} seconds" in notes
    assert f"got {100 * card['accuracy']:.0f} % of the test images right" in notes
    assert re.search(r"it never says: (.*?)\.", notes)[1].replace(" and", ",").split(", ") == card["never_said"]


def test_the_curve_passes_its_two_marks_with_every_seed():
    """0.92 for a quarter of a notes-epoch, 0.94 for one: single runs, measured once on the 10,000 test images."""
    for epochs, cost, mark in ((4, 0.25, 0.92), (16, 1.0, 0.94)):
        runs = recipe.recorded("curve")[f"{epochs} epochs"]
        assert {run["seed"] for run in runs} == {0, 1, 2}
        assert all(run["notes_epochs"] <= cost for run in runs)
        assert all(run["accuracy"] >= mark for run in runs)


def test_both_pipelines_of_the_loader_benchmark_give_the_same_images():
    _, ours = d2l.load_data_fashion_mnist(8, resize=96, sample=True)
    usual = loader.UsualPipeline(ours.dataset.images, ours.dataset.labels, 96)
    X, y = next(iter(ours))
    for i in range(8):
        image, label = usual[i]
        assert (image - X[i]).abs().max() <= 1.001 / 255
        assert label == y[i]


def test_the_loader_benchmark_measures_both_in_every_round():
    results = loader.measure(size=56, images=256, batch_size=64, rounds=2)
    assert len(results) == 2
    assert all(usual > 0 and ours > 0 for usual, ours in results)
    assert torch.tensor(results).isfinite().all()


def test_a_step_of_either_kind_trains_and_is_timed():
    for ours in (False, True):
        torch.manual_seed(0)
        net = d2l.nin_small()
        before = net[0][0].weight.clone()
        assert training.stepper(net, 28, 8, ours=ours)() > 0
        assert not torch.equal(before, net[0][0].weight)


def test_two_steppers_take_turns_and_the_ratio_is_the_median_of_the_rounds():
    order = []
    first, second = iter([9, 1, 2, 4]), iter([9, 3, 8, 8])

    def step(numbers, name):
        return lambda: order.append(name) or next(numbers)

    assert training.alternate(step(first, "a"), step(second, "b"), 3) == (2, 8, 3)
    assert order == ["a", "b"] * 4


def test_the_watch_notes_when_a_target_is_first_reached(monkeypatch):
    accuracies = iter([0.5, 0.82, 0.95])
    monkeypatch.setattr(d2l, "evaluate_accuracy", lambda *_: next(accuracies))
    watch = training.Targets(d2l.nin_small(), [], training.TARGETS)
    for step in (50, 100, 150):
        watch(d2l.History("cpu", 0, step=[step]))
    assert {target: step for target, (_, step) in watch.reached.items()} == {0.80: 100, 0.85: 150, 0.90: 150}
