"""What the recorded runs of chapter 08 say: each network's accuracies by seed, and the difference of two in pairs.

`benchmarks/lab.py` made the runs; their networks are the VARIANTS of `nin_course.lab`.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from nin_course.weights import ASSETS

RUNS = ASSETS / "lab" / "runs.jsonl"
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)  # 95%, two-sided, 1 to 9 degrees of freedom


def runs(device: str | None = None, path: Path = RUNS) -> list[dict]:
    """The recorded runs of chapter 08, as `benchmarks/lab.py` made them, in the order in which they ended.

    All of them, or those that were made on one device (a `device_of`), which alone may be compared seed by seed.

    Each has `images` (how many it was trained on), `seed`, `recipe` (its "net" is a key of VARIANTS), `tried` (True: a
    try for the best recipe, never measured on the test images), and what was measured: `trained`, `held_out`, `test`
    and `test_sample`, each with "accuracy", "loss" and the classes "never_said", where there is such a measurement.
    card.json beside the file says more.

    >>> {run["images"] for run in runs() if "held_out" not in run} <= {60_000}
    True
    """
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [run for run in found if device in (None, device_of(run))]


def device_of(run: dict) -> str:
    """What a run was made on, as far as its numbers depend on it: "CPU, bfloat16", or "NVIDIA H200, bfloat16".

    How many threads it had is left out. On another device a seed draws other numbers, and without bfloat16 the sums are
    others, so that two runs of one seed are no pair.
    """
    made_on = run["made_on"]
    return made_on["device"].split(",")[0] + f", {made_on['autocast']}" * (made_on["autocast"] != "no")


@dataclass(frozen=True)
class Point:
    """All runs of a network by one recipe on so many images and one device: accuracy by seed, on the images asked."""

    net: str  # a key of VARIANTS
    images: int
    recipe: dict  # but for the network and the images' side, which are those of the variant
    device: str  # a `device_of`
    accuracy: dict[int, float]

    @property
    def mean(self) -> float:
        return sum(self.accuracy.values()) / len(self.accuracy)


def points(found: list[dict], where: str = "test") -> list[Point]:
    """What `runs()` say of the images in `where` ("test", "test_sample" or "held_out"), run by run put together.

    A network stands where it has its first run. Left out are tries, which have not seen the test images, and runs that
    were not measured there.
    """
    grouped: dict[tuple, Point] = {}
    for run in found:
        if run["tried"] or where not in run:
            continue
        recipe = {name: value for name, value in run["recipe"].items() if name not in ("net", "size")}
        net, images, device = run["recipe"]["net"], run["images"], device_of(run)
        point = grouped.setdefault((net, images, device, str(recipe)), Point(net, images, recipe, device, {}))
        point.accuracy[run["seed"]] = run[where]["accuracy"]
    return list(grouped.values())


def paired(ours: dict[int, float], theirs: dict[int, float]) -> tuple[float, float]:
    """The mean difference ours - theirs over the seeds that both have, and half the width of its 95% interval.

    A conclusion that the spread carries has a mean that is larger than the half width (Student 1908, "The probable
    error of a mean"). Two seeds at least, ten at most; raises ValueError for fewer or more.

    >>> paired({0: 0.90, 1: 0.91, 2: 0.92}, {0: 0.90, 1: 0.90, 2: 0.90})
    (0.01, 0.024843)
    """
    differences = [ours[seed] - theirs[seed] for seed in sorted(set(ours) & set(theirs))]
    n = len(differences)
    if not 2 <= n <= len(STUDENT) + 1:
        raise ValueError(f"A paired test needs 2 to {len(STUDENT) + 1} seeds that both have; here are {n}.")
    mean = sum(differences) / n
    deviation = math.sqrt(sum((d - mean) ** 2 for d in differences) / (n - 1))
    return round(mean, 6), round(STUDENT[n - 2] * deviation / math.sqrt(n), 6)
