"""Right and wrong answers to the exercises of chapter 04, with the words that each wrong one must be told."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from nin_course.blocks import FlattenLayer, GlobalAvgPool2d, nin_block
from nin_course.checks.ch04 import block_parameters, dearest, design
from nin_course.checks.mistakes.ch04 import BIASES, FIRST, ONES, parameter_counts
from nin_course.models import nin_small


def _first(i, o, k):
    return i * o * k * k + o


def _one(o):
    return o * o + o


def _block(i, o, k):
    return _first(i, o, k) + 2 * _one(o)


def _looped(i, o, k):
    total = 0
    for inputs, window in ((i, k), (o, 1), (o, 1)):
        for _ in range(o):
            total += inputs * window * window + 1
    return total


def _lazy(i, o, k):
    layers = nn.Sequential(nn.LazyConv2d(o, k), nn.LazyConv2d(o, 1), nn.LazyConv2d(o, 1))
    layers(torch.zeros(1, i, k, k))
    return sum(p.numel() for p in layers.parameters())


def _on_meta(i, o, k):
    with torch.device("meta"):
        return sum(map(torch.numel, nin_block(i, o, k, 1, 0).parameters()))


def _forgotten(*arguments):
    result = arguments  # noqa: F841


block_parameters.right = {
    "formula": (_block,),
    "one sum": (lambda i, o, k: o * (i * k**2 + 2 * o + 3),),
    "counted": (lambda i, o, k: sum(p.numel() for p in nin_block(i, o, k, 1, 0).parameters()),),
    "counted on meta": (_on_meta,),
    "lazy": (_lazy,),
    "a loop over the output channels": (_looped,),
    "tensor": (lambda *a: torch.tensor(_block(*a)),),
    "double": (lambda *a: torch.tensor(float(_block(*a)), dtype=torch.float64),),
    "with a gradient": (lambda *a: torch.tensor([float(_block(*a))], requires_grad=True),),
    "numpy": (lambda *a: np.int64(_block(*a)),),
    "float": (lambda *a: float(_block(*a)),),
    "an array": (lambda *a: np.array([[_block(*a)]]),),
    "one in a list": (lambda *a: [_block(*a)],),
    "a generator": (lambda *a: (n for n in [_block(*a)]),),
    "a dict's values": (lambda *a: {"block": _block(*a)}.values(),),
    "as three linear layers": (
        lambda i, o, k: sum(p.numel() for n in (i * k * k, o, o) for p in nn.Linear(n, o).parameters()),
    ),
}

_PARTS = [words for words in (*FIRST, *ONES, *BIASES) if words]
_COUNTS = {words: (rule, sum(part in words for part in _PARTS)) for words, rule in parameter_counts().items()}

block_parameters.wrong = {words: ((rule,), words) for words, (rule, mistakes) in _COUNTS.items() if mistakes < 2}
block_parameters.wrong |= {
    words: ((rule,), words)
    for words, rule in [(words, rule) for words, (rule, mistakes) in _COUNTS.items() if mistakes == 2][4::17]
}
block_parameters.wrong |= {
    "something else": ((lambda i, o, k: _block(i, o, k) + i * k,), "you say 821, it should be 800"),
    "a constant": ((lambda i, o, k: 800,), "the same in all of these cases"),
    "zero": ((lambda i, o, k: 0,), "you say 0, it should be 800"),
    "in_channels ignored": ((lambda i, o, k: o * o + 7 * k,), "does not depend on in_channels"),
    "kernel_size ignored": ((lambda i, o, k: i + _one(o),), "does not depend on kernel_size"),
    "half too much": ((lambda *a: _block(*a) + 0.5,), "you say 800.5, it should be 800"),
    "a string": ((lambda *a: str(_block(*a)),), "this is the string '800'"),
    "three numbers": ((lambda i, o, k: (_first(i, o, k), _one(o), _one(o)),), "this is a tuple of 3"),
    "the block": ((lambda i, o, k: nin_block(i, o, k, 1, 0),), "this is a network (Sequential)"),
    "True": ((lambda *a: True,), "this is True"),
    "printed": ((lambda *a: print(_block(*a)),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": ((_block(1, 96, 11),), "without brackets; this is the number 30,336"),
    "stopped": ((lambda i, o, k: i.numel(),), "stopped with AttributeError"),
    "two arguments": ((lambda i, o: i * o,), "stopped with TypeError"),
}


dearest.right = {
    "names": ("dense 1", "conv 2", "conv 1"),
    "other spelling": (" Dense 1", "CONV 2", "conv  1 "),
    "without spaces": ("dense1", "conv2", "conv1"),
    "with an underscore": ("dense_1", "conv_2", "conv-1"),
    "in full, in quotes": ("'dense 1'", '"convolution 2"', "Conv. 1"),
}


dearest.wrong = {
    "wrong dense": (("dense 2", "conv 2", "conv 1"), "parameters: dense 2 has 16,781,312; one layer has more"),
    "the last dense": (("dense 3", "conv 2", "conv 1"), "parameters: dense 3 has 40,970; 6 layers have more"),
    "a convolution": (("conv 4", "conv 2", "conv 1"), "compare with the dense ones"),
    "parameters for MACs": (("dense 1", "dense 1", "conv 1"), "parameters alone do not tell"),
    "the first for MACs": (("dense 1", "conv 1", "conv 1"), "MACs: conv 1 has 33,872,256; 4 layers have more"),
    "the widest": (("dense 1", "conv 2", "conv 3"), "activations: conv 3"),
    "the most work": (("dense 1", "conv 2", "conv 2"), "activations: conv 2 has 173,056; one layer has more"),
    "a number": ((6, "conv 2", "conv 1"), "a name of the table is wanted: conv 1, conv 2"),
    "a number for MACs": (("dense 1", 2, "conv 1"), "For MACs, a name of the table"),
    "not in the table": (("conv 6", "conv 2", "conv 1"), "This is the string 'conv 6'"),
    "a kind": (("dense 1", "conv", "conv 1"), "This is the string 'conv'"),
    "two names": (("dense 1", "conv 2", "conv 1, conv 2"), "For activations, a name of the table"),
    "a layer": (("dense 1", "conv 2", nn.Conv2d(1, 96, 11)), "This is a network (Conv2d)"),
    "None": ((None, "conv 2", "conv 1"), "This is None"),
}


def _design(first=24, second=48, last=80, head=None, kernel=5, pools=(2, 2), pool=nn.MaxPool2d):
    def my_nin():
        return nn.Sequential(
            nin_block(1, first, kernel, 1, kernel // 2),
            pool(pools[0]),
            nin_block(first, second, 3, 1, 1),
            pool(pools[1]),
            *(nn.Conv2d(second, last, 3, padding=1), nn.ReLU(), nn.Conv2d(last, last, 1), nn.ReLU()),
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


class _Casts(_Written):
    """In double precision inside."""

    def forward(self, X):
        return self.double()._mean(X.double()).float()

    def _mean(self, X):
        return super().forward(X)


class _Dense(_Written):
    """Its 1×1 layers are linear ones, used at every pixel."""

    def __init__(self):
        super().__init__()
        self.think, self.classes = nn.Linear(16, 16), nn.Linear(32, 10)

    def forward(self, X):
        X = self.think(self.look(X).relu().permute(0, 2, 3, 1)).relu()
        X = self.again(X.permute(0, 3, 1, 2)).relu().permute(0, 2, 3, 1)
        return self.classes(X).mean(dim=(1, 2))


class _Rows(_Dense):
    """The last linear layer sees the places of a map in a row, or those of all images."""

    def __init__(self, flat=False):
        super().__init__()
        self.flat = flat

    def forward(self, X):
        X = self.think(self.look(X).relu().permute(0, 2, 3, 1)).relu()
        X = self.again(X.permute(0, 3, 1, 2)).relu()
        images, channels, height, width = X.shape
        if not self.flat:
            return self.classes(X.flatten(2).transpose(1, 2)).mean(dim=1)
        votes = self.classes(X.permute(0, 2, 3, 1).reshape(-1, channels))
        return votes.reshape(images, height, width, -1).mean(dim=(1, 2))


class _Own(_Written):
    """Its layers are parameters, and functions that use them."""

    def __init__(self, multiply="conv2d"):
        super().__init__()
        self.think = self.classes = None
        self.multiply = multiply
        self.A, self.b = nn.Parameter(torch.randn(16, 16)), nn.Parameter(torch.randn(16))
        self.C, self.d = nn.Parameter(torch.randn(10, 32)), nn.Parameter(torch.randn(10))

    def one_by_one(self, X, weight, bias):
        if self.multiply == "einsum":
            return torch.einsum("dc,nchw->ndhw", weight, X) + bias.reshape(-1, 1, 1)
        if self.multiply == "@":
            return (X.permute(0, 2, 3, 1) @ weight.T + bias).permute(0, 3, 1, 2)
        if self.multiply == "@ on rows":
            return (weight @ X.flatten(2) + bias[:, None]).unflatten(2, X.shape[2:])
        return F.conv2d(X, weight[:, :, None, None], bias)

    def forward(self, X):
        X = self.one_by_one(self.look(X).relu(), self.A, self.b).relu()
        X = self.one_by_one(self.again(X).relu(), self.C, self.d)
        return F.adaptive_avg_pool2d(X, 1).flatten(1) if self.multiply == "conv2d" else X.mean(dim=(-2, -1))


class _Branches(nn.Module):
    """Two windows beside each other, their maps put together, and a shortcut."""

    def __init__(self):
        super().__init__()
        self.small, self.large = nn.Conv2d(1, 8, 3, 2, 1), nn.Conv2d(1, 8, 9, 2, 4)
        self.one, self.two, self.classes = nn.Conv2d(16, 16, 1), nn.Conv2d(16, 16, 5, 2, 2), nn.Conv2d(16, 10, 1)

    def forward(self, X):
        X = torch.cat([self.small(X), self.large(X)], dim=1).relu()
        X = self.two(self.one(X).relu() + X).relu()
        return F.avg_pool2d(self.classes(X), X.shape[2:]).squeeze(3).squeeze(2)


def _lazy_design():
    layers = nn.LazyConv2d(16, 7, 2, 3), nn.ReLU(), nn.LazyConv2d(16, 1), nn.ReLU(), nn.LazyConv2d(24, 7, 2, 3)
    return nn.Sequential(*layers, nn.ReLU(), nn.LazyConv2d(10, 1), nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten())


_MEAN = nn.AdaptiveAvgPool2d(1), nn.Flatten()


def _small(*early, classes=10, head=_MEAN):
    """From 28 × 28 to 7 × 7 by the layers that are given, two 1×1 layers, the class maps, and a mean."""
    return nn.Sequential(*early, nn.ReLU(), *_ones(16), nn.ReLU(), nn.Conv2d(16, classes, 1), *head)


def _early(window=7, padding=3):
    return nn.Conv2d(1, 16, window, 2, padding), nn.ReLU(), nn.Conv2d(16, 16, window, 2, padding)


class _Changed(_Written):
    """Whatever is done with the class maps instead of their mean."""

    def __init__(self, end):
        super().__init__()
        self.end = end

    def forward(self, X):
        return self.end(self.classes(self.again(self.think(self.look(X).relu()).relu()).relu()))


def _oblong(end):
    """Maps of 4 × 7 cells: in no sentence may one side stand for the other."""
    net = _Changed(end)
    net.again.stride = (4, 2)
    return net


class _Columns(nn.Module):
    """Means over channels and rows, of maps with as many columns as there are classes."""

    def forward(self, X):
        return X.mean(dim=(1, 2))


class _Listed(_Written):
    """Its layers are in a plain list."""

    def __init__(self):
        super().__init__()
        self.layers = [self.look, nn.ReLU(), self.think, nn.ReLU(), self.again, nn.ReLU(), self.classes]
        del self.look, self.think, self.again, self.classes

    def forward(self, X):
        for layer in self.layers:
            X = layer(X)
        return X.mean(dim=(2, 3))


def _shared():
    """One 1×1 layer, used three times, and class maps by a larger window."""
    one = nn.Conv2d(16, 16, 1)
    early = *_early(), nn.ReLU(), one, nn.ReLU(), one, nn.ReLU(), one, nn.ReLU()
    return nn.Sequential(*early, nn.Conv2d(16, 10, 3, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten())


design.right = {
    "the solution": _design(),
    "narrow": _design(8, 16, 16),
    "adaptive pooling": _design(head=[nn.Conv2d(80, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()]),
    "a pooling layer of its own": _design(head=[nn.Conv2d(80, 10, 1), nn.AvgPool2d(7), nn.Flatten()]),
    "an oblong pooling after a mean": _design(
        head=[nn.Conv2d(80, 10, 1), nn.AvgPool2d((7, 1)), nn.AvgPool2d((1, 7)), nn.Flatten()]
    ),
    "the places in a row": _design(head=[nn.Flatten(2), nn.Conv1d(80, 10, 1), nn.AdaptiveAvgPool1d(1), nn.Flatten()]),
    "linear layers on rows of places": (_Rows,),
    "linear layers on rows of all images' places": (lambda: _Rows(flat=True),),
    "a ReLU on the logits": _design(head=[nn.Conv2d(80, 10, 1), nn.ReLU(), GlobalAvgPool2d(), FlattenLayer()]),
    "dropout and batch norm": _design(
        16, 32, 64, head=[nn.BatchNorm2d(64), nn.Dropout(), nn.Conv2d(64, 10, 1), GlobalAvgPool2d(), FlattenLayer()]
    ),
    "average pooling on the way": _design(pool=nn.AvgPool2d),
    "a module": (_Written,),
    "linear layers at every pixel": (_Dense,),
    "double inside": (_Casts,),
    "F.conv2d": (_Own,),
    "einsum": (lambda: _Own("einsum"),),
    "@": (lambda: _Own("@"),),
    "@ on rows": (lambda: _Own("@ on rows"),),
    "branches": (_Branches,),
    "lazy": (_lazy_design,),
    "double": (lambda: _design()[0]().double(),),
    "half": (lambda: _design()[0]().bfloat16(),),
    "frozen": (lambda: _design()[0]().requires_grad_(False),),
    "in evaluation mode": (lambda: _design()[0]().eval(),),
    "dilation": (
        lambda: _small(nn.Conv2d(1, 16, 3, 2, 3, dilation=3), nn.ReLU(), nn.Conv2d(16, 16, 5, 2, 4, dilation=2)),
    ),
    "oblong windows": (
        lambda: _small(nn.Conv2d(1, 16, (9, 3), 2, (4, 1)), nn.ReLU(), nn.Conv2d(16, 16, (5, 9), 2, (2, 4))),
    ),
    "windows of one row and of one column": (
        lambda: _small(
            *(nn.Conv2d(1, 16, (9, 1), (2, 1), (4, 0)), nn.Conv2d(16, 16, (1, 9), (1, 2), (0, 4)), nn.ReLU()),
            *(nn.Conv2d(16, 16, 7, 2, 3),),
        ),
    ),
    "GELU": (lambda: _small(nn.Conv2d(1, 16, 7, 2, 3), nn.GELU(), nn.Conv2d(16, 16, 7, 2, 3)),),
    "groups": (lambda: _small(nn.Conv2d(1, 16, 7, 2, 3), nn.ReLU(), nn.Conv2d(16, 16, 7, 2, 3, groups=4)),),
    "an oblong map": (lambda: _small(nn.Conv2d(1, 16, 7, 2, 3), nn.ReLU(), nn.Conv2d(16, 16, 7, (4, 2), 3)),),
}


design.wrong = {
    "nin_small itself": ((nin_small,), "480,394 parameters, and the limit is 100,000"),
    "too much work": (_design(40, 40, 40, pools=(1, 4)), "MACs, and the limit is 10,000,000"),
    "too many numbers": (_design(28, 48, 64), "activations, and the limit is 100,000"),
    "dense head": (_design(16, 32, 32, [nn.Flatten(), nn.Linear(32 * 49, 10)]), "It has a dense layer"),
    "one 1×1, used three times": ((_shared,), "It uses 1 1×1 convolution; a NiN"),
    "no 1×1 but in groups": (
        (
            lambda: nn.Sequential(
                *_early(), *(nn.Conv2d(16, 16, 1, groups=4) for _ in range(2)), nn.Conv2d(16, 10, 3, padding=1), *_MEAN
            ),
        ),
        "It uses 0 1×1 convolutions; a NiN",
    ),
    "one map a pixel": (_design(head=[nn.Flatten()]), "It turns (3, 1, 28, 28) into (3, 3920); (3, 10) is wanted."),
    "no mean": (
        (lambda: _small(*_early(), head=()),),
        "into (3, 10, 7, 7); (3, 10) is wanted. Those are its class maps",
    ),
    "not flat": (
        (lambda: _small(*_early(), head=[nn.AdaptiveAvgPool2d(1)]),),
        "into (3, 10, 1, 1); (3, 10) is wanted. Flatten it at the end.",
    ),
    "eleven classes": ((lambda: _small(*_early(), classes=11),), "into (3, 11); (3, 10) is wanted"),
    "eleven maps": ((lambda: _small(*_early(), classes=11, head=()),), "into (3, 11, 7, 7); (3, 10) is wanted."),
    "all images in one": ((lambda: _Changed(lambda maps: maps.mean(dim=(2, 3)).flatten()),), "into (30,); (3, 10)"),
    "maps less their mean": (
        (lambda: _Changed(lambda maps: (maps - maps.mean(dim=0)).mean(dim=(2, 3))),),
        "my_nin() gives other numbers for an image alone than for the same image in a batch",
    ),
    "always one image": ((lambda: _Changed(lambda maps: maps.mean(dim=(0, 2, 3))[None]),), "into (1, 10); (3, 10)"),
    "of one image all axes": (
        (lambda: _Changed(lambda maps: maps.mean(dim=(2, 3)).squeeze()),),
        "It turns (1, 1, 28, 28) into (10,); (1, 10) is wanted.",
    ),
    "the largest, not the mean": (
        _design(head=[nn.Conv2d(80, 10, 1), nn.AdaptiveMaxPool2d(1), nn.Flatten()]),
        "are the *largest* votes of its maps",
    ),
    "the sum, not the mean": ((lambda: _Changed(lambda maps: maps.sum(dim=(2, 3))),), "not the means of ten maps"),
    "the middle of the maps": (
        (lambda: _oblong(lambda maps: maps[:, :, :3, 1:6].mean(dim=(2, 3))),),
        "Only 3 × 5 cells of its class maps are in the mean, and the maps have 4 × 7",
    ),
    "means of columns": (
        (lambda: nn.Sequential(*_early(), nn.ReLU(), *_ones(16), nn.Upsample(size=10), _Columns()),),
        "look at different parts of the image",
    ),
    "a linear layer over the places": (
        _design(head=[nn.Conv2d(80, 10, 1), nn.Flatten(2), nn.Linear(49, 49), nn.AdaptiveAvgPool1d(1), nn.Flatten()]),
        "used 10 times for an image, and no map on the way has so many cells: they mix places, as a dense layer does",
    ),
    "a linear layer over the columns": (
        (lambda: nn.Sequential(nn.Linear(28, 28), *_design(16, 32, 64)[0]()),),
        "mix places, as a dense layer does",
    ),
    "a small map": (_design(16, 32, 32, pools=(2, 7)), "class maps of 2 × 2 cells; at least 3 × 3 are wanted"),
    "a single cell": (
        (lambda: _small(nn.Conv2d(1, 16, 9, 2), nn.ReLU(), nn.Conv2d(16, 16, 10)),),
        "class maps of 1 × 1 cells; at least 3 × 3 are wanted",
    ),
    "a row of cells": ((lambda: _Changed(lambda maps: maps[:, :, 3:4].mean(dim=(2, 3))),), "class maps of 1 × 7 cells"),
    "short-sighted": (_design(8, 16, 32, kernel=1, pools=(1, 4)), "sees 14 × 14 pixels; at least 16 × 16 are wanted"),
    "short-sighted in its columns": ((lambda: _small(*_early((9, 3), (4, 1))),), "sees 25 × 7 pixels"),
    "no network": ((lambda: nn.functional.relu,), "an nn.Module; this is a function"),
    "the class": ((lambda: _Written,), "this is the class _Written itself. Make one of it"),
    "a list": ((lambda: list(_design()[0]()),), "`nn.Sequential(*layers)` makes a network"),
    "a plain list inside": ((_Listed,), "The layers in `self.layers` are in a plain list"),
    "a network, not the function": ((_Written(),), "without brackets; this is a network (_Written)"),
    "its output": ((lambda: _Written()(torch.zeros(1, 1, 28, 28)),), "this is a tensor of shape (1, 10)"),
    "a pair put out": ((lambda: _Changed(lambda maps: (maps.mean(dim=(2, 3)), maps)),), "this is a tuple of 2"),
    "no return in its forward": ((lambda: _Changed(_forgotten),), "Is the `return` in its forward missing?"),
    "too large a window": ((lambda: nn.Conv2d(1, 10, 40),), "does not take (3, 1, 28, 28): RuntimeError"),
    "channels that do not fit": ((lambda: _small(nn.Conv2d(1, 8, 3)),), "does not take (3, 1, 28, 28): RuntimeError"),
    "an argument": ((lambda width: _design(width)[0](),), "stopped with TypeError"),
    "printed": ((lambda: print(_Written()),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
}
