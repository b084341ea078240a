"""The shipped weights are the ones their cards describe, as good as the cards say, and alive in every part."""

import hashlib
import itertools
import json
import os
import pickle
import shutil

import pytest
import torch
from torch import nn

import nin_course as d2l
from nin_course import weights
from nin_course.files import FULL
from nin_course.runs import measure
from nin_course.weights import ASSETS, FOLDERS, card, pretrained_nin, recorded_run


@pytest.fixture(scope="module")
def test_iter():
    """All 10,000 test images, as the weights want them."""
    return d2l.load_data_fashion_mnist(100, normalize=True)[1]


@pytest.mark.parametrize("head", FOLDERS)
def test_the_card_is_right_about_the_full_test_set(head, test_iter):
    """One image of 10,000 may fall on the other side of a rounding error."""
    assert len(test_iter.dataset) == 10_000
    net = pretrained_nin(head=head).to(memory_format=torch.channels_last)  # the same sums, in half the time
    found, said = measure(net, test_iter, "test images"), card(head)
    assert found["measured_on"] == said["measured_on"]
    assert found["accuracy"] == pytest.approx(said["accuracy"], abs=2.5e-4)
    difference = torch.tensor(found["confusion"]) - torch.tensor(said["confusion"])
    assert difference.abs().sum() <= 10
    for label, accuracy in said["per_class"].items():
        assert found["per_class"][label] == pytest.approx(accuracy, abs=0.003)


@pytest.mark.parametrize("head", FOLDERS)
def test_the_card_is_whole(head):
    said = card(head)
    assert {"what", "command", "recipe", "seed", "notes_epochs", "made_on", "parameters", "macs_an_image"} <= set(said)
    assert said["data_sha256"] == FULL
    assert said["command"].startswith("python -m nin_course train ")
    assert f"--out nin_course/assets/{FOLDERS[head]}" in said["command"]
    assert said["recipe"] | {"net": ""} == card()["recipe"] | {"net": ""}  # the twin was trained the same way
    assert sum(map(sum, said["confusion"])) == 10_000


def test_the_plain_network_of_the_course_takes_the_weights_as_they_are():
    plain = d2l.nin_small()
    assert {type(m) for m in plain.modules()} <= {
        *(nn.Sequential, nn.Conv2d, nn.ReLU, nn.MaxPool2d, d2l.GlobalAvgPool2d, d2l.FlattenLayer)
    }
    state = torch.load(ASSETS / "nin_small" / "weights.pt", weights_only=True)
    assert not plain.load_state_dict(state, strict=True).missing_keys


def test_it_is_as_good_as_the_course_says():
    assert card()["accuracy"] >= 0.94
    assert card()["never_said"] == []
    assert min(card()["per_class"].values()) > 0.7


@pytest.mark.parametrize("head", FOLDERS)
def test_no_class_is_dead(head):
    """Every class is said about as often as it is there."""
    said = torch.tensor(card(head)["confusion"]).sum(dim=0)
    assert (said > 500).all()
    assert card(head)["never_said"] == []


def test_every_tap_of_every_kernel_receives_gradient(test_iter):
    """From the first 2,500 test images: not one weight of the shipped network is out of reach."""
    net, touched = pretrained_nin(), {}
    for X, y in itertools.islice(test_iter, 25):
        net.zero_grad()
        nn.functional.cross_entropy(net(X), y).backward()
        for name, p in net.named_parameters():
            touched[name] = touched.get(name, 0) + p.grad.abs()
        if all((gradient > 0).all() for gradient in touched.values()):
            break
    for name, gradient in touched.items():
        assert (gradient > 0).all(), f"{name}: {(gradient == 0).sum()} of {gradient.numel()} received no gradient"


READERS = {
    "nin_small/weights.pt": pretrained_nin,
    "nin_small_dense/weights.pt": lambda: pretrained_nin(head="dense"),
    "recorded_run/step_{}.pt": recorded_run,
}


@pytest.fixture(params=READERS)
def copied(request, tmp_path, monkeypatch):
    """A file of weights in a copy of its folder, its card, and what reads it."""
    folder, name = request.param.split("/")
    shutil.copytree(ASSETS / folder, tmp_path / folder)
    monkeypatch.setattr(weights, "ASSETS", tmp_path)
    path = tmp_path / folder / name if "{" not in name else sorted((tmp_path / folder).glob("*.pt"))[-1]
    return path, path.parent / "card.json", READERS[request.param]


def test_a_file_that_is_not_the_one_on_the_card_is_refused_in_words(copied):
    path, _, read = copied
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # one bit, in the middle of the weights
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"{path.name} is not the file that card\.json beside it describes"):
        read()


class Trap:
    """What runs code when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, (os.environ["TRAP"],)


def test_a_file_from_elsewhere_runs_no_code_even_if_its_card_fits(copied, monkeypatch):
    path, card_path, read = copied
    monkeypatch.setenv("TRAP", str(path.parent / "sprung"))
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    torch.save({"0.0.weight": Trap()}, path)
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    card_path.write_text(card_path.read_text().replace(before, after))
    with pytest.raises(pickle.UnpicklingError):
        read()
    assert not (path.parent / "sprung").exists()


def test_the_networks_come_in_evaluation_mode_and_with_their_own_head():
    average, dense = pretrained_nin(), pretrained_nin(head="dense")
    assert isinstance(average[-2], d2l.GlobalAvgPool2d)
    assert isinstance(dense[-1], nn.Linear)
    for net in (average, dense, *(net for _, net in recorded_run())):
        assert not any(m.training for m in net.modules())
    assert card() == card("average") != card("dense")


def test_the_recorded_run_goes_from_guessing_to_what_the_laptop_preset_reaches():
    said = json.loads((ASSETS / "recorded_run" / "card.json").read_text())
    run, test_iter = recorded_run(), d2l.load_data_fashion_mnist(100, sample=True, normalize=True)[1]
    assert [step for step, _ in run] == [record["step"] for record in said["snapshots"]]
    for (step, net), record in zip(run, said["snapshots"], strict=True):
        if step in (run[0][0], run[len(run) // 2][0], run[-1][0]):  # the others' files are checked by their hash
            quick = net.to(memory_format=torch.channels_last)
            assert d2l.evaluate_accuracy(test_iter, quick) == pytest.approx(record["accuracy"], abs=0.001)
        assert hashlib.sha256((ASSETS / "recorded_run" / record["file"]).read_bytes()).hexdigest() == record["sha256"]
    accuracies = [record["accuracy"] for record in said["snapshots"]]
    assert run[0][0] == 0
    assert accuracies[0] < 0.3
    assert accuracies[-1] == max(accuracies) >= 0.88
    assert len(run) >= 7


def test_every_weight_file_has_a_card_beside_it():
    assert all((p.parent / "card.json").exists() for p in ASSETS.rglob("weights.pt"))
    assert {p.name for p in (ASSETS / "recorded_run").glob("*.pt")} == {
        record["file"] for record in json.loads((ASSETS / "recorded_run" / "card.json").read_text())["snapshots"]
    }
