"""A run is as good as its weights: they are measured again, and what is wrong with a folder is said in a sentence."""

import ast
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import lab
import made_runs
import pytest
import torch
from made_runs import TEMPLATE, score, template, written
from torch import nn

import nin_course as d2l
from nin_course import files
from nin_course.audit import _count, audit
from nin_course.data import FashionMNIST
from nin_course.diagnose import Examiner
from nin_course.evidence import class_maps
from nin_course.lab import VARIANTS
from nin_course.recipe import NETS, Recipe
from nin_course.train import confusion_matrix


@pytest.fixture(autouse=True)
def networks(monkeypatch):
    monkeypatch.setitem(NETS, "template", template)


@pytest.fixture(scope="module")
def weights():
    return made_runs.means()


@pytest.fixture(scope="module")
def right(weights):
    net = template()
    net.load_state_dict(weights)
    return score(net)


def said(folder):
    with pytest.raises(ValueError) as stopped:  # noqa: PT011
        audit(folder)
    return str(stopped.value)


def test_a_run_is_measured_again_and_its_costs_are_counted(tmp_path, weights, right):
    found = audit(written(tmp_path, weights, right, TEMPLATE))
    assert 0.6 < found.accuracy == pytest.approx(right, abs=1e-9)
    assert (found.recipe, found.images) == (TEMPLATE, 2_000)
    assert (found.costs.parameters, found.costs.macs) == (7_850, 7_840)


@pytest.mark.parametrize(("size", "normalize"), [(28, False), (14, True)])
def test_it_sees_the_images_as_its_recipe_says(size, normalize, tmp_path, monkeypatch):
    monkeypatch.setitem(NETS, "template", lambda: nn.Sequential(nn.Conv2d(1, 10, size), nn.Flatten()))
    torch.manual_seed(5)
    net = NETS["template"]()
    recipe = replace(TEMPLATE, size=size, normalize=normalize)
    accuracy = score(net, size, normalize)
    assert accuracy not in (score(net, size, not normalize), 0.1)
    found = audit(written(tmp_path, net.state_dict(), accuracy, recipe))
    assert found.accuracy == pytest.approx(accuracy)
    assert found.costs.macs == 10 * size * size


def fifty():
    """Some of the sample's test images: (50, 1, 28, 28) uint8, and their labels."""
    data = d2l.load_data_fashion_mnist(1, sample=True)[1].dataset
    return data.images[::40], data.labels[::40]


def share(net, some):
    X, y = FashionMNIST(*some, normalize=True)[range(50)]
    return (net(X).argmax(dim=1) == y).float().mean().item()


@pytest.mark.parametrize("key", ["squeeze", "hidden"])
def test_a_network_of_the_lab_is_known_by_its_key_and_drops_nothing(key, tmp_path, monkeypatch):
    torch.manual_seed(0)
    net, some = VARIANTS[key].make().eval(), fifty()
    monkeypatch.setattr(files, "read_split", lambda *_: some)
    found = audit(written(tmp_path, net.state_dict(), share(net, some), Recipe(net=key, sample=True)))
    assert found.costs == VARIANTS[key].costs


class Opposite(nn.Module):
    """Turns what it gets round; `Awake` does so only while it is trained."""

    def forward(self, X):
        return -X


class Awake(Opposite):
    def forward(self, X):
        return -X if self.training else X


def examined(net, data):
    examiner = Examiner(net)
    examiner.see(*data[range(50)])
    return examiner.examine()


MEASURES = {  # whoever measures a network
    "audit._count": _count,
    "diagnose.examine": examined,
    "evidence.class_maps": lambda net, data: class_maps(net, data[range(50)][0]).tolist(),
    "lab.look": lab.look,
    "train.confusion_matrix": lambda net, data: confusion_matrix([data[range(50)]], net).tolist(),
    "train.evaluate_accuracy": lambda net, data: d2l.evaluate_accuracy([data[range(50)]], net),
}


@pytest.mark.parametrize("name", MEASURES)
def test_whoever_measures_a_network_measures_it_as_it_will_be_used_and_gives_it_back_as_it_was(name, weights):
    data, (first, _) = FashionMNIST(*fifty(), normalize=True), template()
    first.load_state_dict({key.removeprefix("0."): value for key, value in weights.items()})
    net, other = (nn.Sequential(first, way(), d2l.GlobalAvgPool2d(), nn.Flatten()) for way in (Awake, Opposite))
    used = MEASURES[name](net.eval(), data)
    assert used != MEASURES[name](other, data)  # so it would be seen
    assert MEASURES[name](net.train(), data) == used
    assert all(module.training for module in net.modules())


def test_nobody_else_measures_networks():
    files = [*Path(d2l.__file__).parent.glob("*.py"), *Path(lab.__file__).parent.glob("*.py")]
    texts = [(file.stem, text) for file in files for text in [file.read_text()] if "evaluation_mode" in text]
    functions = [(m, n) for m, text in texts for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)]
    calls = lambda node: {getattr(n.func, "id", "") for n in ast.walk(node) if isinstance(n, ast.Call)}  # noqa: E731
    assert {f"{m}.{node.name}" for m, node in functions if "evaluation_mode" in calls(node)} == set(MEASURES)


