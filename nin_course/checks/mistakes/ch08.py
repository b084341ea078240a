"""Mistakes in the exercises of chapter 08."""

import statistics
from math import sqrt


def pairs(ours, theirs):
    """The differences, seed by seed, of the seeds that both have."""
    return [ours[seed] - theirs[seed] for seed in ours if seed in theirs]


def deviation(values):
    return statistics.stdev(values)


def interval(differences, factor):
    """(mean, half the width of its interval) of differences, by the factor for so many."""
    n = len(differences)
    return sum(differences) / n, factor[n] * deviation(differences) / sqrt(n)


def _common(ours, theirs):
    """The values of each, of the seeds that both have."""
    seeds = [seed for seed in ours if seed in theirs]
    return [ours[seed] for seed in seeds], [theirs[seed] for seed in seeds]


def _padded(ours, theirs, factor):
    return interval([ours.get(s, 0) - theirs.get(s, 0) for s in {*ours, *theirs}], factor)


def _every_seed(ours, theirs, factor):
    return interval([ours[seed] - theirs[seed] for seed in ours], factor)


def _counted(ours, theirs, factor):
    return interval([ours[seed] - theirs[seed] for seed in range(len(ours))], factor)


def _zipped(ours, theirs, factor, order=list):
    return interval([a - b for a, b in zip(order(ours), order(theirs), strict=False)], factor)


def _values(table):
    return list(table.values())


def _by_seed(table):
    return [table[seed] for seed in sorted(table)]


def _squared(ours, theirs, factor):
    return interval([d**2 for d in pairs(ours, theirs)], factor)


PAIRS = {
    "You paired the accuracies in the order in which they stand; pair them by seed: `ours[seed] - theirs[seed]`.": (
        lambda ours, theirs, factor: _zipped(ours, theirs, factor, _values)
    ),
    "Sorted by seed, they still do not match where one of them lacks a seed: take the seeds that both have.": (
        lambda ours, theirs, factor: _zipped(ours, theirs, factor, _by_seed)
    ),
    "You sorted the accuracies by size; each has to stay with its seed.": (
        lambda ours, theirs, factor: _zipped(ours, theirs, factor, lambda table: sorted(table.values()))
    ),
    "You subtracted the seeds, not the accuracies: looping over a dict gives its keys.": _zipped,
    "A seed that only one of them has counts as 0 per cent right with you: leave it out.": _padded,
    "A seed that only `ours` has is no pair: leave it out.": _every_seed,
    "The seeds need not be 0, 1, 2 and so on: go through those that both have.": _counted,
    "You took the differences without their sign; which one is ahead is the question.": (
        lambda ours, theirs, factor: interval([abs(d) for d in pairs(ours, theirs)], factor)
    ),
    "You squared the differences before anything else.": _squared,
    "You divided by `theirs`; the difference itself is wanted, in points.": (
        lambda ours, theirs, factor: interval([(ours[s] - theirs[s]) / theirs[s] for s in ours if s in theirs], factor)
    ),
}


def _root_mean_square(differences):
    return sqrt(sum(d**2 for d in differences) / (len(differences) - 1))


def _apart(ours, theirs):
    """The deviation that the differences would have if the two had nothing to do with each other."""
    return sqrt(sum(deviation(values) ** 2 for values in _common(ours, theirs)))


def _half(of):
    """A mistake in the half width: of(differences, n, factor)."""
    return lambda ours, theirs, factor: of(d := pairs(ours, theirs), len(d), factor)


