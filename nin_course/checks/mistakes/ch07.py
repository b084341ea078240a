"""The known mistakes of chapter 07: sentence -> the rule that gives just this wrong answer."""

import torch
import torch.nn.functional as F


def strengths(maps):
    return maps.flatten(2).amax(dim=2)


def counts(strength, labels, k, largest=True):
    """(C, classes): of which classes the k images are."""
    best = strength.topk(k, dim=0, largest=largest).indices
    return F.one_hot(labels[best], int(labels.max()) + 1).sum(dim=0)


def _of_cells(maps, labels, k):
    """The k strongest cells of all images, an image as often as it has some."""
    n, channels, *_ = maps.shape
    cells = maps.flatten(2).permute(0, 2, 1).reshape(-1, channels)
    return counts(cells, labels.repeat_interleave(len(cells) // n), k)


def _totals(maps, labels):
    """(C, classes): the strengths of all images, added up class by class."""
    return (F.one_hot(labels).float().T @ strengths(maps).float()).T


def _voted(maps, labels, k, weighed=False):
    """The favourites and their shares; the votes, as said, of 1 or of the image's strength."""
    best = strengths(maps).topk(k, dim=0)
    votes = F.one_hot(labels[best.indices]) * (best.values[:, :, None] if weighed else 1)
    most = votes.sum(dim=0).max(dim=1)
    return most.indices, most.values / (best.values.sum(dim=0) if weighed else k)


def _of_channels(maps, labels, k, dim):
    """Of each image the k strongest channels."""
    best = strengths(maps).topk(k, dim=1).indices
    most = F.one_hot(labels[best]).sum(dim=dim).max(dim=1)
    return most.indices, most.values / k


BEST = {
    "You took k + 1 images, one too many.": lambda m, y, k: _voted(m, y, k + 1),
    "You took k - 1 images, one too few.": lambda m, y, k: _voted(m, y, k - 1),
    "Along dim=1 of (N, C) lie the channels: you took of each image the k strongest. Images lie along dim=0.": (
        lambda m, y, k: _of_channels(m, y, k, dim=0)
    ),
    "Along dim=1 of (N, C) lie the channels: you counted, for each image, k of them. Images lie along dim=0.": (
        lambda m, y, k: _of_channels(m, y, k, dim=1)
    ),
}
FAVOURITES = {
    "classes": {
        "You ranked the images by the mean over their cells; one strong cell is enough, take the maximum.": (
            lambda m, y, k: counts(m.mean(dim=(2, 3)), y, k).argmax(dim=1)
        ),
        "You ranked the images by the mean of the largest cells of their rows; take the maximum of all cells.": (
            lambda m, y, k: counts(m.amax(dim=3).mean(dim=2), y, k).argmax(dim=1)
        ),
        "You ranked the images by the mean of the largest cells of their columns; take the maximum of all cells.": (
            lambda m, y, k: counts(m.amax(dim=2).mean(dim=2), y, k).argmax(dim=1)
        ),
        "Each vote is weighed by the image's strength; each of the k images counts as one.": (
            lambda m, y, k: _voted(m, y, k, weighed=True)[0]
        ),
        "Those are the classes of the 20 best images, whatever k is.": lambda m, y, k: _voted(m, y, 20)[0],
        "Your k are cells, so an image with many strong cells counts several times: first one number an image.": (
            lambda m, y, k: _of_cells(m, y, k).argmax(dim=1)
        ),
        "Those are the images that excite it least.": lambda m, y, k: counts(strengths(m), y, k, False).argmax(dim=1),
        "That is the class of the single most exciting image.": lambda m, y, k: y[strengths(m).argmax(dim=0)],
        "That is the class with the largest total over all images; count among the k best.": (
            lambda m, y, k: _totals(m, y).argmax(dim=1)
        ),
        "Those are the numbers of images, not of classes: look them up in `labels`.": (
            lambda m, y, k: strengths(m).argmax(dim=0)
        ),
        "That is the median of the labels; classes are names, count which one is the most frequent.": (
            lambda m, y, k: y[strengths(m).topk(k, dim=0).indices].median(dim=0).values
        ),
    },
    "shares": {
        "The shares are counts: divide by k.": lambda m, y, k: counts(strengths(m), y, k).amax(dim=1),
        "The shares count k + 1 images, one too many.": lambda m, y, k: _voted(m, y, k + 1)[1] * (k + 1) / k,
        "The shares count k - 1 images, one too few.": lambda m, y, k: _voted(m, y, k - 1)[1] * (k - 1) / k,
        "The shares count 20 images, whatever k is.": lambda m, y, k: _voted(m, y, 20)[1] * 20 / k,
        "The shares are of strengths; count images.": lambda m, y, k: _voted(m, y, k, weighed=True)[1],
        "The shares are in per cent; from 0 to 1 is wanted.": (
            lambda m, y, k: 100 * counts(strengths(m), y, k).amax(dim=1) / k
        ),
        "The shares are divided by the number of all images; divide by k.": (
            lambda m, y, k: counts(strengths(m), y, k).amax(dim=1) / len(y)
        ),
        "The shares are of the class's own images; a share of the k best is wanted.": (
            lambda m, y, k: (
                counts(strengths(m), y, k).amax(dim=1) / y.bincount()[counts(strengths(m), y, k).argmax(dim=1)]
            )
        ),
        "The shares are rounded down: // is a division without a remainder.": (
            lambda m, y, k: counts(strengths(m), y, k).amax(dim=1) // k
        ),
    },
}


def _sides(a, b):
    """(height, width) of what both share; below zero where they lie apart."""
    return min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])