@pytest.mark.parametrize("images", [-10, 10, 400])
def test_a_card_that_is_ten_images_off_is_named_with_both_numbers(images, tmp_path, weights, right):
    card = right + images / 2_000
    assert said(written(tmp_path, weights, card, TEMPLATE)) == f"its card says {card:.2%}, its weights give {right:.2%}"


@pytest.mark.parametrize("logits", [(5, 0), (-2.5, -5)])
@pytest.mark.parametrize(("lead", "accuracy", "holds"), [
    (0.5, 0.1, True),
    (0.5, 0.102, True),  # class 1 is said as easily: any of its 200 images may be right
    (0.5, 0.098, True),
    (0.5, 0.1025, False),  # but not as many as that
    (0.5, 0.0975, False),
    (2, 0.1, True),
    (2, 0.1005, False),
    (2, 0.0995, False),
])  # fmt: skip
def test_an_image_counts_either_way_only_if_rounding_can_turn_it(logits, lead, accuracy, holds, tmp_path):
    """Every image gets the same logits; class 1 a little less than class 0, in thousandths of 5, the largest."""
    first, rest = logits
    weights = {"0.weight": torch.zeros(10, 1, 28, 28), "0.bias": torch.tensor([first, first - lead / 200, *8 * [rest]])}
    folder = written(tmp_path, weights, accuracy, TEMPLATE)
    if holds:
        assert audit(folder).accuracy == accuracy  # the card's, on every machine
    else:
        assert said(folder) == f"its card says {accuracy:.2%}, its weights give 10.00%"


@pytest.mark.parametrize("accuracy", [0.0, 1.0])
def test_all_may_be_right_and_none(accuracy, tmp_path, monkeypatch):
    five = torch.zeros(5, 1, 28, 28, dtype=torch.uint8), torch.ones(5, dtype=torch.long)
    monkeypatch.setattr(files, "read_split", lambda *_: five)
    weights = {"0.weight": torch.zeros(10, 1, 28, 28), "0.bias": torch.eye(10)[int(accuracy)]}
    assert audit(written(tmp_path, weights, accuracy, TEMPLATE)).accuracy == accuracy


def test_the_data_decides_on_which_images_it_is_measured_not_what_was_asked_for(tmp_path, weights, right):
    """Without the full set a run by a recipe of it is trained on the sample."""
    assert audit(written(tmp_path, weights, right, replace(TEMPLATE, sample=False))).images == 2_000


