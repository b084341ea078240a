"""Right and wrong answers to the exercises of chapter 09, with the words that each wrong one must be told."""

import numpy as np
import torch
import torch.nn.functional as F

from nin_course.blocks import nin_block
from nin_course.budget import summary
from nin_course.checks.ch09 import DISGUISED, WHY, hidden_width, in_disguise, on_patches
from nin_course.checks.mistakes.ch09 import ON_PATCHES, WIDTHS
from nin_course.modern import mobile_block


def _unfolded(X, weight, bias):
    p = weight.shape[2]
    return F.unfold(X, p, stride=p).transpose(1, 2) @ weight.flatten(1).T + bias


def _by_hand(X, weight, bias):
    p, found = weight.shape[2], []
    for top in range(0, X.shape[2], p):
        for left in range(0, X.shape[3], p):
            patch = X[:, :, top : top + p, left : left + p].reshape(len(X), -1)
            found.append(patch @ weight.reshape(len(weight), -1).T + bias)
    return torch.stack(found, dim=1)


def _reshaped(X, weight, bias):
    n, c, h, w = X.shape
    p = weight.shape[-1]
    cut = X.reshape(n, c, h // p, p, w // p, p).permute(0, 2, 4, 1, 3, 5)
    return cut.reshape(n, -1, c * p * p) @ weight.reshape(-1, c * p * p).t() + bias


def _forgotten(*arguments):
    result = arguments  # noqa: F841


on_patches.right = {
    "unfold": (_unfolded,),
    "by hand": (_by_hand,),
    "reshape and permute": (_reshaped,),
    "linear": (lambda X, w, b: F.linear(F.unfold(X, w.shape[2], stride=w.shape[2]).mT, w.flatten(1), b),),
    "numpy": (lambda *a: _by_hand(*a).numpy(),),
    "float32": (lambda *a: _by_hand(*[t.float() for t in a]),),
    "a list": (lambda *a: list(_by_hand(*a)),),
}
on_patches.wrong = {words: ((rule,), words) for words, rule in ON_PATCHES.items()}
on_patches.wrong |= {
    "a convolution": (
        (lambda X, w, b: F.conv2d(X, w, b, stride=w.shape[2]).flatten(2).mT,),
        "a convolution computed them. Do it with a matrix product",
    ),
    "a little more": ((lambda *a: _by_hand(*a) + 0.01,), "the shape is right; at [0, 0, 0]"),
    "in place": ((lambda X, w, b: _by_hand(X.mul_(2), w, b),), "It also changes X in place"),
    "printed": ((lambda *a: print(_by_hand(*a).shape),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": ((torch.zeros(2, 6, 5),), "without brackets; this is a tensor of shape (2, 6, 5)"),
    "stopped": ((lambda X, w, b: X @ w,), "stopped with RuntimeError"),
    "words": ((lambda *_: "patches",), "numbers are wanted; this is the string 'patches'"),
}

in_disguise.right = {
    "a string": ("ACEGH",),
    "another order": ("hgeca",),
    "with commas": ("A, C, E, G, H",),
    "a list": (list("HACEG"),),
    "a set": (set("ACEGH"),),
    "a dict's keys": (dict.fromkeys("ACEGH").keys(),),
    "twice": ("ACEGHH",),
}
in_disguise.wrong = {f"without {k}": ((DISGUISED.replace(k, ""),), f"is one, too: {k}. {WHY[k]}") for k in DISGUISED}
in_disguise.wrong |= {f"with {k}": ((DISGUISED + k,), f"{k} is none. {WHY[k]}") for k in "BDF"}
in_disguise.wrong |= {
    "nothing": (("",), "There are some"),
    "another letter": (("ACEGHI",), "Answer with letters, A to H"),
    "a number": ((5,), "this is the number 5"),
    "None": ((None,), "this is None"),
    "a list of numbers": (([1, 3],), "this is a list of 2 with the number 1 in it"),
}


def _formula(i, o, k):
    return round((k**2 * i * o + 2 * o**2) / (i + k**2 + o))


def _searched(in_channels, out_channels, k):
    """Counts real blocks; a MobileNet-like one has a window of 3, so the difference of another is added."""
    wanted = summary(nin_block(in_channels, out_channels, k, 1, k // 2), (1, in_channels, 1, 1)).macs

    def off(h):
        extra = h * (k**2 - 9)
        return abs(summary(mobile_block(in_channels, out_channels, h), (1, in_channels, 1, 1)).macs + extra - wanted)

    h = wanted // (in_channels + k**2 + out_channels)
    return min((h, h + 1), key=off)


hidden_width.right = {
    "the solution": (_formula,),
    "counted": (_searched,),
    "numpy": (lambda i, o, k: np.rint((k * k * i * o + 2 * o * o) / (i + k * k + o)),),
    "a tensor": (lambda *a: torch.tensor([_formula(*a)]),),
    "half added": (lambda i, o, k: int((k**2 * i * o + 2 * o**2) / (i + k**2 + o) + 0.5),),
    "a loop": (
        lambda i, o, k: min(range(1, 3000), key=lambda h: abs(h * i + h * k**2 + h * o - k**2 * i * o - o * o - o * o)),
    ),
}
hidden_width.wrong = {words: ((rule,), words) for words, rule in WIDTHS.items()}
hidden_width.wrong |= {
    "always 530": ((lambda *_: 530,), "the same in all of these cases"),
    "one more": ((lambda *a: _formula(*a) + 1,), "it should be"),
    "two numbers": ((lambda *a: (_formula(*a), 1),), "this is a tuple of 2"),
    "words": ((lambda *a: str(_formula(*a)),), "one number, the width, is wanted; this is the string"),
    "printed": ((lambda *a: print(_formula(*a)),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": ((530,), "without brackets; this is the number 530"),
    "stopped": ((lambda i, o, k: i / 0,), "stopped with ZeroDivisionError"),
}
