"""`python -m nin_course compare runs/*`: your runs beside the course's own, on the same axes. Chapter 08.

Each run is measured again (`nin_course.audit`) and stands with those that were trained on as many images: the sample's
10,000, measured on its 2,000 test images, or all 60,000, measured on all 10,000.
"""

import glob
import sys
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from nin_course.audit import Audited, audit
from nin_course.checkpoint import write_whole
from nin_course.frontier import AXES, cost_of, curve, prepare, rival
from nin_course.language import say, say_table
from nin_course.plots import BLUE, GREY, ORANGE, png
from nin_course.results import Point, points, runs

TRAINED_ON = {
    2_000: (10_000, "test_sample"),
    10_000: (60_000, "test"),
}  # test images -> training images, field of a run

LONG = 28  # characters of a name in the picture


def compare(paths: Iterable[str], cost: str = "parameters", to: str = "comparison.png") -> int:
    """Prints a table of the runs in these folders, and in folders in them, and draws them; 1 if any is left out.

    `cost` is a key of `nin_course.frontier.AXES`; `to` the picture's file, or the folder for a comparison.png.
    """
    folders, left_out = find(paths)
    names, found = named(folders), {}
    for number, folder in enumerate(folders, start=1):
        print(say(f"measuring {number} of {len(folders)}: {names[folder]}"), file=sys.stderr, flush=True)
        try:
            found[names[folder]] = audit(folder)
        except ValueError as error:
            left_out.append(f"{names[folder]}: {error}")
    if found:
        print("\n\n".join("\n".join(map(say_table, table(images, some, cost))) for images, some in parted(found)))
        place = Path(to) / "comparison.png" if Path(to).is_dir() else Path(to)
        try:
            write_whole(place, png(drawn(found, cost)))
            print(say(f"\nThe picture is in {place}."))
        except OSError as error:
            left_out.append(f"the picture: {place} cannot be written: {error.strerror}")
    for sentence in left_out:
        print(say(f"Left out: {sentence}."), file=sys.stderr)
    return 1 if left_out or not found else 0


def find(paths: Iterable[str]) -> tuple[list[Path], list[str]]:
    """The folders with a card, each once, and sentences about the paths that have none; a * is filled in."""
    folders: dict[Path, Path] = {}
    left_out = []
    for given in paths:
        matching = sorted(glob.glob(given)) if glob.has_magic(given) and not Path(given).exists() else [given]
        for path in map(Path, matching):
            cards = sorted(path.rglob("card.json")) if path.is_dir() else [path] * (path.name == "card.json")
            for card in cards:
                folders.setdefault(card.resolve().parent, card.parent)
            if not path.exists():
                left_out.append(f"{path}: there is no such folder")
            elif path.is_dir() and not cards:
                left_out.append(f"{path}: there is no card.json in it, as a run has that has come to its end")
        if not matching:
            left_out.append(f"{given}: nothing is called so")
    return list(folders.values()), left_out


def named(folders: list[Path]) -> dict[Path, str]:
    """Each folder by the last part of its path, or by as many as tell it from the others."""
    parts = {folder: folder.resolve().parts for folder in folders}

    def name(folder: Path) -> str:
        for n in count(1):
            if n >= len(parts[folder]) or sum(p[-n:] == parts[folder][-n:] for p in parts.values()) == 1:
                return Path(*parts[folder][-n:]).as_posix()

    return {folder: name(folder) for folder in folders}


def parted(found: dict[str, Audited]) -> list[tuple[int, dict[str, Audited]]]:
    """(test images, its runs, the best first), the sample before the full set."""
    best = sorted(found, key=lambda name: -found[name].accuracy)
    return [
        (n, {name: found[name] for name in best if found[name].images == n})
        for n in TRAINED_ON
        if any(run.images == n for run in found.values())
    ]


def course(images: int) -> list[Point]:
    """The course's points for so many test images."""
    trained, where = TRAINED_ON[images]
    return [point for point in points(runs(), where) if point.images == trained]


