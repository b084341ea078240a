"""A network drawn to scale: every stage a box, as high as its maps, as wide as its channels. Chapters 02 and 04."""

from collections.abc import Mapping

from matplotlib.patches import Rectangle

from nin_course.budget import summary
from nin_course.plots import BLUE, GREY, ORANGE

KINDS = {"Conv2d": BLUE, "MaxPool2d": GREY, "Linear": ORANGE}


def stages(net, input_shape) -> list[tuple[str, tuple[int, ...]]]:
    """(label, output shape without the sample axis) of the input and of every layer that has a KIND."""
    found = [("input", tuple(input_shape[1:]))]
    for layer in summary(net, input_shape).layers:
        if layer.kind in KINDS or layer.kind == "GlobalAvgPool2d":
            found.append((layer.kind, layer.output_shape[1:]))
    return found


def draw_stages(axis, found: list[tuple[str, tuple[int, ...]]]) -> None:
    """Draws what `stages` found on a matplotlib axis: maps as boxes, numbers without a place as a thin bar."""
    x, high = 0.0, max(shape[1] for _, shape in found if len(shape) == 3)
    for kind, shape in found:
        place = len(shape) == 3 and shape[1:] != (1, 1)
        height = shape[1] / high if place else 0.3
        width = 0.12 + 0.05 * shape[0] ** 0.5 if place else 0.07
        style = dict(facecolor=KINDS.get(kind, "white"), alpha=0.75, edgecolor="black", linewidth=0.8)
        axis.add_patch(Rectangle((x, 0.5 - height / 2), width, height, **style))
        axis.text(x + width / 2, -0.06, "×".join(map(str, shape)), ha="center", va="top", fontsize=8.5, rotation=35)
        x += max(width, 0.42) + 0.32  # room for the words below a narrow box
    axis.set(xlim=(-0.1, x), ylim=(-0.42, 1.08))
    axis.axis("off")


def show_stages(nets: Mapping[str, object], input_shape) -> None:
    """One row for each of the named networks: convolutions blue, pooling grey, dense layers orange."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(nets), 1, figsize=(8, 2.3 * len(nets)), squeeze=False)
    for axis, (name, net) in zip(axes.flat, nets.items(), strict=True):
        draw_stages(axis, stages(net, input_shape))
        axis.set_title(name, fontsize=10, loc="left")
    figure.tight_layout()
    plt.show()
