"""Right and wrong answers to the exercises of chapter 01, with the words that each wrong one must be told."""

import torch
import torch.nn.functional as F
from torch import nn

from nin_course.checks.ch01 import NOTICES, _product, conv1x1_stride2, cost, notices


def _averaged(X, weight, bias):
    return _product(F.avg_pool2d(X, 2, ceil_mode=True).permute(0, 2, 3, 1), weight, bias)


def _looped(X, weight, bias):
    n, _, height, width = X.shape
    out = torch.empty(n, len(weight), (height + 1) // 2, (width + 1) // 2)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = X[:, :, 2 * i, 2 * j] @ weight.T + bias
    return out


def _every_second(X):
    return X[:, :, ::2, ::2].permute(0, 2, 3, 1)


def _from_one(X, weight, bias):
    return _product(F.pad(X, (0, 1, 0, 1))[:, :, 1::2, 1::2].permute(0, 2, 3, 1), weight, bias)


conv1x1_stride2.right = {
    "permute and @": (lambda X, w, b: _product(_every_second(X), w, b),),
    "einsum": (lambda X, w, b: torch.einsum("nchw,dc->ndhw", X[:, :, ::2, ::2], w) + b.view(1, -1, 1, 1),),
    "linear": (lambda X, w, b: F.linear(_every_second(X), w, b).permute(0, 3, 1, 2).contiguous(),),
    "looped": (_looped,),
    "double": (lambda X, w, b: _product(_every_second(X).double(), w.double(), b.double()),),
    "numpy": (lambda X, w, b: _product(_every_second(X), w, b).numpy(),),
    "all pixels first, then skip": (lambda X, w, b: _product(X.permute(0, 2, 3, 1), w, b)[:, :, ::2, ::2],),
}


conv1x1_stride2.wrong = {
    "no stride": ((lambda X, w, b: _product(X.permute(0, 2, 3, 1), w, b),), "every pixel"),
    "rows only": ((lambda X, w, b: _product(X[:, :, ::2].permute(0, 2, 3, 1), w, b),), "one axis only"),
    "channels last": ((lambda X, w, b: _product(_every_second(X), w, b, axes=(0, 1, 2, 3)),), "channels stand last"),
    "last row lost": ((lambda X, w, b: _product(_every_second(X[:, :, :6]), w, b),), "four, not three"),
    "no bias": ((lambda X, w, b: _product(_every_second(X), w, 0 * b),), "bias is missing"),
    "averaged": ((_averaged,), "averaged"),
    "no permute": (
        (lambda X, w, b: (X[:, :, ::2, ::2].reshape(-1, 3) @ w.T + b).reshape(2, 4, 4, 3),),
        "not pixels",
    ),
    "no permute back": ((lambda X, w, b: (_every_second(X).reshape(-1, 3) @ w.T + b).reshape(2, 4, 4, 3),), "way back"),
    "from one": ((_from_one,), "began at row 1"),
    "conv2d": ((lambda X, w, b: F.conv2d(X, w.view(4, 3, 1, 1), b, stride=2),), "a convolution computed"),
    "transposed": ((lambda X, w, b: _every_second(X) @ w + b,), "stopped with RuntimeError"),
    "a sentence": ((lambda X, w, b: "one product",), "returned a str"),
    "something else": ((lambda X, w, b: torch.zeros(2, 4, 4, 3),), "by hand"),
}


def _cost(c, d, k, h, w):
    return c * d * k * k + d, c * d * k * k * h * w


cost.right = {
    "tuple": (_cost,),
    "list": (lambda *a: list(_cost(*a)),),
    "tensor": (lambda *a: torch.tensor(_cost(*a)),),
    "built and measured": (
        lambda c, d, k, h, w: (
            sum(p.numel() for p in nn.Conv2d(c, d, k).parameters()),
            nn.Conv2d(c, d, k).weight.numel() * h * w,
        ),
    ),
}


cost.wrong = {
    "swapped": ((lambda *a: _cost(*a)[::-1],), "other order"),
    "no bias": ((lambda c, d, k, h, w: (c * d * k * k, c * d * k * k * h * w),), "biases out"),
    "one bias": ((lambda c, d, k, h, w: (c * d * k * k + 1, c * d * k * k * h * w),), "one bias"),
    "one pixel": ((lambda c, d, k, h, w: (c * d * k * k + d, c * d * k * k),), "one output pixel"),
    "bias in MACs": ((lambda c, d, k, h, w: (c * d * k * k + d, (c * d * k * k + d) * h * w),), "never multiplied"),
    "FLOPs": ((lambda *a: (_cost(*a)[0], 2 * _cost(*a)[1]),), "FLOPs"),
    "k, not k squared": ((lambda c, d, k, h, w: (c * d * k + d, c * d * k * h * w),), "kernel_size × kernel_size"),
    "one channel": ((lambda c, d, k, h, w: (d * k * k + d, d * k * k * h * w),), "*all* input channels"),
    "one number": ((lambda *a: _cost(*a)[0],), "Two numbers"),
    "height only": ((lambda c, d, k, h, w: (c * d * k * k + d, c * d * k * k * h),), "How often is each weight"),
}


def _shuffle(X, order):
    return X.flatten(2)[:, :, order].reshape(X.shape)


def _notices(layer, X, order):
    return not torch.allclose(layer(_shuffle(X, order)), _shuffle(layer(X), order), atol=1e-4)


def _notices_looped(layer, X, order):
    moved, out = torch.empty_like(X), layer(X)
    width = X.shape[3]
    for i, j in enumerate(order.tolist()):
        moved[:, :, i // width, i % width] = X[:, :, j // width, j % width]
    after = layer(moved)
    pairs = (
        (after[:, :, i // width, i % width], out[:, :, j // width, j % width]) for i, j in enumerate(order.tolist())
    )
    return any((a - b).abs().max() > 1e-3 for a, b in pairs)


notices.right = {
    "allclose": (_notices, NOTICES),
    "looped": (_notices_looped, {k: int(v) for k, v in NOTICES.items()}),
    "tensor bool": (lambda layer, X, order: torch.tensor(_notices(layer, X, order)), NOTICES),
    "double": (lambda layer, X, order: _notices(layer.double(), X.double(), order), NOTICES),
}


notices.wrong = {
    "output not shuffled": (
        (lambda layer, X, order: not torch.allclose(layer(_shuffle(X, order)), layer(X)), NOTICES),
        "must be shuffled too",
    ),
    "opposite": ((lambda *a: not _notices(*a), NOTICES), "opposite"),
    "always True": ((lambda *a: True, NOTICES), "always says True"),
    "always False": ((lambda *a: False, NOTICES), "always says False"),
    "exact": (
        (lambda layer, X, order: not torch.equal(layer(_shuffle(X, order)), _shuffle(layer(X), order)), NOTICES),
        "last digit",
    ),
    "a mask": ((lambda layer, X, order: layer(_shuffle(X, order)) != layer(X), NOTICES), "One True or False"),
    "channels shuffled": ((lambda layer, X, order: bool(layer(X[:, order]).sum()), NOTICES), "stopped with IndexError"),
    "pooling forgotten": ((_notices, {**NOTICES, "B": False}), "layer B"),
    "BatchNorm notices": ((_notices, {**NOTICES, "C": True}), "layer C"),
    "softmax forgotten": ((_notices, {**NOTICES, "D": False}), "layer D"),
    "not said": ((_notices, {"A": False}), "a True or False for each"),
}
