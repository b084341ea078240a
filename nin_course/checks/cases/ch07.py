"""Right and wrong answers to the exercises of chapter 07, with the words that each wrong one must be told."""

from collections import Counter
from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F

from nin_course.checks.ch07 import STATEMENTS, even_error, favourites, overlap, what_changes
from nin_course.checks.mistakes.ch07 import BEST, ERRORS, FAVOURITES, OVERLAPS


def _favourites(maps, labels, k):
    best = maps.flatten(2).amax(dim=2).topk(k, dim=0).indices
    most = F.one_hot(labels[best]).sum(dim=0).max(dim=1)
    return most.indices, most.values / k


def _by_hand(maps, labels, k):
    classes, shares = [], []
    for channel in range(maps.shape[1]):
        strength = [max(row for rows in image[channel].tolist() for row in rows) for image in maps]
        order = sorted(range(len(strength)), key=strength.__getitem__, reverse=True)
        ((most, count),) = Counter(labels[order[:k]].tolist()).most_common(1)
        classes.append(most)
        shares.append(count / k)
    return classes, shares


def _by_sorting(maps, labels, k):
    order = maps.amax((2, 3)).argsort(dim=0, descending=True)[:k]
    classes = labels[order].mode(dim=0).values
    return [classes.numpy(), (labels[order] == classes).double().mean(dim=0)]


def _pooled(maps, labels, k):
    best = F.adaptive_max_pool2d(maps, 1)[:, :, 0, 0].T.topk(k).indices
    counts = torch.stack([labels[row].bincount(minlength=10) for row in best])
    return dict(classes=counts.argmax(1), shares=counts.max(1).values.half() / k).values()


def _forgotten(*arguments):
    result = arguments  # noqa: F841


favourites.right = {
    "the solution": (_favourites,),
    "by hand": (_by_hand,),
    "by sorting, in a list": (_by_sorting,),
    "pooled, a dict's values": (_pooled,),
    "a generator": (lambda *a: (part for part in _favourites(*a)),),
    "numpy": (lambda *a: tuple(part.numpy() for part in _favourites(*a)),),
    "one tensor": (lambda *a: torch.stack([part.double() for part in _favourites(*a)]),),
    "classes as floats": (lambda *a: (_favourites(*a)[0].float(), _favourites(*a)[1]),),
}


def _with(classes=lambda *a: _favourites(*a)[0], shares=lambda *a: _favourites(*a)[1]):
    return (lambda *a: (classes(*a), shares(*a)),)


favourites.wrong = {words: ((rule,), words) for words, rule in BEST.items()}
favourites.wrong |= {words: (_with(classes=rule), words) for words, rule in FAVOURITES["classes"].items()}
favourites.wrong |= {words: (_with(shares=rule), words) for words, rule in FAVOURITES["shares"].items()}
favourites.wrong |= {
    "swapped": ((lambda *a: _favourites(*a)[::-1],), "other order: (classes, shares)"),
    "the classes alone": ((lambda *a: _favourites(*a)[0],), "Two things are wanted, (classes, shares)"),
    "all channels together": (
        (lambda m, y, k: _favourites(m.flatten(1)[:, None, :, None], y, k),),
        "the shape for classes is (1,), it should be (4,)",
    ),
    "all counts": (
        (lambda m, y, k: (F.one_hot(y[m.amax((2, 3)).topk(k, 0).indices]).sum(0), _favourites(m, y, k)[1]),),
        "the shape for classes is (4, 2), it should be (4,)",
    ),
    "five, whatever k is": ((lambda m, y, k: _favourites(m, y, 5),), "does not depend on k"),
    "twenty images, of k": (
        (lambda m, y, k: (_favourites(m, y, 20)[0], _favourites(m, y, 20)[1] * 20 / k),),
        "Those are the classes of the 20 best images, whatever k is. The shares count 20 images",
    ),
    "twenty, whatever k is": (
        (lambda m, y, k: _favourites(m, y, 20),),
        "there are fewer. Its result does not depend on k",
    ),
    "one class off": (
        (lambda *a: (_favourites(*a)[0] + torch.eye(len(_favourites(*a)[0]))[1], _favourites(*a)[1]),),
        "1 of the 4 classes is wrong; channel 1: you say class 1, it should be class 0.",
    ),
    "words": ((lambda *a: ("Trouser", _favourites(*a)[1]),), "this is the string 'Trouser'"),
    "printed": ((lambda *a: print(_favourites(*a)[0].shape),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": ((([1, 2], [0.5, 0.5]),), "without brackets; this is a tuple of 2"),
    "stopped": ((lambda m, y, k: m.topk(k, dim=4),), "stopped with IndexError"),
}


def _overlap(box, other):
    height = min(box[2], other[2]) - max(box[0], other[0])
    width = min(box[3], other[3]) - max(box[1], other[1])
    common = max(height, 0) * max(width, 0)
    areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (box, other))
    return common / (areas - common)


def _tensors(box, other):
    a, b = torch.tensor([box, other], dtype=torch.float64)
    sides = (torch.minimum(a[2:], b[2:]) - torch.maximum(a[:2], b[:2])).clamp(min=0)
    common = sides.prod()
    return common / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - common)


def _intervals(box, other):
    a, b = (np.reshape(np.array(one, dtype=float), (2, 2)) for one in (box, other))
    shared = np.prod(np.clip(np.minimum(a[1], b[1]) - np.maximum(a[0], b[0]), 0, None))
    return [shared / (np.prod(a[1] - a[0]) + np.prod(b[1] - b[0]) - shared)]


def _exact(box, other):
    return float(_overlap(*([Fraction(str(v)) for v in one] for one in (box, other))))


