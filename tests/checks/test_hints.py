"""What the hints of an exercise say in code or as a formula, put into its place, makes a right answer."""

import re

import pytest
import torch
import torch.nn.functional as F
from exercises import EXERCISES, judged
from torch import nn

from nin_course.budget import summary
from nin_course.checks import ch00, ch02, ch05
from nin_course.models import nin

CODE = "`(.*?)`"
ANSWERS = {  # exercise -> an answer with gaps, and what fills each: the number of a hint, and where in it
    "ch00.accuracy": ("accuracy = lambda logits, labels: ({0} == labels).float().mean()", (2, CODE)),
    "ch01.conv1x1_stride2": (
        "conv1x1_stride2 = lambda X, weight, bias: ({0}.permute(0, 2, 3, 1) @ {1} + bias).permute(0, 3, 1, 2)",
        *((2, CODE), (3, CODE)),
    ),
    "ch01.notices": (
        "shuffled = lambda X, order: {0}\n"
        "notices = lambda layer, X, order: not {1}(layer(shuffled(X, order)), shuffled(layer(X), order), atol=1e-4)",
        *((2, CODE), (3, CODE)),
    ),
    "ch02.deep_block": (
        "def deep_block(c, out_channels, k, n):\n"
        "    layers = [nn.Conv2d(c, out_channels, k, padding=k // 2), nn.ReLU()]\n"
        "    for _ in range(n):\n"
        "        layers += [nn.Conv2d({1}, out_channels, 1), nn.ReLU()]\n"
        "    return {0}",
        *((2, CODE), (2, r"there are (\w+) channels")),
    ),
    "ch02.unseen": (
        "def unseen(size, layers):\n"
        "    sides = [size]\n"
        "    for kernel, stride, padding in layers:\n"
        "        sides.append((sides[-1] + 2 * padding - kernel) // stride + 1)\n"
        "    r = sides.pop() - 1\n"
        "    for kernel, stride, padding in reversed(layers):\n"
        "        r = min(({0}) + ({1}), sides.pop() - 1)\n"
        "    return size - 1 - r",
        *((2, "at row (.*?) of the map"), (2, "ends (.*?) further")),
    ),
    "ch02.fold": ("fold = lambda A, a, B, b: (B @ A, {0})", (2, r"z = (.*?)\. Multiply")),
    "ch03.pooling_matrix": (
        "pooling_matrix = lambda channels, h, w: {0}.{1} * ({2})",
        *((3, CODE, 2), (2, "mean.*: (.*?) at")),
    ),
    "ch03.head_costs": (
        "head_costs = lambda channels, h, w, classes: ({0}, channels * classes + classes)",
        (3, r"dense: (.*?)\."),
    ),
    "ch04.block_parameters": (
        "block_parameters = lambda in_, out, kernel: {0} + 2 * ({1})",
        *((3, "^(.*?) for the first"), (3, "first, (.*?) for each")),
    ),
    "ch05.train_and_test": (
        "from nin_course.train import train_epoch\n"
        "def train_and_test(net, train_iter, test_iter, optimizer, device):\n"
        "    train_epoch(net, train_iter, optimizer, device)\n"
        "    {0}\n"
        "    {1}\n"
        "        right = [(net(X.to(device)).argmax(dim=1) == y.to(device)).sum() for X, y in test_iter]\n"
        "    return sum(right) / sum(len(y) for _, y in test_iter)",
        (2, CODE, 2),
    ),
    "ch05.seconds_a_step": (
        "def seconds_a_step(step, synchronize, clock, n):\n"
        "    {0}\n"
        "    for _ in range(n):\n"
        "        step()\n"
        "    {1}\n"
        "    return {2}",
        *((3, "^(.*;) n steps"), (3, "n steps; (.*?); then"), (3, r"then (.*)\.$")),
    ),
    "ch05.too_large": (
        "too_large = [of for of, (parameters, activations, batch) in costs.items() if {0} > {1}]",
        *((2, r"into (.*?)\.$"), (1, r"are (.*?) of them")),
    ),
    "ch06.never_said": (
        "def never_said(confusion):\n"
        "    said, images = {0}, {1}\n"
        "    rest = said > 0\n"
        "    return (said == 0).nonzero().flatten(), confusion.diag()[rest].sum() / images[rest].sum()",
        *((2, CODE), (3, CODE)),
    ),
    "ch06.bias_gradient": ("bias_gradient = lambda z, g: {0}", (3, CODE)),
    "ch07.favourites": (
        "def favourites(maps, labels, k):\n"
        "    classes = labels[maps.amax(dim=(2, 3)).{0}]\n"
        "    counts = {1}\n"
        "    return counts.argmax(dim=1), counts.amax(dim=1) / k",
        *((2, "`(topk.*?)`"), (3, CODE)),
    ),
    "ch07.overlap": (
        "def overlap(box, other):\n"
        "    (a, b, c, d), (e, f, g, h) = box, other\n"
        "    side = lambda top, bottom: {0}\n"
        "    both = side(max(a, e), min(c, g)) * side(max(b, f), min(d, h))\n"
        "    return both / (side(a, c) * side(b, d) + side(e, g) * side(f, h) - both)",
        (2, CODE),
    ),
    "ch07.even_error": (
        "def even_error(confidence, right, bins):\n"
        "    {0}\n"
        "    sure, true = {1}{3}, {2}{3}\n"
        "    return (sure.mean(dim=1) - true.float().mean(dim=1)).abs().mean()",
        *((1, CODE, 3), (2, CODE)),
    ),
    "ch08.paired_difference": (
        "def paired_difference(ours, theirs, factor):\n"
        "    found = [{0} for seed in ours if seed in theirs]\n"
        "    n = len(found)\n"
        "    mean = sum(found) / n\n"
        "    deviation = (sum((x - mean) ** 2 for x in found) / ({1})) ** 0.5\n"
        "    return mean, {2} * deviation / n**0.5",
        *((1, CODE), (2, "added up, over (.*?);"), (3, CODE)),
    ),
    "ch08.equal_width": (
        "equal_width = lambda in_, out, k, layers, inner: min(\n"
        "    range(1, 999), key=lambda w: abs({2} + {3} * {4} - ({0} + 2 * {1}))\n"
        ")",
        *((1, "block: (.*?), and"), (1, r"layers of (.*?)\.$"), (2, "width w: (.*?), and")),
        *((2, CODE), (2, r"times (.*?)\.$")),
    ),
    "ch09.on_patches": (
        "def on_patches(X, weight, bias):\n"
        "    p = weight.shape[2]\n"
        "    patches = {0}.permute(0, 2, 3, 1, 4, 5)\n"
        "    return patches.flatten(3).flatten(1, 2) @ weight.flatten(1).T + bias",
        (1, CODE),
    ),
    "ch09.hidden_width": (
        "hidden_width = lambda in_, out, k: round(({0} + 2 * out**2) / {1})",
        *((1, "block: (.*?), and"), (3, r"h · (\(.*?\)) has")),
    ),
}  # fmt: skip


