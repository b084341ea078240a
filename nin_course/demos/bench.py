"""Chapter 08: two networks of the lab side by side: what they cost, how good they are, and what the runs can tell."""

from dataclasses import asdict
from functools import cache

import ipywidgets as widgets

from nin_course import results
from nin_course.demos._base import LABEL, Demo, choice
from nin_course.frontier import AXES, cost_of, prepare
from nin_course.lab import VARIANTS
from nin_course.plots import BLUE, GREY, ORANGE
from nin_course.recipe import preset
from nin_course.results import Point, paired, points

COSTS = ("parameters", "MACs", "memory to train", "memory to predict")  # AXES in fewer words
ENOUGH = 3  # seeds that both have
FEW = 3  # changes of a recipe that are named one by one
DEVICE = "CPU, bfloat16"  # on which most were trained
runs = cache(results.runs)


def trained_on(point: Point) -> str:
    """How many images, and what was otherwise than by the laptop preset on DEVICE: "1,000 images (no flip)"."""
    usual = asdict(preset("laptop", sample=False, epochs=max(8, 80_000 // point.images)))
    changed = {name: value for name, value in point.recipe.items() if value != usual[name]}
    words = [f"no {name}" if value is False else f"{name} {value:g}" for name, value in changed.items()]
    if len(words) > FEW:
        words = [f"{point.recipe['epochs']} epochs", "tuned"]
    if point.device != DEVICE:
        words.append(point.device.removeprefix("NVIDIA ").removesuffix(", bfloat16"))
    how = ", ".join(words).replace("_", " ")
    return f"{point.images:,} images ({how})" if how else f"{point.images:,} images"


def recorded(where: str = "test") -> dict[str, dict[str, Point]]:
    """How they were trained -> network -> its runs; the fewest images first. Measured on "test" or on "held_out"."""
    found: dict[str, dict[str, Point]] = {}
    for point in sorted(points(runs(), where), key=lambda p: (p.images, len(trained_on(p)), trained_on(p))):
        found.setdefault(trained_on(point), {})[point.net] = point
    return found


def told(*asked: tuple[dict[int, float], dict[int, float]]) -> str:
    """The one sentence that the seeds allow which both have. asked: for each set of images two accuracies by seed."""
    n = len(set.intersection(*map(set, asked[0])))
    if n < ENOUGH:
        return f"{n or 'No'} seed{'s' * (n != 1)} that both have: too few to tell."
    found = [[100 * value for value in paired(*pair)] for pair in asked]
    verdict = "these runs do not tell"
    if all(abs(mean) > half for mean, half in found) and len({mean > 0 for mean, _ in found}) == 1:
        verdict = "better" if found[0][0] > 0 else "worse"
    kept = "".join(f", on the images kept back {mean:+.2f} ± {half:.2f}" for mean, half in found[1:])
    mean, half = found[0]
    sentence = f"{mean:+.2f} ± {half:.2f} points over {n} seeds (mean and 95% interval){kept}: {verdict}."
    return sentence.replace("-", "−")


class Bench(Demo):
    """compute: two networks, images, a cost -> all points of that training, and the sentence that the runs allow."""

    title = "Bench"
    chapter = "08"
    try_this = (
        "Blue against orange: bet on better, worse, or “these runs do not tell”, then choose. Then change the cost."
    )
    ask = "No 1×1 layers, wider in their place, for the same work: better, worse, or will the runs not tell?"
    set = "As it starts, then MACs, then memory. Then 3×3 in place of 1×1: as many parameters, then as many MACs."
    see = "A network stands elsewhere for every cost. Seeds spread; of twenty equal pairs, one will look unequal."
    size = (8.4, 3.8)

    def __init__(self):
        trained = {net for networks in recorded().values() for net in networks}
        names = [(variant.what, key) for key, variant in VARIANTS.items() if key in trained]
        controls = {
            "first": menu("blue", names, "0@macs"),
            "images": menu("trained on", [], None, width=394),
            "second": menu("orange", names, "2"),
            "cost": choice("cost", list(zip(COSTS, AXES, strict=True)), width=394),
        }
        for name in ("first", "second"):
            controls[name].observe(lambda _: self._offer(controls), names="value")
        self._offer(controls)
        super().__init__(controls)

    @staticmethod
    def _offer(controls) -> None:
        """What both were trained on; if that changes, what was chosen stays chosen where it can."""
        images, both = controls["images"], {controls["first"].value, controls["second"].value}
        names = [name for name, networks in recorded().items() if both <= set(networks)]
        images.disabled = not names  # nothing to choose from
        if list(images.options) != names:
            before, images.options = images.value or "10,000 images", names
            images.value = before if before in names else next(iter(names), None)

    @staticmethod
    def compute(state):
        networks, cost = recorded().get(state["images"], {}), state["cost"]
        chosen = [networks.get(state[name]) for name in ("first", "second")]
        kept = recorded("held_out").get(state["images"], {})
        places = {net: (cost_of(point, cost), point.accuracy) for net, point in networks.items()}
        if not all(chosen):
            places, sentence = {}, "They were never trained alike, on the same number of images."
        elif chosen[0] is chosen[1]:
            sentence = "That is one network twice: choose another."
        else:
            sets = [networks, kept] if kept else [networks]  # of those trained on all images none were kept back
            sentence = told(*(tuple(some[point.net].accuracy for point in chosen) for some in sets))
        return {**state, "places": places, "told": sentence}

    def setup(self, figure):
        self.axis = figure.add_axes((0.085, 0.13, 0.895, 0.68))
        looks = {"others": (GREY, "o", 8), "second": (ORANGE, "D", 11), "first": (BLUE, "s", 12)}
        self.seeds, self.means = {}, {}
        for which, (color, marker, size) in looks.items():
            (self.means[which],) = self.axis.plot([], [], marker, color=color, markersize=size, mfc="white", mew=2)
            (self.seeds[which],) = self.axis.plot([], [], ".", color=color, markersize=7, mew=0)
        style = dict(fontsize=11, weight="bold", va="center")
        self.names = {
            "first": figure.text(0.085, 0.945, "", color=BLUE, **style),
            "second": figure.text(0.085, 0.875, "", color=ORANGE, **style),
        }
        note = "dots: seeds    marks: their means    grey: the other networks, trained alike"
        figure.text(0.98, 0.83, note, fontsize=9, color=GREY, ha="right", va="center")
        self.none = figure.text(0.53, 0.45, "", fontsize=11, ha="center")

    def draw(self, result):
        places, unit = result["places"], AXES[result["cost"]][1]
        of = {result["second"]: "second", result["first"]: "first"}
        for which in self.seeds:
            some = [place for net, place in places.items() if of.get(net, "others") == which]
            dots = [(cost / unit, 100 * a) for cost, accuracy in some for a in accuracy.values()]
            means = [(cost / unit, 100 * sum(a.values()) / len(a)) for cost, a in some]
            for line, pairs in ((self.seeds[which], dots), (self.means[which], means)):
                line.set_data(*zip(*pairs, strict=True) if pairs else ((), ()))
        words = {which: VARIANTS[result[which]].what for which in self.names}
        self.names["first"].set_text(f"■ {words['first']}")
        self.names["second"].set_text(f"◆ {words['second']}")
        self.axis.set_visible(bool(places))
        self.none.set_text("" if places else result["told"])
        if places:
            accuracies = [a for _, accuracy in places.values() for a in accuracy.values()]
            prepare(self.axis, result["cost"], [cost for cost, _ in places.values()], accuracies)
        trained = f", trained on {result['images']}" if places else ""
        told = f"“{words['first']}” against “{words['second']}”{trained}: {result['told']}"
        if not places:
            return told
        first, second = (f"{places[result[name]][0] / unit:,.4g}" for name in ("first", "second"))
        return f"{told} Cost ({AXES[result['cost']][0]}): {first} against {second}."


def menu(text: str, options: list, value, width: int = 528) -> widgets.Dropdown:
    """A list to choose from, for names that are too long for a slider."""
    layout = {"width": f"{width}px", "max_width": "100%"}
    return widgets.Dropdown(options=options, value=value, description=text, style=LABEL, layout=layout)
