"""Accuracy against cost: what the lab's networks reach, and the best of them at each cost. Chapter 08."""

from collections.abc import Iterable

from nin_course.lab import VARIANTS
from nin_course.results import Point

AXES = {  # a field of `nin_course.lab.Costs` -> its words, and the unit of the axis
    "parameters": ("parameters, in thousands", 1e3),
    "macs": ("MACs an image, in millions", 1e6),
    "to_train": ("memory to train on 64 images, in MB", 1e6),
    "to_predict": ("memory to predict an image, in MB", 1e6),
}
TICKS = (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8), (1, 1.5, 2, 3, 5, 7)  # of a decade: if all is near, or far


def cost_of(point: Point, cost: str) -> int:
    """What the point's network costs: `cost` is a key of AXES."""
    return getattr(VARIANTS[point.net].costs, cost)


def rival(points: Iterable[Point], cost: str, value: float) -> Point:
    """The best of the points that cost at most `value`; if all cost more, the best of the cheapest.

    Best by the mean over seeds, of which a point needs three to count. Raises ValueError if no point has so many.
    """
    counted = [point for point in points if len(point.accuracy) >= 3]
    if not counted:
        raise ValueError("No network was recorded with three seeds on so many images.")
    least = min(cost_of(point, cost) for point in counted)
    return max((p for p in counted if cost_of(p, cost) <= max(value, least)), key=lambda point: point.mean)


def curve(points: Iterable[Point], cost: str) -> list[tuple[int, float]]:
    """(cost, mean accuracy) of each point that is better than all that cost as much or less: the steps of the curve."""
    points, steps = list(points), []
    for value in sorted({cost_of(point, cost) for point in points if len(point.accuracy) >= 3}):
        mean = rival(points, cost, value).mean
        if not steps or mean > steps[-1][1]:
            steps.append((value, mean))
    return steps


def prepare(axis, cost: str, costs: Iterable[float], accuracies: Iterable[float]) -> None:
    """Names and ticks of a matplotlib axis for per cent against `cost` in its unit, wide enough for all of these."""
    from matplotlib.ticker import LogLocator, NullLocator

    words, unit = AXES[cost]
    costs, accuracies = list(costs), list(accuracies)
    axis.set(xscale="log", xlabel=words, ylabel="% of the test images right")
    axis.set_xlim(min(costs) / unit / 1.25, max(costs) / unit * 1.25)
    axis.set_ylim(100 * min(accuracies) - 0.5, 100 * max(accuracies) + 0.5)
    axis.xaxis.set_major_locator(LogLocator(subs=TICKS[max(costs) > 8 * min(costs)]))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_locator(NullLocator())
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
