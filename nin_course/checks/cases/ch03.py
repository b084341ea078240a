"""Right and wrong answers to the exercises of chapter 03, with the words that each wrong one must be told."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from nin_course.checks.ch03 import head_costs, pooling_matrix, why_wrong
from nin_course.checks.mistakes.ch03 import HEADS, MATRICES


def _matrix(c, h, w):
    return torch.eye(c).repeat_interleave(h * w, dim=1) / (h * w)


def _looped(c, h, w):
    W = torch.zeros(c, c * h * w)
    for k in range(c):
        W[k, k * h * w : (k + 1) * h * w] = 1 / (h * w)
    return W


def _pooled(c, h, w, pool):
    """One map for each cell, in which it alone is 1: what the pooling makes of it is a column."""
    return pool(torch.eye(c * h * w).reshape(-1, c, h, w)).flatten(1).T


def _masked(c, h, w):
    channel, cell = torch.arange(c)[:, None], torch.arange(c * h * w)[None, :]
    return torch.where(cell // (h * w) == channel, 1 / (h * w), 0.0)


def _fitted(c, h, w):
    """The dense layer that does what the means of random maps ask of it."""
    X = torch.randn(2 * c * h * w, c, h, w, dtype=torch.float64)
    return torch.linalg.lstsq(X.flatten(1), X.mean(dim=(2, 3))).solution.T


def _rows(c, h, w):
    for k in range(c):
        yield [1 / (h * w) if i // (h * w) == k else 0 for i in range(c * h * w)]


@torch.inference_mode()
def _inferred(c, h, w):
    return _matrix(c, h, w)


def _forgotten(*arguments):
    result = arguments  # noqa: F841


pooling_matrix.right = {
    "repeat_interleave": (_matrix,),
    "a loop": (_looped,),
    "kron": (lambda c, h, w: torch.kron(torch.eye(c), torch.ones(1, h * w)) / (h * w),),
    "by gradient": (
        lambda c, h, w: torch.autograd.functional.jacobian(
            lambda x: x.reshape(c, h, w).mean((1, 2)), torch.zeros(c * h * w)
        ),
    ),
    "by adaptive pooling": (lambda c, h, w: _pooled(c, h, w, nn.AdaptiveAvgPool2d(1)),),
    "by functional pooling": (lambda c, h, w: _pooled(c, h, w, lambda X: F.avg_pool2d(X, X.shape[2:])),),
    "by an oblong window": (lambda c, h, w: _pooled(c, h, w, nn.AvgPool2d((h, w))),),
    "fitted": (_fitted,),
    "where": (_masked,),
    "numpy": (lambda c, h, w: np.kron(np.eye(c), np.full((1, h * w), 1 / (h * w))),),
    "float32 in numpy": (lambda *a: _matrix(*a).numpy(),),
    "double": (lambda *a: _matrix(*a).double(),),
    "half": (lambda *a: _matrix(*a).half(),),
    "sparse": (lambda *a: _matrix(*a).to_sparse(),),
    "a parameter": (lambda *a: nn.Parameter(_matrix(*a)),),
    "not contiguous": (lambda *a: _matrix(*a).T.contiguous().T,),
    "lists": (lambda *a: _matrix(*a).tolist(),),
    "a tuple of rows": (lambda *a: tuple(_matrix(*a)),),
    "a generator": (_rows,),
    "a dict's values": (lambda *a: dict(enumerate(_matrix(*a))).values(),),
    "block_diag": (lambda c, h, w: torch.block_diag(*[torch.ones(1, h * w) / (h * w)] * c),),
    "inference mode": (_inferred,),
}

pooling_matrix.wrong = {words: ((rule,), words) for words, rule in MATRICES.items()}
pooling_matrix.wrong |= {
    "zeros": ((lambda c, h, w: torch.zeros(c, c * h * w),), "stands 0, it should be 1 "),
    "a constant": ((lambda *_: torch.ones(3, 24) / 8,), "the same in all of these cases"),
    "h ignored": ((lambda c, h, w: _matrix(c, 2, w) * 3,), "does not depend on h"),
    "half too much": ((lambda *a: _matrix(*a) + 0.5,), "(the largest difference is 0.5)"),
    "a layer": ((lambda c, h, w: nn.Linear(c * h * w, c, bias=False),), "this is a network (Linear)"),
    "the pooling": ((lambda c, h, w: nn.AdaptiveAvgPool2d(1),), "this is a network (AdaptiveAvgPool2d)"),
    "a string": ((lambda *a: "W",), "this is the string 'W'"),
    "one number": ((lambda c, h, w: 1 / (h * w),), "the shape is (), it should be (2, 2)"),
    "uneven rows": ((lambda c, h, w: [[1.0] * (k + 1) for k in range(c)],), "all of one shape"),
    "printed": ((lambda *a: print(_matrix(*a).shape),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": ((_matrix(3, 2, 4),), "without brackets"),
    "stopped": ((lambda c, h, w: torch.eye(c).reshape(c, h, w),), "stopped with RuntimeError"),
}


def _costs(c, h, w, k):
    return c * h * w * k + k, c * k + k


def _counted(c, h, w, k):
    heads = (
        nn.Sequential(nn.Flatten(), nn.Linear(c * h * w, k)),
        nn.Sequential(nn.Conv2d(c, k, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    )
    return tuple(sum(p.numel() for p in head.parameters()) for head in heads)


def _lazy(c, h, w, k):
    for head in (
        nn.Sequential(nn.Flatten(), nn.LazyLinear(k)),
        nn.Sequential(nn.LazyConv2d(k, 1), nn.AvgPool2d((h, w))),
    ):
        head(torch.zeros(2, c, h, w))
        yield sum(len(p.flatten()) for p in head.parameters())


head_costs.right = {
    "formulas": (_costs,),
    "list": (lambda *a: list(_costs(*a)),),
    "counted": (_counted,),
    "lazy, in a generator": (_lazy,),
    "tensor": (lambda *a: torch.tensor(_costs(*a)),),
    "a double tensor of shape (1, 2)": (lambda *a: torch.tensor([_costs(*a)], dtype=torch.float64),),
    "numpy": (lambda *a: np.array(_costs(*a)),),
    "numpy integers": (lambda *a: tuple(map(np.int32, _costs(*a))),),
    "floats": (lambda *a: tuple(map(float, _costs(*a))),),
    "a dict's values": (lambda *a: dict(zip(("dense", "pooled"), _costs(*a), strict=True)).values(),),
    "map": (lambda *a: map(int, _costs(*a)),),
    "a 1×1 convolution is a linear layer": (
        lambda c, h, w, k: [sum(map(torch.numel, nn.Linear(n, k).parameters())) for n in (c * h * w, c)],
    ),
}


def _with(dense=lambda *a: _costs(*a)[0], pooled=lambda *a: _costs(*a)[1]):
    return (lambda *a: (dense(*a), pooled(*a)),)


head_costs.wrong = {words: (_with(dense=rule), words) for words, rule in HEADS["dense"].items()}
head_costs.wrong |= {words: (_with(pooled=rule), words) for words, rule in HEADS["pooled"].items()}
head_costs.wrong |= {
    f"{one} {other}": (_with(dense, pooled), f"{one} {other}")
    for (one, dense), (other, pooled) in list(zip(HEADS["dense"].items(), HEADS["pooled"].items(), strict=False))[1::3]
}
head_costs.wrong |= {
    "swapped": ((lambda *a: _costs(*a)[::-1],), "other order: (dense, pooled)"),
    "one number": ((lambda *a: _costs(*a)[1],), "Two things are wanted, (dense, pooled); this is the number 28"),
    "three": ((lambda *a: (*_costs(*a), 0),), "this is a tuple of 3"),
    "half too much": ((lambda *a: (_costs(*a)[0], _costs(*a)[1] + 0.5),), "you say 28.5 for pooled, it should be 28"),
    "strings": ((lambda *a: list(map(str, _costs(*a))),), "a number for dense is wanted; this is the string '175'"),
    "a string": ((lambda *a: str(_costs(*a)),), "this is the string '(175, 28)'"),
    "a constant": ((lambda *_: (175, 28),), "the same in all of these cases"),
    "the difference": ((lambda *a: _costs(*a)[0] - _costs(*a)[1],), "this is the number 147"),
    "nothing": ((lambda *_: (0, 0),), "you say 0 for dense"),
    "classes ignored": ((lambda c, h, w, k: (c * h * w + c, c + c),), "does not depend on classes"),
    "True": ((lambda *a: (_costs(*a)[0], True),), "a number for pooled is wanted; this is True"),
    "layers": ((lambda c, h, w, k: (nn.Linear(c * h * w, k), nn.Conv2d(c, k, 1)),), "this is a network (Linear)"),
    "printed": ((lambda *a: print(*_costs(*a)),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": (((175, 28),), "without brackets"),
    "stopped": ((lambda c, h, w, k: (c * h * w * k + K, 0),), "stopped with NameError"),  # noqa: F821
}


def _maps(lead, wrong=2, right=1):
    """Class maps of three classes of which `wrong` is ahead of `right` by `lead`, cell by cell."""
    lead = torch.tensor(lead)
    maps = torch.full((3, *lead.shape), -30.0)
    maps[right] = torch.linspace(-2, 3, lead.numel()).reshape(lead.shape)
    maps[wrong] = maps[right] + lead
    return maps


ALL = _maps([[1.0, 2.0, 1.0, 0.5, 1.0], [3.0, 1.0, 2.0, 1.0, 0.1], [1.0, 1.0, 1.0, 4.0, 2.0]])
LOUD = _maps([[9.0, -1.0, -1.0, -0.5, -1.0], [8.0, -1.0, -0.5, -1.0, 7.0], [-1.0, -1.0, -1.0, 6.0, -1.0]])
MANY = _maps([[5.0, 5.0, -6.0, 2.0, 1.0], [3.0, 1.0, -2.0, 1.0, 2.0], [1.0, 1.0, -1.0, 4.0, 2.0]])
QUIET = _maps([[5.0, 2.0, 1.0, 2.0, 1.0], [3.0, -4.0, 2.0, 1.0, 2.0], [1.0, 1.0, -1.0, 4.0, 2.0]])
HALF = _maps([[5.0, -2.0], [6.0, -1.0]])
TIE = _maps([[4.0, 3.0, -4.0]])
ONE = {"A": ALL, "B": LOUD, "C": MANY, "D": QUIET}

why_wrong.right = {
    "A": ("A", ALL, 1),
    "B": ("b", LOUD, 1),
    "C": (" C ", MANY, torch.tensor(1)),
    "D": ("(D)", QUIET, [1]),
    "A, another size": ("A.", _maps([[0.5]], wrong=0, right=2), np.int64(2)),
    "B, an odd number of cells": ("B", _maps([[7.0, -1.0, -1.0]], wrong=0), 1.0),
    "C, by a little": ('"c"', _maps([[2.0, 2.0, -2.5]]), torch.tensor([1])),
    "D, with a cell that is undecided": ("d", _maps([[2.0, 2.0, 0.0]]), 1),
    "numpy": ("A", ALL.numpy(), np.array(1)),
    "lists": ("B", LOUD.tolist(), 1),
    "half": ("C", MANY.half(), 1),
    "double": ("D", QUIET.double(), 1),
    "with a gradient": ("A", ALL.clone().requires_grad_(), torch.tensor(1.0)),
    "a tuple of maps": ("B", tuple(LOUD), np.float32(1)),
    "not contiguous": ("C", MANY.permute(2, 1, 0).contiguous().permute(2, 1, 0), 1),
}

_FACTS = {  # of each of these images, counted by hand: cells ahead, and the loudest leads of either class
    "A": (15, "4.0", "-0.1"),
    "B": (4, "9.0", "1.0"),
    "C": (12, "5.0", "6.0"),
    "D": (13, "5.0", "4.0"),
}


def _contradicted(said, true):
    ahead, wrong, right = _FACTS[true]
    facts = f"{ahead} of 15 cells prefer the wrong class"
    loudest = f"the loudest cell for the wrong class leads by {wrong}, for the right one by {right}"
    words = {
        "A": f"{15 - ahead} of the 15 cells prefer the right class, or neither",
        "B": f"{facts}, and these are most of them",
    }
    return f"Not {said}: {words.get(said, f'{facts}; {loudest}')}."


why_wrong.wrong = {
    f"{said} for {true}": ((said, ONE[true], 1), _contradicted(said, true))
    for true in ONE
    for said in "ABCD"
    if said != true
}
why_wrong.wrong |= {
    "A where a cell is undecided": (
        ("A", _maps([[2.0, 2.0, 0.0]]), 1),
        "1 of the 3 cells prefer the right class, or neither",
    ),
    "B where it is nearly a tie": (
        ("B", _maps([[2.0, 2.0, -1.0]]), 1),
        "2 of 3 cells prefer the wrong class, and these are",
    ),
    "named rightly": (("A", ALL, 2), "This image is named rightly: class 2 wins"),
    "half of the cells": (("B", HALF, 1), "None of A to D is true of this image: 2 of 4 cells"),
    "equally loud": (("C", TIE, 1), "None of A to D is true of this image: 2 of 3 cells"),
    "no class 3": (
        ("A", ALL, 3),
        "Maps of shape (3, 3, 5), (classes, h, w), have the classes 0 to 2; there is no class 3",
    ),
    "a class below 0": (("A", ALL, -1), "there is no class -1"),
    "a class and a half": (("A", ALL, 1.5), "there is no class 1.5"),
    "all alike": (("B", torch.zeros(3, 3, 5), 1), "None of A to D is true of this image: 0 of 15 cells"),
    "undecided, but for one": (("B", _maps([[5.0, 0.0, 0.0, -1.0]]), 1), "is true of this image: 1 of 4 cells"),
    "no class": (("A", ALL, "shirt"), "this is the string 'shirt'"),
    "True": (("A", ALL, True), "the true class, a number, is wanted; this is True"),
    "a sentence": (("because of the sole", ALL, 1), "this is the string 'because of the sole'"),
    "a letter too far": (("E", ALL, 1), "Answer with one letter, A, B, C or D; this is the string 'E'"),
    "two letters": (("AB", ALL, 1), "this is the string 'AB'"),
    "a number": ((1, ALL, 1), "this is the number 1"),
    "a batch": (("A", ALL[None], 1), "this is a tensor of shape (1, 3, 3, 5)"),
    "one map": (("A", ALL[2], 1), "this is a tensor of shape (3, 5)"),
    "logits": (("A", ALL.mean(dim=(1, 2)), 1), "this is a tensor of shape (3,)"),
    "no maps": (("A", "maps", 1), "this is the string 'maps'"),
}
