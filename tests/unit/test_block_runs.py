"""The recorded runs of chapter 09 are whole, agree with their card, and compare what they say they compare."""

import json

import pytest
import torch
from torch import nn

import nin_course as d2l
from nin_course.assets import make_block_runs
from nin_course.assets.make_block_runs import BLOCKS, HIDDEN, SEEDS, main, network
from nin_course.files import sample_hashes
from nin_course.modern import block_runs
from nin_course.weights import ASSETS


def test_there_is_one_run_of_each_block_and_seed_and_the_card_says_how_they_were_made():
    runs = block_runs()
    assert [(run["block"], run["seed"]) for run in runs] == [(b, s) for s in SEEDS for b in BLOCKS]
    assert all(run["accuracy"] * 2000 == pytest.approx(round(run["accuracy"] * 2000), abs=1e-6) for run in runs)
    card = json.loads((ASSETS / "block_runs" / "card.json").read_text())
    assert card["command"] == "python -m nin_course.assets.make_block_runs"
    assert card["data_sha256"] == sample_hashes()
    assert card["hidden"] == HIDDEN
    assert card["steps"].startswith("50 of 100 images")
    assert {"what", "accuracy", "made_on"} <= set(card)


def test_the_two_networks_of_a_seed_differ_in_the_second_block_alone_and_cost_the_same_to_a_thousandth():
    nin, mobile = (network(block, 3) for block in BLOCKS)
    first = [net[0].state_dict() for net in (nin, mobile)]
    assert all(torch.equal(first[0][name], first[1][name]) for name in first[0])
    assert not torch.equal(nin[0][0].weight, network(BLOCKS[0], 4)[0][0].weight)
    plain = d2l.add_batch_norm(d2l.nin_small())
    assert [[type(m) for m in part.modules()] for part in nin] == [[type(m) for m in part.modules()] for part in plain]
    same = [i for i in range(len(plain)) if str(nin[i]) == str(mobile[i])]
    assert same == [0, 1, 3, 4, 5, 6]
    macs = [d2l.summary(net[2], (1, 64, 14, 14)).macs for net in (nin, mobile)]
    assert macs[0] != macs[1] == pytest.approx(macs[0], rel=1e-3)
    assert [m.groups for m in mobile[2] if isinstance(m, nn.Conv2d)] == [1, HIDDEN, 1]


def test_a_run_sees_the_same_images_in_the_same_order_at_the_same_rates_whatever_the_block(monkeypatch):
    """Eight steps of Adam: up to 4e-3 in a quarter of them, and down to almost nothing."""
    monkeypatch.setattr(make_block_runs, "STEPS", 8)
    seen, rates = [], []
    train_iter, test_iter = d2l.load_data_fashion_mnist(4, sample=True, normalize=True)
    test = [next(iter(test_iter))]

    def watched(net, batches, optimizer, device, after_step):
        assert type(optimizer) is torch.optim.Adam
        assert {id(p) for p in optimizer.param_groups[0]["params"]} == {id(p) for p in net.parameters()}
        for _, y in batches:
            seen.append(y.tolist())
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            after_step(None, 4)

    monkeypatch.setattr(make_block_runs, "train_epoch", watched)
    for block in BLOCKS:
        run = make_block_runs.one_run(block, 1, train_iter, test)
        assert (run["block"], run["seed"]) == (block, 1)
        assert run["accuracy"] in (0, 0.25, 0.5, 0.75, 1)
    assert (seen[:8], rates[:8]) == (seen[8:], rates[8:])
    assert rates[:2] == pytest.approx([4e-3 / 25, 4e-3])
    assert rates[1:8] == sorted(rates[1:8], reverse=True)
    assert rates[7] < 1e-6


def test_it_goes_on_where_it_stopped(tmp_path, monkeypatch):
    asked, made = [], []
    load = lambda *a, **settings: asked.append((a, settings)) or (None, None)  # noqa: E731
    monkeypatch.setattr(make_block_runs, "load_data_fashion_mnist", load)

    def one_run(block, seed, *_):
        made.append((block, seed))
        if len(made) == 3:
            raise KeyboardInterrupt
        return {"block": block, "seed": seed, "accuracy": 0.5}

    monkeypatch.setattr(make_block_runs, "one_run", one_run)
    with pytest.raises(KeyboardInterrupt):
        main(tmp_path)
    assert not (tmp_path / "card.json").exists()
    main(tmp_path)
    assert made == [
        *((b, s) for s in (0,) for b in BLOCKS),
        (BLOCKS[0], 1),
        *((b, s) for s in (1, 2, 3, 4) for b in BLOCKS),
    ]
    lines = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert [(run["block"], run["seed"]) for run in lines] == [(b, s) for s in SEEDS for b in BLOCKS]
    assert (tmp_path / "card.json").exists()
    assert asked == [((100,), {"sample": True, "normalize": True})] * 2  # the card speaks of these
