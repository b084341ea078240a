"""Which pixels one cell of a map can see: its receptive field. Chapter 04 derives the recursion."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from nin_course.budget import run_on_meta


@dataclass
class Window:
    """A convolution or pooling at work: its square window, and the (height, width) of the map that it moves over."""

    name: str
    kernel: int
    stride: int
    padding: int
    moves_over: tuple[int, int]


def windows(net: nn.Module, input_shape: Sequence[int] = (1, 1, 224, 224)) -> list[Window]:
    """Every convolution and pooling of `net`, in the order in which they run on an input of `input_shape`.

    Raises ValueError for a window that is not square, or has gaps (dilation).
    """
    found: list[Window] = []

    def note(name):
        def hook(layer, inputs, _output):
            kernel, stride, padding, dilation = (_square(layer, what) for what in GEOMETRY)
            if dilation != 1:
                raise ValueError(f"Layer {name} is dilated; this counts windows without gaps.")
            found.append(Window(name, kernel, stride, padding, tuple(inputs[0].shape[2:])))

        return hook

    layers = [(name, m) for name, m in net.named_modules() if isinstance(m, WINDOWS)]
    hooks = [layer.register_forward_hook(note(name)) for name, layer in layers]
    try:
        run_on_meta(net, input_shape)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def receptive_field(layers: Sequence[Window]) -> tuple[int, int]:
    """(side, stride) in pixels: how far a cell behind `layers` sees, and how far apart its neighbour's field lies.

    A window of k sees (k - 1) steps more than a window of 1, a step being the product of all strides before it.

    >>> from nin_course import nin
    >>> receptive_field(windows(nin()))
    (195, 32)
    """
    side, step = 1, 1
    for layer in layers:
        side += (layer.kernel - 1) * step
        step *= layer.stride
    return side, step


def seen(layers: Sequence[Window], cell: tuple[int, int]) -> tuple[range, range]:
    """The rows and the columns of the image that a cell (row, column) behind `layers` sees; padding is no pixel.

    >>> from nin_course import nin
    >>> seen(windows(nin()), (4, 0))    # the rows from 219 on are seen by nobody
    (range(64, 219), range(0, 131))
    """
    rows, columns = (range(place, place + 1) for place in cell)
    for layer in reversed(layers):
        rows, columns = (_before(layer, r, end) for r, end in zip((rows, columns), layer.moves_over, strict=True))
    return rows, columns


def _before(layer: Window, cells: range, end: int) -> range:
    """What the windows of these cells take in, of the rows 0 to `end` that they move over."""
    if not cells:
        return cells  # these windows stand in the padding, all of them
    first, last = (cell * layer.stride - layer.padding for cell in (cells[0], cells[-1]))
    return range(max(first, 0), min(last + layer.kernel, end))


WINDOWS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
GEOMETRY = ("kernel_size", "stride", "padding", "dilation")


def _square(layer: nn.Module, what: str) -> int:
    value = getattr(layer, what, 1)  # average pooling knows no dilation
    one, *others = value if isinstance(value, tuple) else (value,)
    if any(other != one for other in others):
        raise ValueError(f"{what}={value} is not square; this counts square windows.")
    return one
