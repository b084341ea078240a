"""Chapter 07: one channel of a trained NiN: its map of an image, what one cell of it sees, and what excites it most."""

import ipywidgets as widgets
import torch
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from nin_course.data import LABELS
from nin_course.demos import inside
from nin_course.demos._base import Demo, bare, choice, sample_test_images, slider
from nin_course.demos.ballot_box import IMAGES, voters
from nin_course.plots import DIVERGING, GREY, ORANGE, show_image
from nin_course.receptive import seen

MOST, BINS = 8, 24  # images that excite a channel most; bars of the histogram


class Microscope(Demo):
    """compute: image, layer, channel and cell -> the channel's map, what the cell sees, and who excites the channel."""

    title = "Microscope"
    chapter = "07"
    try_this = "Give the channel a name, from the eight at the bottom. Then look for an image that spoils it."
    ask = "What do the eight patches have in common? Give the channel a name, before I show you the next image."
    set = "As it starts; then images 41 and 54. Then other channels, one by one; then block 1 and block 3."
    see = "Necklines, it seems. But in image 41 it is a shoulder, in 54 a boot's opening. Many channels have no name."
    size = (8.4, 3.9)

    def __init__(self):
        layer = choice("layer", [(name, k) for k, name in enumerate(inside.LAYERS)], 1)
        channels, side = inside.shape(1)
        strongest = widgets.Checkbox(True, description="its strongest cell", indent=False, layout={"width": "200px"})
        super().__init__(
            {
                "image": slider("image", 3, 0, IMAGES - 1),
                "layer": layer,
                "channel": slider("channel", 0, 0, channels - 1),
                "row": slider("cell: row", 0, 0, side - 1),
                "column": slider("cell: column", 0, 0, side - 1),
                "strongest": strongest,
            }
        )

    def follow(self, change):
        """A layer has so many channels and cells. The strongest cell is followed until another one is chosen."""
        c = self.controls
        if change and change["owner"] in (c["row"], c["column"]):
            c["strongest"].value = False
        for name, which in (("channel", 0), ("row", 1), ("column", 1)):
            c[name].max = inside.shape(c["layer"].value)[which] - 1
        if c["strongest"].value:
            c["row"].value, c["column"].value = self.compute(self.state)["cell"]

    @staticmethod
    def compute(state):
        layer, channel = state["layer"], state["channel"]
        values = inside.maps_of_image(state["image"])[layer][channel]
        cell = state["row"], state["column"]
        if state["strongest"]:
            cell = divmod(int(values.argmax()), values.shape[1])
        images, labels = sample_test_images()
        found = inside.peaks()[layer]
        strongest = found.values[:, channel].topk(MOST)
        most = []
        for value, i in zip(*(part.tolist() for part in strongest), strict=True):
            place = divmod(found.places[i, channel].item(), values.shape[1])
            most.append((images[i, 0].float() / 255, int(labels[i]), value, place))
        value = values[cell].item()
        return {
            **state,
            "picture": voters()[0][state["image"]],
            "label": int(voters()[1][state["image"]]),
            "values": values,
            "cell": cell,
            "value": value,
            "most": most,
            "peaks": found.values[:, channel],
            "stronger": int((found.values[:, channel] > value + 1e-4 * abs(value)).sum()),
        }

    def setup(self, figure):
        wide, high = self.size
        blank, up = torch.zeros(28, 28), 0.165 * wide / high
        self.top = [bare(figure, x, 0.565, 0.165, up) for x in (0.016, 0.235, 0.455)]
        self.pictures = [show_image(axis, blank) for axis in self.top]
        self.bars = figure.add_axes((0.67, 0.64, 0.315, 0.29))
        self.bars.spines[["top", "right", "left"]].set_visible(False)
        self.bars.set(yticks=[], ylim=(0, 1.15))
        self.bars.tick_params(axis="x", labelsize=8.5)
        self.counts = self.bars.bar(range(BINS), [0] * BINS, width=1, align="edge", color=GREY)
        self.here = self.bars.axvline(0, color=ORANGE, linewidth=2.5)
        self.bars.set_xlabel("value (orange: this cell's)", fontsize=9, labelpad=1)
        words = "the eight that excite the channel most, and what the cell sees there (blue: beyond the image)"
        figure.text(0.012, 0.505, words, fontsize=9.5)
        columns = [0.016 + 0.1243 * k for k in range(MOST)]
        side, up = 0.092, 0.092 * wide / high
        self.whole = [bare(figure, x, 0.245, side, up) for x in columns]
        self.patches = [bare(figure, x, 0.015, side, up) for x in columns]
        self.small = [show_image(axis, blank) for axis in (*self.whole, *self.patches)]
        for axis in (self.top[2], *self.patches):
            axis.set_facecolor("#9dbdd9")  # beyond the image
        style = dict(fill=False, edgecolor=ORANGE, linewidth=2)
        style["path_effects"] = [withStroke(linewidth=3.5, foreground="black")]
        framed = (self.top[0], self.top[1], *self.whole)
        self.frames = [axis.add_patch(Rectangle((0, 0), 1, 1, **style)) for axis in framed]

    def draw(self, result):
        layers, *view = inside.views()[result["layer"]]
        values, cell = result["values"], result["cell"]
        side, last = len(values), result["layer"] == len(inside.LAYERS) - 1
        rows, columns = seen(layers, cell)
        peak = max(result["peaks"].max().item(), 1e-6)
        self.pictures[0].set_data(result["picture"].numpy())
        self.pictures[1].set(data=values.numpy(), extent=(-0.5, side - 0.5, side - 0.5, -0.5))
        self.pictures[1].set(cmap=DIVERGING if last else "magma", clim=(-peak if last else 0, peak))
        self.top[1].set(xlim=(-0.5, side - 0.5), ylim=(side - 0.5, -0.5))
        self.pictures[2].set_data(result["picture"].numpy())
        _look(self.top[2], cell, view)
        self.frames[0].set_bounds(columns[0] - 0.5, rows[0] - 0.5, len(columns), len(rows))
        self.frames[1].set_bounds(cell[1] - 0.5, cell[0] - 0.5, 1, 1)
        name = LABELS[result["channel"]] if last else f"channel {result['channel']} ({side} × {side})"
        which = f"{inside.LAYERS[result['layer']]}: {name}"
        titles = (f"image {result['image']}: {LABELS[result['label']]}", which)
        for axis, title in zip(self.top, (*titles, f"what cell {cell} sees"), strict=True):
            axis.set_title(title, fontsize=10)
        for k, (image, label, value, place) in enumerate(result["most"]):
            for artist in (self.small[k], self.small[MOST + k]):
                artist.set_data(image.numpy())
            _look(self.patches[k], place, view)
            r, c = seen(layers, place)
            self.frames[2 + k].set_bounds(c[0] - 0.5, r[0] - 0.5, len(c), len(r))
            self.whole[k].set_title(f"{LABELS[label]}, {value:.1f}", fontsize=8.5, pad=2)
        low = min(result["peaks"].min().item(), result["value"])
        counts = result["peaks"].histc(BINS, low, max(peak, low + 1e-6))
        width = (max(peak, low + 1e-6) - low) / BINS
        for k, (bar, count) in enumerate(zip(self.counts, (counts / counts.max()).tolist(), strict=True)):
            bar.set(x=low + k * width, width=width, height=count)
        self.here.set_xdata([result["value"]] * 2)
        images = f"{len(result['peaks']):,} test images"
        self.bars.set_title(f"{images}, by their strongest cell", fontsize=9)
        self.bars.set_xlim(low - width / 2, low + (BINS + 0.5) * width)
        self.bars.xaxis.set_major_locator(MaxNLocator(6))
        which = "its strongest" if result["strongest"] else "there"
        if not result["peaks"].any():
            return f"Channel {result['channel']} of {inside.LAYERS[result['layer']]} is zero for all {images}."
        return (
            f"Cell {cell} gives {result['value']:.1f} ({which}); it sees rows {rows[0]}–{rows[-1]}, columns "
            f"{columns[0]}–{columns[-1]}. {result['stronger']:,} of {images} have a stronger cell somewhere."
        )


def _look(axis, cell, view) -> None:
    """Turns an axis with an image to what a cell sees, whether or not the image reaches so far."""
    side, step, first = view
    top, left = (first + place * step - 0.5 for place in cell)
    axis.set(xlim=(left, left + side), ylim=(top + side, top))
