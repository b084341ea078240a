"""A network drawn to scale: every stage a box, as high as its maps, as wide as its channels. Chapters 02 and 04."""

from collections.abc import Mapping

from matplotlib.patches import Rectangle

from nin_course.budget import summary
from nin_course.plots import BLUE, GREY, ORANGE

ONE = "1×1"  # the kind of a convolution that sees no neighbours: a light box with stripes and this word above it
KINDS = {"Conv2d": BLUE, ONE: "#b9d4ec", "MaxPool2d": GREY, "Linear": ORANGE}


def stages(net, input_shape) -> list[tuple[str, tuple[int, ...]]]:
    """(label, output shape without the sample axis) of the input and of every layer that has a KIND."""
    found = [("input", tuple(input_shape[1:]))]
    modules = dict(net.named_modules())
    for layer in summary(net, input_shape).layers:
        kind = ONE if getattr(modules[layer.name], "kernel_size", None) == (1, 1) else layer.kind
        if kind in KINDS or kind == "GlobalAvgPool2d":
            found.append((kind, layer.output_shape[1:]))
    return found


def draw_stages(axis, found: list[tuple[str, tuple[int, ...]]], high: int) -> float:
    """Draws what `stages` found, maps of `high` pixels one unit high, numbers without a place as a thin bar.

    Returns where the row ends, so that rows drawn one below the other can be given one scale.
    """
    x = 0.0
    for kind, shape in found:
        place = len(shape) == 3 and shape[1:] != (1, 1)
        height = shape[1] / high if place else 0.3
        width = 0.12 + 0.05 * shape[0] ** 0.5 if place else 0.07
        slot = max(width, 0.8)  # room for the words below a narrow box
        left = x + (slot - width) / 2
        style = dict(facecolor=KINDS.get(kind, "white"), alpha=0.75, edgecolor="black", linewidth=0.8)
        axis.add_patch(Rectangle((left, 0.5 - height / 2), width, height, hatch="//" if kind == ONE else None, **style))
        if kind == ONE:
            axis.text(x + slot / 2, 0.53 + height / 2, ONE, ha="center", va="bottom", fontsize=8.5)
        words = f"{shape[0]}\n{shape[1]}×{shape[2]}" if len(shape) == 3 else f"{shape[0]}"
        axis.text(x + slot / 2, -0.06, words, ha="center", va="top", fontsize=8)
        x += slot + 0.25
    axis.axis("off")
    return x


def show_stages(nets: Mapping[str, object], input_shape) -> None:
    """A row for each network, on one scale: blue convolutions (1×1 light and striped), grey pooling, orange dense."""
    import matplotlib.pyplot as plt

    found = [stages(net, input_shape) for net in nets.values()]
    high = max(shape[1] for row in found for _, shape in row if len(shape) == 3)
    figure, axes = plt.subplots(len(nets), 1, figsize=(10, 2.4 * len(nets)), squeeze=False)
    ends = [draw_stages(axis, row, high) for axis, row in zip(axes.flat, found, strict=True)]
    for axis, name in zip(axes.flat, nets, strict=True):
        axis.set(xlim=(-0.1, max(ends)), ylim=(-0.36, 1.16))
        axis.set_title(name, fontsize=10, loc="left")
    figure.tight_layout()
    plt.show()
