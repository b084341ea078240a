"""Chapter 07: a photograph on its way to 28 × 28 pixels, and what the network says of it."""

from functools import lru_cache

import ipywidgets as widgets
import torch
from matplotlib.patches import Rectangle

from nin_course.data import LABELS, MEAN, STD
from nin_course.demos._base import Demo, bare, choice, slider
from nin_course.demos.ballot_box import STRONG, network
from nin_course.demos.few_pixels import one_of_each
from nin_course.evidence import class_maps
from nin_course.photo import PHOTOS, prepare, read_picture
from nin_course.plots import BLUE, DIVERGING, show_image

GIVEN = [
    ("T-shirt, table", "T-shirt_on_a_table"),
    ("boot, floor", "boot_on_the_floor"),
    ("T-shirt, stripes", "T-shirt_on_stripes"),
]
OWN = ("your own", "own")
PALE = "#9dbdd9"
INVERT = {"if darker": None, "always": True, "never": False}
read = lru_cache(4)(read_picture)


class YourPhoto(Demo):
    """compute: a photograph and how to prepare it -> its `Steps`, the class maps and the ten probabilities; or words.

    The button takes a file of yours, of up to 9 MB: a page loses a larger one. `YourPhoto(path)` reads it where it is.
    """

    title = "Your own photo"
    chapter = "07"
    try_this = "Bet on each of the three, then look. Then leave the ground in, and then upload a photo of your own."
    ask = (
        "The third is the first T-shirt again, on a striped cloth. Will the answer stay? And the first with its ground?"
    )
    set = "One photograph after the other. Back to the first: tick the ground off, and watch the answer. Then your own."
    see = "The garment is the same, the ground is not: what the network gets is 28 × 28 pixels, whatever they show."
    size = (8.4, 3.75)

    def __init__(self, path=None):
        self.own = path
        given = [*GIVEN, OWN] if path else GIVEN
        super().__init__(
            {
                "photo": choice("photograph", given, OWN[1] if path else None, width=372),
                "invert": choice("invert", [(words, words) for words in INVERT], width=282),
                "turn": choice("turn left", [(f"{90 * k}°", k) for k in range(4)], width=260),
                "margin": slider("margin", 0.0, 0.0, 0.5, 0.05),
                "ground": widgets.Checkbox(
                    True, description="make the ground black", indent=False, layout={"width": "200px"}
                ),
            }
        )

    def desk(self):
        self.upload = widgets.FileUpload(description="Your photo, ≤ 9 MB", layout={"width": "200px"})
        self.upload.observe(self._uploaded, names="value")
        return [*self.controls.values(), self.upload]

    def _uploaded(self, change) -> None:
        """Takes the file, and nothing of it stays in the button: a saved notebook would carry it."""
        if not change["new"]:
            return
        self.own = bytes(change["new"][0]["content"])
        self.upload.value = ()
        photo = self.controls["photo"]
        if OWN in photo.options:
            self.update()
        else:
            photo.options = [*GIVEN, OWN]
        photo.value = OWN[1]

    @property
    def state(self):
        return super().state | {"own": self.own}

    @staticmethod
    def compute(state):
        try:
            picture, done = read(state["own"] if state["photo"] == OWN[1] else PHOTOS / f"{state['photo']}.jpg")
        except ValueError as error:
            return {"words": str(error)}
        how = {key: state[key] for key in ("turn", "ground", "margin")}
        steps = prepare(picture, invert=INVERT[state["invert"]], **how)
        maps = class_maps(network(), ((steps.small - MEAN) / STD)[None, None])[0]
        return {"steps": steps, "done": done, "maps": maps, "shares": maps.mean(dim=(1, 2)).softmax(0)}

    def setup(self, figure):
        wide, high = self.size
        blank, up = torch.zeros(28, 28), 0.18 * wide / high
        self.axes = [bare(figure, 0.01 + 0.2 * k, 0.505, 0.18, up) for k in range(5)]
        self.images = [self.axes[0].imshow(torch.zeros(28, 28, 3).numpy(), interpolation="nearest")]
        self.images += [show_image(axis, blank) for axis in self.axes[1:]]
        self.axes[2].set_facecolor("black")  # what the square takes in beyond the picture
        self.frame = self.axes[2].add_patch(Rectangle((0, 0), 1, 1, fill=False, edgecolor=BLUE, linewidth=2))
        self.frame.set_clip_on(False)
        self.chart = figure.add_axes((0.10, 0.03, 0.40, 0.415))
        self.bars = self.chart.barh(range(10), [0] * 10, height=0.75)
        self.shares = [self.chart.text(0, k, "", va="center", fontsize=8.5) for k in range(10)]
        self.chart.set_yticks(range(10), labels=LABELS, fontsize=8.5)
        self.chart.set(xlim=(0, 1.12), xticks=[])
        self.chart.invert_yaxis()
        self.chart.spines[["top", "right", "bottom"]].set_visible(False)
        up = 0.155 * wide / high
        self.votes = bare(figure, 0.54, 0.03, 0.155, up)
        self.map = show_image(self.votes, torch.zeros(7, 7), cmap=DIVERGING, vmin=-STRONG, vmax=STRONG)
        self.known = bare(figure, 0.818, 0.03, 0.155, up)
        self.garment = show_image(self.known, blank)
        words = f"orange: for it\npurple: against\nfull colour:\n{STRONG:.0f} or more"
        self.legend = figure.text(0.703, 0.03, words, fontsize=8.5, va="bottom")

    def draw(self, result):
        for artist in (*self.axes, self.chart, self.votes, self.known, self.legend):
            artist.set_visible("steps" in result)
        if "steps" not in result:
            return result["words"]
        steps, shares = result["steps"], result["shares"]
        way = "inverted" if steps.inverted else "not inverted"
        titles = ("the picture", "grey", way, f"the square, {steps.box[2]} px", "28 × 28")
        for axis, image, title, pixels in zip(
            self.axes,
            self.images,
            titles,
            (steps.picture, steps.grey, steps.bright, steps.square, steps.small),
            strict=True,
        ):
            down, across = pixels.shape[:2]
            image.set(data=pixels.numpy(), extent=(-0.5, across - 0.5, down - 0.5, -0.5))
            axis.set(xlim=(-0.5, across - 0.5), ylim=(down - 0.5, -0.5))
            axis.set_title(title, fontsize=10)
        top, left, side = steps.box
        self.frame.set_bounds(left - 0.5, top - 0.5, side, side)
        (down, across), end = steps.bright.shape, (left + side, top + side)
        self.axes[2].set_xlim(min(left, 0) - 0.5, max(end[0], across) - 0.5)
        self.axes[2].set_ylim(max(end[1], down) - 0.5, min(top, 0) - 0.5)
        said, second = shares.topk(2).indices.tolist()
        for k, (bar, text, share) in enumerate(zip(self.bars, self.shares, shares.tolist(), strict=True)):
            bar.set(width=share, color=BLUE if k == said else PALE)
            text.set(x=share + 0.01, text=f"{share:.0%}")
        self.map.set_data(result["maps"][said].numpy())
        self.votes.set_title(f"votes for {LABELS[said]}", fontsize=9.5)
        self.garment.set_data(one_of_each()[said, 0].numpy())
        self.known.set_title(f"{LABELS[said]} as it knows it", fontsize=9.5)
        return f"{LABELS[said]}, {shares[said]:.0%}; then {LABELS[second]}, {shares[second]:.0%}. {_remarks(result)}"


def _remarks(result) -> str:
    """What was done to the picture, and what it measured of the ground."""
    steps = result["steps"]
    done = "".join(f" Read: {', '.join(result['done'])}." if result["done"] else "")
    if steps.small.max() == 0:
        return f"But nothing stands out, and the network got 784 black pixels.{done}"
    ratio = steps.uneven / max(abs(steps.contrast), 1e-6)
    warning = ", too much to be told from it" if ratio > 0.25 else ""
    return f"The ground varies by {ratio:.0%} of what the garment stands out by{warning}.{done}"
