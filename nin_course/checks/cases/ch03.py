"""Right and wrong answers to the exercises of chapter 03, with the words that each wrong one must be told."""

import torch
from torch import nn

from nin_course.checks.ch03 import head_costs, pooling_matrix, why_wrong


def _matrix(c, h, w):
    return torch.eye(c).repeat_interleave(h * w, dim=1) / (h * w)


def _looped(c, h, w):
    W = torch.zeros(c, c * h * w)
    for k in range(c):
        W[k, k * h * w : (k + 1) * h * w] = 1 / (h * w)
    return W


pooling_matrix.right = {
    "repeat_interleave": (_matrix,),
    "a loop": (_looped,),
    "kron": (lambda c, h, w: torch.kron(torch.eye(c), torch.ones(1, h * w)) / (h * w),),
    "by gradient": (
        lambda c, h, w: torch.autograd.functional.jacobian(
            lambda x: x.reshape(c, h, w).mean((1, 2)), torch.zeros(c * h * w)
        ),
    ),
    "numpy": (lambda c, h, w: _matrix(c, h, w).numpy(),),
}


pooling_matrix.wrong = {
    "sum": ((lambda c, h, w: _matrix(c, h, w) * h * w,), "does not divide"),
    "repeat": ((lambda c, h, w: torch.eye(c).repeat(1, h * w) / (h * w),), "mixes the channels"),
    "transposed": ((lambda c, h, w: _matrix(c, h, w).T,), "its transpose"),
    "all channels": ((lambda c, h, w: torch.ones(c, c * h * w) / (c * h * w),), "over *all* channels"),
    "by channels": ((lambda c, h, w: _matrix(c, h, w) * h * w / c,), "number of channels"),
    "a vector": ((lambda c, h, w: torch.full((h * w,), 1 / (h * w)),), "has shape (8,)"),
    "something else": ((lambda c, h, w: torch.zeros(c, c * h * w),), "by hand"),
}


def _costs(c, h, w, k):
    return c * h * w * k + k, c * k + k


head_costs.right = {
    "formulas": (_costs,),
    "list": (lambda *a: list(_costs(*a)),),
    "counted": (
        lambda c, h, w, k: tuple(
            sum(p.numel() for p in layer.parameters()) for layer in (nn.Linear(c * h * w, k), nn.Conv2d(c, k, 1))
        ),
    ),
    "tensor": (lambda *a: torch.tensor(_costs(*a)),),
}


head_costs.wrong = {
    "swapped": ((lambda *a: _costs(*a)[::-1],), "other order"),
    "no bias": ((lambda c, h, w, k: (c * h * w * k, c * k),), "biases are missing"),
    "a weight a cell": ((lambda c, h, w, k: (c * h * w * k + k, (c * k + k) * h * w),), "count once"),
    "pooling only": ((lambda c, h, w, k: (c * h * w * k + k, 0),), "before it has"),
    "one class": ((lambda c, h, w, k: (c * h * w + k, c * k + k),), "*and* every class"),
    "3×3": ((lambda c, h, w, k: (c * h * w * k + k, 9 * c * k + k),), "chapter 01 counted"),
    "one number": ((lambda c, h, w, k: c * k,), "Two numbers"),
    "channels only": ((lambda c, h, w, k: (c * k + k, c * k),), "after Flatten"),
}


def _maps(lead):
    """Two classes: class 0 is the right one, class 1 wins by `lead`, cell by cell."""
    lead = torch.tensor(lead)
    return torch.stack([torch.zeros_like(lead), lead])


ALL, LOUD, MANY, QUIET = (
    _maps(lead) for lead in ([[1.0, 2.0, 1.0]], [[9.0, -1.0, -1.0]], [[5.0, 5.0, -6.0]], [[5.0, 2.0, -1.0]])
)


why_wrong.right = {
    "all": ("A", ALL, 0),
    "fewer and louder": ("b", LOUD, 0),
    "the loudest was right": (" C ", MANY, torch.tensor(0)),
    "no loud vote": ("D", QUIET, 0),
}


why_wrong.wrong = {
    "not all": (("A", LOUD, 0), "2 of the 3 cells prefer the right class"),
    "which majority": (("B", MANY, 0), "which of the two is the majority"),
    "the loudest": (("C", QUIET, 0), "loudest cell of each side"),
    "look again": (("D", LOUD, 0), "count the sides"),
    "a sentence": (("because of the sole", ALL, 0), "one letter"),
}
