"""Chapter 04: the ten stages of the large network, drawn to scale, and what each costs."""

import torch
from matplotlib.patches import Rectangle

from nin_course.budget import summary
from nin_course.demos._base import Demo, choice, slider
from nin_course.models import nin
from nin_course.plots import BLUE, GREY, ORANGE

STAGES = ("block 1", "pool", "block 2", "pool", "block 3", "pool", "dropout", "block 4", "average", "flatten")
BUDGETS = ("parameters", "MACs", "memory")
PALE = "#9dbdd9"


def short(number: float, unit: str = "") -> str:
    """1234567 -> "1.23 M".

    >>> short(839808 * 4, "B")
    '3.36 MB'
    """
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= factor:
            return f"{number / factor:.3g} {prefix}{unit}"
    return f"{number:.0f} {unit}".rstrip()


class WalkThrough(Demo):
    """compute: size, width and head -> what each stage puts out and costs, as far as the image comes."""

    title = "Walk through"
    chapter = "04"
    try_this = "Which stage costs the most, and does it stay so? Then find the size at which the network breaks."
    ask = (
        "Which stage has the most parameters, which does most of the work, which fills the memory? One stage, or three?"
    )
    set = "Size to 99, then 98; then 67 and 66. Back to 224, width to 0.5: what is halved, what is quartered?"
    see = "Each budget has another most expensive stage. The size changes two of the budgets, but never the parameters."
    size = (8.4, 3.9)

    def __init__(self):
        options = [("notes: 10 at once", "notes"), ("wide: 10 at the end", "wide")]
        super().__init__(
            {
                "size": slider("image size", 224, 32, 320),
                "width": slider("width", 1.0, 0.25, 2.0, 0.25),
                "head": choice("head", options, width=400),
            }
        )

    @staticmethod
    def compute(state):
        with torch.device("meta"):
            net = nin(head=state["head"], width=state["width"])
        found, shape = [], (1, 1, state["size"], state["size"])
        for stage in net:
            try:
                whole = summary(stage, shape)
            except ValueError:
                break
            found.append((whole.output_shape[1:], whole.parameters, whole.macs, 4 * whole.activations))
            shape = whole.output_shape
        costs = {name: [row[i] for row in found] for i, name in enumerate(BUDGETS, 1)}
        broken = None if len(found) == len(net) else len(found)
        dearest = {name: max(range(len(found)), key=values.__getitem__) for name, values in costs.items() if found}
        cheapest = {
            name: min((i for i, v in enumerate(values) if v), key=values.__getitem__)
            for name, values in costs.items()
            if found
        }
        return {
            **state,
            "shapes": [row[0] for row in found],
            "costs": costs,
            "dearest": dearest,
            "cheapest": cheapest,
            "broken": broken,
            "arrives": shape[1:],
        }

    def setup(self, figure):
        self.maps = figure.add_axes((0.108, 0.50, 0.887, 0.49))
        self.maps.set(xlim=(-0.6, 10.6), ylim=(-0.56, 1.04))
        self.maps.axis("off")
        self.boxes, self.shapes = [], []
        for x, name in enumerate(("input", *STAGES)):
            self.boxes.append(self.maps.add_patch(Rectangle((x, 0), 0, 0, edgecolor="black", linewidth=0.8)))
            self.maps.text(x, -0.12, name, ha="center", va="top", fontsize=9.5)
            self.shapes.append(self.maps.text(x, -0.30, "", ha="center", va="top", fontsize=9, linespacing=1.1))
            color = BLUE if "block" in name else GREY if name in ("pool", "average") else "white"
            self.boxes[-1].set_facecolor(color)
        self.bars, self.values = {}, {}
        for row, name in enumerate(BUDGETS):
            axis = figure.add_axes((0.108, 0.33 - 0.155 * row, 0.887, 0.125))
            axis.set(xlim=(-0.6, 10.6), ylim=(0, 1.5), xticks=[], yticks=[])
            axis.spines[["top", "right", "left"]].set_visible(False)
            axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9.5)
            self.bars[name] = axis.bar(range(1, 11), [0] * 10, width=0.62)
            self.values[name] = [axis.text(x, 0, "", ha="center", va="bottom", fontsize=9) for x in range(1, 11)]

    def draw(self, result):
        shapes, size = [(1, result["size"], result["size"]), *result["shapes"]], result["size"]
        for x, (box, text) in enumerate(zip(self.boxes, self.shapes, strict=True)):
            box.set_visible(x < len(shapes))
            text.set_text("")
            if x < len(shapes):
                channels, *place = shapes[x]
                height = place[0] / size if place else 0.02
                width = min(0.08 + 0.036 * channels**0.5, 0.98) if place else 0.3
                box.set_bounds(x - width / 2, 0.5 - height / 2, width, height)
                text.set_text(f"{channels}\n{place[0]} × {place[1]}" if place else f"{channels}")
                text.set_color("black")
        if (broken := result["broken"]) is not None:
            self.shapes[broken + 1].set_text("breaks\nhere")
            self.shapes[broken + 1].set_color(ORANGE)
        for name in BUDGETS:
            values = result["costs"][name]
            for i, (bar, text) in enumerate(zip(self.bars[name], self.values[name], strict=True)):
                value = values[i] if i < len(values) else 0
                bar.set_visible(value > 0)
                bar.set_height(max(value / max(values), 0.1) if value else 0)
                best, worst = (i == result[which].get(name) for which in ("cheapest", "dearest"))
                bar.set(facecolor=ORANGE if worst else PALE if best else BLUE, edgecolor="black", linewidth=0.8)
                text.set_text(short(value, "B" if name == "memory" else "") if value else "")
                text.set_y(bar.get_height() + 0.06)
        if broken is not None:
            return _what_breaks(broken, result)
        totals = {name: sum(values) for name, values in result["costs"].items()}
        said = [f"{totals['parameters']:,} parameters", f"{short(totals['MACs'])} MACs", short(totals["memory"], "B")]
        dearest = ", ".join(f"{STAGES[i]} ({name})" for name, i in result["dearest"].items())
        return (
            f"{', '.join(said)} of activations. Orange, the most expensive: {dearest}. Pale: the smallest above zero."
        )


def _what_breaks(stage: int, result) -> str:
    side = result["arrives"][-1]
    window = {"block 1": 11, "pool": 3}[STAGES[stage]]
    return (
        f"{result['size']} px are too small: a map of {side} × {side} arrives at stage {stage + 1}, {STAGES[stage]}, "
        f"whose window is {window} × {window}. PyTorch raises an error. The smallest that comes through has 67 px."
    )
