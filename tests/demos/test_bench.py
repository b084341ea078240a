"""Bench: where each network stands for each cost, and the sentence that its seeds allow, against sums of its own."""

import re

import pytest
import torch
from seeing import BLUE, GREY, ORANGE, Watched, color, numbers, points
from torch import nn

from nin_course import results
from nin_course.demos import Bench, bench
from nin_course.lab import VARIANTS

LAPTOP = dict(sample=False, epochs=8, batch_size=64, lr=4e-3, weight_decay=1e-2, one_cycle=True, label_smoothing=0.0)
LAPTOP |= dict(batch_norm=True, normalize=True, flip=True, shift=1, erase=0, fast=True)


def lines(net, accuracies, images=10_000, tried=False, first=0, device="CPU, 1 threads", kept=None, **changes):
    """Recorded runs as they would be, of seed `first` and on: accuracies in per cent, `kept` on held-out images."""
    made_on = {"device": device, "autocast": "bfloat16"}
    for seed, accuracy in enumerate(accuracies, start=first):
        recipe = {"net": net, "size": VARIANTS[net].size, **LAPTOP, **changes}
        line = {"images": images, "seed": seed, "tried": tried, "recipe": recipe, "made_on": made_on}
        if images < 60_000:
            line["held_out"] = {"accuracy": (kept[seed - first] if kept else accuracy) / 100}
        yield line if tried else line | {"test": {"accuracy": accuracy / 100}, "test_sample": {"accuracy": 0.5}}


FEW = dict(images=1_000, epochs=80)
MADE = [
    *lines("2", [90, 91, 92, 90, 91]),
    *lines("0@macs", [85, 86, 88], kept=[85, 86, 89]),
    *lines("gmp", [90, 91, 92, 90, 92]),
    *lines("map", [90, 91, 92, 90, 91]),
    *lines("hidden", [89, 88]),
    *lines("avgpool", [80], first=2),
    *lines("twin", [70, 70, 70], first=7),
    *lines("notes-wide", [86, 87]),
    *lines("relu", [89.9, 90.9, 91.9, 89.9, 90.9]),
    *lines("3@macs", [91, 92, 93, 91, 92], kept=[90, 92, 92, 90, 92]),
    *lines("1@macs", [91, 92, 93, 91, 92], kept=[89, 90, 91, 89, 90]),
    *lines("2", [80, 80, 80], **FEW),
    *lines("hidden", [82, 82, 83], **FEW),
    *lines("0@macs", [70, 71, 72], **FEW),
    *lines("0@macs", [60], **FEW, flip=False, shift=0),
    *lines("2", [50, 51, 52], lr=0.008),
    *lines("relu", [99], tried=True),
    *lines("relu", [99, 99, 98], device="NVIDIA H200"),
    *lines("2", [70, 70, 70], device="NVIDIA H200"),
    *lines("2", [95], images=60_000),
    *lines("L", [96, 97, 98], images=60_000, epochs=40, erase=8),
    *lines("M", [94, 95, 96], images=60_000, epochs=40, erase=8),
]
PER_CENT = {  # of all that were trained on 10,000 images, by the laptop preset
    "2": [90, 91, 92, 90, 91],
    "0@macs": [85, 86, 88],
    "gmp": [90, 91, 92, 90, 92],
    "map": [90, 91, 92, 90, 91],
    "hidden": [89, 88],
    "avgpool": [80],
    "twin": [70, 70, 70],
    "notes-wide": [86, 87],
    "relu": [89.9, 90.9, 91.9, 89.9, 90.9],
    "3@macs": [91, 92, 93, 91, 92],
    "1@macs": [91, 92, 93, 91, 92],
}
TEN, DEMO = "10,000 images", Watched(Bench, first="0@macs", second="2", images="10,000 images", cost="parameters")


@pytest.fixture(autouse=True)
def made(monkeypatch):
    monkeypatch.setattr(bench, "runs", lambda: MADE)


