"""The exercises of chapter 08: a difference in pairs, a width at equal work, what follows; a run above the curve."""

import math
from dataclasses import asdict
from pathlib import Path

from nin_course.audit import Audited, audit, read_card
from nin_course.checks import _read
from nin_course.checks._cases import Judge
from nin_course.checks._ladder import Wrong, exercise
from nin_course.checks.mistakes.ch08 import EQUAL_WIDTHS, OF_PAIRS, PAIRS, interval, nearest, pairs, work
from nin_course.compare import course
from nin_course.files import sample_hashes
from nin_course.frontier import cost_of, rival
from nin_course.lab import VARIANTS
from nin_course.results import STUDENT, Point, paired

FACTOR = dict(enumerate(STUDENT, 2))  # number of differences -> Gosset's factor
ACCURACIES = (
    ({3: 88.7, 0: 89.4, 1: 89.9, 4: 88.2, 2: 90.1}, {0: 88.5, 1: 89.2, 2: 88.6, 3: 88.9, 4: 87.1}),
    ({0: 75.3, 1: 76.8, 2: 74.9, 5: 77.7}, {5: 78.4, 2: 77.2, 7: 75.0, 1: 76.2}),
    ({12: 62.5, 11: 60.1}, {10: 61.0, 11: 62.4, 12: 63.1, 13: 59.5}),
    ({0: 91.2, 2: 90.3, 4: 92.0, 6: 91.1, 8: 90.4, 10: 91.5}, {4: 91.1, 10: 91.9, 2: 91.0, 0: 90.6, 8: 88.9, 6: 90.7}),
)


@exercise(
    "Go through the seeds of one, and keep those that the other has, too: `ours[seed] - theirs[seed]`.",
    "The standard deviation of a sample: the squares of what each is from the mean, added up, over n − 1; then the "
    "root. (`torch.std` and `statistics.stdev` do that.)",
    "The standard error is the deviation over √n. Half the interval is `factor[n]` of them, n the number of pairs.",
)
def paired_difference(paired_difference) -> str:
    """paired_difference(ours, theirs, factor) -> (mean of ours - theirs over common seeds, half of its interval)."""
    judge = Judge(
        "paired_difference",
        lambda ours, theirs, factor: interval(pairs(ours, theirs), factor),
        read=lambda value: _read.numbers(value, ("mean", "half")),
        cases=[(*case, FACTOR) for case in ACCURACIES],
        mistakes=PAIRS,
        of_part=OF_PAIRS,
        tolerance=1e-3,
        called=lambda name, _, case: f"{name}({case[0]}, {case[1]}, factor)",
    )
    remark = judge(paired_difference)
    return "Right: that is what `paired` does. Of two pairs hardly anything can be said: look at factor[2]." + remark


BLOCKS = [(16, 32, 3, 0, 1), (1, 32, 5, 1, 1), (32, 64, 3, 3, 1), (24, 48, 5, 2, 3), (10, 7, 1, 5, 1)]
BLOCKS += [(3, 40, 7, 1, 5), (24, 10, 3, 4, 3)]


@exercise(
    "Count the multiplications at one place. The NiN block: k² · in · out, and two layers of out².",
    "The new block, at width w: k² · in · w, and `layers` times inner² · w².",
    "Try w = 1, 2, 3, … and take the one whose count comes nearest: `min(range(…), key=…)`. Without layers, it may "
    "have to be much wider than `out`.",
)
def equal_width(equal_width) -> str:
    """equal_width(in_channels, out_channels, k, layers, inner) -> width at which a block costs what NiN's does."""
    judge = Judge(
        "equal_width",
        lambda in_channels, out_channels, k, layers, inner: nearest(
            lambda width: work(in_channels, width, k, layers, inner), work(in_channels, out_channels, k, 2, 1)
        ),
        read=lambda value: {"": _read.number(value, "one number, the width,")},
        cases=BLOCKS,
        mistakes=EQUAL_WIDTHS,
        see=lambda value: {"": _read.tensor(value)},
    )
    return "Right. The more of the work a window does, the less there is to win by narrowing." + judge(equal_width)


STATEMENTS = {
    "A": "P is better than N, in the mean over seeds, on these images and by this recipe",
    "B": "Q is as good as N",
    "C": "P is better than Q",
    "D": "if Q is better than N, in the mean over seeds, then by less than 2 points",
    "E": "P is better than N on 60,000 training images, too",
    "F": "with the next seed, P will be ahead of N",
}
ALLOWED = "AD"


def three_networks() -> dict[str, dict[int, float]]:
    """Network -> seed -> per cent right: three made-up networks, five seeds each."""
    return {
        "N": {0: 89.1, 1: 88.8, 2: 89.3, 3: 89.0, 4: 88.9},
        "P": {0: 89.6, 1: 89.2, 2: 89.9, 3: 89.1, 4: 89.3},
        "Q": {0: 90.2, 1: 88.6, 2: 90.2, 3: 89.0, 4: 88.6},
    }


