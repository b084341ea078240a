"""Right and wrong answers to the exercises of chapter 04, with the words that each wrong one must be told."""

import torch
from torch import nn

from nin_course.blocks import FlattenLayer, GlobalAvgPool2d, nin_block
from nin_course.checks.ch04 import block_parameters, dearest, design
from nin_course.models import nin_small


def _first(i, o, k):
    return i * o * k * k + o


def _one(o):
    return o * o + o


block_parameters.right = {
    "formula": (lambda i, o, k: _first(i, o, k) + 2 * _one(o),),
    "one sum": (lambda i, o, k: o * (i * k**2 + 2 * o + 3),),
    "counted": (lambda i, o, k: sum(p.numel() for p in nin_block(i, o, k, 1, 0).parameters()),),
    "tensor": (lambda i, o, k: torch.tensor(_first(i, o, k) + 2 * _one(o)),),
}


block_parameters.wrong = {
    "no biases": ((lambda i, o, k: i * o * k * k + 2 * o * o,), "biases are missing"),
    "one 1×1": ((lambda i, o, k: _first(i, o, k) + _one(o),), "*one* 1×1 layer"),
    "first only": ((lambda i, o, k: _first(i, o, k),), "convolution alone"),
    "k once": ((lambda i, o, k: i * o * k + o + 2 * _one(o),), "k · k places"),
    "1×1 from the input": ((lambda i, o, k: _first(i, o, k) + 2 * (i * o + o),), "do not see the block's input"),
    "windows everywhere": ((lambda i, o, k: _first(i, o, k) + 2 * _first(o, o, k),), "Theirs is 1×1"),
    "some biases": ((lambda i, o, k: _first(i, o, k) + 2 * o * o,), "have theirs, too"),
    "no pairs": ((lambda i, o, k: i * k * k + o + 2 * _one(o),), "every *pair*"),
    "something else": ((lambda i, o, k: 1,), "layer by layer"),
    "three numbers": ((lambda i, o, k: (_first(i, o, k), _one(o), _one(o)),), "One number"),
}


dearest.right = {
    "names": ("dense 1", "conv 2", "conv 1"),
    "other spelling": (" Dense 1", "CONV 2", "conv  1 "),
}


dearest.wrong = {
    "wrong dense": (("dense 2", "conv 2", "conv 1"), "parameters: dense 2 has 16,781,312; one layer has more"),
    "a convolution": (("conv 4", "conv 2", "conv 1"), "compare with the dense ones"),
    "parameters for MACs": (("dense 1", "dense 1", "conv 1"), "parameters alone do not tell"),
    "the widest": (("dense 1", "conv 2", "conv 3"), "activations: conv 3"),
    "a number": ((6, 2, 1), "no layer of the table"),
    "not in the table": (("conv 6", "conv 2", "conv 1"), "no layer of the table"),
}


def _design(first=24, second=48, last=80, head=None, kernel=5, pools=(2, 2), thinking=True):
    def my_nin():
        one = [nn.Conv2d(last, last, 1), nn.ReLU()] if thinking else []
        return nn.Sequential(
            nin_block(1, first, kernel, 1, kernel // 2) if thinking else nn.Conv2d(1, first, kernel, 1, kernel // 2),
            nn.MaxPool2d(pools[0]),
            nin_block(first, second, 3, 1, 1) if thinking else nn.Conv2d(first, second, 3, 1, 1),
            nn.MaxPool2d(pools[1]),
            *(nn.Conv2d(second, last, 3, padding=1), nn.ReLU(), *one),
            *(head or [nn.Conv2d(last, 10, 1), GlobalAvgPool2d(), FlattenLayer()]),
        )

    return (my_nin,)


def _ones(width):
    return nn.Conv2d(width, width, 1), nn.ReLU(), nn.Conv2d(width, width, 1)


class _Written(nn.Module):
    """A NiN with its own forward, and a mean instead of a layer."""

    def __init__(self):
        super().__init__()
        self.look, self.think = nn.Conv2d(1, 16, 7, stride=2, padding=3), nn.Conv2d(16, 16, 1)
        self.again, self.classes = nn.Conv2d(16, 32, 7, stride=2, padding=3), nn.Conv2d(32, 10, 1)

    def forward(self, X):
        X = self.think(self.look(X).relu()).relu()
        return self.classes(self.again(X).relu()).mean(dim=(2, 3))


design.right = {
    "the solution": _design(),
    "narrow": _design(8, 16, 16),
    "adaptive pooling": _design(head=[nn.Conv2d(80, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()]),
    "a pooling layer of its own": _design(head=[nn.Conv2d(80, 10, 1), nn.AvgPool2d(7), nn.Flatten()]),
    "a ReLU on the logits": _design(head=[nn.Conv2d(80, 10, 1), nn.ReLU(), GlobalAvgPool2d(), FlattenLayer()]),
    "a module": (_Written,),
}


design.wrong = {
    "nin_small itself": ((nin_small,), "480,394 parameters, and the limit is 100,000"),
    "too much work": (_design(40, 40, 40, pools=(1, 4)), "MACs, and the limit is 10,000,000"),
    "too many numbers": (_design(28, 48, 64), "activations, and the limit is 100,000: most of them in layer 0.0"),
    "dense head": (_design(16, 32, 32, [nn.Flatten(), nn.Linear(32 * 49, 10)]), "is dense"),
    "no 1×1": (_design(16, 32, 32, thinking=False), "It has 1 1×1 convolutions"),
    "one map a pixel": (_design(head=[nn.Flatten()]), "ten numbers an image"),
    "the largest, not the mean": (
        _design(head=[nn.Conv2d(80, 10, 1), nn.AdaptiveMaxPool2d(1), nn.Flatten()]),
        "not the mean",
    ),
    "a small map": (_design(16, 32, 32, pools=(4, 4)), "1 × 1 cells"),
    "short-sighted": (_design(8, 16, 32, kernel=1, pools=(1, 4)), "sees 14 × 14 pixels"),
    "no network": ((lambda: nn.functional.relu,), "an nn.Module"),
    "too large a window": ((lambda: nn.Conv2d(1, 10, 40),), "does not take an image"),
    "eight maps": (
        (
            lambda: nn.Sequential(
                nn.Conv2d(1, 8, 9), *_ones(8), GlobalAvgPool2d(), nn.Flatten(), nn.ConstantPad1d((0, 2), 0.0)
            ),
        ),
        "puts out 8 maps",
    ),
}