def test_the_recorded_runs_have_names_of_their_own_and_find_room(monkeypatch):
    """A label for each kind of training, so that none stands for another; a recipe of many changes is told as tuned."""
    monkeypatch.undo()
    kinds = {(p.images, p.device, str(p.recipe)) for p in results.points(results.runs())}
    assert bench.runs() is bench.runs()  # read once
    found = bench.recorded()
    assert len(found) == len(kinds)
    for name, networks in found.items():
        assert len({(p.images, p.device, str(p.recipe)) for p in networks.values()}) == 1
        assert 6.8 * len(name) <= int(Bench().controls["images"].layout.width.removesuffix("px")) - 95
    (tuned,) = [name for name in found if "tuned" in name]
    assert tuned == "60,000 images (40 epochs, tuned, H200)"
    assert set(found[tuned]) == {"S", "M", "L", "XL"}


def marks():
    """(colour, marker) -> the places of its marks, as they stand in the picture; "." are the dots."""
    axis, found = DEMO.figure.axes[0], {}
    for line in axis.lines:
        assert (line.get_linestyle(), line.get_visible()) == ("None", True)
        assert line.get_markersize() >= (7 if line.get_marker() == "." else 8)
        assert line.get_marker() == "." or line.get_markerfacecolor() == "white"  # the dots show through
        found.setdefault((color(line), line.get_marker()), []).extend(points(line))
    (low, high), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    assert all(low < x < high and bottom < y < top for places in found.values() for x, y in places)
    return {key: sorted(places) for key, places in found.items()}


def counted(net):
    """The four costs in the units of the axis, counted at the layers of the network while an image goes through."""
    made, size = VARIANTS[net].make(), VARIANTS[net].size
    flows, macs = [(0, size * size)], []

    def hook(layer, inputs, output):
        flows.append((inputs[0].numel(), output.numel()))
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            macs.append(layer.weight.numel() * (output[0, 0].numel() if output.ndim == 4 else 1))

    for layer in made.modules():
        if not list(layer.children()):
            layer.register_forward_hook(hook)
    with torch.no_grad():
        made.eval()(torch.zeros(1, 1, size, size))
    weights = sum(p.numel() for p in made.parameters())
    to_train = 16 * weights + 64 * 4 * sum(out for _, out in flows)
    to_predict = 4 * (weights + max(a + b for a, b in flows[1:]))
    return dict(parameters=weights / 1e3, macs=sum(macs) / 1e6, to_train=to_train / 1e6, to_predict=to_predict / 1e6)


@pytest.mark.parametrize(("cost", "words"), [
    ("parameters", "parameters, in thousands"),
    ("macs", "MACs an image, in millions"),
    ("to_train", "memory to train on 64 images, in MB"),
    ("to_predict", "memory to predict an image, in MB"),
])  # fmt: skip
@pytest.mark.parametrize(("first", "second"), [("0@macs", "2"), ("hidden", "0@macs")])
def test_each_network_stands_at_its_cost_and_its_accuracies_and_the_two_have_their_colours(first, second, cost, words):
    DEMO.at(first=first, second=second, images=TEN, cost=cost)
    looks = {first: (BLUE, "s"), second: (ORANGE, "D")}
    wanted = {(colour, mark): [] for colour, mark in [(BLUE, "s"), (ORANGE, "D"), (GREY, "o")]}
    wanted |= {(colour, "."): [] for colour, _ in wanted}
    for net, accuracies in PER_CENT.items():
        colour, mark = looks.get(net, (GREY, "o"))
        x = round(counted(net)[cost], 6)
        wanted[colour, mark].append((x, round(sum(accuracies) / len(accuracies), 6)))
        wanted[colour, "."] += [(x, accuracy) for accuracy in accuracies]
    assert marks() == {key: sorted(places) for key, places in wanted.items()}
    axis = DEMO.figure.axes[0]
    assert (axis.get_xlabel(), axis.get_ylabel(), axis.get_xscale()) == (words, "% of the test images right", "log")
    low, high = axis.get_xlim()
    assert sum(low <= tick <= high for tick in axis.get_xticks()) >= 2
    names = {color(t): t.get_text() for t in DEMO.figure.texts if t.get_weight() == "bold"}
    assert names == {BLUE: f"■ {VARIANTS[first].what}", ORANGE: f"◆ {VARIANTS[second].what}"}
    (note,) = [t.get_text() for t in DEMO.figure.texts if t.get_color() == GREY]
    assert note == "dots: seeds    marks: their means    grey: the other networks, trained alike"


