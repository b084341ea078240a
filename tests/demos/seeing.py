"""Reads a figure as a person does: what stands where, in which colour, with which words.

`Watched(demo)` draws a demo in any state, without widgets. `seen(figure)` is all of a figure as plain data, `differ`
says where two of them are not alike; `axis_named`, `picture`, `frames`, `words` and the rest pick one thing out of it.
"""

import gzip
import re

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

import nin_course as d2l
from nin_course.data import MEAN, STD
from nin_course.demos._base import DPI
from nin_course.files import SAMPLE_DIR

BLUE, ORANGE, GREY, BLACK, WHITE = "#0b5fa5", "#d95f02", "#6b6b6b", "#000000", "#ffffff"
NAMES = "T-shirt Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Ankle_boot".replace("_", "\0").split()
NAMES = [name.replace("\0", " ") for name in NAMES]


def _sample(part, header, shape):
    content = gzip.decompress((SAMPLE_DIR / f"t10k-{part}-ubyte.gz").read_bytes())
    return np.frombuffer(content, dtype=np.uint8)[header:].reshape(shape)


IMAGES = _sample("images-idx3", 16, (-1, 28, 28)) / np.float32(
    255
)  # the embedded test images, read without the package
LABELS = _sample("labels-idx1", 8, (-1,)).astype(int)
FIRST = [int((k == LABELS).argmax()) for k in range(10)]  # the first image of each class
SIXTY = np.concatenate([np.flatnonzero(k == LABELS)[:6] for k in range(10)])  # the first six


class Watched:
    """A demo's picture without its widgets: `at(**state)` draws, and gives the result of `compute`.

    figure: a matplotlib Figure. line: what `draw` said.
    """

    def __init__(self, demo, **state):
        self.demo, self.state, self.artist = demo, state, object.__new__(demo)
        self.figure = Figure(figsize=demo.size, dpi=50)
        self.artist.setup(self.figure)

    def at(self, **changes) -> dict:
        self.state = {**self.state, **changes}
        result = self.demo.compute(self.state)
        self.line = self.artist.draw(result)
        return result


def differ(one, other, at: str = "") -> list[str]:
    """Where two looks (`seen`) differ by more than rounding: a number in its fifth digit, a colour by a 50th."""
    if isinstance(one, np.ndarray):
        return [] if one.shape == other.shape and np.abs(one - other).max() <= 0.02 else [f"{at}: the image"]
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)) and len(one) == len(other):
        return [place for i, pair in enumerate(zip(one, other, strict=True)) for place in differ(*pair, f"{at}[{i}]")]
    if isinstance(one, float):
        return [] if abs(one - other) <= 1e-5 * max(1, abs(one)) else [f"{at}: {one}, {other}"]
    return [] if one == other else [f"{at}: {one}, {other}"]


def seen(figure) -> list:
    """All that is visible in a figure, as lists of plain data, and of each image its colours, (H, W, 4)."""
    axes = [_axis(axis) for axis in figure.axes if axis.get_visible()]
    return [axes, *(_text(text) for text in figure.texts), _text(figure._suptitle) if figure._suptitle else None]


def words_have_room(figure) -> None:
    """What is written in a picture is large enough, and none of it stands outside."""
    figure.dpi = DPI
    renderer = FigureCanvasAgg(figure).get_renderer()
    for text in figure.findobj(Text):
        if text.get_text() and text.get_visible() and not (text.axes and not text.axes.get_visible()):
            assert text.get_fontsize() * figure.dpi / 72 >= 12.98, text
            box = text.get_window_extent(renderer)
            if text in figure.texts or (text.axes and text in (text.axes.title, *text.axes.texts)):
                assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1, text
                assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1, text


def axis_named(figure, start: str):
    """The one visible axis whose title starts so."""
    (axis,) = (a for a in figure.axes if a.get_visible() and a.get_title().startswith(start))
    return axis


def in_reading_order(axes) -> list:
    """Rows from the top, each from the left."""
    boxes = {axis: axis.get_position(original=True) for axis in axes}
    return sorted(boxes, key=lambda axis: (-round(boxes[axis].y0, 2), boxes[axis].x0))


def picture(axis):
    """The one image on an axis that has numbers, no colours, for pixels."""
    (image,) = (image for image in axis.images if image.get_visible() and image.get_array().ndim == 2)
    return image


def shown(image) -> np.ndarray:
    """The numbers that an image shows, (H, W); nan where it shows nothing. It has to lie on whole pixels."""
    values = np.ma.filled(np.ma.asarray(image.get_array(), dtype=float), np.nan)
    return values


def fills(image) -> bool:
    """Does a pixel (row, column) of the image lie at y = row, x = column, row 0 at the top, and nothing beyond?"""
    high, wide = image.get_array().shape[:2]
    axis, edges = image.axes, (-0.5, wide - 0.5, high - 0.5, -0.5)
    return tuple(image.get_extent()) == edges == (*axis.get_xlim(), *axis.get_ylim())


def colors(image) -> np.ndarray:
    """The colours that are really painted: (H, W, 4) from 0 to 1."""
    return image.to_rgba(image.get_array())


def is_grey(image) -> bool:
    """Is 0 black, 1 white, and everything between as bright as its number?"""
    steps = image.to_rgba(np.linspace(-0.5, 1.5, 41))[:, :3]
    return np.allclose(steps, np.linspace(-0.5, 1.5, 41).clip(0, 1)[:, None], atol=0.01)


