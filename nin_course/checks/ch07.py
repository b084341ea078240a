"""The four exercises of chapter 07: favourites of channels, overlap of boxes, bins equally full, what T changes."""

import torch
import torch.nn.functional as F

from nin_course.checks import _read
from nin_course.checks._cases import Judge
from nin_course.checks._ladder import exercise
from nin_course.checks.mistakes.ch07 import (
    BEST,
    ERRORS,
    FAVOURITES,
    OVERLAPS,
    common,
    counts,
    gaps,
    overlapping,
    strengths,
)


def _labelled(n: int, channels: int, h: int, w: int, classes: int, k: int, seed: int):
    """Maps (n, channels, h, w) in which each channel likes some classes more, labels (n,), and k."""
    made = torch.Generator().manual_seed(seed)
    labels = torch.randint(classes, (n,), generator=made)
    labels[:classes] = torch.arange(classes)
    liking = 1.5 * torch.randn(classes, channels, generator=made)
    maps = 2.5 * torch.randn(n, channels, h, w, generator=made) + liking[labels][:, :, None, None]
    return maps, labels, k


# Of each channel's four best images one is of class 1, the strongest by far: class 0 has three.
OUTNUMBERED = torch.tensor(
    [[9, 1, 2.1, 9.5], [2.3, 2, 1.9, 2.2], [2.2, 2.1, 1.8, 2], [2, 2.4, 2.2, 2.1], [1, 8, 1, 1.5]]
)
SPREAD = torch.tensor([[0, -1], [-2, -0.5]])  # from the strongest of four cells
LABELLED = [
    *(_labelled(14, 3, 2, 3, 3, 5, 10), _labelled(40, 4, 3, 2, 4, 7, 0), _labelled(30, 5, 2, 2, 5, 9, 2)),
    (OUTNUMBERED[:, :, None, None] + SPREAD, torch.tensor([1, 0, 0, 0, 1]), 4),
]


def _favourites(maps, labels, k):
    most = counts(strengths(maps), labels, k).max(dim=1)
    return most.indices, most.values / k


def _two(value) -> dict:
    classes, shares = _read.several(value, ("classes", "shares"))
    return {"classes": _read.tensor(classes), "shares": _read.tensor(shares)}


def _named(got, wanted) -> str:
    """Classes are names: how many are wrong, and one of them."""
    off = (got != wanted).nonzero().flatten().tolist()
    some = f"{len(off)} of the {len(wanted)} classes {'is' if len(off) == 1 else 'are'} wrong"
    said, right = _read.show(got[off[0]]), _read.show(wanted[off[0]])
    return f"{some}; channel {off[0]}: you say class {said}, it should be class {right}"


@exercise(
    "First make one number of each image and channel, that of the strongest cell: (N, C).",
    "`topk(k, dim=0).indices` gives the k best images of each channel, (k, C); `labels[...]` their classes.",
    "`F.one_hot(classes).sum(dim=0)` counts them, (C, classes). Then the largest count, and where it stands.",
)
def favourites(favourites) -> str:
    """favourites(maps, labels, k) -> each channel's most frequent class among its k best images, and its share."""
    judge = Judge(
        "favourites",
        lambda maps, labels, k: _favourites(maps, labels, k),
        read=_two,
        cases=LABELLED,
        mistakes=BEST,
        of_part=FAVOURITES,
        tell={"classes": _named},
        tolerance=1e-3,
        called=lambda name, _, case: f"favourites(maps {tuple(case[0].shape)}, labels, k={case[2]})",
    )
    return "Right, for every channel. A share near 1 is a name; it is not yet a role." + judge(favourites)


BOXES = (
    ((0, 0, 4, 4), (0, 0, 4, 4)),
    ((0, 0, 4, 6), (2, 3, 7, 8)),
    ((2, 1, 9, 9), (4, 3, 6, 6)),
    ((0, 0, 3, 3), (5, 6, 9, 9)),
    ((0, 0, 3, 5), (1, 7, 4, 9)),
    ((6, 2, 9, 5), (0, 1, 4, 4)),
    ((0, 0, 2, 3), (2, 0, 5, 3)),
    ((10, 20, 38, 48), (16, 12, 44, 40)),
    ((0.5, 0.3, 5.2, 6.8), (2.7, 3.6, 7.4, 8.1)),
    ((0.12, 0.2, 0.55, 0.71), (0.3, 0.05, 0.8, 0.6)),
    ((1.5, 2.4, 9.3, 9.9), (1.8, 2.2, 9.6, 9.7)),
    ((1.5, 2.6, 4.1, 4.4), (4.3, 0.4, 6.9, 3.2)),
)


