"""The three exercises of chapter 01: a strided 1×1 convolution, what layers cost, and who notices a shuffle."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from nin_course.budget import summary
from nin_course.checks._ladder import Wrong, as_tensor, difference, exercise, run, same, shape


class _Recorder(TorchDispatchMode):
    """Notes which operations really ran, whatever they were called in the source."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        self.names.append(op.overloadpacket.__name__)
        return op(*args, **(kwargs or {}))


def _product(pixels, weight, bias, axes=(0, 3, 1, 2)):
    """pixels (N, H, W, C) -> (N, D, H, W), as one matrix product."""
    return (pixels.reshape(-1, pixels.shape[-1]) @ weight.T + bias).reshape(*pixels.shape[:3], -1).permute(axes)


@exercise(
    "Stride 2 only decides *which* pixels are used: those in rows 0, 2, 4, … and columns 0, 2, 4, …",
    "`X[:, :, ::2, ::2]` keeps those pixels. From there on it is the chapter's own recipe: pixels as rows.",
    "Permute to (N, H, W, C), reshape to (pixels, C), multiply by `weight.T`, add the bias, and go the same way back.",
)
def conv1x1_stride2(answer) -> str:
    """conv1x1_stride2(X (N, C, H, W), weight (D, C), bias (D,)) -> (N, D, ceil(H / 2), ceil(W / 2))."""
    generator = torch.Generator().manual_seed(1)
    X, weight, bias = (torch.randn(*size, generator=generator) for size in ((2, 3, 7, 6), (4, 3), (4,)))
    want = F.conv2d(X, weight.view(4, 3, 1, 1), bias, stride=2)
    with _Recorder() as ran:
        result = run(answer, X, weight, bias, name="conv1x1_stride2", on="X (2, 3, 7, 6), weight (4, 3), bias (4,)")
    got = as_tensor(result, name="conv1x1_stride2")
    every, pixels = F.conv2d(X, weight.view(4, 3, 1, 1), bias), X[:, :, ::2, ::2]
    if got.shape != want.shape:
        raise Wrong(_what_shape(got, every, want))
    if not same(got, want):
        raise Wrong(_what_value(got, want, X, pixels, weight, bias))
    if "convolution" in ran.names:
        raise Wrong("The values are right, but a convolution computed them. Do it with a matrix product.")
    products = sum(name in ("mm", "addmm", "bmm", "mv", "dot", "matmul") for name in ran.names)
    if products > 1:
        return f"Right, in {products} products. All pixels fit into one: stack them as the rows of one matrix."
    return "Right: one matrix product, on a quarter of the pixels. That is also how much of the work is left."


def _what_shape(got, every, want) -> str:
    start = f"The result has shape {shape(got)}, it should be {shape(want)}. "
    if got.shape == every.shape:
        return start + "That is every pixel: stride 2 uses every second row and every second column."
    if got.shape in (every[:, :, ::2].shape, every[:, :, :, ::2].shape):
        return start + "You skipped along one axis only; stride 2 skips rows and columns."
    if got.shape == want.permute(0, 2, 3, 1).shape:
        return (
            start
            + "The numbers may be right, but the channels stand last: PyTorch wants (sample, channel, row, column)."
        )
    if got.shape == want[:, :, :3, :3].shape:
        return start + "With 7 rows, rows 0, 2, 4 and 6 are used: four, not three. The last one counts."
    return start + "Which pixels does stride 2 use, and in which order do the axes stand?"


def _what_value(got, want, X, pixels, weight, bias) -> str:
    start = f"The shape is right, but {difference(got, want)}. "
    if same(got, want - bias.view(1, -1, 1, 1)):
        return start + "The bias is missing: it is added once to every output pixel."
    averaged = F.avg_pool2d(X, 2, ceil_mode=True)
    if same(got, _product(averaged.permute(0, 2, 3, 1), weight, bias)):
        return start + "You averaged the 2×2 neighbours; a stride looks at one pixel and skips the others."
    rows = pixels.reshape(-1, pixels.shape[1]) @ weight.T + bias
    if same(got, rows.reshape(2, 4, 3, 4).permute(0, 3, 1, 2)) or same(got, rows.reshape(want.shape)):
        return (
            start + "The rows of your matrix are not pixels: reshape alone cuts (C, H, W) in that order. Permute first."
        )
    right_rows = pixels.permute(0, 2, 3, 1).reshape(-1, pixels.shape[1]) @ weight.T + bias
    if same(got, right_rows.reshape(want.shape)):
        return (
            start
            + "The product is right, but its rows are pixels: on the way back, reshape to (N, H, W, D), then permute."
        )
    shifted = F.pad(X, (0, 1, 0, 1))[:, :, 1::2, 1::2][:, :, :4, :3]
    if same(got[:, :, :3], _product(shifted.permute(0, 2, 3, 1), weight, bias)[:, :, :3]):
        return start + "You began at row 1, column 1. A convolution begins at row 0, column 0."
    return start + "Check one output pixel by hand: bias plus three products."


