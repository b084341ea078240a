"""The exercises of chapter 08: a run of one's own that stands above the course's curve."""

import math
from dataclasses import asdict
from pathlib import Path

from nin_course.audit import Audited, audit, read_card
from nin_course.checks import _read
from nin_course.checks._ladder import Wrong, exercise
from nin_course.compare import course
from nin_course.files import sample_hashes
from nin_course.frontier import rival
from nin_course.lab import VARIANTS, Point

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
    above = round(100 * (found.accuracy - best.mean), 4)
    if above <= 0:
        raise Wrong(
            f"{measured}. The course's best with no more than {found.costs.parameters:,} parameters is {theirs}: "
            f"{abs(above):.2f} points above yours. {_differences(found, best)}"
        )
    error = 100 * math.sqrt(found.accuracy * (1 - found.accuracy) / IMAGES)
    luck = "less: another seed may fall below" if above < error else "more"
    return (
        f"Above the curve: {measured}. The course's best with no more parameters is {theirs}: {above:.2f} points below "
        f"yours. The luck of {IMAGES:,} images alone is {error:.2f} points (one standard error); this is {luck}."
    )


def _folder(run) -> Path:
    """The folder that is meant: seen from here or from the folder above, or a file in it."""
    if not isinstance(run, (str, Path)):
        raise Wrong(f"The folder of a run is wanted, for example 'runs/mine'; this is {_read.kind(run)}.")
    path = Path(run.strip(" '\"") if isinstance(run, str) else run).expanduser()
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