# Worked by hand: the mean of the differences, and t · s / √n with t = 4.303 for 3 seeds, 2.776 for 5; then the same on
# the images kept back. Better or worse is what is so on both.
@pytest.mark.parametrize(("state", "told", "found"), [
    (dict(first="0@macs", second="2"), "worse.", (3, -4.67, 1.43, -4.33, 2.87)),
    (dict(first="2", second="0@macs"), "better.", (3, 4.67, 1.43, 4.33, 2.87)),
    (dict(first="gmp", second="2"), "these runs do not tell.", (5, 0.2, 0.56, 0.2, 0.56)),
    (dict(first="map", second="2"), "these runs do not tell.", (5, 0, 0, 0, 0)),
    (dict(first="relu", second="2"), "worse.", (5, -0.1, 0, -0.1, 0)),
    (dict(first="3@macs", second="2"), "these runs do not tell.", (5, 1, 0, 0.4, 0.68)),
    (dict(first="2", second="3@macs"), "these runs do not tell.", (5, -1, 0, -0.4, 0.68)),
    (dict(first="1@macs", second="2"), "these runs do not tell.", (5, 1, 0, -1, 0)),
    (dict(first="hidden", second="2", images="1,000 images"), "better.", (3, 2.33, 1.43, 2.33, 1.43)),
    (dict(first="L", second="M", images="60,000 images (epochs 40, erase 8)"), "better.", (3, 2, 0)),
    (dict(first="hidden", second="2"), "2 seeds that both have: too few to tell.", ()),
    (dict(first="avgpool", second="2"), "1 seed that both have: too few to tell.", ()),
    (dict(first="twin", second="2"), "No seeds that both have: too few to tell.", ()),
    (dict(first="2", second="2"), "That is one network twice: choose another.", ()),
])  # fmt: skip
def test_the_line_says_what_the_seeds_allow_and_no_more(state, told, found):
    state = dict(images=TEN, cost="macs") | state
    DEMO.at(**state)
    first, second = (VARIANTS[state[name]].what for name in ("first", "second"))
    start = f"“{first}” against “{second}”, trained on {state['images']}: "
    line, cost = DEMO.line.split(" Cost ")
    assert line.startswith(start)
    assert line.endswith(told)
    if found:
        n, mean, half, *kept = found
        said = rf"(\S+) ± (\S+) points over {n} seeds \(mean and 95% interval\)"
        said += r", on the images kept back (\S+) ± (\S+)" * bool(kept) + ": "
        (values,) = re.findall(said, line.removeprefix(start))
        assert numbers(" ".join(values)) == [mean, half, *kept]
    assert cost.startswith("(MACs an image, in millions): ")
    costs = [counted(state[name])["macs"] for name in ("first", "second")]
    assert numbers(cost.split(": ")[1].removesuffix(".")) == pytest.approx(costs, rel=1e-3)


def test_the_lists_offer_what_was_trained_in_the_variants_own_words():
    trained = ["2", "0@macs", "1@macs", "3@macs", "map", "twin", "hidden", "gmp", "avgpool", "relu", "notes-wide"]
    trained += ["M", "L"]
    for name in ("first", "second"):
        assert list(Bench().controls[name].options) == [(VARIANTS[key].what, key) for key in trained]
    assert list(Bench().controls["cost"].options) == [
        *(("parameters", "parameters"), ("MACs", "macs")),
        *(("memory to train", "to_train"), ("memory to predict", "to_predict")),
    ]