@exercise(
    "One output channel needs one weight for every input channel and every place of the window, and one bias.",
    "A MAC happens each time a weight is used. How many output pixels is one weight used for?",
    "Write the number of weights first (without biases); parameters and MACs are both one step away from it.",
)
def cost(answer) -> str:
    """cost(in_channels, out_channels, kernel_size, height, width) -> (parameters, MACs), output of the same size."""
    for args in ((64, 64, 1, 28, 28), (64, 128, 3, 14, 20), (3, 5, 5, 8, 4)):
        in_channels, out_channels, kernel_size, height, width = args
        layer = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
        measured = summary(layer, (1, in_channels, height, width))
        result = run(answer, *args, name="cost", on=f"{args}")
        got = as_tensor(result, name="cost").flatten()
        if len(got) != 2:
            raise Wrong(f"Two numbers are wanted, (parameters, MACs); you returned {len(got)}.")
        parameters, macs = (int(v) for v in got)
        if (parameters, macs) != (measured.parameters, measured.macs):
            raise Wrong(f"For cost{args} you said {parameters:,} and {macs:,}. " + _what_cost(parameters, macs, args))
    return "Right, for all three layers, to the last parameter. nn.Conv2d itself was the judge."


def _what_cost(parameters, macs, args) -> str:
    in_channels, out_channels, kernel_size, height, width = args
    weights, pixels = in_channels * out_channels * kernel_size**2, height * width
    right = {"parameters": weights + out_channels, "macs": weights * pixels}
    if (macs, parameters) == tuple(right.values()):
        return "The two stand in the other order: (parameters, MACs)."
    if parameters == weights:
        return "You left the biases out: one for each output channel."
    if parameters == weights + 1:
        return "You counted one bias; every output channel has its own."
    if parameters == right["parameters"]:
        if macs == weights:
            return "The MACs are those of one output pixel; the window visits every pixel."
        if macs == right["parameters"] * pixels:
            return "You counted the bias as a MAC. It is added, never multiplied: a MAC is a weight at work."
        if macs == 2 * right["macs"]:
            return "Those are FLOPs: a MAC is one multiplication *and* one addition, counted once."
        return "The parameters are right. How often is each weight used, as the window visits every pixel?"
    if parameters in (
        in_channels * out_channels + out_channels,
        in_channels * out_channels * kernel_size + out_channels,
    ):
        return "The window has kernel_size × kernel_size places, and a weight for each."
    if parameters == weights // in_channels + out_channels:
        return "Every output channel looks at *all* input channels, with a weight for each."
    return "How many weights make one output channel?"


class _Zero(nn.Module):
    def forward(self, X):
        return 0 * X


class _OverMean(nn.Module):
    def forward(self, X):
        return X / X.mean(dim=(2, 3), keepdim=True)


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


@exercise(
    "Two ways to the same place: shuffle, then the layer; or the layer, then shuffle. Who notices, arrives elsewhere.",
    "Shuffle pixels with `X.flatten(2)[:, :, order].reshape(X.shape)`: the same order for every channel and sample.",
    "Compare with `torch.allclose`, not `==`: sums taken in another order differ in the last digit.",
)
def notices(answer, said) -> str:
    """notices(layer, X (N, C, H, W), order (H·W,)) -> bool, and said = {"A": bool, "B": ..., "C": ..., "D": ...}."""
    if not isinstance(said, dict) or set(said) != set(NOTICES):
        raise Wrong('`said` should be a dict with a True or False for each layer: {"A": ..., "B": ..., ...}.')
    probes = {
        "nn.ReLU()": (nn.ReLU(), False),
        "a 1×1 convolution": (_positive(nn.Conv2d(3, 3, 1)), False),
        "a 3×3 convolution": (_positive(nn.Conv2d(3, 3, 3, padding=1)), True),
        "a layer that divides by the mean of all pixels": (_OverMean(), False),
        "a layer that returns zeros": (_Zero(), False),
    }
    found = {}
    generator = torch.Generator().manual_seed(2)
    X, order = 1 + torch.rand(4, 3, 9, 7, generator=generator), torch.randperm(63, generator=generator)
    for name, (layer, _) in probes.items():
        result = run(answer, layer, X, order, name="notices", on=f"{name}, X (4, 3, 9, 7), order (63,)")
        if isinstance(result, torch.Tensor) and result.numel() != 1:
            raise Wrong(f"One True or False is wanted; yours has shape {shape(result)}: `.all()` or `torch.allclose`.")
        found[name] = bool(result)
    truth = {name: verdict for name, (_, verdict) in probes.items()}
    if found != truth:
        raise Wrong(_what_notices(found, truth))
    mistaken = [k for k in NOTICES if said[k] is ... or said[k] is None or bool(said[k]) != NOTICES[k]]
    if mistaken:
        k = mistaken[0]
        told = "says nothing yet" if said[k] is ... or said[k] is None else f"says {bool(said[k])}"
        raise Wrong(
            f"Your function proves it well; `said` {told} for layer {k}. Run your function on it, then ask what one "
            "output number of this layer depends on."
        )
    return "Right, all four, with proof. " + " ".join(f"{k}: {_WHY[k]}" for k in NOTICES)


def _what_notices(found, truth) -> str:
    if all(found.values()):
        return "Yours always says True, even for a layer that returns zeros. Which two results do you compare?"
    if not any(found.values()):
        return "Yours always says False, even for a 3×3 convolution. Does the shuffle really move pixels?"
    if all(found[name] != truth[name] for name in truth):
        return "Yours says the opposite every time: True should mean that the two results differ."
    if found["nn.ReLU()"]:
        return "nn.ReLU() cannot notice, yours says it does. The output must be shuffled too before you compare."
    return (
        "Yours is fooled by the last digit: a mean over all pixels adds the same numbers in another order. Equal to "
        "float tolerance is equal: torch.allclose."
    )