def _why(letter: str) -> str:
    """A sentence that settles one of the six."""
    of = three_networks()
    said = {one + two: "{:+.2f} ± {:.2f}".format(*paired(of[one], of[two])) for one, two in ("PN", "QN", "PQ")}
    leads = pairs(of["P"], of["N"])
    return {
        "A": f"The difference is {said['PN']}, and zero is not in it",
        "B": f"{said['QN']} has zero in it, and a whole point as well: the runs do not tell, and that is no proof of "
        "being equal",
        "C": f"P less Q is {said['PQ']}. That one beats N and the other does not says nothing about the two: compare "
        "them themselves",
        "D": f"{said['QN']} ends well below 2: an interval with zero in it still says how large the difference is not",
        "E": "All of these runs had the same 10,000 images: other images, or more, were not asked",
        "F": f"The interval is about the mean. Single leads go from {min(leads):.1f} to {max(leads):.1f} in these five "
        "alone, and with the next one P may be behind",
    }[letter]


@exercise(
    "`paired(P, N)`, `paired(Q, N)` and `paired(P, Q)`: which of them have zero inside?",
    "Zero inside means that the runs do not tell. What does the other end of the interval say?",
    "An interval is about the mean over seeds, all else as it was: not about one seed, not about other images.",
)
def what_follows(letters) -> str:
    """The letters of what the runs of `three_networks()` allow one to say."""
    words = dict(extra="{0}, {1}: that does not follow.", missing="{0}, {1}: that does follow.")
    _read.exactly(letters, ALLOWED, STATEMENTS, _why, none="Something follows", **words)
    return "Right: A and D. The rest may be true; these runs do not say so."


IMAGES = 2_000  # of the sample's test set


@exercise(
    "A start, in a terminal: `python -m nin_course train --preset laptop --out runs/mine`, and here run = 'runs/mine'.",
    "The course's networks saw each image 8 times, mirrored and moved. What would 30 times do, or a wider --net?",
    "Try on images held out, `--held-out 100`, as often as you like; train the best once more without, and hand it in.",
    seconds=180,
)
def beat_the_course(run) -> str:
    """run: the folder of a run on the sample, which has to stand above the course's curve, at any cost of training.

    The weights are measured again on the sample's 2,000 test images. The curve is that of `nin_course.frontier`: of all
    networks that the course trained on the sample's 10,000 images, by whatever recipe and with three seeds at least,
    those with as many parameters as yours or fewer, and of these the best mean; if yours is smaller than all of them,
    the smallest. What a run was trained on, nobody but its card can say.
    """
    folder = _folder(run)
    try:
        if read_card(folder)["data_sha256"] != sample_hashes():
            raise Wrong(
                f"By its card the run in {folder} was trained on other images than the sample's 10,000, and the curve "
                "is theirs. Train it with --sample."
            )
        found = audit(folder)
    except ValueError as error:
        raise Wrong(f"The run in {folder}: {error}.") from None
    best = rival(course(IMAGES), "parameters", found.costs.parameters)
    measured = f"{found.accuracy:.2%} of the {IMAGES:,} test images, measured again"
    theirs = f"“{VARIANTS[best.net].what}”, {best.mean:.2%} in the mean of {len(best.accuracy)} seeds"
    most = found.costs.parameters
    small = cost_of(best, "parameters") > most
    whose = "smallest network" if small else f"best with no more than {most:,} parameters"
    above = round(100 * (found.accuracy - best.mean), 4)
    if above <= 0:
        raise Wrong(
            f"{measured}. The course's {whose} is {theirs}; that is {abs(above):.2f} points above yours. "
            f"{_differences(found, best)}"
        )
    error = 100 * math.sqrt(found.accuracy * (1 - found.accuracy) / IMAGES)
    luck = "less: another seed may fall below" if above < error else "more"
    return (
        f"Above the curve: {measured}. The course's {whose} is {theirs}; that is {above:.2f} points below "
        f"yours. The luck of {IMAGES:,} images alone is {error:.2f} points (one standard error); this is "
        f"{luck}."
    )


def _folder(run) -> Path:
    """The folder that is meant: seen from here or from the folder above, or a file in it."""
    name = run.strip(" '\"") if isinstance(run, str) else run
    if not isinstance(run, (str, Path)) or name == "":
        raise Wrong(f"The folder of a run is wanted, for example 'runs/mine'; this is {_read.kind(run)}.")
    path = Path(name).expanduser()
    for place in (path, Path("..") / path):
        if place.is_file() and place.name in ("card.json", "weights.pt"):
            return place.parent
        if place.is_dir():
            return place
    raise Wrong(
        f"There is no folder {str(path)!r}, seen from {Path.cwd()} or from the folder above. The one that you gave to "
        "--out is wanted."
    )


def _differences(found: Audited, best: Point) -> str:
    """What the other recipe has otherwise than yours."""
    yours = asdict(found.recipe) | {"sample": False}  # the same images, taken from the full set's files
    other = [f"{name} {of} (yours: {yours[name]})" for name, of in best.recipe.items() if of != yours[name]]
    return f"Its recipe differs from yours: {', '.join(other)}." if other else "It has your recipe: change something."