def in_code(said: str) -> str:
    """A formula as Python writes it."""
    for old, new in {"·": "*", "²": "**2", "−": "-", "A x": "A @ x", "B (": "B @ (", "A @ x + ": ""}.items():
        said = said.replace(old, new)
    return re.sub(r"\bin\b", "in_", re.sub(r"(?<=\d),(?=\d)", "", said))


def costs():
    """Of each setting what the exercise's table tells, and how many images a batch has."""
    with torch.device("meta"):
        found = {of: (summary(build(), (1, 1, side, side)), n) for of, (build, side, n) in ch05.SETTINGS.items()}
    return {of: (cost.parameters, cost.activations, n) for of, (cost, n) in found.items()}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_the_hints_say_is_a_right_answer(name):
    exercise, (source, *gaps) = EXERCISES[name], ANSWERS[name]
    said = [re.findall(where, exercise.hints[number - 1])[: sum(many) or 1] for number, where, *many in gaps]
    space = {"torch": torch, "F": F, "nn": nn, "costs": costs() if "in costs." in source else {}}
    exec(source.format(*(in_code(part) for parts in said for part in parts)), space)
    verdict = exercise(space[name.split(".")[1]], *next(iter(exercise.right.values()))[1:])
    assert verdict.passed is True, (said, verdict)


def praise(name):
    return EXERCISES[name](*next(iter(EXERCISES[name].right.values()))).text


def test_ch00_praise_goes_from_the_least_share_to_the_largest():
    right = [(int((logits.argmax(dim=1) == labels).sum()), len(labels)) for logits, labels in ch00.CASES]
    told = [(int(a), int(b)) for a, b in re.findall(r"(\d+) of (\d+)", praise("ch00.accuracy"))]
    assert told == sorted(told, key=lambda of: of[0] / of[1])
    assert {*told} <= {*right}
    assert [told[0], told[-1]] == [f(right, key=lambda of: of[0] / of[1]) for f in (min, max)]


def test_ch02_praise_names_each_depth_that_was_tried():
    *most, last = sorted(n for *_, n in ch02.BLOCKS)
    assert f"for n = {', '.join(map(str, most))} and {last}. " in praise("ch02.deep_block")


def test_ch04_praise_knows_the_blocks_of_nin():
    with torch.device("meta"):
        blocks = [block for block in nin() if isinstance(block, nn.Sequential)]
    told = praise("ch04.block_parameters")
    assert "five blocks; the fourth is NiN's first, the last its third, where most of the parameters are." in told
    sizes = [(block[0].in_channels, block[0].out_channels, block[0].kernel_size[0]) for block in blocks]
    assert judged("ch04.block_parameters")[1].cases[3:] == (sizes[0], sizes[2])
    assert max(blocks, key=lambda block: sum(p.numel() for p in block.parameters())) is blocks[2]


def test_ch05_praise_tells_what_the_weights_of_d_are_and_that_without_them_it_would_fit():
    parameters, activations, images = costs()["D"]
    assert 4 * activations * images < ch05.GIBIBYTES * 2**30 < 4 * (activations * images + 4 * parameters)
    weights = f"four times {4 * parameters / 2**20:.0f} MiB, before the first image; its activations would fit."
    assert f"D is over because of its weights: {weights}" in praise("ch05.too_large")