class Command:
    """Pickled, it writes a file where it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


NO_CARD = "it has no card.json, as a run has that has come to its end"
NO_RECIPE = "its card's recipe is not one of this course's"
NOT_TEMPLATE = "its weights are not those of the network that its card names, template"
NOT_OURS = "its card.json is damaged, or not one that `train` wrote"
OF_ANOTHER = "its weights.pt is not the file that its card describes: damaged, or of another run"
NO_TENSORS = "its weights.pt cannot be loaded, or holds something else than tensors"
WRONG = {  # what is done to a good folder -> what is said
    "no card": (lambda f, card: (f / "card.json").unlink(), NO_CARD),
    "no weights": (lambda f, card: (f / "weights.pt").unlink(), "its weights.pt is missing"),
    "weights cut short": (lambda f, card: os.truncate(f / "weights.pt", 900), OF_ANOTHER),
    "other weights": (lambda f, card: torch.save({}, f / "weights.pt"), OF_ANOTHER),
    "a folder for weights": (
        lambda f, card: ((f / "weights.pt").unlink(), (f / "weights.pt").mkdir()), "its weights.pt cannot be read: ",
    ),
    "no JSON": (lambda f, card: (f / "card.json").write_text("{"), NOT_OURS),
    "no text": (lambda f, card: (f / "card.json").write_bytes(b"\xff\xfe"), NOT_OURS),
    "a list": (lambda f, card: (f / "card.json").write_text("[1]"), NOT_OURS),
    **{f"no {name}": (lambda f, card, name=name: card.pop(name), NOT_OURS)
       for name in ("accuracy", "measured_on", "recipe", "data_sha256", "weights_sha256")},
    "accuracy in words": (lambda f, card: card.update(accuracy="0.9"), NOT_OURS),
    "accuracy in per cent": (lambda f, card: card.update(accuracy=90.0), NOT_OURS),
    "accuracy below zero": (lambda f, card: card.update(accuracy=-0.1), NOT_OURS),
    "accuracy True": (lambda f, card: card.update(accuracy=True), NOT_OURS),
    "a folder for a card": (lambda f, card: ((f / "card.json").unlink(), (f / "card.json").mkdir()), NOT_OURS),
    "accuracy nan": (lambda f, card: card.update(accuracy=float("nan")), NOT_OURS),
    "one more": (lambda f, card: card["recipe"].update(speed=1), NO_RECIPE),
    "one less": (lambda f, card: card["recipe"].pop("lr"), NO_RECIPE),
    "a size that is True": (lambda f, card: card["recipe"].update(size=True), NO_RECIPE),
    "large images": (
        lambda f, card: (card["recipe"].update(size=512), (f / "weights.pt").unlink()), "its weights.pt is missing",
    ),
    "images a little too large": (
        lambda f, card: card["recipe"].update(size=513), "its images are 513 px large; 1 to 512 can be measured",
    ),
    "a size in words": (lambda f, card: card["recipe"].update(size="28"), NO_RECIPE),
    "a network of one's own": (
        lambda f, card: card["recipe"].update(net="mine"), "its network, 'mine', is none that the course can build",
    ),
    "huge images": (
        lambda f, card: card["recipe"].update(size=100_000), "its images are 100000 px large; 1 to 512 can be measured",
    ),
    "no images": (lambda f, card: card["recipe"].update(size=0), "its images are 0 px large; 1 to 512 can be measured"),
    "images too small": (lambda f, card: card["recipe"].update(size=27), "its network does not take images of 27 px"),
    "another network": (
        lambda f, card: card["recipe"].update(net="nin_small"),
        "its weights are not those of the network that its card names, nin_small",
    ),
    "held out": (
        lambda f, card: card.update(measured_on="5,000 held-out training images, one forward pass each"),
        "it was measured on held-out training images; trained once more without --held-out it can be compared",
    ),
    "other data": (
        lambda f, card: card["data_sha256"].update({"t10k-labels-idx1-ubyte": "0"}),
        "it was trained on other data than Fashion-MNIST, or on a damaged copy",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_with_a_folder_is_one_sentence(kind, tmp_path, weights, right):
    change, sentence = WRONG[kind]
    folder = written(tmp_path, weights, right, TEMPLATE)
    card = before = json.loads((folder / "card.json").read_text())
    before = json.dumps(card)
    change(folder, card)
    if json.dumps(card) != before:
        (folder / "card.json").write_text(json.dumps(card))
    assert said(folder).startswith(sentence)
    assert "\n" not in said(folder)


@pytest.mark.parametrize(("file", "sentence"), [
    (lambda place: b"no weights", NO_TENSORS),
    (lambda place: {"0.weight": Command(place)}, NO_TENSORS),
    (lambda place: [1, 2], NOT_TEMPLATE),
    (lambda place: {"0.weight": 1, "0.bias": 2}, NOT_TEMPLATE),
    (lambda place: {"0.weight": torch.zeros(10, 1, 28, 28), "0.bias": torch.eye(10)[3].log()},
     "its network answers with nan or infinity"),
])  # fmt: skip
def test_a_file_that_its_card_vouches_for_is_no_more_than_tensors(file, sentence, tmp_path):
    place = tmp_path / "made by the file"
    assert said(written(tmp_path / "run", file(place), 0.5, TEMPLATE)) == sentence
    assert not place.exists()


FULL = {"measured_on": "10,000 test images, one forward pass each", "data_sha256": files.FULL}


def test_a_run_of_the_full_set_is_measured_on_its_test_images_if_they_are_here(tmp_path, weights, right, monkeypatch):
    some, asked = fifty(), []
    monkeypatch.setattr(files, "read_split", lambda *how: asked.append(how) or some)
    net = template()
    net.load_state_dict(weights)
    accuracy = share(net, some)
    folder = written(tmp_path, weights, accuracy, replace(TEMPLATE, sample=False), **FULL)
    monkeypatch.setattr(files, "find_full", lambda: "here")
    assert (audit(folder).accuracy, audit(folder).images) == (pytest.approx(accuracy), 50)
    assert asked == 2 * [("here", "t10k", files.FULL)]
    monkeypatch.setattr(files, "find_full", lambda: None)
    told = "it was trained on the full set, which is not here: `python -m nin_course data --full` fetches the full set"
    assert said(folder) == told


@pytest.mark.parametrize("error", [FileNotFoundError, ValueError])
def test_a_full_set_that_cannot_be_read_is_said(error, tmp_path, weights, monkeypatch):
    def broken():
        raise error("root='x' holds nothing.")

    monkeypatch.setattr(files, "find_full", broken)
    folder = written(tmp_path, weights, 0.5, replace(TEMPLATE, sample=False), **FULL)
    assert said(folder).endswith(
        "root='x' holds nothing." if error is ValueError else "be read: root='x' holds nothing"
    )


def test_a_card_that_train_writes_has_all_that_is_read(tmp_path):
    """The shipped weights' own cards."""
    for name in ("nin_small", "nin_small_dense"):
        card = json.loads((d2l.weights.ASSETS / name / "card.json").read_text())
        assert asdict(Recipe(**card["recipe"])) == card["recipe"]
        assert card["data_sha256"] == files.FULL
        assert isinstance(card["accuracy"], float)
        assert isinstance(card["weights_sha256"], str)
        assert isinstance(card["measured_on"], str)
