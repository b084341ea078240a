"""What all demos share: controls, one picture redrawn in place, and a display that survives without a kernel."""

import base64
import html
from collections.abc import Mapping
from functools import cache

import ipywidgets as widgets
from IPython.core.formatters import format_display_data
from matplotlib.figure import Figure

from nin_course.data import LABELS
from nin_course.files import SAMPLE_DIR, read_split, sample_hashes
from nin_course.language import say
from nin_course.plots import png

DPI = 110
LABEL = {"description_width": "95px"}


class Demo:
    """A demo: `controls` (named widgets), a pure `compute(state)`, and `draw(result)` on one persistent figure.

    A subclass sets the texts below, builds its artists in `setup(figure)`, and moves them in `draw(result)`, which
    returns one line that says in words what the picture shows. Whenever a control changes, `update` computes and
    draws again. In a live notebook the display is the widget; without a kernel it is the last picture.

    All of it is seen at once in JupyterLab on a small laptop, which leaves 934 × 600 pixels beside its file browser:
    the controls, as many in a row as fit, below them the picture, below that its line.
    """

    title: str
    chapter: str  # the number of the chapter that shows it first
    try_this: str  # one line, shown above the controls
    ask: str  # three lines for whoever stands in front of a class
    set: str
    see: str
    dpi, packing = DPI, 6  # of the picture: how fine, how hard it is packed (a file of a notebook carries it)
    size = (8.0, 3.6)  # of the figure, in inches; at most 8.4 wide, and with words in 8.5 points or more

    def __init__(self, controls: Mapping[str, widgets.Widget]):
        self.controls, self.links, self.moving = dict(controls), [], False
        self.figure = Figure(figsize=self.size, dpi=self.dpi)
        self.setup(self.figure)
        self.picture = widgets.Image(
            format="png", layout=widgets.Layout(width=f"{self.size[0] * DPI:.0f}px", max_width="100%")
        )
        self.line = widgets.HTML(layout={"min_height": "44px"})
        for control in self.controls.values():
            control.observe(self.update, names="value")
        self.update()
        head = widgets.HTML(f"<b>{self.title}</b> &ensp; {self.try_this}")
        desk = widgets.HBox(self.desk(), layout={"flex_flow": "row wrap"})
        self.view = widgets.VBox([head, desk, self.picture, self.line])

    def setup(self, figure: Figure) -> None:
        raise NotImplementedError

    @staticmethod
    def compute(state: Mapping) -> dict:
        raise NotImplementedError

    def draw(self, result: dict) -> str:
        raise NotImplementedError

    def desk(self) -> list[widgets.Widget]:
        """What stands above the picture, in reading order: the controls, and what else a demo adds to them."""
        return [*self.controls.values()]

    def follow(self, change: Mapping | None) -> None:
        """Sets the controls that depend on others, such as how far a slider goes; `change` is what was moved."""

    @property
    def state(self) -> dict:
        return {name: control.value for name, control in self.controls.items()}

    def update(self, change=None) -> None:
        if self.moving:
            return  # one control moves another: it is drawn when all are right
        self.moving = True
        try:
            self.follow(change)
        finally:
            self.moving = False
        self.text = self.draw(self.compute(self.state))
        self.picture.value = png(self.figure, self.packing)
        style = "display:block; font-size:14px; line-height:20px"
        self.line.value = f"<span style='{style}'>{html.escape(self.text)}</span>"

    def close(self) -> None:
        """Its widgets are forgotten, in the page and in the kernel."""
        waiting = [self.view, *self.links]
        for widget in waiting:
            for value in widget.trait_values().values():
                parts = value if isinstance(value, tuple) else (value,)
                waiting += [part for part in parts if isinstance(part, widgets.Widget)]
            widget.close()

    def __repr__(self) -> str:
        return say(f"{self.title} (run this cell to play): {self.text}")

    def _repr_mimebundle_(self, **_) -> dict:
        widget, _metadata = format_display_data(self.view, include=["application/vnd.jupyter.widget-view+json"])
        return {
            **widget,
            "image/png": base64.b64encode(self.picture.value).decode(),
            "text/plain": repr(self),
        }


@cache
def sample_test_images():
    """The embedded test images, (2000, 1, 28, 28) uint8, and their labels, (2000,): read once, not at every click."""
    return read_split(SAMPLE_DIR, "t10k", sample_hashes())


def slider(text: str, value, low, high, step=1, width: int = 305):
    """A slider over whole numbers, or over decimals if `step` is one, under the demos' one look."""
    kind = widgets.IntSlider if isinstance(step, int) else widgets.FloatSlider
    return kind(value, min=low, max=high, step=step, description=text, style=LABEL, layout={"width": f"{width}px"})


def garment(label: int, width: int = 305) -> widgets.SelectionSlider:
    """A slider over the ten classes, by name; its value is the class's number."""
    return choice("image", [(name, k) for k, name in enumerate(LABELS)], label, width)


def choice(text: str, options: list[tuple[str, object]], value=None, width: int = 305) -> widgets.SelectionSlider:
    """A slider over (name, value) pairs, at the first of them unless `value` is given."""
    layout, value = {"width": f"{width}px"}, options[0][1] if value is None else value
    return widgets.SelectionSlider(options=options, value=value, description=text, style=LABEL, layout=layout)


def bare(figure: Figure, *rectangle: float, title: str = "", size: float = 10):
    """An axis for an image at (left, bottom, width, height) of the figure, no ticks."""
    axis = figure.add_axes(rectangle, xticks=[], yticks=[])
    axis.set_title(title, fontsize=size)
    return axis