def table(images: int, some: dict[str, Audited], cost: str) -> list[str]:
    """Lines: number, name, cost, per cent, and how far from the course's best that costs no more."""
    (words, unit), theirs = AXES[cost], course(images)
    wide = max(map(len, [*some, "run"]))
    lines = [f"trained on {TRAINED_ON[images][0]:,} images, measured on {images:,} test images; cost: {words}"]
    lines.append(f"{'':>3}  {'run':{wide}}  {'cost':>9}  {'% right':>7}  {'the course, for no more'}")
    for number, (name, run) in enumerate(some.items(), start=1):
        value = getattr(run.costs, cost)
        try:
            best = 100 * rival(theirs, cost, value).mean
            against = f"{best:.2f}, yours {100 * run.accuracy - best:+.2f}".replace("-", "−")
        except ValueError:
            against = "not recorded yet"
        lines.append(f"{number:>3}  {name:{wide}}  {value / unit:>9,.1f}  {100 * run.accuracy:>7.2f}  {against}")
    return lines


def drawn(found: dict[str, Audited], cost: str):
    """A matplotlib Figure: the runs, by their numbers in the table, over the course's points and their best."""
    from matplotlib.figure import Figure

    groups = parted(found)
    heights = [max(4.0, 1.8 + 0.2 * len(some)) for _, some in groups]
    figure = Figure(figsize=(10.5, sum(heights)), dpi=110, layout="constrained")
    axes = figure.subplots(len(groups), height_ratios=heights, squeeze=False)[:, 0]
    for axis, high, (images, some) in zip(axes, heights, groups, strict=True):
        axis.set_title(f"trained on {TRAINED_ON[images][0]:,} images, measured on {images:,}", fontsize=11, loc="left")
        _draw(axis, course(images), some, cost, points_high=72 * (high - 0.9))
    return figure


def _draw(axis, theirs: list[Point], some: dict[str, Audited], cost: str, points_high: float) -> None:
    unit = AXES[cost][1]
    own = [(getattr(run.costs, cost) / unit, 100 * run.accuracy) for run in some.values()]
    means = [(cost_of(point, cost) / unit, 100 * point.mean) for point in theirs]
    x, y = zip(*own, *means, strict=True)
    prepare(axis, cost, [unit * value for value in x], [value / 100 for value in y])
    steps = [(value / unit, 100 * mean) for value, mean in curve(theirs, cost)]
    if steps:
        steps.append((axis.get_xlim()[1], steps[-1][1]))
        axis.plot(
            *zip(*steps, strict=True),
            color=BLUE,
            drawstyle="steps-post",
            label="the course's best for no more",
            zorder=1,
        )
        axis.plot(*zip(*means, strict=True), "o", color=GREY, ms=7, mfc="white", mew=2, label="the course's means")
    axis.plot(*zip(*own, strict=True), "D", color=ORANGE, ms=8, mfc="white", mew=2, label="yours")
    bottom, top = axis.get_ylim()
    line, lowest = 12 * (top - bottom) / points_high, {}  # a line of text; where the last number stands, by cost
    for number, (value, accuracy) in enumerate(own, start=1):
        lowest[value] = min(accuracy, lowest.get(value, top) - line)
        place = dict(xytext=(9, 0), textcoords="offset points", va="center", fontsize=10, weight="bold", color=ORANGE)
        axis.annotate(str(number), (value, lowest[value]), annotation_clip=False, **place)
    short = [name if len(name) <= LONG else f"…{name[1 - LONG :]}" for name in some]
    listed = [
        f"{n}  {name}  {run.accuracy:.2%}" for n, (name, run) in enumerate(zip(short, some.values(), strict=True), 1)
    ]
    axis.text(1.02, 1, "\n".join(listed), transform=axis.transAxes, va="top", fontsize=9.5, parse_math=False)
    axis.legend(loc="lower left", bbox_to_anchor=(1.01, 0), fontsize=9, frameon=False)
