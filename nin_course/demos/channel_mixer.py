"""Chapter 01: one 1×1 kernel at work. Three weighted channel maps and a bias sum to the output map."""

from functools import cache

import torch
import torch.nn.functional as F
from matplotlib.patches import Rectangle

from nin_course.demos._base import Demo, bare, garment, slider
from nin_course.demos.few_pixels import one_of_each
from nin_course.plots import DIVERGING, show_image

CHANNELS = ["brightness", "vertical edges", "horizontal edges"]
SOBEL = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 4


@cache
def three_channels(label: int) -> torch.Tensor:
    """A garment as an image of three channels, (3, 28, 28): its brightness and two edge maps (Sobel filters)."""
    X = one_of_each()[label : label + 1]
    edges = F.conv2d(X, torch.stack([SOBEL, SOBEL.T]).unsqueeze(1), padding=1)
    return torch.cat([X, edges], dim=1)[0]


class ChannelMixer(Demo):
    """compute: {"image", "w1", "w2", "w3", "bias", "row", "column"} -> weighted maps, their sum, one pixel's sum."""

    title = "Channel mixer"
    chapter = "01"
    try_this = "Set the first weight to 0: what is left of the garment? Then move the pixel (black square)."
    ask = "One 1×1 kernel, three channels. Which weights leave only the outline of the bag? Can any weights blur it?"
    set = "image: Bag. Weights 0, 1, 1: the outline. Then 1, 0, 0 and bias −0.5. Then move the pixel."
    see = "Channels mix, pixel by pixel; nothing moves sideways, so nothing can blur. nn.Linear says the same number."
    size = (8.4, 3.65)

    def __init__(self):
        super().__init__(
            {
                "w1": slider("w₁ brightness", 0.5, -2, 2, 0.1),
                "w2": slider("w₂ vertical", -1.0, -2, 2, 0.1),
                "w3": slider("w₃ horizontal", 1.0, -2, 2, 0.1),
                "bias": slider("bias", 0.1, -1, 1, 0.1),
                "row": slider("pixel's row", 9, 0, 27),
                "column": slider("pixel's column", 6, 0, 27),
                "image": garment(8),
            }
        )

    @staticmethod
    def compute(state):
        X = three_channels(state["image"])
        weight = torch.tensor([state["w1"], state["w2"], state["w3"]])
        bias = torch.tensor([state["bias"]])
        row, column = state["row"], state["column"]
        linear = F.linear(X[:, row, column], weight.view(1, 3), bias)
        return {
            "channels": X,
            "weight": weight,
            "weighted": weight.view(3, 1, 1) * X,
            "output": F.conv2d(X.unsqueeze(0), weight.view(1, 3, 1, 1), bias)[0, 0],
            "pixel": X[:, row, column].tolist(),
            "place": (row, column),
            "bias": state["bias"],
            "linear": linear.item(),
        }

    def setup(self, figure):
        def image(left, bottom, title, size):
            axis = bare(figure, left, bottom, size, size * self.size[0] / self.size[1], title=title)
            artist = show_image(axis, torch.zeros(28, 28), cmap=DIVERGING, vmin=-1, vmax=1)
            frame = axis.add_patch(Rectangle((0, 0), 1, 1, fill=False, edgecolor="black", linewidth=1.6))
            return axis, artist, frame

        lefts = (0.012, 0.212, 0.412)
        self.channels = [image(left, 0.575, name, 0.155) for left, name in zip(lefts, CHANNELS, strict=True)]
        self.weighted = [image(left, 0.115, "", 0.155) for left in lefts]
        self.output = image(0.672, 0.235, "output map", 0.25)
        for x, sign in ((0.1895, "+"), (0.3895, "+"), (0.5895, "+")):
            figure.text(x, 0.293, sign, fontsize=16, ha="center", va="center")
        self.bias = figure.text(0.606, 0.275, "", fontsize=11, va="center")
        figure.text(0.632, 0.523, "=", fontsize=20, ha="center", va="center")
        bar = figure.add_axes((0.934, 0.235, 0.012, 0.575))
        figure.colorbar(self.output[1], cax=bar, ticks=[-1, 0, 1]).ax.tick_params(labelsize=9)
        self.sum = figure.text(0.012, 0.045, "", fontsize=10.5, va="center")

    def draw(self, result):
        row, column = result["place"]
        maps = [*result["channels"], *result["weighted"], result["output"]]
        for (_, artist, frame), values in zip([*self.channels, *self.weighted, self.output], maps, strict=True):
            artist.set_data(values.numpy())
            frame.set_xy((column - 0.5, row - 0.5))
        for i, (axis, _, _) in enumerate(self.weighted):
            axis.set_title(f"{signed(result['weight'][i])} × {CHANNELS[i].split()[0]}", fontsize=10)
        bias = signed(result["bias"])
        self.bias.set_text(f"{bias}\nbias")
        terms = " + ".join(
            f"({signed(w)} · {signed(x, 3)})" for w, x in zip(result["weight"], result["pixel"], strict=True)
        )
        total, linear = signed(result["output"][row, column], 3), signed(result["linear"], 3)
        self.sum.set_text(f"pixel ({row}, {column}):  {terms} + ({bias}) = {total}     nn.Linear: {linear}")
        weights = ", ".join(map(signed, result["weight"]))
        return f"Weights ({weights}): the 1×1 convolution gives {total} at ({row}, {column}), and nn.Linear {linear}."


def signed(value, decimals: int = 1) -> str:
    """So many decimals, a true minus sign, and never a negative zero."""
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}".replace("-", "−")
