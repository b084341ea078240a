"""The recorded runs of chapter 06 are whole, agree with their card, and are what the recipes give."""

import json

import pytest
import torch
from torch import nn

import nin_course as d2l
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
    monkeypatch.setattr("nin_course.assets.make_stuck_runs.one_run", lambda *_: pytest.fail("made again"))
    main(folder=tmp_path)
    assert (tmp_path / "runs.jsonl").read_bytes() == (FOLDER / "runs.jsonl").read_bytes()
    assert json.loads((tmp_path / "card.json").read_text())["recipe_names"] == list(RECIPES)


def test_rounding_keeps_four_digits_and_the_structure():
    assert rounded({"a": [1.23456, 2], "b": {"c": 0.000123456}}) == {"a": [1.235, 2], "b": {"c": 0.0001235}}