@exercise(
    "What both share is a box as well: it begins at the larger of the two tops, and ends at the smaller bottom.",
    "Its height and width are at least 0: `max(0, bottom - top)`.",
    "What at least one covers: both areas, less what they share, which would count twice.",
)
def overlap(overlap) -> str:
    """overlap(box, other) -> shared area / area that at least one covers; boxes (top, left, bottom, right)."""
    judge = Judge(
        "overlap",
        lambda box, other: overlapping(box, other),
        read=lambda value: {"": _read.number(value, "one number, the overlap,")},
        cases=BOXES,
        mistakes=OVERLAPS,
        tolerance=1e-3,
        see=lambda value: {"": _read.tensor(value)},
        special=lambda box, other: box == other or not common(box, other),
    )
    return "Right, for boxes that lie apart, too. It is known as intersection over union." + judge(overlap)


def _answered(n: int, bins: int, seed: int):
    """Confidences (n,), and answers that are right less often, or more often, than they say."""
    made = torch.Generator().manual_seed(seed)
    confidence = 0.15 + 0.85 * torch.rand(n, generator=made) ** 0.6
    return confidence, torch.rand(n, generator=made) < confidence**1.5 + 0.15, bins


ANSWERED = [_answered(15, 3, 1), _answered(35, 5, 2), _answered(63, 7, 3)]  # odd: whoever takes a median takes the same


@exercise(
    "`order = confidence.argsort()`: in which order do `confidence[order]` and `right[order]` go?",
    "`.reshape(bins, -1)` cuts a row of n numbers into `bins` pieces that lie side by side.",
    "In each piece: mean confidence minus share right, without its sign. Then the mean over the pieces.",
)
def even_error(even_error) -> str:
    """even_error(confidence, right, bins) -> the expected calibration error over bins that are equally full."""
    judge = Judge(
        "even_error",
        lambda confidence, right, bins: gaps(confidence, right, bins).abs().mean(),
        read=lambda value: {"": _read.number(value, "one number, the error,")},
        cases=ANSWERED,
        mistakes=ERRORS,
        tolerance=1e-3,
        see=lambda value: {"": _read.tensor(value)},
        called=lambda name, _, case: f"even_error(confidence ({len(case[0])},), right, bins={case[2]})",
    )
    return "Right. Other bins, another number: whoever quotes such an error has to say which." + judge(even_error)


STATEMENTS = {
    "A": "which class an image is said to be",
    "B": "the accuracy",
    "C": "the mean confidence",
    "D": "the cross-entropy",
    "E": "which of two images the network is surer of",
}
PAIR = torch.tensor([[3.0, 2.5, -10.0], [3.0, 1.2, 1.2]])


def _why(letter: str) -> str:
    """A sentence that settles one of the five."""
    warm = [(PAIR / T).softmax(dim=1).amax(dim=1).tolist() for T in (1, 3)]
    losses = [F.cross_entropy(PAIR / T, torch.tensor([0, 0])).item() for T in (1, 3)]
    sure, less = warm
    return {
        "A": "Divided by the same positive number, the largest logit stays the largest",
        "B": "No answer changes, so none becomes right or wrong",
        "C": f"For the logits (3, 1.2, 1.2) the confidence is {sure[1]:.2f}; divided by 3, it is {less[1]:.2f}",
        "D": f"For two images with the logits (3, 2.5, -10) and (3, 1.2, 1.2), both of class 0, it goes from "
        f"{losses[0]:.2f} to {losses[1]:.2f} at T = 3",
        "E": f"Of images with the logits (3, 2.5, -10) and (3, 1.2, 1.2) the second is the surer one, {sure[1]:.2f} "
        f"against {sure[0]:.2f}; at T = 3 it is the first, {less[0]:.2f} against {less[1]:.2f}",
    }[letter]


@exercise(
    "Try it: `(logits / T).softmax(dim=1)` for a few rows of numbers and two values of T.",
    "Softmax sees differences between logits. Divided by T, they keep their sign.",
    "For E take two images: in one the second-best class is close and the rest are far, in the other all are alike.",
)
def what_changes(letters) -> str:
    """The letters of what can change if all logits are divided by the same positive T."""
    words = dict(none="Something does change", extra="{0}, {1}, cannot change.", missing="{0}, {1}, can change, too.")
    _read.exactly(letters, "CDE", STATEMENTS, _why, **words)
    return "Right: C, D and E. A temperature mends how sure a network is, and never what it says."
