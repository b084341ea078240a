"""Chapter 04: the part of an image that one cell of the class map sees, and what in there it feels."""

from functools import cache, lru_cache

import torch
import torch.nn.functional as F
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from nin_course.data import LABELS, MEAN, STD
from nin_course.demos._base import Demo, bare, choice, garment, slider
from nin_course.demos.few_pixels import one_of_each
from nin_course.models import nin
from nin_course.plots import BLUE, DIVERGING, show_image
from nin_course.receptive import seen, windows
from nin_course.weights import pretrained_nin

NETWORKS = {"small": 28, "wide": 224}
STRIP = 6  # the maps between the image and the class map, at most


@cache
def network(name: str):
    """(the network, its layers that look around) of a name in NETWORKS.

    The large one is untrained, and narrow to be fast: what a cell sees does not depend on the number of channels.
    """
    if name == "small":
        net = pretrained_nin()
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            net = nin(head="wide", width=0.25).eval()
    net.requires_grad_(False)
    return net, [layer for layer in windows(net, (1, 1, NETWORKS[name], NETWORKS[name])) if layer.kernel > 1]


@lru_cache(maxsize=2)  # each keeps what its gradient needs, some megabytes
def maps_of(name: str, image: int):
    """The image X (1, 1, H, W), its class maps (1, 10, h, w), and the mean map that enters each layer but the first."""
    net, layers = network(name)
    size, wanted = NETWORKS[name], {layer.name for layer in layers[1:]}
    X = F.interpolate(one_of_each()[image][None], (size, size), mode="bilinear", antialias=True)
    X = ((X - MEAN) / STD).requires_grad_()
    found, hooks = [], []
    for layer_name, layer in net.named_modules():
        if layer_name in wanted:
            hooks.append(layer.register_forward_pre_hook(lambda _, inputs: found.append(inputs[0][0].mean(0).detach())))
    with torch.enable_grad():
        maps = net[:-2](X)
    for hook in hooks:
        hook.remove()
    return X, maps, found


