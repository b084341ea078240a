"""Right and wrong answers to the exercises of chapter 02, with the words that each wrong one must be told."""

import math

import torch
from torch import nn

from nin_course.checks.ch02 import MISTAKES, _chain, _step, deep_block, fold, sizes


def _block(c, d, k, n, *, first=True, last=True, padding=None, ones=1, pad_ones=0):
    layers = [nn.Conv2d(c, d, k, padding=k // 2 if padding is None else padding)]
    layers += [nn.ReLU()] if first else []
    for _ in range(n):
        layers += [nn.Conv2d(d, d, ones, padding=pad_ones), nn.ReLU()]
    return nn.Sequential(*(layers if last else layers[:-1]))


def _shared(c, d, k, n):
    one = nn.Conv2d(d, d, 1)
    return nn.Sequential(nn.Conv2d(c, d, k, padding=k // 2), nn.ReLU(), *[one, nn.ReLU()] * n)


class _Functional(nn.Module):
    def __init__(self, c, d, k, n):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(c, d, k, padding="same"), *[nn.Conv2d(d, d, 1) for _ in range(n)]])

    def forward(self, X):
        for layer in self.layers:
            X = torch.relu(layer(X))
        return X


deep_block.right = {
    "a list": (_block,),
    "a module with torch.relu": (_Functional,),
    "nested": (lambda c, d, k, n: nn.Sequential(_block(c, d, k, 0), *[_block(d, d, 1, 0) for _ in range(n)]),),
    "one ReLU, used again": (
        lambda c, d, k, n: nn.Sequential(*[nn.ReLU() if isinstance(m, nn.ReLU) else m for m in _block(c, d, k, n)]),
    ),
}


deep_block.wrong = {
    "no padding": ((lambda c, d, k, n: _block(c, d, k, n, padding=0),), "kernel_size // 2"),
    "padding in the 1×1s": ((lambda c, d, k, n: _block(c, d, k, n, pad_ones=1),), "nothing to pad"),
    "always two": ((lambda c, d, k, n: _block(c, d, k, 2),), "one and then n = 1"),
    "one too few": ((lambda c, d, k, n: _block(c, d, k, n - 1),), "ran 1 convolutions"),
    "shared weights": ((_shared,), "share their weights"),
    "last ReLU missing": ((lambda c, d, k, n: _block(c, d, k, n, last=False),), "last one is missing"),
    "first ReLU missing": ((lambda c, d, k, n: _block(c, d, k, n, first=False),), "after every convolution"),
    "no ReLU": (
        (lambda c, d, k, n: nn.Sequential(*[m for m in _block(c, d, k, n) if isinstance(m, nn.Conv2d)]),),
        "no ReLU",
    ),
    "3×3 instead of 1×1": (
        (lambda c, d, k, n: _block(c, d, k, n, ones=3, pad_ones=1),),
        "they should be",
    ),
    "channels of the input": (
        (lambda c, d, k, n: nn.Sequential(nn.Conv2d(c, d, k, padding=k // 2), nn.Conv2d(c, d, 1)),),
        "does not take an image",
    ),
    "in_channels out": ((lambda c, d, k, n: _block(c, c, k, n),), "it should give out_channels"),
    "a list returned": ((lambda c, d, k, n: list(_block(c, d, k, n)),), "returned a list"),
}


def _sizes(step):
    return (lambda size, layers: _chain(step, size, layers),)


def _measured(size, layers):
    X, found = torch.zeros(1, 1, size, size), []
    for kernel, stride, padding in layers:
        X = nn.Conv2d(1, 1, kernel, stride, padding)(X)
        found.append(X.shape[-1])
    return found


def _math(size, layers):
    found = [size]
    for kernel, stride, padding in layers:
        found.append(math.floor((found[-1] + 2 * padding - kernel) / stride + 1))
    return tuple(found[1:])


sizes.right = {
    "a loop": _sizes(_step),
    "math.floor": (_math,),
    "measured": (_measured,),
    "tensor": (lambda size, layers: torch.tensor(_chain(_step, size, layers)),),
}


sizes.wrong = {
    **{mistake: (_sizes(step), mistake) for mistake, step in MISTAKES.items()},
    "each from the start": (
        (lambda size, layers: [_step(size, *layer) for layer in layers],),
        "the one before it made",
    ),
    "the last only": ((lambda size, layers: _chain(_step, size, layers)[-1],), "one after each layer"),
    "with the start": ((lambda size, layers: [size, *_chain(_step, size, layers)],), "A list of 3 sizes"),
    "fractions": (_sizes(lambda n, k, s, p: (n + 2 * p - k) / s + 1), "whole number"),
    "something else": ((lambda size, layers: [9] * len(layers),), "on paper"),
    "words": ((lambda size, layers: "large",), "returned a str"),
}


fold.right = {
    "matrices": (lambda A, a, B, b: (B @ A, B @ a + b),),
    "einsum": (lambda A, a, B, b: (torch.einsum("dm,mc->dc", B, A), torch.einsum("dm,m->d", B, a) + b),),
    "as conv weights": (lambda A, a, B, b: ((B @ A)[:, :, None, None], B @ a + b),),
    "by probing": (
        lambda A, a, B, b: (
            torch.stack([B @ (A @ e + a) + b - (B @ a + b) for e in torch.eye(3)], dim=1),
            B @ a + b,
        ),
    ),
    "double": (lambda A, a, B, b: (B.double() @ A.double(), B.double() @ a.double() + b),),
}


fold.wrong = {
    "b alone": ((lambda A, a, B, b: (B @ A, b),), "kept b alone"),
    "no b": ((lambda A, a, B, b: (B @ A, B @ a),), "b itself is missing"),
    "order": ((lambda A, a, B, b: (A @ B, b),), "stopped with RuntimeError"),
    "transposed": ((lambda A, a, B, b: ((B @ A).T, B @ a + b),), "its transpose"),
    "elementwise": ((lambda A, a, B, b: (B[:, :3] * A[:1], B @ a + b),), "B @ A"),
    "weight only": ((lambda A, a, B, b: B @ A,), "two things"),
    "bias of the first": ((lambda A, a, B, b: (B @ A, a),), "has 4 numbers"),
    "twice": ((lambda A, a, B, b: (B @ A, 2 * (B @ a) + b),), "when x is 0"),
}