def test_the_images_offered_are_those_for_which_both_are_recorded_and_what_was_chosen_stays():
    demo = Bench()
    images, first = demo.controls["images"], demo.controls["first"]
    assert (list(images.options), images.value) == (["1,000 images", TEN], TEN)
    first.value = "hidden"
    assert (list(images.options), images.value) == (["1,000 images", TEN], TEN)
    images.value = "1,000 images"
    assert "better" in demo.text
    first.value = "relu"
    assert list(images.options) == [TEN, "10,000 images (H200)"]
    images.value = "10,000 images (H200)"
    assert "(H200): +28.67 ± 1.43 points over 3 seeds" in demo.text
    first.value = "hidden"
    images.value = "1,000 images"
    first.value = "2"
    two = ["1,000 images", TEN, "10,000 images (H200)", "10,000 images (lr 0.008)", "60,000 images"]
    assert list(images.options) == two
    assert images.value == "1,000 images"
    first.value = "gmp"
    assert (list(images.options), images.value) == ([TEN], TEN)
    demo.controls["second"].value = first.value = "L"
    assert list(images.options) == ["60,000 images (epochs 40, erase 8)"]
    assert not images.disabled
    first.value = "relu"
    assert (list(images.options), images.value, images.disabled) == ([], None, True)
    first.value = "M"
    assert not images.disabled


def test_the_lists_are_called_by_the_colours_of_the_picture_and_nothing_stands_outside_of_it():
    demo = Bench()
    words = {name: control.description for name, control in demo.controls.items()}
    assert words == {"first": "blue", "second": "orange", "images": "trained on", "cost": "cost"}
    for name in ("first", "second", "images"):  # the words of what is chosen find room beside the label's 95 pixels
        control = demo.controls[name]
        width = int(control.layout.width.removesuffix("px"))
        assert width - 95 >= 6.8 * max(len(option[0] if name != "images" else option) for option in control.options)
        assert control.layout.max_width == "100%"
    assert tuple(demo.figure.get_size_inches()) == (8.4, 3.8)
    (axis,) = demo.figure.axes
    renderer = demo.figure.canvas.get_renderer()
    boxes = [axis.get_tightbbox(renderer), *(text.get_window_extent(renderer) for text in demo.figure.texts)]
    high, wide = 110 * 3.95, 110 * 8.4
    assert all(0 <= box.x0 <= box.x1 <= wide and 0 <= box.y0 <= box.y1 <= high for box in boxes)
    assert axis.get_window_extent().width > 0.8 * wide
    assert axis.get_window_extent().height > 0.6 * high
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i] if a.width and b.width)


def test_what_was_never_trained_alike_is_said_and_not_drawn_until_something_else_is_chosen():
    demo = Bench()
    demo.controls["first"].value = "L"
    assert demo.controls["images"].value is None
    said = "They were never trained alike, on the same number of images."
    assert demo.text == f"“{VARIANTS['L'].what}” against “{VARIANTS['2'].what}”: {said}"
    assert said in [text.get_text() for text in demo.figure.texts]
    assert not demo.figure.axes[0].get_visible()
    demo.controls["first"].value = "gmp"
    assert demo.state["images"] == TEN
    assert demo.figure.axes[0].get_visible()
    assert said not in [text.get_text() for text in demo.figure.texts]


def test_another_recipe_or_number_of_images_is_another_picture():
    DEMO.at(first="2", second="gmp", images="10,000 images (lr 0.008)", cost="macs")
    assert DEMO.line.endswith("They were never trained alike, on the same number of images.")
    DEMO.at(first="2", second="hidden", images="1,000 images")
    assert sum(map(len, marks().values())) == 3 + 9
