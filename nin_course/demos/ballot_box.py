"""Chapter 03: a trained NiN's votes, cell by cell, and what becomes of its answer when some are not counted."""

from functools import cache

import ipywidgets as widgets
import torch
from matplotlib.patches import Rectangle

from nin_course.data import LABELS, MEAN, STD
from nin_course.demos._base import LABEL, Demo, bare, sample_test_images, slider
from nin_course.evidence import class_maps, recount
from nin_course.plots import BLUE, DIVERGING, GREY, show_image
from nin_course.weights import pretrained_nin

IMAGES = 60  # the first six test images of each class, and among them some that the network gets wrong
ACROSS, DOWN = 8, 10  # from one map to the next, in cells
STRONG = 8.0  # a vote in full colour


def _mosaic(maps: torch.Tensor) -> torch.Tensor:
    """Ten maps (10, 7, 7) in two rows of five, nothing (nan) between them."""
    canvas = torch.full((DOWN + 7, 4 * ACROSS + 7), torch.nan)
    for k, one in enumerate(maps):
        top, left = DOWN * (k // 5), ACROSS * (k % 5)
        canvas[top : top + 7, left : left + 7] = one
    return canvas


@cache
def network() -> torch.nn.Sequential:
    """The shipped network, read once."""
    return pretrained_nin().requires_grad_(False)


@cache
def voters() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(images (60, 28, 28) in [0, 1], labels (60,), class maps (60, 10, 7, 7)) of the shipped network."""
    images, labels = sample_test_images()
    chosen = torch.cat([(labels == k).nonzero().flatten()[: IMAGES // 10] for k in range(10)])
    X = images[chosen].float() / 255
    return X[:, 0], labels[chosen], class_maps(network(), (X - MEAN) / STD)


class BallotBox(Demo):
    """compute: the controls' values -> the image's ten class maps, which cells are counted, and both counts."""

    title = "Ballot box"
    chapter = "03"
    try_this = "It is a shirt, and the answer is wrong. Leave out one row of votes: which puts it right?"
    ask = "The answer is a vote of 49 cells, and it is wrong. Which cells would you leave uncounted?"
    set = "As it starts; then rows 0 to 5. Then image 42, a sneaker, one row at a time, the empty ones, too."
    see = "Ten maps, ten ballots. Cells off the garment vote as well: the sneaker is a sneaker even in its empty rows."
    size = (8.4, 3.55)

    def __init__(self):
        style = dict(style=LABEL, layout={"width": "305px"})
        super().__init__(
            {
                "image": slider("image", 36, 0, IMAGES - 1),
                "rows": widgets.IntRangeSlider(value=(0, 6), min=0, max=6, description="rows", **style),
                "columns": widgets.IntRangeSlider(value=(0, 6), min=0, max=6, description="columns", **style),
                "outside": widgets.Checkbox(False, description="count the others instead", indent=False),
            }
        )

    @staticmethod
    def compute(state):
        images, labels, maps = voters()
        index = torch.arange(7)
        rows, columns = ((index >= low) & (index <= high) for low, high in (state["rows"], state["columns"]))
        counted = (rows[:, None] & columns) ^ state["outside"]
        chosen = maps[state["image"]][None]
        return {
            "image": images[state["image"]],
            "number": state["image"],
            "label": int(labels[state["image"]]),
            "maps": chosen[0],
            "counted": counted,
            "all": chosen.mean(dim=(2, 3))[0],
            "logits": recount(chosen, counted)[0],
        }

    def setup(self, figure):
        wide, high = self.size
        axis = bare(figure, 0.01, 0.19, 0.27, 0.27 * wide / high)
        self.image, self.axis = show_image(axis, torch.zeros(28, 28)), axis
        self.shade = axis.imshow(torch.zeros(7, 7, 4).numpy(), extent=(-0.5, 27.5, 27.5, -0.5), interpolation="nearest")
        mosaic = figure.add_axes((0.30, 0.13, 0.385, 0.80))
        mosaic.axis("off")
        self.maps = show_image(mosaic, _mosaic(torch.zeros(10, 7, 7)), cmap=DIVERGING, vmin=-STRONG, vmax=STRONG)
        self.maps.set_zorder(1)
        corners = [(ACROSS * (k % 5) - 0.5, DOWN * (k // 5) - 0.5) for k in range(10)]
        for (x, y), name in zip(corners, LABELS, strict=True):
            mosaic.text(x + 3.5, y - 0.5, name, fontsize=8.5, ha="center", va="bottom")
            mosaic.add_patch(Rectangle((x, y), 7, 7, facecolor="#cfcfcf", edgecolor="black", clip_on=False, zorder=0))
        self.corners, self.frame = corners, Rectangle((0, 0), 7, 7, fill=False, ec=BLUE, lw=3, clip_on=False)
        mosaic.add_patch(self.frame)
        bars = figure.add_axes((0.80, 0.12, 0.19, 0.78))
        places = range(10)
        self.before = bars.barh(places, [0] * 10, color="none", edgecolor=GREY, height=0.8)
        self.after = bars.barh(places, [0] * 10, color=BLUE, height=0.5)
        bars.set_yticks(list(places), labels=LABELS, fontsize=8.5)
        bars.invert_yaxis()
        bars.axvline(0, color="black", linewidth=0.8)
        bars.tick_params(axis="x", labelsize=8.5)
        bars.set_title("votes counted (grey: all)", fontsize=9)
        self.bars = bars
        words = f"orange: votes for the class    purple: against it    full colour: {STRONG:.0f} or more"
        figure.text(0.30, 0.03, words + "    blue: the answer", fontsize=9)

    def draw(self, result):
        self.image.set_data(result["image"].numpy())
        shade = torch.zeros(7, 7, 4)
        shade[..., 3] = 0.72 * (~result["counted"]).float()
        shade[..., :3] = 0.81
        self.shade.set_data(shade.numpy())
        said, at_first = int(result["logits"].argmax()), int(result["all"].argmax())
        self.axis.set_title(f"in truth: {LABELS[result['label']]}", fontsize=11)
        self.maps.set_data(_mosaic(result["maps"].where(result["counted"], torch.nan)).numpy())
        self.frame.set_xy(self.corners[said])
        for bars, values in ((self.before, result["all"]), (self.after, result["logits"])):
            for k, (bar, value) in enumerate(zip(bars, values.tolist(), strict=True)):
                bar.set_width(value)
                if bars is self.after:
                    bar.set_color(BLUE if k == said else "#9dbdd9")
        both = torch.cat([result["all"], result["logits"]])
        self.bars.set_xlim(min(both.min().item(), 0) * 1.1 - 0.2, max(both.max().item(), 0) * 1.1 + 0.2)
        cells = int(result["counted"].sum())
        change = "as with all 49" if said == at_first else f"with all 49 it is: {LABELS[at_first]}"
        return f"Image {result['number']}: {cells} of 49 cells counted. The answer is: {LABELS[said]} ({change})."
