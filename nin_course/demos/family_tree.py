"""Chapter 09: a network of torchvision's, stage by stage: what its multiplications see, and how it ends."""

from functools import lru_cache
from math import isqrt

from matplotlib.patches import Patch, Rectangle

from nin_course.demos._base import Demo, choice
from nin_course.modern import FAMILIES, KINDS, Step, head, named, steps
from nin_course.plots import BLUE, GREY, ORANGE

LOOK = {  # of each kind: a colour, and a hatch for those who see it in grey
    "1×1": (BLUE, ""),
    "linear": ("#8fc1e3", "//"),
    "window": (ORANGE, ""),
    "depthwise": ("#f5b57f", "\\\\"),
    "attention": (GREY, ".."),
    "dense": ("#2b2b2b", ""),
}
SIDES = (224, 256, 288, 320, 448)
ROWS, BOXES = 9, 6


@lru_cache(maxsize=128)
def done(name: str, side: int) -> list[Step] | str:
    """The network's steps for one photograph of side × side, or what it says against such a photograph."""
    try:
        return steps(named(name), (1, 3, side, side))
    except (RuntimeError, AssertionError) as problem:
        return str(problem)


def stages(done: list[Step]) -> dict[int, list[Step]]:
    """Places -> the products in that stage, the largest maps first. What works at one place, or without weights,
    belongs to the stage that it stands in; behind the last stage it is the head, at 1.
    """
    products = [step for step in done if step.kind in KINDS]
    last = max(i for i, step in enumerate(products) if step.kind != "dense")
    found, stage = {}, 0
    for i, step in enumerate(products):
        stage = 1 if i > last else stage if step.kind in ("dense", "attention") else step.places
        found.setdefault(stage, []).append(step)
    return dict(sorted(found.items(), reverse=True))


class FamilyTree(Demo):
    """compute: a network, a size, what to count -> the shares of each stage, by kind, and the boxes of its head."""

    title = "Family tree"
    chapter = "09"
    try_this = "Blue sees no neighbour, orange does. Go from left to right, then count parameters instead."
    ask = "These networks are ten years apart. How much of the work is done without looking at a neighbour?"
    set = (
        "alexnet, then resnet50, mobilenet_v2, convnext_tiny. Then mobilenet_v3_large, parameters. Then vit_b_16, 320."
    )
    see = "The orange goes, the blue comes, under two names. Nearly all end in a global average and one dense layer."
    size = (8.4, 3.6)

    def __init__(self):
        super().__init__(
            {
                "name": choice("network", [(name, name) for name in FAMILIES], "resnet50", 400),
                "side": choice("photograph", [(f"{side} px", side) for side in SIDES]),
                "count": choice("count", [("MACs", "macs"), ("parameters", "parameters")], width=400),
            }
        )

    @staticmethod
    def compute(state):
        found = done(state["name"], state["side"])
        result = {**state, "refused": found if isinstance(found, str) else "", "stages": {}, "boxes": [], "total": 0}
        if result["refused"]:
            return result
        amount = lambda some: sum(getattr(step, state["count"]) for step in some)  # noqa: E731
        result["total"] = total = amount(found)
        for places, some in stages(found).items():
            of = {kind: amount(step for step in some if step.kind == kind) / total for kind in KINDS}
            result["stages"][places] = of
        return result | {"boxes": boxes(found)}

    def setup(self, figure):
        self.axis = figure.add_axes((0.105, 0.15, 0.555, 0.62))
        self.axis.spines[["top", "right"]].set_visible(False)
        self.bars = [
            {
                k: self.axis.add_patch(Rectangle((0, 0), 0, 0.74, fc=c, hatch=h, ec="white"))
                for k, (c, h) in LOOK.items()
            }
            for _ in range(ROWS)
        ]
        self.shares = [self.axis.text(0, row, "", va="center", fontsize=9) for row in range(ROWS)]
        self.no = self.axis.text(0.5, 0.5, "", transform=self.axis.transAxes, ha="center", va="center", fontsize=11)
        handles = [Patch(fc=c, hatch=h, ec="white", label=KINDS[k]) for k, (c, h) in LOOK.items()]
        figure.legend(handles=handles, loc="upper center", ncols=3, fontsize=9, frameon=False)
        side = figure.add_axes((0.69, 0.02, 0.3, 0.8), xlim=(0, 1), ylim=(BOXES - 0.4, -0.6))
        side.axis("off")
        side.text(0.5, -0.45, "its head", ha="center", fontsize=10)
        style = dict(ha="center", va="center", fontsize=9.5)
        self.boxes = [side.text(0.5, i + 0.2, "", bbox=dict(boxstyle="round", ec=GREY), **style) for i in range(BOXES)]
        self.arrows = [side.text(0.5, i + 0.72, "↓", ha="center", va="center", fontsize=10) for i in range(BOXES - 1)]

    def draw(self, result):
        rows = list(result["stages"].items())
        for bars, (_, of) in zip(self.bars, [*rows, *[(0, dict.fromkeys(KINDS, 0))] * (ROWS - len(rows))], strict=True):
            left, row = 0, self.bars.index(bars)
            whole = sum(of.values())
            for kind, share in of.items():
                bars[kind].set(x=left, y=row - 0.37, width=100 * share, visible=share > 0)
                left += 100 * share
            self.shares[row].set(x=left, text=f" {whole:.0%}" if whole > 0.005 else " under 1%", visible=whole > 0)
        longest = max((sum(of.values()) for _, of in rows), default=0.9)
        self.axis.set(xlim=(0, 10 * int(10.5 * longest + 1)), ylim=(max(1, len(rows)) - 0.5, -0.5))
        self.axis.set_title(f"{result['name']}, {result['side']} px", loc="left", fontsize=10)
        self.axis.set_yticks(range(len(rows)), [cells(places) for places, _ in rows])
        word = "MACs" if result["count"] == "macs" else "parameters"
        self.axis.set_xlabel(f"% of its {word}, stage by stage")
        refused = f"{result['name']} does not take {result['side']} px."
        self.no.set_text(refused if result["refused"] else "")
        for i, box in enumerate(self.boxes):
            text = result["boxes"][i] if i < len(result["boxes"]) else ""
            average = text == "global average"
            box.set(text=text, visible=bool(text), color="white" if average else "black")
            box.get_bbox_patch().set_facecolor(BLUE if average else "white")
        for i, arrow in enumerate(self.arrows):
            arrow.set_visible(i + 1 < len(result["boxes"]))
        if result["refused"]:
            said = f"It says: {result['refused']}"
            return f"{refused} {said}"
        blind = sum(of["1×1"] + of["linear"] for _, of in rows)
        return (
            f"{result['name']}, {result['side']} px: {result['total'] / 1e6:,.1f} M {word}, {blind:.0%} of them at "
            f"every place without a neighbour. Head: {', '.join(result['boxes'])}."
        )


def boxes(done: list[Step]) -> list[str]:
    """The head in a few words a box, from the last maps on."""
    pool, behind = head(done)
    dense = [f"dense to {step.channels:,}" for step in behind]
    if not pool:
        return ["no global average", *dense]
    before = done[done.index(pool) - 1].kind
    relu = ["ReLU"] if before == "ReLU" and not behind else []
    return [f"{pool.channels:,} maps of {cells(pool.places)}", *relu, "global average", *dense]


def cells(places: int) -> str:
    """How many cells a map has, in words."""
    side = isqrt(places)
    return "head" if places == 1 else f"{side} × {side}" if side * side == places else f"{places} tokens"