OF_PAIRS = {
    "mean": {
        "The mean is that of theirs − ours; ours − theirs is wanted.": lambda a, b, f: -statistics.mean(pairs(a, b)),
        "You took the median of the differences; their mean is wanted.": lambda a, b, f: statistics.median(pairs(a, b)),
        "The differences are added up; their mean is wanted.": lambda a, b, f: sum(pairs(a, b)),
        "The mean of the differences is over n of them, not over n − 1.": (
            lambda a, b, f: sum(pairs(a, b)) / (len(pairs(a, b)) - 1)
        ),
        "You took the means over all seeds; the ones that only one of them has are no pairs.": (
            lambda a, b, f: statistics.mean(a.values()) - statistics.mean(b.values())
        ),
        "You divided by the number of seeds that `ours` has; the pairs count.": lambda a, b, f: (
            sum(pairs(a, b)) / len(a)
        ),
        "The mean has lost its sign: below zero says that `ours` is behind.": (
            lambda a, b, f: abs(statistics.mean(pairs(a, b)))
        ),
        "That is the mean accuracy of `ours`; its mean lead over `theirs` is wanted.": (
            lambda a, b, f: statistics.mean(_common(a, b)[0])
        ),
    },
    "half": {
        "The standard deviation is of a sample: divide its squares by n − 1, not by n.": _half(
            lambda d, n, f: f[n] * statistics.pstdev(d) / sqrt(n)
        ),
        "It lacks the √n: you have the factor times the deviation of single differences.": _half(
            lambda d, n, f: f[n] * deviation(d)
        ),
        "You divided by n; the standard error is the deviation over √n.": _half(
            lambda d, n, f: f[n] * deviation(d) / n
        ),
        "You multiplied by √n; the standard error is the deviation over √n.": _half(
            lambda d, n, f: f[n] * deviation(d) * sqrt(n)
        ),
        "Both the deviation and the √n have n − 1 with you; under the root it is n.": _half(
            lambda d, n, f: f[n] * deviation(d) / sqrt(n - 1)
        ),
        "1.96 is for a deviation that one knows; here it is guessed from few numbers: `factor[n]`.": _half(
            lambda d, n, f: 1.96 * deviation(d) / sqrt(n)
        ),
        "2 is for a deviation that one knows; here it is guessed from few numbers: `factor[n]`.": _half(
            lambda d, n, f: 2 * deviation(d) / sqrt(n)
        ),
        "2.776 is the factor of five differences; for n of them it is `factor[n]`.": _half(
            lambda d, n, f: 2.776 * deviation(d) / sqrt(n)
        ),
        "That is the standard error; `factor[n]` times that is wanted.": _half(lambda d, n, f: deviation(d) / sqrt(n)),
        "That is the deviation of the differences; `factor[n]` times the standard error is wanted.": _half(
            lambda d, n, f: deviation(d)
        ),
        "That is the whole width of the interval; half of it is wanted.": _half(
            lambda d, n, f: 2 * f[n] * deviation(d) / sqrt(n)
        ),
        "That is half of the half: from the mean to the end of the interval it is `factor[n]` standard errors.": _half(
            lambda d, n, f: f[n] * deviation(d) / sqrt(n) / 2
        ),
        "That has the variance in it; the standard deviation is its root.": _half(
            lambda d, n, f: f[n] * deviation(d) ** 2 / sqrt(n)
        ),
        "That is the variance over n; the root of it is the standard error.": _half(
            lambda d, n, f: f[n] * deviation(d) ** 2 / n
        ),
        "`factor` is already by the number of pairs: factor[n], not factor[n − 1].": _half(
            lambda d, n, f: f[n - 1] * deviation(d) / sqrt(n)
        ),
        "`factor` is by the number of pairs: factor[n], not factor[n + 1].": _half(
            lambda d, n, f: f[n + 1] * deviation(d) / sqrt(n)
        ),
        "You took the factor and the √n for all seeds of `ours`; the pairs count.": lambda a, b, f: (
            f[len(a)] * deviation(pairs(a, b)) / sqrt(len(a))
        ),
        "You took the factor for all seeds of `ours`; the pairs count.": lambda a, b, f: (
            f[len(a)] * deviation(pairs(a, b)) / sqrt(len(pairs(a, b)))
        ),
        "You took the √n of all seeds of `ours`; the pairs count.": lambda a, b, f: (
            f[len(pairs(a, b))] * deviation(pairs(a, b)) / sqrt(len(a))
        ),
        "You put the two deviations together; in pairs there is one, that of the differences.": lambda a, b, f: (
            f[len(pairs(a, b))] * _apart(a, b) / sqrt(len(pairs(a, b)))
        ),
        "You took the deviation of `ours`; that of the differences is wanted.": lambda a, b, f: (
            f[len(pairs(a, b))] * deviation(_common(a, b)[0]) / sqrt(len(pairs(a, b)))
        ),
        "You took the deviation of `theirs`; that of the differences is wanted.": lambda a, b, f: (
            f[len(pairs(a, b))] * deviation(_common(a, b)[1]) / sqrt(len(pairs(a, b)))
        ),
        "A deviation is measured from the mean; you measured from zero.": _half(
            lambda d, n, f: f[n] * _root_mean_square(d) / sqrt(n)
        ),
        "You measured from zero, and divided by n; a deviation is measured from the mean.": _half(
            lambda d, n, f: f[n] * sqrt(statistics.mean([x**2 for x in d])) / sqrt(n)
        ),
        "That is half the way from the smallest difference to the largest; `factor[n]` times the standard error is "
        "wanted.": _half(lambda d, n, f: (max(d) - min(d)) / 2),
        "That is the mean distance from the mean; a standard deviation takes squares, and the root at the end.": _half(
            lambda d, n, f: f[n] * statistics.mean([abs(x - statistics.mean(d)) for x in d]) / sqrt(n)
        ),
    },
}


def work(in_channels, width, k, layers, inner):
    """MACs at one place: the window, and then so many inner × inner layers."""
    return k**2 * in_channels * width + layers * inner**2 * width**2


def nearest(cost, wanted):
    """The width of 1 or more whose cost(width), which grows, comes nearest to `wanted`."""
    width = 1
    while cost(width) < wanted and width < 1_000_000:
        width *= 2
    low, high = width // 2, width
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost(middle) < wanted else (low, middle)
    return min((w for w in (low, high) if w), key=lambda w: abs(cost(w) - wanted))


def _largest(cost, wanted):
    """The largest width that costs no more; 0 if there is none."""
    best = nearest(cost, wanted)
    return best if cost(best) <= wanted else best - 1


