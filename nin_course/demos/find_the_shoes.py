"""Chapter 07: a collage of garments, and where in it a class map stands out: hits, misses and false alarms."""

from functools import lru_cache

import torch
from ipywidgets import Checkbox
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from nin_course.collage import CELL, GARMENT, guess, leads, lit, make_collage, score, stands_out
from nin_course.data import LABELS, MEAN, STD
from nin_course.demos._base import Demo, bare, choice, sample_test_images, slider
from nin_course.demos.ballot_box import network
from nin_course.evidence import class_maps
from nin_course.plots import BLUE, DIVERGING, ORANGE, show_image

SHOES = (5, 7, 9)
STRONG = 6.0  # a lead in full colour


@lru_cache(maxsize=64)
def voted(seed: int, allowed: tuple[int, ...]):
    """A collage of the sample's test images, its class maps (1, 10, 27, 27), and which cells are not black."""
    collage = make_collage(*sample_test_images(), seed, allowed)
    return collage, class_maps(network(), (collage.image - MEAN) / STD), lit(collage.image)


class FindTheShoes(Demo):
    """compute: a collage, what is wanted in it and a threshold -> the lead, what stands out, and how good that is."""

    title = "Find the shoes"
    chapter = "07"
    try_this = "Let the black vote, too. Then take every shoe out of the collage: what is found now?"
    ask = "No box was ever shown to this network. How many of the shoes will it mark, and what else?"
    set = "Collage 63, as it starts; let the black vote. Black off, threshold 2. Then untick the three kinds of shoes."
    see = "The maps know where things are. Black is a sandal to them, and has to be kept from voting."
    size = (8.4, 3.6)

    def __init__(self):
        wanted = [("any shoe", SHOES), *((name, (k,)) for k, name in enumerate(LABELS))]
        boxes = {name: Checkbox(True, description=name, indent=False, layout={"width": "120px"}) for name in LABELS}
        super().__init__(
            {
                "seed": slider("collage", 63, 0, 99),
                "wanted": choice("find", wanted),
                "threshold": slider("threshold", 1.0, 0.0, 6.0, 0.25),
                "black": Checkbox(
                    False, description="the black may vote, too", indent=False, layout={"width": "180px"}
                ),
                **boxes,
            }
        )

    @staticmethod
    def compute(state):
        allowed = tuple(k for k, name in enumerate(LABELS) if state[name])
        collage, maps, counted = voted(state["seed"], allowed)
        lead = leads(maps, state["wanted"], None if state["black"] else counted)[0]
        places, corners = stands_out(lead, state["threshold"]), collage.of(state["wanted"])
        return {
            "image": collage.image[0, 0],
            "corners": corners,
            "lead": lead,
            "places": places,
            "inside": [score([place], corners)[0] > 0 for place in places],
            "hit": [score(places, [corner])[0] > 0 for corner in corners],
            "score": score(places, corners),
            "guess": guess(len(places), counted[0], corners),
            "wanted": "shoes" if state["wanted"] == SHOES else LABELS[state["wanted"][0]],
            "threshold": state["threshold"],
        }

    def setup(self, figure):
        wide, high = self.size
        side, up = 0.36, 0.36 * wide / high
        self.image = show_image(bare(figure, 0.01, 0.085, side, up), torch.zeros(108, 108))
        self.image.axes.set_title("blue frame: a hit    dashed: a miss", fontsize=10)
        votes = bare(figure, 0.44, 0.085, side, up)
        self.lead = show_image(votes, torch.zeros(27, 27), cmap=DIVERGING, vmin=-STRONG, vmax=STRONG)
        votes.set_title("how far it leads: mean of 5 × 5 cells", fontsize=10)
        scale = figure.colorbar(self.lead, cax=figure.add_axes((0.83, 0.085, 0.015, up)), ticks=MaxNLocator(6))
        scale.ax.tick_params(labelsize=9)
        self.level = scale.ax.axhline(0, color="black", linewidth=2.5)
        style = dict(fill=False, edgecolor=BLUE, linewidth=2.2, visible=False)
        self.frames = [self.image.axes.add_patch(Rectangle((0, 0), GARMENT, GARMENT, **style)) for _ in range(6)]
        self.marks = []
        for axis in (self.image.axes, votes):
            (dots,) = axis.plot([], [], "o", color=BLUE, markersize=9, markeredgecolor="white")
            (crosses,) = axis.plot([], [], "X", color=ORANGE, markersize=10, markeredgecolor="black")
            self.marks.append((dots, crosses))
        known = {dots: "in a wanted garment", crosses: "false alarm", self.level: "threshold"}
        figure.legend(known, known.values(), loc="lower left", ncols=3, fontsize=9, frameon=False)

    def draw(self, result):
        self.image.set_data(result["image"].numpy())
        self.lead.set_data(result["lead"].numpy())
        self.level.set_ydata([result["threshold"]] * 2)
        for frame in self.frames:
            frame.set_visible(False)
        for frame, (top, left), hit in zip(self.frames, result["corners"], result["hit"], strict=False):
            frame.set(xy=(left - 0.5, top - 0.5), visible=True, linestyle="-" if hit else "--")
        for (dots, crosses), scale, middle in zip(self.marks, (CELL, 1), (CELL / 2 - 0.5, 0), strict=True):
            for line, inside in ((dots, True), (crosses, False)):
                chosen = [p for p, i in zip(result["places"], result["inside"], strict=True) if i == inside]
                line.set_data([scale * c + middle for _, c in chosen], [scale * r + middle for r, _ in chosen])
        hits, misses, alarms = result["score"]
        lucky, _, wrongly = result["guess"]
        return (
            f"{result['wanted'][0].upper()}{result['wanted'][1:]}, threshold {result['threshold']:g}: "
            f"{hits} hit{'s' * (hits != 1)}, {misses} miss{'es' * (misses != 1)}, "
            f"{alarms} false alarm{'s' * (alarms != 1)}. "
            f"As many guesses on what is not black, on average: {lucky:.1f} hits, {wrongly:.1f} false alarms."
        )
