"""The three exercises of chapter 01: a strided 1×1 convolution, what layers cost, and who notices a shuffle."""

import torch
import torch.nn.functional as F
from torch import nn

from nin_course.checks import _read
from nin_course.checks._calling import products, the_function
from nin_course.checks._cases import Judge
from nin_course.checks._ladder import Wrong, exercise
from nin_course.checks.mistakes.ch01 import BIASED, COST, NO_BIAS, PROOFS, WAYS


@exercise(
    "Stride 2 only decides *which* pixels are used: those in rows 0, 2, 4, … and columns 0, 2, 4, …",
    "`X[:, :, ::2, ::2]` keeps those pixels. From there on it is the chapter's own recipe: pixels as rows.",
    "Permute to (N, H, W, C), reshape to (pixels, C), multiply by `weight.T`, add the bias, and go the same way back.",
)
def conv1x1_stride2(conv1x1_stride2) -> str:
    """conv1x1_stride2(X (N, C, H, W), weight (D, C), bias (D,)) -> (N, D, ceil(H / 2), ceil(W / 2))."""
    made = torch.Generator().manual_seed(1)
    sizes = ((2, 3, 7, 6, 4), (1, 4, 5, 9, 2), (3, 2, 4, 7, 5), (2, 4, 6, 8, 4), (1, 5, 1, 2, 3))
    cases = [
        tuple(torch.randn(*size, generator=made) for size in ((n, c, h, w), (d, c), (d,))) for n, c, h, w, d in sizes
    ]
    judge = Judge(
        "conv1x1_stride2",
        lambda X, weight, bias: F.conv2d(X, weight[:, :, None, None], bias, stride=2),
        read=lambda value: {"": _read.tensor(value)},
        cases=cases,
        mistakes=WAYS | BIASED | NO_BIAS,
        tolerance=2e-3,  # half precision
    )
    remark = judge(conv1x1_stride2)
    number = products(conv1x1_stride2, *cases[0])
    if number > 1:
        return f"Right, in {number} products. All pixels fit into one: stack them as the rows of a matrix." + remark
    return "Right: the pixels of a quarter of the places, and a quarter of the work." + remark


_LAYERS = (
    *((3, 5, 5, 8, 4), (7, 2, 1, 9, 6), (64, 128, 3, 14, 20), (4, 6, 3, 1, 5), (64, 64, 1, 28, 28)),
    *((3, 5, 5, 6, 9), (65, 67, 3, 251, 257)),  # the first layer on another image; more than 32 bits can hold
)


def _parameters(i, o, k, h, w):
    return sum(p.numel() for p in nn.Conv2d(i, o, k, device="meta").parameters())


def _macs(i, o, k, h, w):
    return nn.Conv2d(i, o, k, device="meta").weight.numel() * h * w


@exercise(
    "One output channel needs one weight for every input channel and every place of the window, and one bias.",
    "A MAC happens each time a weight is used. How many output pixels is one weight used for?",
    "Write the number of weights first (without biases); parameters and MACs are both one step away from it.",
)
def cost(cost) -> str:
    """cost(in_channels, out_channels, kernel_size, height, width) -> (parameters, MACs), output of the same size."""
    judge = Judge(
        "cost",
        lambda in_channels, out_channels, kernel_size, height, width: (
            _parameters(in_channels, out_channels, kernel_size, height, width),
            _macs(in_channels, out_channels, kernel_size, height, width),
        ),
        read=lambda value: _read.numbers(value, ("parameters", "MACs")),
        cases=_LAYERS,
        of_part=COST,
    )
    return "Right, for all seven layers, to the last parameter. nn.Conv2d itself was the judge." + judge(cost)


class _Zero(nn.Module):
    def forward(self, X):
        return 0 * X


class _OverMean(nn.Module):
    """Divides by the mean of all pixels, added one after the other: in another order, the last digit differs."""

    def forward(self, X):
        pixels = X.flatten(2).unbind(2)
        return X * (len(pixels) / sum(pixels[1:], start=pixels[0]))[:, :, None, None]


class _OneRow(nn.Module):
    """Adds to each pixel a little of the one to its left."""

    def forward(self, X):
        return X + 0.5 * X.roll(1, dims=3)


class _Faint(_OneRow):
    """The same, but all its numbers are small."""

    def forward(self, X):
        return 0.02 * super().forward(X)


class _Mirror(nn.Module):
    """The same numbers, left and right exchanged."""

    def forward(self, X):
        return X.flip(3)


class _Spot(nn.Module):
    """Changes a single number: at this sample, channel, row and column."""

    def __init__(self, *spot):
        super().__init__()
        self.spot = spot

    def forward(self, X):
        X = X.clone()
        X[self.spot] += 5
        return X


def _positive(conv):
    """No output close to 0, where even torch.allclose would stumble over the last digit."""
    for p in conv.parameters():
        nn.init.uniform_(p, 0.1, 1)
    return conv