def _solve(wanted=None, cost=work, find=nearest):
    """A rule with another target `wanted(i, o, k)`, another `cost`, or another end of the search."""
    wanted = wanted or (lambda i, o, k: work(i, o, k, 2, 1))
    return lambda i, o, k, layers, inner: find(lambda w: cost(i, w, k, layers, inner), wanted(i, o, k))


def _exactly(i, o, k, layers, inner):
    """The width as it comes out, with a fraction."""
    a, b, c = layers * inner**2, k**2 * i, work(i, o, k, 2, 1)
    return (-b + sqrt(b * b + 4 * a * c)) / (2 * a) if a else c / b


def _by_the_formula(i, o, k, layers, inner):
    a, b, c = layers * inner**2, k**2 * i, work(i, o, k, 2, 1)
    return round((-b + sqrt(b * b + 4 * a * c)) / (2 * a))


EQUAL_WIDTHS = {
    "With no layers there is no width² in it, and the formula for a square divides by zero.": _by_the_formula,
    "You cut off what is behind the point, or stopped before it got dearer; the nearest is wanted.": _solve(
        find=_largest
    ),
    "You took the first width that costs as much or more; the nearest is wanted.": _solve(
        find=lambda cost, wanted: _largest(cost, wanted - 1) + 1
    ),
    "That is not a whole number of channels: take the nearest.": _exactly,
    "The NiN block has two 1×1 layers; you counted one.": _solve(lambda i, o, k: work(i, o, k, 1, 1)),
    "The NiN block has two 1×1 layers; you counted none.": _solve(lambda i, o, k: work(i, o, k, 0, 1)),
    "The NiN block has two 1×1 layers; you counted three.": _solve(lambda i, o, k: work(i, o, k, 3, 1)),
    "The NiN block's window is missing.": _solve(lambda i, o, k: 2 * o**2),
    "NiN's 1×1 layers go from out to out channels: out², not in · out.": _solve(
        lambda i, o, k: k**2 * i * o + 2 * i * o
    ),
    "In the NiN block, a window of k × k has k² weights, not k.": _solve(lambda i, o, k: k * i * o + 2 * o**2),
    "A window of k × k has k² weights, not k.": _solve(
        lambda i, o, k: k * i * o + 2 * o**2, lambda i, w, k, n, s: k * i * w + n * s**2 * w**2
    ),
    "In the new block, a window of k × k has k² weights, not k.": _solve(
        cost=lambda i, w, k, n, s: k * i * w + n * s**2 * w**2
    ),
    "A window of inner × inner has inner² weights, not inner.": _solve(
        cost=lambda i, w, k, n, s: k**2 * i * w + n * s * w**2
    ),
    "The new block's layers are counted as if they were 1×1; they are inner × inner.": _solve(
        cost=lambda i, w, k, n, s: k**2 * i * w + n * w**2
    ),
    "The new block's first window is missing.": _solve(cost=lambda i, w, k, n, s: n * s**2 * w**2),
    "Behind the window there are `layers` layers; you counted one.": _solve(
        cost=lambda i, w, k, n, s: k**2 * i * w + s**2 * w**2
    ),
    "Behind the window there are `layers` layers; you counted two.": _solve(
        cost=lambda i, w, k, n, s: k**2 * i * w + 2 * s**2 * w**2
    ),
    "Behind the window there are `layers` layers; you counted one more.": _solve(
        cost=lambda i, w, k, n, s: k**2 * i * w + (n + 1) * s**2 * w**2
    ),
    "Behind the window there are `layers` layers; you counted one less.": _solve(
        cost=lambda i, w, k, n, s: k**2 * i * w + (n - 1) * s**2 * w**2
    ),
    "The new block's inner layers go from width to width: width², not in · width.": _solve(
        cost=lambda i, w, k, n, s: k**2 * i * w + n * s**2 * i * w
    ),
    "The inner layers work on the new width, width², not on out · width.": lambda i, o, k, n, s: nearest(
        lambda w: k**2 * i * w + n * s**2 * o * w, work(i, o, k, 2, 1)
    ),
    "Its layers have width² weights each, not width.": _solve(cost=lambda i, w, k, n, s: k**2 * i * w + n * s**2 * w),
    "In and out are swapped.": lambda i, o, k, n, s: nearest(lambda w: work(o, w, k, n, s), work(o, i, k, 2, 1)),
    "The window's input is as wide as the block with you; it has `in_channels`.": _solve(
        cost=lambda i, w, k, n, s: k**2 * w**2 + n * s**2 * w**2
    ),
    "That is `out_channels`, the width that it had: with other layers it costs something else.": (
        lambda i, o, k, layers, inner: o
    ),
    "That is what the NiN block costs, at one place; the width is wanted.": lambda i, o, k, n, s: work(i, o, k, 2, 1),
    "Those are equal parameters, biases included; MACs have none.": _solve(
        lambda i, o, k: work(i, o, k, 2, 1) + 3 * o, lambda i, w, k, n, s: work(i, w, k, n, s) + (n + 1) * w
    ),
    "You scaled `out` by the square root of both costs; the window's cost grows with the width, not with its square.": (
        lambda i, o, k, n, s: round(o * sqrt(work(i, o, k, 2, 1) / work(i, o, k, n, s)))
    ),
}