def _area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def common(a, b):
    height, width = _sides(a, b)
    return max(0, height) * max(0, width)


def overlapping(a, b):
    return common(a, b) / (_area(a) + _area(b) - common(a, b))


def _unclamped(a, b):
    height, width = _sides(a, b)
    return height * width / (_area(a) + _area(b) - height * width)


def _enclosing(a, b):
    return (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))


def _closed(a, b):
    """With the last row and column counted in, as pixels would be."""
    return overlapping((*a[:2], a[2] + 1, a[3] + 1), (*b[:2], b[2] + 1, b[3] + 1))


def _corners(box):
    return (*box[:2], box[0] + box[2], box[1] + box[3])


def _changed(numbers):
    """The overlap of boxes whose four numbers are changed first."""
    return lambda a, b: overlapping([numbers(v) for v in a], [numbers(v) for v in b])


def _whole_sides(a, b):
    """Each side without its fraction, where it is first used."""
    height, width = (max(0, int(side)) for side in _sides(a, b))
    areas = [int(bottom - top) * int(right - left) for top, left, bottom, right in (a, b)]
    return height * width / (sum(areas) - height * width)


def _pixels(a, b):
    one, two = ({(row, column) for row in range(c[0], c[2]) for column in range(c[1], c[3])} for c in (a, b))
    return len(one & two) / len(one | two)


OVERLAPS = {
    "You divided by the sum of both areas, in which the shared part counts twice: subtract it once.": (
        lambda a, b: common(a, b) / (_area(a) + _area(b))
    ),
    "Where boxes lie apart, their shared height or width is below zero, or both are, which makes a positive area: "
    "take at least 0 of each.": _unclamped,
    "Only the product is kept above zero: if boxes lie apart both ways, two negative sides make a positive area.": (
        lambda a, b: (p := max(0, _sides(a, b)[0] * _sides(a, b)[1])) / (_area(a) + _area(b) - p)
    ),
    "`abs` makes a positive side of a negative one, so boxes that lie apart share something: `max(0, ...)`.": (
        lambda a, b: (p := abs(_sides(a, b)[0] * _sides(a, b)[1])) / (_area(a) + _area(b) - p)
    ),
    "You subtracted the shared area twice; the sum of both areas holds it once too often.": (
        lambda a, b: common(a, b) / (_area(a) + _area(b) - 2 * common(a, b))
    ),
    "Its fraction is lost, as by `//` or `int`; a share is wanted.": (
        lambda a, b: common(a, b) // (_area(a) + _area(b) - common(a, b))
    ),
    "It is rounded to a whole number, or is a yes or no; a share is wanted.": lambda a, b: round(overlapping(a, b)),
    **{
        f"It is rounded to {n} digit{'s' * (n > 1)}; leave it as it is.": lambda a, b, n=n: round(overlapping(a, b), n)
        for n in (1, 2, 3)
    },
    "You count whole pixels; a box may begin and end between two of them: multiply its sides.": _pixels,
    "The boxes' numbers lose their fractions (`int`); a box may begin and end anywhere.": _changed(int),
    "The boxes' numbers are rounded (`round`); a box may begin and end anywhere.": _changed(round),
    "The sides lose their fractions (`int`); a box may be 2.5 wide.": _whole_sides,
    "That is the shared area; divide it by the area that at least one box covers.": common,
    "You divided by the smaller box alone.": lambda a, b: common(a, b) / min(_area(a), _area(b)),
    "You divided by the larger box alone.": lambda a, b: common(a, b) / max(_area(a), _area(b)),
    "You divided by the first box alone.": lambda a, b: common(a, b) / _area(a),
    "You divided by the second box alone.": lambda a, b: common(a, b) / _area(b),
    "You divided by the smallest box that holds both; some of it is covered by neither.": (
        lambda a, b: common(a, b) / _enclosing(a, b)
    ),
    "That is twice the shared area over the sum of both areas, another measure (Dice's).": (
        lambda a, b: 2 * common(a, b) / (_area(a) + _area(b))
    ),
    "That is 1 minus the overlap.": lambda a, b: 1 - overlapping(a, b),
    "Each side is 1 too long: a box ends where `bottom` and `right` begin.": _closed,
    "The last two numbers are the bottom and the right, not a height and a width.": (
        lambda a, b: overlapping(_corners(a), _corners(b))
    ),
    "It is in per cent; from 0 to 1 is wanted.": lambda a, b: 100 * overlapping(a, b),
    "Boxes that share an edge or a part are not all the same: a share is wanted, not yes or no.": (
        lambda a, b: float(common(a, b) > 0)
    ),
    "That is the area that at least one of them covers.": lambda a, b: _area(a) + _area(b) - common(a, b),
}