def _early(box, other):
    if box[2] <= other[0] or other[2] <= box[0] or box[3] <= other[1] or other[3] <= box[1]:
        return 0
    return _overlap(box, other)


overlap.right = {
    "formula": (_overlap,),
    "tensors": (_tensors,),
    "intervals, in a list": (_intervals,),
    "fractions": (_exact,),
    "apart first": (_early,),
    "the other way round": (lambda box, other: _overlap(other, box),),
    "one in a tensor": (lambda *a: torch.tensor([[_overlap(*a)]]),),
    "float32": (lambda *a: np.float32(_overlap(*a)),),
}

overlap.wrong = {words: ((rule,), words) for words, rule in OVERLAPS.items()}
overlap.wrong |= {
    "a constant": ((lambda *_: 0.5,), "the same in all of these cases"),
    "a little more": ((lambda *a: _overlap(*a) + 0.01,), "it should be"),
    "yes and no": ((lambda *a: _overlap(*a) >= 0.5,), "one number, the overlap, is wanted; this is False"),
    "both areas": ((lambda *a: (_overlap(*a), 1),), "this is a tuple of 2"),
    "a string": ((lambda *a: f"{_overlap(*a):.0%}",), "this is the string '25%'"),
    "printed": ((lambda *a: print(_overlap(*a)),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": ((0.3,), "without brackets; this is the number 0.3"),
    "stopped": ((lambda box, other: box & other,), "stopped with TypeError"),
}


def _even(confidence, right, bins):
    order = confidence.argsort()
    sure, share = (v[order].float().reshape(bins, -1).mean(dim=1) for v in (confidence, right))
    return (sure - share).abs().mean()


def _looped(confidence, right, bins):
    pairs, total = sorted(zip(confidence.tolist(), right.tolist(), strict=True)), 0.0
    size = len(pairs) // bins
    for start in range(0, len(pairs), size):
        piece = pairs[start : start + size]
        total += size / len(pairs) * abs(sum(c for c, _ in piece) / size - sum(r for _, r in piece) / size)
    return total


def _chunks(confidence, right, bins):
    order = confidence.argsort(descending=True)
    gaps = [confidence[part].mean() - right[part].double().mean() for part in order.chunk(bins)]
    return sum(map(abs, gaps)) / bins


even_error.right = {
    "the solution": (_even,),
    "a loop": (_looped,),
    "chunks, from the surest": (_chunks,),
    "of the difference": (
        lambda c, r, bins: (c - r.float())[c.argsort()].reshape(bins, -1).mean(1).abs().mean().item(),
    ),
    "numpy": (
        lambda c, r, bins: np.mean(
            [abs(p.mean()) for p in np.split((c.numpy() - r.numpy().astype(float))[c.numpy().argsort()], bins)]
        ),
    ),
    "one in a list": (lambda *a: [_even(*a)],),
    "double": (lambda c, r, bins: _even(c.double(), r, bins),),
}

even_error.wrong = {words: ((rule,), words) for words, rule in ERRORS.items()}
even_error.wrong |= {
    "a constant": ((lambda *_: 0.1,), "the same in all of these cases"),
    "a little more": ((lambda *a: _even(*a) + 0.01,), "it should be"),
    "as many bins as three": (
        (lambda c, r, bins: _even(c, r, 7 if len(c) == 63 else 3) if len(c) != 35 else 0.5,),
        "right, bins=5): ",
    ),
    "a string": ((lambda *a: str(_even(*a).item()),), "one number, the error, is wanted; this is the string"),
    "yes and no": ((lambda *a: _even(*a) < 0.1,), "one number, the error, is wanted; this is a tensor"),
    "printed": ((lambda *a: print(_even(*a)),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": ((0.086,), "without brackets; this is the number 0.086"),
    "a mean of Trues": (
        (lambda c, r, bins: r.reshape(bins, -1).mean(dim=1),),
        "True and False have no mean in PyTorch",
    ),
}

what_changes.right = {
    "a string": ("CDE",),
    "another order": ("edc",),
    "with commas": ("C, D, E",),
    "a list": (list("CED"),),
    "a set": (set("CDE"),),
    "a tuple": (("(c)", "D.", " E "),),
    "a dict's keys": (dict.fromkeys("CDE").keys(),),
    "twice": ("CCDE",),
    "in words": ("C, D and E",),
}

_BECAUSE = {  # by hand: exp(1.8) is 6.05, exp(0.5) is 1.65, exp(0.6) is 1.82, exp(1 / 6) is 1.18
    "C": "For the logits (3, 1.2, 1.2) the confidence is 0.75; divided by 3, it is 0.48.",
    "D": "For two images with the logits (3, 2.5, -10) and (3, 1.2, 1.2), both of class 0, it goes from 0.38 to 0.68 "
    "at T = 3.",
}
what_changes.wrong = {
    "A": (("ACDE",), f"A, {STATEMENTS['A']}, cannot change"),
    "B": (("BCDE",), f"B, {STATEMENTS['B']}, cannot change"),
    "without C": (("DE",), f"C, {STATEMENTS['C']}, can change, too. {_BECAUSE['C']}"),
    "without D": (("CE",), f"D, {STATEMENTS['D']}, can change, too. {_BECAUSE['D']}"),
    "without E": (("CD",), "is the surer one, 0.75 against 0.62; at T = 3 it is the first, 0.54 against 0.48."),
    "nothing": (("",), "Something does change"),
    "another letter": (("CDEF",), "Answer with letters, A to E"),
    "a number": ((3,), "this is the number 3"),
    "True": ((True,), "this is True"),
    "a list of numbers": (([3, 4, 5],), "this is a list of 3 with the number 3 in it"),
    "None": ((None,), "this is None"),
}