class OneCell(Demo):
    """compute: network, image and cell -> the rows and columns that it sees in every map, and its gradient.

    The gradient is that of the cell's vote for the class that has most votes, with respect to the pixels.
    """

    title = "What one cell sees"
    chapter = "04"
    try_this = "Move the cell. Which cells see the whole boot? Then take the large network."
    ask = "One cell, one of 49 votes: how much of the image does it see? Draw the square, then move the slider."
    set = "Cell to the corner and back. Then the large network: a middle cell, a corner cell."
    see = "The square is what it could see, and it is large. What it feels is less: half of it comes from few pixels."
    size = (8.4, 3.95)

    def __init__(self):
        options = [("small, 28 px, trained", "small"), ("large, 224 px, new", "wide")]
        super().__init__(
            {
                "network": choice("network", options, width=420),
                "image": garment(9),
                "row": slider("cell: row", 3, 0, 6),
                "column": slider("cell: column", 3, 0, 6),
            }
        )

    def follow(self, change):
        """As many rows and columns as the network has votes."""
        _, maps, _ = maps_of(self.controls["network"].value, self.controls["image"].value)
        self.controls["row"].max = self.controls["column"].max = maps.shape[2] - 1

    @staticmethod
    def compute(state):
        _, layers = network(state["network"])
        X, maps, between = maps_of(state["network"], state["image"])
        last = maps.shape[2] - 1
        cell = min(state["row"], last), min(state["column"], last)
        label = int(maps.mean(dim=(2, 3)).argmax())
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(maps[0, label, cell[0], cell[1]], X, retain_graph=True)
        felt = gradient[0, 0].abs()
        order = felt.flatten().sort(descending=True).values
        half = int((order.cumsum(0) < order.sum() / 2).sum()) + 1
        return {
            "image": (X.detach()[0, 0] * STD + MEAN),
            "label": label,
            "maps": maps[0, label].detach(),
            "cell": cell,
            "between": between,
            "regions": [seen(layers[i:], cell) for i in range(len(layers))],  # in the image, then in each map between
            "felt": felt,
            "half": half,
            "layers": layers,
            "trained": state["network"] == "small",
        }

    def setup(self, figure):
        wide, high = self.size
        side, up = 0.238, 0.238 * wide / high
        blank = torch.zeros(2, 2)
        self.top = [bare(figure, x, 0.435, side, up) for x in (0.02, 0.335, 0.65)]
        self.pictures = [show_image(axis, blank) for axis in self.top]
        self.pictures[1].set_cmap("magma")
        self.pictures[2].set_cmap(DIVERGING)
        votes = figure.add_axes((0.90, 0.435, 0.012, up))
        scale = figure.colorbar(self.pictures[2], cax=votes, ticks=MaxNLocator(4), format="%.2g")
        scale.ax.tick_params(labelsize=8.5)
        self.strip = [bare(figure, 0.022 + 0.165 * i, 0.062, 0.115, 0.115 * wide / high) for i in range(STRIP)]
        self.small = [show_image(axis, blank) for axis in self.strip]
        figure.text(0.02, 0.012, "on the way (mean of the channels): what the cell sees of each map", fontsize=9)
        style = dict(fill=False, edgecolor=BLUE, linewidth=2.2)
        style["path_effects"] = [withStroke(linewidth=4.5, foreground="white")]
        self.frames = [axis.add_patch(Rectangle((0, 0), 1, 1, **style)) for axis in (*self.top, *self.strip)]

    def draw(self, result):
        rows, columns = result["regions"][0]
        size, cells = len(result["image"]), len(result["maps"])
        strength = result["maps"].abs().max().item()
        scale = ((0, 1), (0, result["felt"].max().item()), (-strength, strength))
        cell = [range(place, place + 1) for place in result["cell"]]
        regions = [result["regions"][0]] * 2 + [cell]
        for i, values in enumerate((result["image"], result["felt"], result["maps"])):
            _put(self.pictures[i], values, self.frames[i], regions[i], *scale[i])
        titles = (f"image, {size} × {size}: what it sees", "what it feels (its gradient)")
        for axis, title in zip(self.top, (*titles, f"{cells} × {cells} votes: {LABELS[result['label']]}"), strict=True):
            axis.set_title(title, fontsize=10)
        for i, axis in enumerate(self.strip):
            axis.set_visible(i < len(result["between"]))
            if i < len(result["between"]):
                values, region = result["between"][i], result["regions"][i + 1]
                _put(self.small[i], values, self.frames[3 + i], region, values.min().item(), values.max().item())
                kernel, side = result["layers"][i + 1].kernel, f"{len(region[0])} × {len(region[1])}"
                axis.set_title(
                    f"{side} of {len(values)} × {len(values)},\nthen a {kernel} × {kernel} window", fontsize=8.5
                )
        pixels = len(rows) * len(columns)
        trained = "" if result["trained"] else " This network is untrained."
        vote = result["maps"][result["cell"]].item()
        return (
            f"Cell {result['cell']} votes {vote:+.1f}. "
            f"It sees rows {rows[0]}–{rows[-1]}, columns {columns[0]}–{columns[-1]}: "
            f"{pixels / size**2:.0%} of the image. Half of what it feels comes from {result['half']:,} of these "
            f"{pixels:,} pixels.{trained}"
        )


def _put(picture, values, frame, region, low, high) -> None:
    down, across = values.shape
    picture.set(data=values.numpy(), extent=(-0.5, across - 0.5, down - 0.5, -0.5), clim=(low, high or 1))
    picture.axes.set(xlim=(-0.5, across - 0.5), ylim=(down - 0.5, -0.5))
    rows, columns = region
    frame.set_bounds(columns[0] - 0.5, rows[0] - 0.5, len(columns), len(rows))