def pieces(confidence, right, bins):
    """(bins, n) each, sorted by confidence."""
    order = confidence.argsort()
    return confidence[order].reshape(bins, -1).double(), right[order].reshape(bins, -1).double()


def gaps(confidence, right, bins):
    sure, share = pieces(confidence, right, bins)
    return sure.mean(dim=1) - share.mean(dim=1)


def _of(sure, share):
    return (sure.double().mean(dim=1) - share.double().mean(dim=1)).abs().mean()


def _equal_widths(c, r, bins):
    number = (c * bins).ceil().long().clamp(min=1) - 1
    held = [number == k for k in range(bins) if (number == k).any()]
    return sum(mask.sum() * (c[mask].double().mean() - r[mask].double().mean()).abs() for mask in held) / len(c)


def _sorted(c, r, bins, order=torch.argsort):
    """Pieces of both, in some order by confidence."""
    return [values[order(c)].reshape(bins, -1) for values in (c, r)]


ERRORS = {
    "Those bins are of equal width; here each holds equally many images: sort, then cut.": _equal_widths,
    "Confidence is sorted, but `right` is not: each answer has to stay with its confidence.": (
        lambda c, r, bins: _of(c.sort().values.reshape(bins, -1), r.reshape(bins, -1))
    ),
    "Both are sorted, each for itself: each answer has to stay with its confidence.": (
        lambda c, r, bins: _of(c.sort().values.reshape(bins, -1), r.int().sort().values.reshape(bins, -1))
    ),
    "The images are cut as they come: sort them by confidence first.": (
        lambda c, r, bins: _of(c.reshape(bins, -1), r.reshape(bins, -1))
    ),
    "Every bins-th image lands in the same bin: `reshape(bins, -1)` keeps neighbours together.": (
        lambda c, r, bins: _of(c[c.argsort()].reshape(-1, bins).T, r[c.argsort()].reshape(-1, bins).T)
    ),
    "Each of your pieces holds `bins` images; `bins` is the number of pieces: `reshape(bins, -1)`.": (
        lambda c, r, bins: _of(*_sorted(c, r, len(c) // bins))
    ),
    "`argsort()` says which image comes first, second and so on; it is not the rank of the first, the second image.": (
        lambda c, r, bins: _of(*_sorted(c, r, bins, lambda c: c.argsort().argsort()))
    ),
    "That is the share of wrong answers, `~right`; the share of right ones is wanted.": (
        lambda c, r, bins: _of(*_sorted(c, ~r, bins))
    ),
    "You took the median confidence of each bin; its mean is wanted.": (
        lambda c, r, bins: _of(_sorted(c, r, bins)[0].median(dim=1, keepdim=True).values, _sorted(c, r, bins)[1])
    ),
    "You took medians in each bin, of the confidence and of the answers; their means are wanted.": (
        lambda c, r, bins: _of(*(v.double().median(dim=1, keepdim=True).values for v in _sorted(c, r, bins)))
    ),
    "That is the median gap of the images in each bin; their mean is wanted.": (
        lambda c, r, bins: (p := _sorted(c, r, bins))[0].sub(p[1].double()).median(dim=1).values.abs().mean()
    ),
    "That is the gap of each single image; first the means of each bin, then their gap.": (
        lambda c, r, bins: (c.double() - r.double()).abs().mean()
    ),
    "Gaps of opposite signs cancel: take the absolute value in each bin.": lambda c, r, bins: gaps(c, r, bins).mean(),
    "You took the absolute value after the mean over the bins, or made no bins: gaps of opposite signs cancel.": (
        lambda c, r, bins: gaps(c, r, bins).mean().abs()
    ),
    "The gaps are squared; their absolute value is wanted.": lambda c, r, bins: gaps(c, r, bins).square().mean(),
    "That is the root of the mean square; the mean of the absolute gaps is wanted.": (
        lambda c, r, bins: gaps(c, r, bins).square().mean().sqrt()
    ),
    "That is the largest gap; the mean is wanted.": lambda c, r, bins: gaps(c, r, bins).abs().max(),
    "The gaps are added up; the mean over the bins is wanted.": lambda c, r, bins: gaps(c, r, bins).abs().sum(),
    "It is in per cent.": lambda c, r, bins: 100 * gaps(c, r, bins).abs().mean(),
    "Those are the gaps, bin by bin; one number is wanted, their mean.": lambda c, r, bins: gaps(c, r, bins).abs(),
    "That is the median of the gaps; the mean is wanted.": lambda c, r, bins: torch.quantile(
        gaps(c, r, bins).abs(), 0.5
    ),
}
