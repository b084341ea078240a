"""The three exercises of chapter 01: a strided 1×1 convolution, what layers cost, and who notices a shuffle."""

import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from nin_course.checks import _read
from nin_course.checks._cases import Judge, the_function
from nin_course.checks._ladder import Wrong, exercise


class _Recorder(TorchDispatchMode):
    """Notes which operations really ran, whatever they were called in the source."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        self.names.append(op.overloadpacket.__name__)
        return op(*args, **(kwargs or {}))


def _at_pixels(X, weight, bias):
    """A 1×1 convolution with stride 1, on a map of any size."""
    return torch.einsum("nchw,dc->ndhw", X, weight) + bias[:, None, None]


def _rows(X, weight, bias):
    """The same as rows: (N, H, W, D)."""
    return _at_pixels(X, weight, bias).permute(0, 2, 3, 1)


def _unpermuted(X, weight, bias):
    """The rows of the matrix are not pixels: reshape alone cuts (C, H, W) in the order in which the numbers lie."""
    rows = X.reshape(-1, X.shape[1]) @ weight.T + bias
    return rows.reshape(X.shape[0], *X.shape[2:], -1).permute(0, 3, 1, 2)


def _pad(X):
    return F.pad(X, (0, X.shape[3] % 2, 0, X.shape[2] % 2))


_PIXELS = {  # which pixels are used, in words, and which output they give
    "That is every pixel: stride 2 uses every second row and every second column.": _at_pixels,
    "You skipped rows only; stride 2 skips rows and columns.": lambda X, w, b: _at_pixels(X[:, :, ::2], w, b),
    "You skipped columns only; stride 2 skips rows and columns.": lambda X, w, b: _at_pixels(X[..., ::2], w, b),
    "You began at row 1 and column 1. A convolution begins at row 0, column 0.": (
        lambda X, w, b: _at_pixels(X[:, :, 1::2, 1::2], w, b)
    ),
    "You began at row 1. A convolution begins at row 0.": lambda X, w, b: _at_pixels(X[:, :, 1::2, ::2], w, b),
    "You began at column 1. A convolution begins at column 0.": lambda X, w, b: _at_pixels(X[:, :, ::2, 1::2], w, b),
    "The last row or column of an odd size is lost: with 7 rows, rows 0, 2, 4 and 6 are used.": (
        lambda X, w, b: _at_pixels(X[:, :, : X.shape[2] // 2 * 2 : 2, : X.shape[3] // 2 * 2 : 2], w, b)
    ),
    "You averaged 2×2 neighbours; a stride looks at one pixel and skips the others.": (
        lambda X, w, b: _at_pixels(F.avg_pool2d(X, 2, ceil_mode=True), w, b)
    ),
    "You averaged 2×2 neighbours, padded with zeros; a stride looks at one pixel and skips the others.": (
        lambda X, w, b: _at_pixels(F.avg_pool2d(_pad(X), 2), w, b)
    ),
    "You took the largest of 2×2 neighbours; a stride looks at one pixel and skips the others.": (
        lambda X, w, b: _at_pixels(F.max_pool2d(X, 2, ceil_mode=True), w, b)
    ),
    "You used every third pixel; stride 2 uses every second.": lambda X, w, b: _at_pixels(X[:, :, ::3, ::3], w, b),
    "You used the upper left quarter; stride 2 uses every second row and column of the whole.": (
        lambda X, w, b: _at_pixels(X[:, :, : _half(X)[0], : _half(X)[1]], w, b)
    ),
    "You took every second of all pixels in a row; stride 2 skips whole rows, and columns.": (
        lambda X, w, b: _at_pixels(X.flatten(2)[:, :, ::2][:, :, : _cells(X)].reshape(*X.shape[:2], *_half(X)), w, b)
    ),
    "Only the first sample is in it.": lambda X, w, b: _at_pixels(X[:1, :, ::2, ::2], w, b),
    "The skipped pixels are zeros in yours; they should be gone: half as many rows and columns.": (
        lambda X, w, b: _spread(_at_pixels(X[:, :, ::2, ::2], w, b), X)
    ),
    "You skip samples and channels: rows and columns are the last two axes, X[:, :, ::2, ::2].": (
        lambda X, w, b: _at_pixels(X[::2, ::2], w, b)
    ),
}


def _half(X):
    return (X.shape[2] + 1) // 2, (X.shape[3] + 1) // 2


def _cells(X):
    return _half(X)[0] * _half(X)[1]


def _spread(small, X):
    large = torch.zeros(*small.shape[:2], *X.shape[2:])
    large[:, :, ::2, ::2] = small
    return large


def _strided(X, weight, bias):
    return _at_pixels(X[:, :, ::2, ::2], weight, bias)


def _even(way):
    return lambda X, w, b: way(X[:, :, ::2, ::2], w, b)


_WAYS = _PIXELS | {
    "The channels stand last: PyTorch wants (sample, channel, row, column).": _even(_rows),
    "The rows of your matrix are not pixels: `reshape` alone cuts (C, H, W) in that order. Permute first.": (
        _even(_unpermuted)
    ),
    "The rows of your matrix are not pixels, nor its last reshape: permute first, and back again.": _even(
        lambda X, w, b: _unpermuted(X, w, b).permute(0, 2, 3, 1).reshape(len(X), -1, *X.shape[2:])
    ),
    "The product is right, but its rows are pixels: on the way back, reshape to (N, H, W, D), then permute.": _even(
        lambda X, w, b: _rows(X, w, b).reshape(len(X), -1, *X.shape[2:])
    ),
    "Rows and columns are exchanged: the result should be (N, D, rows, columns).": _even(
        lambda X, w, b: _rows(X, w, b).permute(0, 3, 2, 1)
    ),
    "You permute back with the permutation that brought you there; the way back is permute(0, 3, 1, 2).": _even(
        lambda X, w, b: _rows(X, w, b).permute(0, 2, 3, 1)
    ),
    "There is a ReLU too much: a convolution alone may give negative numbers.": _even(
        lambda X, w, b: _at_pixels(X, w, b).relu()
    ),
    "Those are rows, one a pixel: reshape to (N, H, W, D), then permute.": _even(
        lambda X, w, b: _rows(X, w, b).flatten(0, 2)
    ),
    "The weight is reshaped to (C, D), not transposed: weight.T.": _even(
        lambda X, w, b: _at_pixels(X, w.reshape(w.T.shape).T, b)
    ),
    "The bias is added along the width: after the permute, it needs bias[:, None, None].": _even(
        lambda X, w, b: _at_pixels(X, w, 0 * b) + b
    ),
    "The mean over the channels is wanted nowhere: a weighted *sum* is.": _even(
        lambda X, w, b: _at_pixels(X, w / len(w.T), b)
    ),
    "The weight is used the wrong way round: `weight` is (D, C), so pixels @ weight.T.": _even(
        lambda X, w, b: _at_pixels(X, w.T, b)
    ),
}
_BIASED = {  # without a bias, these are among the others
    "The skipped pixels are set to zero and used, too; they should be gone: half as many rows and columns.": (
        lambda X, w, b: _at_pixels(_spread(X[:, :, ::2, ::2], X), w, b)
    ),
    "The bias was added more than once: it belongs to each output pixel once.": _even(
        lambda X, w, b: _at_pixels(X, w, len(w.T) * b)
    ),
    "The bias is subtracted; it is added.": _even(lambda X, w, b: _at_pixels(X, w, -b)),
}
_NO_BIAS = {
    f"{words} And the bias is missing.": lambda X, w, b, way=way: way(X, w, 0 * b)
    for words, way in ({"The stride is right.": _strided} | _WAYS).items()
}


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
        mistakes=_WAYS | _BIASED | _NO_BIAS,
        tolerance=2e-3,  # half precision
    )
    remark = judge(conv1x1_stride2)
    with _Recorder() as ran:
        conv1x1_stride2(*copy.deepcopy(cases[0]))
    if any("conv" in name and "to_copy" not in name for name in ran.names):
        raise Wrong("The values are right, but a convolution computed them. Do it with a matrix product.")
    products = sum(name in ("mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "dot") for name in ran.names)
    if products > 1:
        return f"Right, in {products} products. All pixels fit into one: stack them as the rows of a matrix." + remark
    return "Right: the pixels of a quarter of the places, and a quarter of the work." + remark


_LAYERS = (
    *((3, 5, 5, 8, 4), (7, 2, 1, 9, 6), (64, 128, 3, 14, 20), (4, 6, 3, 1, 5), (64, 64, 1, 28, 28)),
    *((3, 5, 5, 6, 9), (65, 67, 3, 251, 257)),  # the first layer on another image; more than 32 bits can hold
)


def _parameters(i, o, k, h, w):
    return sum(p.numel() for p in nn.Conv2d(i, o, k, device="meta").parameters())


def _macs(i, o, k, h, w):
    return nn.Conv2d(i, o, k, device="meta").weight.numel() * h * w


_COST = {
    "parameters": {
        "You multiplied the parameters' weights by height × width; they are shared, and count once.": (
            lambda i, o, k, h, w: i * o * k**2 * h * w + o
        ),
        "You left the biases out of the parameters: one for each output channel.": lambda i, o, k, h, w: i * o * k**2,
        "You counted one bias; every output channel has its own.": lambda i, o, k, h, w: i * o * k**2 + 1,
        "You counted a bias for each input channel; it is one for each *output* channel.": (
            lambda i, o, k, h, w: i * o * k**2 + i
        ),
        "The window has kernel_size × kernel_size places, and a weight for each, in the parameters too.": (
            lambda i, o, k, h, w: i * o * k + o
        ),
        "A window has more than one place: kernel_size × kernel_size weights, where you have one.": (
            lambda i, o, k, h, w: i * o + o
        ),
        "Every output channel looks at *all* input channels, with a weight for each.": lambda i, o, k, h, w: (
            o * k**2 + o
        ),
        "You multiplied the parameters by height × width; the weights are shared, and count once.": (
            lambda i, o, k, h, w: (i * o * k**2 + o) * h * w
        ),
        "You have a bias for each *pair* of channels: (k² + 1) · in · out. It is one for each output channel.": (
            lambda i, o, k, h, w: i * o * (k**2 + 1)
        ),
        "The window is kernel_size × kernel_size; yours is 3 × 3, always.": lambda i, o, k, h, w: 9 * i * o + o,
        "The channels multiply: in_channels · out_channels kernels, not in_channels + out_channels.": (
            lambda i, o, k, h, w: (i + o) * k**2 + o
        ),
        "You squared in_channels; there are in_channels · out_channels kernels.": lambda i, o, k, h, w: (
            i * i * k**2 + o
        ),
        "You squared out_channels; there are in_channels · out_channels kernels.": lambda i, o, k, h, w: (
            o * o * k**2 + o
        ),
        "You squared in_channels, and added its biases; it is in · out kernels, and a bias an output channel.": (
            lambda i, o, k, h, w: i * i * k**2 + i
        ),
        "You squared the whole product; only kernel_size is squared.": lambda i, o, k, h, w: (i * o * k) ** 2 + o,
        "In Python, `^` is no power; kernel_size ** 2 is.": lambda i, o, k, h, w: i * o * k ^ 2 + o,
        "In Python `^` is no power: write kernel_size ** 2.": lambda i, o, k, h, w: i * o * (k ^ 2) + o,
        "2 · kernel_size is not kernel_size²: the window has kernel_size × kernel_size places.": (
            lambda i, o, k, h, w: i * o * 2 * k + o
        ),
        "That is a dense layer's price, a weight for every pair of numbers. A convolution shares its weights.": (
            lambda i, o, k, h, w: i * h * w * o * h * w + o * h * w
        ),
        "Every output channel has its own kernel for *each* input channel; you have one an input channel.": (
            lambda i, o, k, h, w: i * k**2 + o
        ),
        "The window's places and the bias are mixed up: weights are in · out · k², then one bias an output channel.": (
            lambda i, o, k, h, w: i * o * k**2 + o * k**2
        ),
    },
    "MACs": {
        "The MACs are those of one output pixel; the window visits every pixel.": lambda i, o, k, h, w: i * o * k**2,
        "You counted the bias as a MAC. It is added, never multiplied: a MAC is a weight at work.": (
            lambda i, o, k, h, w: (i * o * k**2 + o) * h * w
        ),
        "Those are FLOPs: a MAC is one multiplication *and* one addition, counted once.": (
            lambda i, o, k, h, w: 2 * i * o * k**2 * h * w
        ),
        "You used the height and not the width for the MACs.": lambda i, o, k, h, w: i * o * k**2 * h,
        "You used the width and not the height for the MACs.": lambda i, o, k, h, w: i * o * k**2 * w,
        "The window has kernel_size × kernel_size places: each costs a MAC.": lambda i, o, k, h, w: i * o * k * h * w,
        "The MACs lack the window's places: kernel_size × kernel_size of them.": lambda i, o, k, h, w: i * o * h * w,
        "You counted the MACs of one input channel; every output channel adds up all of them.": (
            lambda i, o, k, h, w: o * k**2 * h * w
        ),
        "You counted the MACs of one output channel; there are more of them.": lambda i, o, k, h, w: i * k**2 * h * w,
        "A padding keeps the size: the window visits all height × width places.": (
            lambda i, o, k, h, w: i * o * k**2 * (h - k + 1) * (w - k + 1)
        ),
        "You took the height twice: the map has height × width places.": lambda i, o, k, h, w: i * o * k**2 * h * h,
        "You took the width twice: the map has height × width places.": lambda i, o, k, h, w: i * o * k**2 * w * w,
        "You added height and width; the map has height × width places.": lambda i, o, k, h, w: i * o * k**2 * (h + w),
        "You multiplied parameters by height + width; MACs are weights, without biases, times height × width.": (
            lambda i, o, k, h, w: (i * o * k**2 + o) * (h + w)
        ),
        "The image is 28 × 28 in yours, whatever height and width are.": lambda i, o, k, h, w: i * o * k**2 * 28 * 28,
        "The MACs have a 3 × 3 window, whatever kernel_size is.": lambda i, o, k, h, w: 9 * i * o * h * w,
        "You squared in_channels in the MACs; there are in_channels · out_channels kernels.": (
            lambda i, o, k, h, w: i * i * k**2 * h * w
        ),
        "You squared out_channels in the MACs; there are in_channels · out_channels kernels.": (
            lambda i, o, k, h, w: o * o * k**2 * h * w
        ),
        "The MACs are FLOPs, with the biases; a MAC is a weight at work, counted once.": (
            lambda i, o, k, h, w: 2 * (i * o * k**2 + o) * h * w
        ),
        "The MACs count the window's places at each output pixel, and no channels.": lambda i, o, k, h, w: k**2 * h * w,
        "The MACs count the output numbers; each needs in_channels · kernel_size² of them.": lambda i, o, k, h, w: (
            o * h * w
        ),
        "You squared the whole product for the MACs; only kernel_size is squared.": (
            lambda i, o, k, h, w: (i * o * k) ** 2 * h * w
        ),
        "In Python, `^` is no power, in the MACs too.": lambda i, o, k, h, w: (i * o * k ^ 2) * h * w,
        "In Python `^` is no power: kernel_size ** 2 in the MACs, too.": lambda i, o, k, h, w: i * o * (k ^ 2) * h * w,
        "2 · kernel_size is not kernel_size², in the MACs either.": lambda i, o, k, h, w: i * o * 2 * k * h * w,
        "The MACs add the bias once for each pixel: it is no MAC.": lambda i, o, k, h, w: i * o * k**2 * h * w + h * w,
        "The MACs add the biases once: a bias is no MAC.": lambda i, o, k, h, w: i * o * k**2 * h * w + o,
        "The MACs are those of one output pixel, with the bias. A bias is no MAC, and there are many pixels.": (
            lambda i, o, k, h, w: i * o * k**2 + o
        ),
    },
}


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
        of_part=_COST,
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


def _shuffled(X, order):
    return X.flatten(2)[:, :, order].reshape(X.shape)


def _proof(layer, X, order):
    return not _alike(layer(_shuffled(X, order)), _shuffled(layer(X), order))


def _alike(a, b):
    return torch.allclose(a, b, rtol=1e-4, atol=1e-5)


def _same_size(a, b):
    return a.shape == b.shape and _alike(a, b)


def _part(*index):
    """Looks at a part of the two results only."""
    return lambda layer, X, order: not _alike(layer(_shuffled(X, order))[index], _shuffled(layer(X), order)[index])


_PROOFS = {
    "It says the opposite every time: True should mean that the two results differ.": (
        lambda layer, X, order: not _proof(layer, X, order)
    ),
    "The two that it compares are not shuffled alike, so they differ even for a ReLU. One should be layer(shuffled X), "
    "the other the shuffled layer(X).": lambda layer, X, order: not _alike(layer(_shuffled(X, order)), layer(X)),
    "The two that it compares are not shuffled alike: one of them by the inverse of `order`, or twice.": (
        lambda layer, X, order: not _alike(layer(_shuffled(X, order)), _shuffled(layer(X), order.argsort()))
    ),
    "It compares what the layer puts out with what it was given: that asks whether the layer does anything.": (
        lambda layer, X, order: not _same_size(layer(_shuffled(X, order)), _shuffled(X, order))
    ),
    "It is fooled by the last digit: added in another order, the same numbers differ there. Equal to float tolerance "
    "is equal: torch.allclose.": (
        lambda layer, X, order: not torch.equal(layer(_shuffled(X, order)), _shuffled(layer(X), order))
    ),
    "It compares sums or means of the two results; they may agree where the pixels do not.": (
        lambda layer, X, order: not _alike(layer(_shuffled(X, order)).mean(), layer(X).mean())
    ),
    "It compares the numbers in sorted order, so where they stand is lost.": (
        lambda layer, X, order: not _alike(layer(_shuffled(X, order)).flatten().msort(), layer(X).flatten().msort())
    ),
    "It says True only if *every* number differs. A layer notices as soon as one does.": (
        lambda layer, X, order: (
            not torch.isclose(layer(_shuffled(X, order)), _shuffled(layer(X), order), rtol=1e-4, atol=1e-5).any()
        )
    ),
    "It looks at the first sample only.": _part(0),
    "It looks at the first channel only.": _part(slice(None), 0),
    "It looks at the first channel of the first sample only.": _part(0, 0),
    "It looks at the first pixel only.": _part(..., 0, 0),
    "It looks at a single number, the first.": _part(0, 0, 0, 0),
}


def _yes_or_no(value) -> dict:
    """True or False, as a bool, a tensor, an array, or 0 and 1."""
    if isinstance(value, (str, type(None), list, tuple, dict, nn.Module)):
        raise Wrong(f"True or False is wanted; this is {_read.kind(value)}")
    found = _read.instead(lambda: _read.tensor(value), "True or False")
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
            raise Wrong(f"In `said`, for layer {name}: {wrong}.") from None
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
        return lambda _on, layer, order: function(copy.deepcopy(layer), X.clone(), order)

    judge = Judge(
        "notices",
        lambda _on, layer, order: bool(order[0] != 0) and truth[_on.removeprefix("layer ").split(", and")[0]],
        read=_yes_or_no,
        cases=cases,
        mistakes={sentence: tried(proof) for sentence, proof in _PROOFS.items()},
        say=lambda value: str(bool(value)),
        called=lambda name, _, case: f"{name}, for {case[0]}",
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
