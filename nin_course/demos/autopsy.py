"""Chapter 06: the recorded runs of six recipes, examined at any step; why a network does not learn, in words."""

import math
from functools import cache

from nin_course.data import LABELS
from nin_course.demos._base import Demo, choice, slider
from nin_course.diagnose import Health
from nin_course.plots import BLUE, GREY, ORANGE
from nin_course.weights import stuck_runs

CHANCE = math.log(10)
BLOCKS = ("block 1", "block 2", "block 3", "head")  # as they lie in the network, the poolings left out
LEAST = 1e-7  # the left end of the gradients' axis; a gradient of zero has no place on it
LAMPS = {
    "well": (BLUE, "no complaint"),
    "ill": (ORANGE, "in trouble"),
    "walled": ("black", "no gradient"),
    "dead": ("black", "dead"),
}


@cache
def runs() -> dict[tuple[str, int], dict]:
    """(recipe, seed) -> its recorded run: read once, not at every move of a slider."""
    return {(run["recipe"], run["seed"]): run for run in stuck_runs()}


def steps() -> list[int]:
    """At how many steps the runs were examined."""
    return [int(step) for step in next(iter(runs().values()))["health"]]


class Autopsy(Demo):
    """compute: recipe, seed and step -> the examination of that run at that step, and its losses so far."""

    title = "Autopsy"
    chapter = "06"
    try_this = "Ten classes; some were never alive. Which, at step 0? And which are dead at the end?"
    ask = "The loss is 2.30 and does not move. Which of these networks still have hope, and how do you know?"
    set = "As it starts, then the last step. Seed 4, step by step. Then the recipe, one repair at a time."
    see = "A flat loss has several causes: the bars say which. With the ReLU off the logits no class is dead at birth."
    size = (8.4, 3.9)

    def __init__(self):
        names = dict.fromkeys(recipe for recipe, _ in runs())
        recipe = choice("recipe", [(name, name) for name in names], width=420)
        step = choice("step", [(str(step), step) for step in steps()])
        last = max(seed for _, seed in runs())
        super().__init__({"recipe": recipe, "seed": slider("seed", 1, 0, last), "step": step})

    @staticmethod
    def compute(state):
        run = runs()[state["recipe"], state["seed"]]
        health = Health(**run["health"][str(state["step"])], names=LABELS)
        findings = health.findings()
        gradient = dict(zip(BLOCKS, health.gradient.values(), strict=True))
        lamp = "walled" if gradient["block 1"] == 0 else "ill" if findings else "well"
        lamp = "dead" if health.hopeless else lamp
        return {
            **state,
            "health": health,
            "evidence": run["evidence"][str(state["step"])],
            "gradient": gradient,
            "findings": findings,
            "lamp": lamp,
            "losses": run["loss"],
            "accuracy": run["accuracy"] if state["step"] == steps()[-1] else None,
        }

    def setup(self, figure):
        classes = figure.add_axes((0.10, 0.13, 0.30, 0.74))
        self.bars = classes.barh(range(10), [0] * 10, height=0.7, color=BLUE)
        self.marks = [classes.text(0, k, "", va="center", fontsize=9, color=ORANGE) for k in range(10)]
        classes.set_yticks(range(10), labels=LABELS, fontsize=9)
        classes.invert_yaxis()
        classes.axvline(0, color="black", linewidth=0.8)
        classes.set_title("mean logit of each class", fontsize=10)
        self.classes = classes
        blocks = figure.add_axes((0.525, 0.13, 0.17, 0.74))
        self.norms = blocks.barh(range(4), [1] * 4, left=LEAST, height=0.6, color=BLUE)
        self.zeros = [blocks.text(LEAST * 1.3, i, "", va="center", fontsize=9, color=ORANGE) for i in range(4)]
        blocks.set(xscale="log", xlim=(LEAST, 100))
        blocks.set_xticks([1e-6, 1e-3, 1])
        blocks.set_yticks(range(4), labels=BLOCKS, fontsize=9)
        blocks.invert_yaxis()
        blocks.set_title("gradient norm", fontsize=10)
        loss = figure.add_axes((0.765, 0.13, 0.22, 0.56))
        loss.axhline(CHANCE, color=GREY, linestyle="--", linewidth=1)
        loss.text(310, CHANCE + 0.06, "ln 10", ha="right", va="bottom", fontsize=9, color=GREY)
        (self.curve,) = loss.plot([], [], color=BLUE)
        (self.now,) = loss.plot([], [], "o", color=ORANGE, markersize=8)
        loss.set(xlim=(-8, 330), ylim=(0, 3.2))
        loss.set_title("training loss", fontsize=10)
        loss.set_xlabel("step", fontsize=9)
        for axis in (classes, blocks, loss):
            axis.tick_params(labelsize=9)
        (self.lamp,) = figure.add_axes((0.765, 0.79, 0.045, 0.10), xlim=(-1, 1), ylim=(-1, 1)).plot([0], [0], "o")
        self.lamp.axes.axis("off")
        self.lamp.set(markersize=19, markeredgecolor="black")
        self.verdict = figure.text(0.822, 0.84, "", fontsize=11, va="center")

    def draw(self, result):
        health = result["health"]
        for k, (bar, mark, value) in enumerate(zip(self.bars, self.marks, result["evidence"], strict=True)):
            bar.set_width(value)
            mark.set_text("  dead: always 0" if k in health.dead else "")
        low, high = min(result["evidence"]), max(result["evidence"])
        self.classes.set_xlim(min(1.1 * low, 0), max(1.1 * high, 0.1 * (high - low), 0.1))
        for bar, zero, norm in zip(self.norms, self.zeros, result["gradient"].values(), strict=True):
            bar.set_width(max(norm - LEAST, 0))
            zero.set_text("0" if norm == 0 else "")
        at = [min(10 * (i + 1), steps()[-1]) for i in range(len(result["losses"]))]
        self.curve.set_data(at, result["losses"])
        self.now.set_data([result["step"]], [min(health.loss, 3.1)])
        color, words = LAMPS[result["lamp"]]
        self.lamp.set_markerfacecolor(color)
        self.verdict.set_text(words)
        reached = "" if result["accuracy"] is None else f" {result['accuracy']:.1%} of the test images right."
        return f"Step {result['step']}: loss {health.loss:.2f}.{reached} {_diagnosis(result)}"


def _diagnosis(result) -> str:
    """All findings in one line: several dead classes in one sentence."""
    dead, findings = result["health"].dead, result["findings"]
    if len(dead) > 1 and not result["health"].hopeless:
        names = ", ".join(LABELS[k] for k in dead)
        findings = [f"It cannot say {names}: their maps are zero for every image. Take the ReLU off the logits."]
        findings += result["findings"][len(dead) :]
    if result["lamp"] == "walled":
        without = [name for name, norm in result["gradient"].items() if norm == 0]
        findings = [*findings, f"No gradient at all reaches {', '.join(without)}."]
    return " ".join(findings) or "Nothing is wrong that an examination could find."
