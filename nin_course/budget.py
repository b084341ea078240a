"""What a network costs, before it is run: shapes, parameters, MACs, activations. Chapters 01 and 04.

Everything is computed on the `meta` device, where tensors have shapes but no values, so no image is ever convolved
and a network of any size is measured in milliseconds.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import nn

LARGEST_INPUT = 1024  # where smallest_input() stops looking
NOTES_EPOCH = 60_000 * 762_297_352  # MACs forward: the notes' network over all training images, once, at 224 px


@dataclass
class Layer:
    """One layer at work, or a whole stage. `macs` and `activations` count for the batch, as `summary` explains."""

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    macs: int
    activations: int


@dataclass
class Summary:
    """All layers of a network, in the order in which they run, and the totals."""

    layers: list[Layer]
    output_shape: tuple[int, ...]
    parameters: int

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @property
    def activations(self) -> int:
        return sum(layer.activations for layer in self.layers)

    def stages(self) -> "Summary":
        """The same, with the layers of each direct child of the network taken together: its stages."""
        found: list[Layer] = []
        for name, group in groupby(self.layers, key=lambda layer: layer.name.split(".")[0]):
            parts = list(group)
            counts = [sum(getattr(p, what) for p in parts) for what in ("parameters", "macs", "activations")]
            kind = parts[0].kind if len(parts) == 1 else "Sequential"
            found.append(Layer(name, kind, parts[-1].output_shape, *counts))
        return Summary(found, self.output_shape, self.parameters)

    def __str__(self) -> str:
        rows = [("layer", "kind", "output shape", "parameters", "MACs")]
        total = Layer("", "total", self.output_shape, self.parameters, self.macs, self.activations)
        rows += [
            (layer.name, layer.kind, "×".join(map(str, layer.output_shape)), f"{layer.parameters:,}", f"{layer.macs:,}")
            for layer in (*self.layers, total)
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        left = (str.ljust, str.ljust, str.rjust, str.rjust, str.rjust)
        return "\n".join(
            "  ".join(pad(cell, width) for pad, cell, width in zip(left, row, widths, strict=True)).rstrip()
            for row in rows
        )


def summary(net: nn.Module, input_shape: Sequence[int] = (1, 1, 224, 224)) -> Summary:
    """Shapes, parameters, MACs and activations of every layer of `net` for an input of `input_shape` (N, C, H, W).

    A MAC is one multiplication and one addition; a convolution needs out_channels · H' · W' · (in_channels/groups) ·
    k_h · k_w of them an image. Biases, ReLUs and pooling are not counted. `FlopCounterMode` counts two FLOPs where
    this counts one MAC. Activations are the numbers that convolutions and linear layers put out (as in Radosavovic et
    al. 2020, arXiv:2003.13678, §3). Raises ValueError if the input is too small for the network.

    >>> summary(nn.Conv2d(3, 8, kernel_size=1), (1, 3, 10, 10)).macs     # 8 · 10 · 10 · 3
    2400
    """
    layers: list[Layer] = []

    def note(name, layer):
        def hook(_, inputs, output):
            parameters = sum(p.numel() for p in layer.parameters())
            activations = output.numel() if isinstance(layer, (nn.Conv2d, nn.Linear)) else 0
            counts = parameters, _macs(layer, output), activations
            layers.append(Layer(name, type(layer).__name__, tuple(output.shape), *counts))

        return hook

    hooks = [m.register_forward_hook(note(name, m)) for name, m in net.named_modules() if not list(m.children())]
    try:
        output = run_on_meta(net, input_shape)
    except RuntimeError as error:
        raise ValueError(f"An input of shape {tuple(input_shape)} does not fit this network: {error}") from error
    finally:
        for hook in hooks:
            hook.remove()
    return Summary(layers, tuple(output.shape), sum(p.numel() for p in net.parameters()))


def notes_epochs(net: nn.Module, input_shape: Sequence[int], images: int) -> float:
    """What training on so many images costs, in epochs of the original notes: a cost that no machine changes.

    One notes-epoch is 60,000 images of 1×224×224 through `nin()`, 45.7 T MACs forward. The backward pass costs about
    twice the forward pass for either network, so it cancels. `input_shape` is (N, C, H, W) of a batch.

    >>> from nin_course import nin
    >>> notes_epochs(nin(), (1, 1, 224, 224), 60_000)
    1.0
    """
    return summary(net, input_shape).macs / input_shape[0] * images / NOTES_EPOCH


def smallest_input(net: nn.Module, in_channels: int = 1) -> int | None:
    """The smallest side of a square image that `net` takes, or None if it takes none up to 1,024 px.

    Where an image fits, a larger one has to fit, too; with a dense head this is not so, and None may be given.

    >>> from nin_course import nin
    >>> smallest_input(nin())
    67
    """
    takes = lambda size: _fits(net, (1, in_channels, size, size))  # noqa: E731
    low, high = 0, 1
    while not takes(high):
        low, high = high, 2 * high
        if high > LARGEST_INPUT:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if takes(middle) else (middle, high)
    return high


def check_input(net: nn.Module, X: torch.Tensor) -> None:
    """Raises ValueError, saying which size would do, if images X (N, C, H, W) are too small for `net`."""
    if _fits(net, (1, *X.shape[1:])):
        return
    smallest = smallest_input(net, X.shape[1])
    if smallest and min(X.shape[2:]) < smallest:
        raise ValueError(
            f"Images of {X.shape[2]}×{X.shape[3]} px are too small for this network: nothing would be left to convolve "
            f"or pool. Use at least {smallest} px, for example load_data_fashion_mnist(batch_size, resize={smallest})."
        )


def _fits(net: nn.Module, input_shape: Sequence[int]) -> bool:
    try:
        run_on_meta(net, input_shape)
    except RuntimeError:
        return False
    return True


def run_on_meta(net: nn.Module, input_shape: Sequence[int]) -> torch.Tensor:
    """The output, a shape without numbers, of a copy of `net` on `meta`; `net` itself is not touched."""
    held = [*net.parameters(), *net.buffers()]
    held += [value for module in net.modules() for value in vars(module).values() if isinstance(value, torch.Tensor)]
    on_meta = {id(t): t.detach().to("meta") for t in held}
    copied = copy.deepcopy(net, on_meta).eval()  # batch norm, while training, refuses a single 1×1 map
    for layer in copied.modules():
        layer.register_forward_hook(_refuse_nothing)
    with torch.no_grad():
        return copied(torch.empty(tuple(input_shape), device="meta"))


def _refuse_nothing(_layer, _inputs, output) -> None:
    if isinstance(output, torch.Tensor) and 0 in output.shape[1:]:  # PyTorch 2.7 convolves such an image on meta
        raise RuntimeError("The image is too small: nothing is left.")


def _macs(layer: nn.Module, output: torch.Tensor) -> int:
    if isinstance(layer, nn.Conv2d):
        k_h, k_w = layer.kernel_size
        return output.numel() * layer.in_channels // layer.groups * k_h * k_w
    if isinstance(layer, nn.Linear):
        return output.numel() * layer.in_features
    return 0
