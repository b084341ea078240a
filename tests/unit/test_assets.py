"""What is shipped can be made again: the sample, and the snapshots of the recorded run."""

import gzip
import hashlib
import json

import pytest
import torch

from nin_course.assets import make_recorded_run, make_sample
from nin_course.files import SAMPLE_DIR
from nin_course.models import nin_small
from nin_course.recipe import load, prepare, preset
from nin_course.runs import measure


def test_the_samples_files_have_no_date_and_a_card_with_their_hashes(tmp_path, monkeypatch):
    files = {"one": b"an image" * 99, "two": b"a label"}
    monkeypatch.setattr(make_sample, "sample_files", lambda: files)
    make_sample.main(tmp_path / "sample")
    for name, content in files.items():
        packed = (tmp_path / "sample" / f"{name}.gz").read_bytes()
        assert gzip.decompress(packed) == content
        assert packed[4:8] == bytes(4)  # where a gzip file has its time
    card, shipped = (json.loads((folder / "card.json").read_text()) for folder in (tmp_path / "sample", SAMPLE_DIR))
    assert card["sha256"] == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert card | {"sha256": shipped["sha256"]} == shipped


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A run of two steps, seed 3, recorded before each and at the end: (its folder, its card, the recipes loaded)."""
    folder, recipes, measured = tmp_path_factory.mktemp("run"), [], []

    def little(recipe):
        recipes.append(recipe)
        loaded = load(recipe)
        for batches, n in zip(loaded, (2 * recipe.batch_size, 100), strict=True):
            batches.dataset.images, batches.dataset.labels = batches.dataset.images[:n], batches.dataset.labels[:n]
        return loaded

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make_recorded_run, "STEPS", (0, 1))
        patch.setattr(make_recorded_run, "preset", lambda name, **changes: preset(name, epochs=1, **changes))
        patch.setattr(make_recorded_run, "load", little)
        patch.setattr(make_recorded_run, "measure", lambda net, *how: measured.append(net) or measure(net, *how))
        make_recorded_run.main(folder, seed=3)
    assert all(torch.equal(p, p.half().float()) for net in measured for p in net.parameters())  # what is shipped
    return folder, json.loads((folder / "card.json").read_text()), recipes, little


def snapshot(folder, k):
    net = nin_small()
    net.load_state_dict(torch.load(folder / f"step_{k:05d}.pt", weights_only=True))
    return net.float().eval()


def test_a_recorded_run_has_a_snapshot_before_each_step_and_one_at_the_end(recorded):
    folder, card, recipes, little = recorded
    assert [s["step"] for s in card["snapshots"]] == [0, 1, 2]
    assert card["seed"] == json.loads((folder / "history.jsonl").read_text().splitlines()[0])["seed"] == 3
    assert card["measured_on"].startswith("100 test images")
    X, y = (torch.cat(parts) for parts in zip(*little(recipes[0])[1], strict=True))
    for said in card["snapshots"]:
        assert said["sha256"] == hashlib.sha256((folder / said["file"]).read_bytes()).hexdigest()
        right = snapshot(folder, said["step"])(X).argmax(dim=1) == y
        assert said["accuracy"] == pytest.approx(right.float().mean().item(), abs=1e-6)
    first = [snapshot(folder, k)[0][0].weight for k in range(3)]
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first[1], first[2])


def test_the_first_snapshot_is_the_untrained_network_of_that_seed(recorded):
    """Folding scales each channel's weights, and leaves their direction."""
    folder, _, recipes, little = recorded
    net, _, _ = prepare(recipes[0], little(recipes[0])[0], seed=3, device="cpu")
    drawn, kept = (layer[0][0].weight.flatten(1) for layer in (net, snapshot(folder, 0)))
    assert torch.cosine_similarity(drawn, kept).min() > 0.9999


def test_each_snapshots_averages_are_those_of_the_plain_training_images(recorded):
    """Batch norm makes each channel's mean 0 and its variance 1 as long as nothing is learned."""
    folder, _, recipes, little = recorded
    assert [(recipe.flip, recipe.shift) for recipe in recipes[:2]] == [
        (preset("laptop").flip, preset("laptop").shift),
        (False, 0),
    ]
    images = torch.cat([X for X, _ in little(recipes[1])[0]])
    with torch.no_grad():
        maps = snapshot(folder, 0)[0][0](images)
    assert maps.mean(dim=(0, 2, 3)).abs().max() < 0.01
    assert (maps.std(dim=(0, 2, 3)) - 1).abs().max() < 0.02
