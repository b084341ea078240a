"""The recorded runs of chapter 06 are whole, agree with their card, and are what the recipes give."""

import json

import pytest
import torch
from torch import nn

import nin_course as d2l
from nin_course.assets import make_stuck_runs
from nin_course.assets.make_stuck_runs import (
    BATCH,
    RECIPES,
    SEEDS,
    SIZE,
    STEPS,
    WIDTH,
    kaiming,
    learn,
    main,
    network,
    rounded,
)
from nin_course.diagnose import BATCH as EXAMINED
from nin_course.diagnose import Examiner
from nin_course.files import sample_hashes
from nin_course.weights import ASSETS, stuck_runs

FOLDER = ASSETS / "stuck_runs"
RUNS = {(run["recipe"], run["seed"]): run for run in stuck_runs()}


def test_there_are_twenty_runs_of_each_recipe_examined_at_the_same_steps():
    assert list(RUNS) == [(recipe, seed) for recipe in RECIPES for seed in SEEDS]
    last = -(-10_000 // BATCH)
    assert {tuple(map(int, run["health"])) for run in RUNS.values()} == {(*STEPS, last)}
    assert {tuple(map(int, run["evidence"])) for run in RUNS.values()} == {(*STEPS, last)}
    assert {len(run["loss"]) for run in RUNS.values()} == {-(-last // 10)}


def test_every_number_that_can_be_told_from_another_is():
    for run in RUNS.values():
        confusion = torch.tensor(run["confusion"])
        assert confusion.sum(dim=1).tolist() == [200] * 10
        assert run["accuracy"] == confusion.diag().sum().item() / 2000
        assert run["never_said"] == (confusion.sum(dim=0) == 0).nonzero().flatten().tolist()
        for step, health in run["health"].items():
            assert health["steps"] == int(step)
            assert all(run["evidence"][step][k] == 0 for k in health["dead"])


def test_the_card_says_how_they_were_made():
    card = json.loads((FOLDER / "card.json").read_text())
    assert card["command"] == "python -m nin_course.assets.make_stuck_runs"
    assert card["data_sha256"] == sample_hashes()
    assert card["recipe_names"] == list(RECIPES)
    assert {"what", "recipes", "steps", "examined", "made_on"} <= set(card)
    assert sum(p.stat().st_size for p in FOLDER.iterdir()) < 1e6


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_first_examination_is_found_again_on_this_machine(recipe):
    train_iter, _ = d2l.load_data_fashion_mnist(BATCH, SIZE, sample=True)
    torch.manual_seed(3)
    examiner = Examiner(network(recipe))
    examiner.see(*train_iter.dataset[range(EXAMINED)])
    found, recorded = examiner.examine(), RUNS[recipe, 3]["health"]["0"]
    assert found.dead == recorded["dead"]
    assert found.loss == pytest.approx(recorded["loss"], rel=1e-3)
    assert list(found.gradient.values()) == pytest.approx(list(recorded["gradient"].values()), rel=0.01)


def test_each_recipe_keeps_the_repairs_before_it():
    layers = {recipe: [type(m) for m in network(recipe)[7].modules()][1:] for recipe in RECIPES}
    notes = [nn.Conv2d, nn.ReLU] * 3
    assert layers["as the notes"] == notes
    assert all(layers[recipe] == notes[:-1] for recipe in RECIPES[1:5])
    assert layers["batch norm"] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU] * 2 + [nn.Conv2d]
    widths = [[m.out_channels for m in network(recipe)[7] if isinstance(m, nn.Conv2d)] for recipe in RECIPES]
    assert widths == [[10] * 3] * 2 + [[round(384 * WIDTH)] * 2 + [10]] * 4
    biases = [network(recipe)[7][-1 if recipe != "as the notes" else -2].bias for recipe in RECIPES]
    assert [bool((bias == 0).all()) for bias in biases] == [False] * 3 + [True] * 3


def test_kaiming_draws_weights_with_variance_two_over_fan_in():
    torch.manual_seed(0)
    layer = kaiming(nn.Sequential(nn.Conv2d(64, 256, 3)))[0]
    assert layer.weight.var().item() == pytest.approx(2 / (64 * 9), rel=0.02)
    assert (layer.bias == 0).all()


@pytest.mark.parametrize(("recipe", "lr", "rates"), [
    ("as the notes", None, [2e-3] * 8),
    ("width kept", 0.1, [0.1] * 8),
])  # fmt: skip
def test_the_learning_rate_stays_as_it_is_before_one_cycle(recipe, lr, rates, monkeypatch):
    assert _rates(recipe, lr, monkeypatch) == rates


@pytest.mark.parametrize("recipe", RECIPES[4:])
def test_one_cycle_warms_up_for_a_quarter_of_the_run_and_ends_near_nothing(recipe, monkeypatch):
    rates = _rates(recipe, None, monkeypatch)
    assert rates.index(max(rates)) == 1
    assert max(rates) == pytest.approx(4e-3)
    assert rates[-1] < 1e-4 < rates[0] < 1e-3


def _rates(recipe, lr, monkeypatch):
    """The learning rate of each of eight steps."""
    used, step = [], torch.optim.Adam.step

    def noting(self, *args, **kwargs):
        used.append(self.param_groups[0]["lr"])
        return step(self, *args, **kwargs)

    monkeypatch.setattr(torch.optim.Adam, "step", noting)
    learn(
        nn.Sequential(nn.Flatten(), nn.Linear(4, 10)),
        recipe,
        [(torch.rand(2, 1, 2, 2), torch.tensor([0, 1]))] * 8,
        lr=lr,
    )
    return used


def test_an_unknown_recipe_is_refused():
    with pytest.raises(ValueError, match="'with luck' is not one of 'as the notes'"):
        network("with luck")


def test_a_run_that_is_written_down_is_not_made_again(tmp_path, monkeypatch):
    (tmp_path / "runs.jsonl").write_bytes((FOLDER / "runs.jsonl").read_bytes())
    monkeypatch.setattr(make_stuck_runs, "one_run", lambda *_: pytest.fail("made again"))
    monkeypatch.setattr(make_stuck_runs, "load_data_fashion_mnist", lambda *_, sample: (range(3), None))
    main(folder=tmp_path)
    assert (tmp_path / "runs.jsonl").read_bytes() == (FOLDER / "runs.jsonl").read_bytes()
    assert json.loads((tmp_path / "card.json").read_text())["recipe_names"] == list(RECIPES)


def test_two_processes_make_the_seeds_between_them_and_the_last_one_sorts_them(tmp_path, monkeypatch):
    made = lambda recipe, seed, *_: {"recipe": recipe, "seed": seed, "accuracy": 0.5}  # noqa: E731
    monkeypatch.setattr(make_stuck_runs, "one_run", made)
    monkeypatch.setattr(make_stuck_runs, "load_data_fashion_mnist", lambda *_, sample: (range(3), None))
    monkeypatch.setattr(make_stuck_runs, "SEEDS", range(4))
    for part, seeds in (("1/2", [1, 3]), ("0/2", [0, 1, 2, 3])):
        assert not (tmp_path / "card.json").exists()
        main(part, tmp_path)
        runs = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
        assert {(run["recipe"], run["seed"]) for run in runs} == {(r, s) for r in RECIPES for s in seeds}
    assert [(run["recipe"], run["seed"]) for run in runs] == [(r, s) for r in RECIPES for s in range(4)]
    assert json.loads((tmp_path / "card.json").read_text())["steps"].startswith("3 of 32 images")


def test_a_run_says_what_the_training_of_its_seed_was(monkeypatch):
    """Twelve steps, looked at before the first, after three and at the end; done once more here, by hand."""
    monkeypatch.setattr(make_stuck_runs, "EXAMINED", 4)
    monkeypatch.setattr(make_stuck_runs, "STEPS", (0, 3))
    train_iter, test_iter = d2l.load_data_fashion_mnist(2, SIZE, sample=True)
    for batches, n in ((train_iter, 24), (test_iter, 30)):
        batches.dataset.images, batches.dataset.labels = batches.dataset.images[:n], batches.dataset.labels[:n]
    run = make_stuck_runs.one_run("width kept", 5, train_iter, test_iter)

    X, y = (torch.cat(part) for part in zip(*test_iter, strict=True))
    X4, _ = train_iter.dataset[range(4)]
    torch.manual_seed(5)
    net, losses = network("width kept").to(memory_format=torch.channels_last), []
    evidence = [net.eval()(X4).mean(dim=0).tolist()]
    learn(net.train(), "width kept", train_iter, lambda loss, _: losses.append(loss.item()))
    said = net.eval()(X).argmax(dim=1)
    evidence.append(net(X4).mean(dim=0).tolist())

    assert (run["recipe"], run["seed"]) == ("width kept", 5)
    assert run["loss"] == pytest.approx([sum(losses[:10]) / 10, sum(losses[10:]) / 2], rel=1e-3)
    assert list(run["health"]) == list(run["evidence"]) == [0, 3, 12]
    assert run["health"][12]["loss"] == pytest.approx(sum(losses[2:]) / 10, rel=1e-3)
    assert run["evidence"][0] == pytest.approx(evidence[0], rel=0.01, abs=1e-3)
    assert run["evidence"][12] == pytest.approx(evidence[1], rel=0.01, abs=1e-3)
    confusion = torch.tensor(run["confusion"])
    assert torch.equal(confusion.sum(dim=1), y.bincount(minlength=10))
    assert torch.equal(confusion.sum(dim=0), said.bincount(minlength=10))
    assert run["accuracy"] == pytest.approx((said == y).float().mean().item())
    assert run["never_said"] == [k for k in range(10) if k not in said]


def test_rounding_keeps_four_digits_and_the_structure():
    assert rounded({"a": [1.23456, 2], "b": {"c": 0.000123456}}) == {"a": [1.235, 2], "b": {"c": 0.0001235}}
