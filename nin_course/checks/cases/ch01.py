"""Right and wrong answers to the exercises of chapter 01, with the words that each wrong one must be told."""

from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from nin_course.checks.ch01 import NOTICES, conv1x1_stride2, cost, notices
from nin_course.checks.mistakes.ch01 import BIASED, COST, NO_BIAS, PROOFS, WAYS


def _pixels(X):
    return X[:, :, ::2, ::2].permute(0, 2, 3, 1)


def _recipe(X, weight, bias):
    pixels = _pixels(X)
    rows = pixels.reshape(-1, X.shape[1]) @ weight.T + bias
    return rows.reshape(*pixels.shape[:3], -1).permute(0, 3, 1, 2)


def _looped(X, weight, bias):
    n, _, height, width = X.shape
    out = torch.empty(n, len(weight), (height + 1) // 2, (width + 1) // 2)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = X[:, :, 2 * i, 2 * j] @ weight.T + bias
    return out


def _layer(X, weight, bias):
    layer = nn.Linear(X.shape[1], len(weight))
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    return layer(_pixels(X)).permute(0, 3, 1, 2)


def _samples(X, weight, bias):
    for sample in X:
        yield torch.tensordot(weight, sample[:, ::2, ::2], dims=1) + bias.view(-1, 1, 1)


def _unfolded(X, weight, bias):
    maps = weight @ F.unfold(X, 1, stride=2) + bias[:, None]
    return maps.reshape(len(X), -1, (X.shape[2] + 1) // 2, (X.shape[3] + 1) // 2)


def _by_hand(X, weight, bias):
    return [
        [[[sum(w * x for w, x in zip(row, p, strict=True)) + float(b) for p in line] for line in s] for row, b in both]
        for s in _pixels(X).tolist()
        for both in [list(zip(weight.tolist(), bias, strict=True))]
    ]


@torch.inference_mode()
def _inferred(X, weight, bias):
    return _recipe(X, weight, bias)


def _forgotten(*arguments):
    result = arguments  # noqa: F841


conv1x1_stride2.right = {
    "permute and @": (_recipe,),
    "einsum": (lambda X, w, b: torch.einsum("nchw,dc->ndhw", X[:, :, ::2, ::2], w) + b.view(1, -1, 1, 1),),
    "linear": (lambda X, w, b: F.linear(_pixels(X), w, b).permute(0, 3, 1, 2).contiguous(),),
    "a layer of its own": (_layer,),
    "looped": (_looped,),
    "double": (lambda X, w, b: _recipe(X.double(), w.double(), b.double()),),
    "half": (lambda X, w, b: _recipe(X.half(), w.half(), b.half()),),
    "numpy": (lambda X, w, b: np.einsum("nchw,dc->ndhw", X[:, :, ::2, ::2], w) + b.numpy()[:, None, None],),
    "lists": (_by_hand,),
    "a generator": (_samples,),
    "unfold": (_unfolded,),
    "all pixels first, then skip": (
        lambda X, w, b: (X.permute(0, 2, 3, 1) @ w.T + b).permute(0, 3, 1, 2)[..., ::2, ::2],
    ),
    "pooling with a window of one": (
        lambda X, w, b: F.linear(F.max_pool2d(X, 1, stride=2).movedim(1, 3), w, b).movedim(3, 1),
    ),
    "with a gradient": (lambda X, w, b: _recipe(X.requires_grad_(), w, b),),
    "inference mode": (_inferred,),
    "a weight that it turns in place": (lambda X, w, b: (_pixels(X) @ w.t_() + b).permute(0, 3, 1, 2),),
}

conv1x1_stride2.wrong = {words: ((rule,), words) for words, rule in (WAYS | BIASED).items()}
conv1x1_stride2.wrong |= {words: ((rule,), words) for words, rule in list(NO_BIAS.items())[::4]}
conv1x1_stride2.wrong |= {
    "conv2d": ((lambda X, w, b: F.conv2d(X, w[:, :, None, None], b, stride=2),), "a convolution computed"),
    "transposed": ((lambda X, w, b: _pixels(X) @ w + b,), "stopped with RuntimeError"),
    "a sentence": ((lambda X, w, b: "one product",), "this is the string 'one product'"),
    "zeros": ((lambda X, w, b: torch.zeros(2, 4, 4, 3),), "the same in all of these cases"),
    "zeros of the right size": ((lambda X, w, b: 0 * _recipe(X, w, b),), "stands 0, it should be"),
    "a number too much": ((lambda X, w, b: _recipe(X, w, b) + 0.5,), "the largest difference is 0.5)"),
    "the weight ignored": (
        (lambda X, w, b: X[:, : len(b), ::2, ::2] + b[: X.shape[1], None, None],),
        "depend on weight",
    ),
    "printed": ((lambda X, w, b: print(_recipe(X, w, b).sum()),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": ((torch.zeros(2, 4, 4, 3),), "without brackets"),
    "emptied": ((lambda X, w, b: _recipe(X.zero_(), w.zero_(), b),), "It also changes X and weight in place"),
    "a pair": ((lambda X, w, b: (_recipe(X, w, b), b),), "all of one shape"),
}


def _cost(c, d, k, h, w):
    return c * d * k * k + d, c * d * k * k * h * w


def _one_by_one(c, d, k, h, w):
    yield c * d * k * k + d
    yield c * d * k * k * h * w


def _counted(c, d, k, h, w):
    layer = nn.Conv2d(c, d, k, padding="same")
    macs = torch.ones(1, c, h, w).expand(1, c, h, w).shape[2:].numel() * layer.weight.numel()
    return sum(map(torch.numel, layer.parameters())), macs


cost.right = {
    "tuple": (_cost,),
    "list": (lambda *a: list(_cost(*a)),),
    "tensor": (lambda *a: torch.tensor(_cost(*a)),),
    "a tensor of shape (2, 1)": (lambda *a: torch.tensor(_cost(*a), dtype=torch.float64)[:, None],),
    "numpy": (lambda *a: np.array(_cost(*a)),),
    "floats": (lambda *a: tuple(map(float, _cost(*a))),),
    "fractions": (lambda *a: list(map(Fraction, _cost(*a))),),
    "tensors with one number": (lambda *a: [torch.tensor([n]) for n in _cost(*a)],),
    "a generator": (_one_by_one,),
    "a dict's values": (lambda *a: dict(zip(("parameters", "MACs"), _cost(*a), strict=True)).values(),),
    "built and counted": (_counted,),
    "a lazy layer": (
        lambda c, d, k, h, w: (
            nn.LazyConv2d(d, k, padding=k // 2)(torch.zeros(1, c, h, w)).numel() * (c * k * k) // (h * w) + d,
            c * d * k * k * h * w,
        ),
    ),
}


def _with(parameters=lambda *a: _cost(*a)[0], macs=lambda *a: _cost(*a)[1]):
    return (lambda *a: (parameters(*a), macs(*a)),)


cost.wrong = {words: (_with(parameters=rule), words) for words, rule in COST["parameters"].items()}
cost.wrong |= {words: (_with(macs=rule), words) for words, rule in COST["MACs"].items()}
cost.wrong |= {
    f"{one} {other}": (_with(*rules), f"{one} {other}")
    for (one, *first), (other, *second) in list(
        zip(
            *([(words, rule) for words, rule in table.items()] for table in (COST["parameters"], COST["MACs"])),
            strict=False,
        )
    )[::3]
    for rules in [(*first, *second)]
}
cost.wrong |= {
    "swapped": ((lambda *a: _cost(*a)[::-1],), "other order"),
    "one number": ((lambda *a: _cost(*a)[0],), "Two things are wanted, (parameters, MACs); this is the number 222"),
    "three numbers": ((lambda *a: (*_cost(*a), 0),), "this is a tuple of 3"),
    "half too much": ((lambda *a: (_cost(*a)[0] + 0.5, _cost(*a)[1]),), "you say 222.5 for parameters"),
    "strings": (
        (lambda *a: tuple(map(str, _cost(*a))),),
        "a number for parameters is wanted; this is the string '222'",
    ),
    "a string": ((lambda *a: f"{_cost(*a)}",), "this is the string '(222"),
    "a dict": ((lambda *a: dict(zip("pm", _cost(*a), strict=True)),), "this is a dict of 2"),
    "nested": ((lambda *a: [_cost(*a)],), "this is a list of 1"),
    "a constant": ((lambda *a: (228, 7200),), "the same in all of these cases"),
    "nothing": ((lambda *a: (0, 0),), "you say 0 for parameters"),
    "kernel_size ignored": ((lambda c, d, k, h, w: (c + d, c * d * h * w + 1),), "depend on kernel_size"),
    "printed": ((lambda *a: print(*_cost(*a)),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": (((228, 7200),), "without brackets"),
    "True": ((lambda *a: (True, _cost(*a)[1]),), "this is True"),
    "divided by zero": ((lambda c, d, k, h, w: (c / (h - 1), 1),), "stopped with ZeroDivisionError"),
}


def _shuffle(X, order):
    return X.flatten(2)[:, :, order].reshape(X.shape)


def _notices(layer, X, order):
    after, before = layer(_shuffle(X, order)), layer(X)
    return not torch.allclose(after, _shuffle(before, order), atol=1e-4)


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


def _shuffled_back(layer, X, order):
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order))
    return not torch.allclose(_shuffle(layer(_shuffle(X, order)), back), layer(X), atol=1e-4)


def _by_matrix(layer, X, order):
    P = torch.eye(len(order))[:, order]
    moved = (layer((X.flatten(2) @ P).reshape(X.shape))).flatten(2)
    return bool((moved - layer(X).flatten(2) @ P).abs().max() > 1e-3)


@torch.inference_mode()
def _proved_in_inference(layer, X, order):
    return _notices(layer, X, order)


def _in_place(layer, X, order):
    before = _shuffle(layer(X.clone()), order)
    X.copy_(_shuffle(X, order))
    return not np.allclose(layer(X).detach().numpy(), before.detach().numpy(), atol=1e-4)


def _emptied(layer, X, order):
    return _notices(layer, X.zero_(), order)


notices.right = {
    "allclose": (_notices, NOTICES),
    "looped": (_notices_looped, {k: int(v) for k, v in NOTICES.items()}),
    "tensor bool": (lambda layer, X, order: torch.tensor(_notices(layer, X, order)), NOTICES),
    "numpy bool": (lambda layer, X, order: np.bool_(_notices(layer, X, order)), NOTICES),
    "a number": (
        lambda layer, X, order: float(_notices(layer, X, order)),
        {k: np.bool_(v) for k, v in NOTICES.items()},
    ),
    "double": (lambda layer, X, order: _notices(layer.double(), X.double(), order), NOTICES),
    "the other way": (_shuffled_back, {k.lower(): torch.tensor(v) for k, v in NOTICES.items()}),
    "a matrix that shuffles": (_by_matrix, NOTICES),
    "isclose": (
        lambda layer, X, order: (
            ~(torch.isclose(layer(_shuffle(X, order)), _shuffle(layer(X), order), rtol=1e-4, atol=1e-4).all())
        ),
        NOTICES,
    ),
    "inference mode": (_proved_in_inference, NOTICES),
    "X in place, and numpy": (_in_place, NOTICES),
}

notices.wrong = {words: ((rule, NOTICES), words) for words, rule in PROOFS.items()}
notices.wrong |= {
    "always True": ((lambda *a: True, NOTICES), "It says True every time"),
    "always False": ((lambda *a: False, NOTICES), "It says False every time"),
    "a mask": ((lambda layer, X, order: layer(_shuffle(X, order)) != layer(X), NOTICES), "one True or False is wanted"),
    "a string": ((lambda *a: str(_notices(*a)), NOTICES), "this is the string"),
    "a half": ((lambda *a: _notices(*a) + 0.5, NOTICES), "one True or False is wanted; this is the number 0.5"),
    "a pair": ((lambda *a: (_notices(*a), True), NOTICES), "this is a tuple of 2"),
    "channels shuffled": ((lambda layer, X, order: bool(layer(X[:, order]).sum()), NOTICES), "stopped with IndexError"),
    "the order ignored": (
        (lambda layer, X, order: not torch.allclose(layer(X.roll(1, 3)), layer(X).roll(1, 3), atol=1e-4), NOTICES),
        "depend on order",
    ),
    "by name": (
        (lambda layer, X, order: not isinstance(layer, (nn.ReLU, nn.BatchNorm2d)), NOTICES),
        "for a layer that returns zeros: you say True",
    ),
    "emptied": ((_emptied, NOTICES), "it should be True"),
    "printed": ((lambda *a: print(_notices(*a)), NOTICES), "and returned None"),
    "no return": ((_forgotten, NOTICES), "Is the `return` missing"),
    "called": ((True, NOTICES), "without brackets"),
    **{
        f"said against the function: {name}": (
            (_notices, NOTICES | {name: not NOTICES[name]}),
            f"for layer {name}, and",
        )
        for name in NOTICES
    },
    "not said": ((_notices, {"A": False}), "a dict of 1"),
    "said in a list": ((_notices, list(NOTICES.values())), "this is a list of 4"),
    "half said": ((_notices, NOTICES | {"C": ...}), "nothing yet for layer C"),
    "said in words": ((_notices, NOTICES | {"D": "yes"}), "In `said`, for layer D"),
    "said number by number": (
        (_notices, NOTICES | {"B": torch.tensor([True, False])}),
        "for layer B: one True or False",
    ),
}
