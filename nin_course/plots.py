"""Every figure of the course, in one style: reads in grey, on a projector and for the colour-blind."""

import io
from collections.abc import Sequence

import torch

from nin_course.data import LABELS

BLUE, ORANGE, GREY = "#0b5fa5", "#d95f02", "#6b6b6b"  # differ in lightness as well as in hue
DIVERGING, SEQUENTIAL = "PuOr_r", "gray"


def get_fashion_mnist_labels(labels: Sequence[int]) -> list[str]:
    """The names of the classes: labels (N,) integers 0 to 9 -> N strings.

    >>> get_fashion_mnist_labels([0, 9])
    ['T-shirt', 'Ankle boot']
    """
    return [LABELS[int(label)] for label in labels]


def show_fashion_mnist(images: Sequence[torch.Tensor], labels: Sequence[str], columns: int = 10) -> None:
    """Draws images ((1, H, W) or (H, W), in [0, 1]) side by side, each under its label, `columns` in a row."""
    import matplotlib.pyplot as plt

    rows = -(-len(images) // columns)
    columns = min(columns, len(images))
    side = 1.15 if columns > 5 else 1.9  # inches
    high = side + 0.1 + 0.17 * (1 + max(label.count("\n") for label in labels))
    figure, axes = plt.subplots(rows, columns, figsize=(side * columns, high * rows), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, label in zip(axes.flat, images, labels, strict=False):
        show_image(axis, image.squeeze())
        axis.set_title(label, fontsize=10)
    figure.tight_layout()
    plt.show()


def show_image(axis, image, **options):
    """One (H, W) image, a tensor, on a matplotlib axis, bright on dark, without ticks; returns the AxesImage."""
    axis.set(xticks=[], yticks=[])
    options = {"cmap": SEQUENTIAL, "vmin": 0, "vmax": 1, "interpolation": "nearest", **options}
    return axis.imshow(image.numpy(), **options)


def png(figure, packing: int = 6) -> bytes:
    """A matplotlib Figure as the bytes of a PNG, drawn without pyplot.

    `packing`: from 0, quick and large, to 9, zlib's levels; the picture is the same.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream, pil_kwargs={"compress_level": packing})
    return stream.getvalue()