def votes_for_in_orange(image, strong: float) -> bool:
    """Is what is above zero orange, what is below purple, zero white, and is `strong` the full colour, and no less?"""
    values = np.linspace(-1.5 * strong, 1.5 * strong, 31)
    red, green, blue, _ = image.to_rgba(values).T
    warm, light = red - blue, (red + green + blue) / 3
    inside = np.abs(values) <= 1.0001 * strong
    order = np.argsort(np.abs(values[inside]), kind="stable")
    return (
        bool((warm[values > 0.05 * strong] > 0.02).all() and (warm[values < -0.05 * strong] < 0).all())
        and light[15] > 0.95
        and bool((np.diff(light[inside][order][::2]) < 0.02).all())
        and all(np.ptp(c[values >= 0.999 * strong]) == np.ptp(c[values <= -0.999 * strong]) == 0 for c in (red, blue))
        and red[values < strong].min() > 0
        and abs(red[np.abs(values - 0.9 * strong).argmin()] - red[-1]) > 0.02
    )


def frames(axis) -> list[tuple]:
    """(left, top, width, height) of every visible rectangle that is only an outline, in the axis's own numbers."""
    return [box(p) for p in axis.patches if isinstance(p, Rectangle) and p.get_visible() and not p.get_fill()]


def box(rectangle) -> tuple:
    """(left, top, width, height)."""
    return tuple(round(float(v), 6) for v in (*rectangle.get_xy(), rectangle.get_width(), rectangle.get_height()))


def framed(rows, columns) -> tuple:
    """The box round the pixels of these rows and columns."""
    return (columns[0] - 0.5, rows[0] - 0.5, len(columns), len(rows))


def words(axis) -> dict[tuple, str]:
    """(x, y) -> what is written there on an axis."""
    return {tuple(round(float(v), 6) for v in t.get_position()): t.get_text() for t in axis.texts if t.get_text()}


def bars(axis) -> list[list]:
    """The groups of bars on an axis, in the order in which they are painted."""
    return [list(group) for group in axis.containers]


def rows_of(axis) -> list[str]:
    """The names beside the rows of a bar chart, from the top."""
    ticks = [(tick, label.get_text()) for tick, label in zip(axis.get_yticks(), axis.get_yticklabels(), strict=True)]
    return [name for _, name in sorted(ticks, key=lambda t: -axis.transData.transform((0, t[0]))[1])]


def points(line) -> list[tuple]:
    """(x, y) of every point of a line, in its order."""
    return [tuple(round(float(value), 6) for value in point) for point in line.get_xydata()]


def legend(figure) -> dict:
    """What is written in the figure's one legend -> the mark beside it."""
    (found,) = figure.legends
    return dict(zip((text.get_text() for text in found.get_texts()), found.legend_handles, strict=True))


def votes(images) -> np.ndarray:
    """(N, H, W) numbers from 0 to 1 -> (N, 10, h, w): what the shipped network averages, its class maps."""
    X = torch.tensor(np.asarray(images), dtype=torch.float32)[:, None]
    with torch.no_grad():
        return d2l.pretrained_nin()[:-2]((X - MEAN) / STD).numpy()


def row_of(axis, bar) -> str:
    """The name beside a bar's row."""
    names = {tick: label.get_text() for tick, label in zip(axis.get_yticks(), axis.get_yticklabels(), strict=True)}
    return names[round(bar.get_y() + bar.get_height() / 2, 6)]


def numbers(text: str) -> list[float]:
    """Every number in a text; − is a minus sign, a comma parts the thousands."""
    return [float(n.replace(",", "").replace("−", "-")) for n in re.findall(r"(?<![\w.])[-−]?\d[\d,]*\.?\d*", text)]


def color(thing) -> str:
    """#rrggbb of a patch's face, a line or a text."""
    return to_hex(thing.get_facecolor() if hasattr(thing, "get_facecolor") else thing.get_color())


def _axis(axis) -> list:
    place = axis.get_position().bounds
    parts = [
        np.round(place, 4).tolist(),
        axis.axison,
        axis.get_xscale(),
        _round(axis.get_xlim()),
        _round(axis.get_ylim()),
    ]
    parts += [_text(t) for t in (axis.title, axis._left_title, axis.xaxis.label, axis.yaxis.label, *axis.texts)]
    for ticks in (axis.xaxis, axis.yaxis):
        parts.append([_round(ticks.get_ticklocs()), [t.get_text() for t in ticks.get_ticklabels()]])
    parts += [[to_hex(s.get_edgecolor()), s.get_linewidth(), s.get_visible()] for s in axis.spines.values()]
    for image in filter(_visible, axis.images):
        parts.append([np.array(colors(image)), list(image.get_extent()), image.get_zorder()])
    for patch in filter(_visible, axis.patches):
        corners = _round(patch.get_patch_transform().transform(patch.get_path().vertices))
        colours = to_hex(patch.get_facecolor(), True), to_hex(patch.get_edgecolor(), True)
        parts.append([corners, *colours, patch.get_linewidth(), patch.get_hatch(), patch.get_zorder()])
    for line in filter(_visible, axis.lines):
        style = line.get_color(), line.get_linestyle(), line.get_marker(), line.get_markersize()
        parts.append([_round(line.get_xydata()), *style, to_hex(line.get_markerfacecolor())])
    return parts


def _visible(artist) -> bool:
    return artist.get_visible()


def _text(text) -> list:
    return [text.get_text(), to_hex(text.get_color()), text.get_fontsize(), _round(text.get_position())]


def _round(values) -> list:
    return np.round(np.asarray(values, dtype=float), 6).tolist()