FOUR_LAYERS = {
    "A": nn.ReLU(),
    "B": nn.MaxPool2d(kernel_size=3, stride=1, padding=1),
    "C": nn.BatchNorm2d(3),
    "D": nn.Softmax(dim=3),
}
NOTICES = {"A": False, "B": True, "C": False, "D": True}
_WHY = {
    "A": "ReLU looks at one number at a time: it cannot know where the number stands.",
    "B": "A 3×3 window sees neighbours, and after the shuffle they are others.",
    "C": "BatchNorm2d (in training) uses mean and variance over all pixels; neither depends on their order.",
    "D": "dim=3 is the width: each number is divided by a sum over its row, and the shuffle changes who is in the row.",
}


def _yes_or_no(value) -> dict:
    """True or False, as a bool, a tensor, an array, or 0 and 1."""
    wrong = Wrong(f"True or False is wanted; this is {_read.kind(value)}")
    if isinstance(value, (list, tuple)):
        raise wrong
    try:
        found = _read.tensor(value)
    except Wrong:
        raise wrong from None
    if found.numel() != 1 or found.item() not in (0, 1):
        every = " `torch.allclose` makes one of them." if found.numel() > 1 else ""
        raise Wrong(f"one True or False is wanted; this is {_read.kind(value)}.{every}")
    return {"": found.reshape(())}


def _says(said) -> dict[str, bool]:
    if not isinstance(said, dict) or {str(k).strip().upper() for k in said} != set(NOTICES):
        raise Wrong(
            f'`said` should be a dict with True or False for each of the four letters, {{"A": ..., "B": ...}}; this is '
            f"{_read.kind(said)}."
        )
    found = {}
    for key, value in said.items():
        name = str(key).strip().upper()
        if value is ... or value is None:
            raise Wrong(f"`said` says nothing yet for layer {name}: True or False?")
        try:
            found[name] = bool(_yes_or_no(value)[""])
        except Wrong as wrong:
            sentence = str(wrong).rstrip(".") + "."
            raise Wrong(f"In `said`, for layer {name}: {sentence}") from None
    return found


@exercise(
    "Two ways to the same place: shuffle, then the layer; or the layer, then shuffle. Who notices, arrives elsewhere.",
    "Shuffle pixels with `X.flatten(2)[:, :, order].reshape(X.shape)`: the same order for every channel and sample.",
    "Compare with `torch.allclose`, not `==`: sums taken in another order differ in the last digit.",
)
def notices(notices, said) -> str:
    """notices(layer, X (N, C, H, W), order (H·W,)) -> bool, and said = {"A": bool, "B": ..., "C": ..., "D": ...}."""
    the_function(notices, "notices")
    made = torch.Generator().manual_seed(2)
    X = torch.randint(1, 9, (4, 3, 9, 7), generator=made) + torch.rand(4, 3, 9, 7, generator=made).round(decimals=1)
    order, stay = torch.randperm(63, generator=made), torch.arange(63)
    swap = stay.flip(0)  # twice is as if nothing had happened
    layers = dict(FOUR_LAYERS) | {
        "a layer that returns zeros": _Zero(),
        "a layer that divides by the mean of all pixels": _OverMean(),
        "a 1×1 convolution to five channels": _positive(nn.Conv2d(3, 5, 1)),
        "a 3×3 convolution to two channels": _positive(nn.Conv2d(3, 2, 3, padding=1)),
        "a layer that adds a neighbour": _OneRow(),
        "a layer that adds a neighbour, and makes all numbers small": _Faint(),
        "a layer that mirrors": _Mirror(),
        "a layer that changes one number of the last sample": _Spot(-1, 0, 0, 0),
        "a layer that changes one number of the last channel": _Spot(0, -1, 0, 0),
        "a layer that changes one number in the last corner": _Spot(0, 0, -1, -1),
    }
    truth = NOTICES | {name: i > 2 for i, name in enumerate(list(layers)[4:])}
    cases = [(f"layer {name}" if len(name) == 1 else name, layer, order) for name, layer in layers.items()]
    cases += [
        (f"{name}, and the order that leaves all as it is", layer, stay) for name, layer, _ in (cases[1], cases[7])
    ]

    cases += [(f"{name}, and an order that is its own inverse", layer, swap) for name, layer, _ in (cases[0], cases[8])]

    def tried(function):
        return lambda _on, layer, order: function(layer, X.clone(), order)

    judge = Judge(
        "notices",
        lambda _on, layer, order: bool(order[0] != 0) and truth[_on.removeprefix("layer ").split(", and")[0]],
        read=_yes_or_no,
        cases=cases,
        mistakes={sentence: tried(proof) for sentence, proof in PROOFS.items()},
        say=lambda value: str(bool(value)),
        called=lambda name, _, case: f"{name}, for {case[0]},",
        constant=lambda value: f"It says {bool(value[''])} every time, for a ReLU and for a 3×3 convolution.",
        see=lambda value: {"": torch.tensor(float(bool(_yes_or_no(value)[""])))},
    )
    remark = judge(tried(notices))
    mistaken = [name for name, answer in _says(said).items() if answer != NOTICES[name]]
    if mistaken:
        name = mistaken[0]
        raise Wrong(
            f"Your function proves it well, and it contradicts you: `said` has {not NOTICES[name]} for layer {name}, "
            f"and notices(FOUR_LAYERS[{name!r}], …) is {NOTICES[name]}. "
            "Do the numbers that it computes with change when the pixels change places?"
        )
    return "Right, all four, with proof. " + " ".join(f"{k}: {_WHY[k]}" for k in NOTICES) + remark
