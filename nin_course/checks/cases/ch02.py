"""Right and wrong answers to the exercises of chapter 02, with the words that each wrong one must be told."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from nin_course.checks.ch02 import deep_block, fold, unseen
from nin_course.checks.mistakes.ch02 import BIAS, COUNTS, SIZES, UNSEEN, WEIGHT, WINDOWS, rows_unseen


def _block(c, d, k, n, *, without=(), padding=None, ones=1, pad_ones=0, bend=nn.ReLU, groups=1, conv=nn.Conv2d):
    """The block; `without` are the places of missing ReLUs, 0 after the first layer and −1 after the last."""
    layers = [conv(c, d, k, padding=k // 2 if padding is None else padding), bend()]
    for _ in range(n):
        layers += [conv(d, d, ones, padding=pad_ones, groups=groups), bend()]
    gone = {2 * i + 1 if i >= 0 else len(layers) + 2 * i + 1 for i in without}
    return nn.Sequential(*[layer for i, layer in enumerate(layers) if i not in gone])


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


class _Linear(nn.Module):
    def __init__(self, c, d, k, n):
        super().__init__()
        self.first = nn.Conv2d(c, d, k, padding=k // 2)
        self.mlp = nn.Sequential(nn.ReLU(), *[nn.Sequential(nn.Linear(d, d), nn.ReLU()) for _ in range(n)])

    def forward(self, X):
        return self.mlp(self.first(X).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class _Parameters(nn.Module):
    """No layer at all: F.conv2d and einsum, with parameters of its own and without biases."""

    def __init__(self, c, d, k, n):
        super().__init__()
        self.window = nn.Parameter(torch.randn(d, c, k, k))
        self.ones = nn.ParameterList([torch.randn(d, d) for _ in range(n)])

    def forward(self, X):
        X = F.conv2d(X, self.window, padding=self.window.shape[-1] // 2).clamp(min=0)
        for one in self.ones:
            X = torch.einsum("nchw,dc->ndhw", X, one).clamp(min=0)
        return X


class _Hidden(nn.Module):
    """Its 1×1 layers are in a plain list, or in a plain dict by their numbers, under this name."""

    def __init__(self, name, container, c, d, k, n):
        super().__init__()
        self.first, self.name = nn.Conv2d(c, d, k, padding=k // 2), name
        layers = [nn.Conv2d(d, d, 1) for _ in range(n)]
        setattr(self, name, layers if container is list else dict(enumerate(layers)))

    def forward(self, X):
        X, held = self.first(X).relu(), getattr(self, self.name)
        for i in range(len(held)):
            X = held[i](X).relu()
        return X


class _InAListToo(_Functional):
    """Its layers are where PyTorch sees them, and in a plain list as well."""

    def __init__(self, *args):
        super().__init__(*args)
        self.once_more, self.numbers = list(self.layers), list(self.parameters())


class _AmongOthers(_Functional):
    """The images of a batch are compared with their mean."""

    def forward(self, X):
        return super().forward(X - X.mean(dim=0))


class _Residual(_Functional):
    def forward(self, X):
        X = torch.relu(self.layers[0](X))
        for layer in self.layers[1:]:
            X = X + torch.relu(layer(X))
        return X


class _Idle(_Functional):
    """Makes its last layer and does not use it."""

    def forward(self, X):
        for layer in self.layers[: max(len(self.layers) - 1, 1)]:
            X = torch.relu(layer(X))
        return X


class _Casts(_Functional):
    """Computes in another precision than it is given."""

    def forward(self, X):
        return super().forward(X.float().to(torch.float32)).type(X.dtype)


class _Anew(_Functional):
    """Makes its 1×1 layers anew each time."""

    def forward(self, X):
        X = torch.relu(self.layers[0](X))
        for layer in self.layers[1:]:
            X = torch.relu(nn.Conv2d(layer.in_channels, layer.out_channels, 1)(X))
        return X


class _NoReturn(_Functional):
    def forward(self, X):
        super().forward(X)


class _Abs(nn.Module):
    def forward(self, X):
        return X.abs()


def _forgotten(*arguments):
    result = arguments  # noqa: F841


deep_block.right = {
    "a list": (_block,),
    "a module with torch.relu": (_Functional,),
    "its layers in a list, too": (_InAListToo,),
    "nested": (lambda c, d, k, n: nn.Sequential(_block(c, d, k, 0), *[_block(d, d, 1, 0) for _ in range(n)]),),
    "one ReLU, used again": (
        lambda c, d, k, n: nn.Sequential(*[nn.ReLU() if isinstance(m, nn.ReLU) else m for m in _block(c, d, k, n)]),
    ),
    "in place": (lambda c, d, k, n: _block(c, d, k, n, bend=lambda: nn.ReLU(inplace=True)),),
    "linear layers at every pixel": (_Linear,),
    "parameters of its own, no biases": (_Parameters,),
    "lazy": (lambda c, d, k, n: _block(c, d, k, n, conv=lambda c, *a, groups=1, **b: nn.LazyConv2d(*a, **b)),),
    "double": (lambda *a: _block(*a).double(),),
    "half": (lambda *a: _Functional(*a).half(),),
    "evaluated": (lambda *a: _block(*a).eval().requires_grad_(False),),
    "a window as a pair": (lambda c, d, k, n: _block(c, d, (k, k), n, padding=(k // 2, k // 2)),),
    "padded before": (lambda c, d, k, n: nn.Sequential(nn.ZeroPad2d(k // 2), _block(c, d, k, n, padding=0)),),
    "out of a ModuleDict": (lambda *a: nn.Sequential(nn.ModuleDict({"block": _block(*a)})["block"]),),
    "weight norm": (lambda *a: _block(*a, conv=lambda *b, **c: weight_norm(nn.Conv2d(*b, **c))),),
    "casts inside": (_Casts,),
    "a class's instance": (lambda *a: nn.Sequential(_Functional(*a), nn.Identity()),),
}

_SIZES = [  # each mistake of SIZES, in the same order
    lambda c, d, k, n: _block(c, d, k, n, padding=0),
    lambda c, d, k, n: _block(c, d, k, n, pad_ones=1),
    lambda c, d, k, n: _block(c, d, k, n, padding=1),
    lambda c, d, k, n: _block(c, d, k, n, padding=k),
    lambda c, d, k, n: _block(c, d, k, n, padding=k - 1),
    lambda c, d, k, n: _block(c, d, k, n, pad_ones=k // 2),
]
deep_block.wrong = {words: ((answer,), words) for words, answer in zip(SIZES, _SIZES, strict=True)}
deep_block.wrong |= {
    words: ((lambda c, d, k, n, count=count: _block(c, d, k, count(n)),), words) for words, count in COUNTS.items()
}
_WINDOWS = (
    lambda *a: _block(*a, ones=3, pad_ones=1),
    lambda c, d, k, n: _block(c, d, k, n, ones=k, pad_ones=k // 2),
    lambda c, d, k, n: _block(c, d, 1, n),
    lambda c, d, k, n: _block(c, d, 3, n),
)
deep_block.wrong |= {words: ((answer,), words) for words, answer in zip(WINDOWS, _WINDOWS, strict=True)}
deep_block.wrong |= {
    "shared weights": ((_shared,), "n = 3 layers of 1×1; it uses the weights of one layer 3 times"),
    "a plain list": ((lambda *a: _Hidden("ones", list, *a),), "`self.ones` are in a plain list"),
    "a plain dict": ((lambda *a: _Hidden("by_name", dict, *a),), "`self.by_name` are in a plain dict"),
    "a plain list that begins with _": ((lambda *a: _Hidden("_ones", list, *a),), "`self._ones` are in a plain list"),
    "images less their mean": (
        (_AmongOthers,),
        "deep_block(3, 5, 3, 1) gives other numbers for an image alone than for the same image in a batch",
    ),
    "first ReLU missing": ((lambda *a: _block(*a, without=[0] if a[3] else []),), "deep_block(3, 5, 3, 1) folds"),
    "middle ReLU missing": ((lambda *a: _block(*a, without=[1] if a[3] == 3 else []),), "deep_block(2, 4, 5, 3) folds"),
    "a ReLU of two missing": (
        (lambda *a: _block(*a, without=[1] if a[3] == 2 else []),),
        "deep_block(4, 3, 3, 2) folds",
    ),
    "last ReLU missing": ((lambda *a: _block(*a, without=[-1]),), "gives negative numbers: after its last layer"),
    "last ReLU of three missing": (
        (lambda *a: _block(*a, without=[-1] if a[3] == 3 else []),),
        "deep_block(2, 4, 5, 3) gives negative numbers",
    ),
    "no ReLU": ((lambda *a: _block(*a, bend=nn.Identity),), "deep_block(3, 5, 3, 1) has no ReLU at work"),
    "no ReLU for n = 0": (
        (lambda *a: _block(*a, bend=nn.ReLU if a[3] else nn.Identity),),
        "deep_block(1, 6, 7, 0) has no ReLU at work",
    ),
    "GELU": ((lambda *a: _block(*a, bend=nn.GELU),), "bends everywhere"),
    "ReLU6": ((lambda *a: _block(*a, bend=nn.ReLU6),), "than a ReLU: its numbers stop at 6"),
    "the size of each number": (
        (lambda *a: nn.Sequential(*_block(*a)[:-1], _Abs()),),
        "none of its numbers is exactly zero",
    ),
    "layers made anew": ((_Anew,), "gives other numbers each time"),
    "the image changed in place": (
        (lambda *a: nn.Sequential(nn.ReLU(inplace=True), *_block(*a)),),
        "changes the images that it is given, in place",
    ),
    "dropout": ((lambda *a: nn.Sequential(_block(*a), nn.Dropout()),), "in training mode than in evaluation mode"),
    "at most three": ((lambda c, d, k, n: _block(c, d, k, min(n, 3)),), "n = 5 layers of 1×1; it has the weights of 3"),
    "a ReLU before": ((lambda *a: nn.Sequential(nn.ReLU(), *_block(*a)),), "does not see pixels below zero"),
    "padded at the end": (
        (lambda c, d, k, n: nn.Sequential(_block(c, d, k, n, padding=0), nn.ZeroPad2d(k // 2)),),
        "does not see the corner of the image",
    ),
    "groups": (
        (lambda *a: _block(*a, groups=a[1]),),
        "n = 1 layers of 1×1, 160 weights and up to 10 biases; it has 150 weights and biases. So many it is if a 1×1 "
        "layer does not mix the channels (groups?)",
    ),
    "an oblong window": (
        (
            lambda c, d, k, n: nn.Sequential(
                nn.Conv2d(c, d, (k, 1), padding=(k // 2, 0)), *list(_block(c, d, k, n))[1:]
            ),
        ),
        "sees 3 × 1 pixels; a window of 3 and n 1×1 layers see 3 × 3, with the pixel itself in the middle.",
    ),
    "residual": ((_Residual,), "on a second way, past a layer"),
    "a layer that idles": ((_Idle,), "a layer that does not work: layers.1 changes nothing"),
    "BatchNorm, too": (
        (lambda *a: nn.Sequential(_block(*a, without=[-1]), nn.BatchNorm2d(a[1]), nn.ReLU()),),
        "160 weights and up to 10 biases; it has 180",
    ),
    "channels of the input": (
        (lambda c, d, k, n: nn.Sequential(nn.Conv2d(c, d, k, padding=k // 2), nn.Conv2d(c, d, 1)),),
        "does not take (2, 3, 12, 9)",
    ),
    "in_channels out": (
        (lambda c, d, k, n: _block(c, c, k, n),),
        "turns (2, 3, 12, 9) into (2, 3, 12, 9); it should be (2, 5, 12, 9): out_channels = 5.",
    ),
    "halved": (
        (lambda *a: nn.Sequential(_block(*a), nn.MaxPool2d(2)),),
        "(2, 3, 12, 9) into (2, 5, 6, 4); the image should keep its size.",
    ),
    "averaged": (
        (lambda *a: nn.Sequential(_block(*a), nn.AdaptiveAvgPool2d(1), nn.Flatten()),),
        "(2, 3, 12, 9) into (2, 5); it should be (2, 5, 12, 9)",
    ),
    "a list returned": ((lambda *a: list(_block(*a)),), "`nn.Sequential(*layers)` makes a network"),
    "a class returned": ((lambda *a: nn.Sequential,), "Make one of it, with brackets"),
    "an output returned": ((lambda *a: _block(*a)(torch.zeros(1, a[0], 9, 9)),), "this is a tensor of shape"),
    "an instance": ((_block(3, 5, 3, 1),), "without brackets"),
    "printed": ((lambda *a: print(_block(*a)),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "no return in its forward": ((_NoReturn,), "Is the `return` in its forward missing?"),
    "always the same": ((lambda *a: _block(3, 5, 3, 1),), "deep_block(2, 4, 5, 3) does not take"),
}


def _loop(size, layers):
    sides = [size]
    for kernel, stride, padding in layers:
        sides.append((sides[-1] + 2 * padding - kernel) // stride + 1)
    last = sides.pop() - 1
    for kernel, stride, padding in reversed(layers):
        last = min(last * stride - padding + kernel - 1, sides.pop() - 1)
    return size - 1 - last


def _last_seen(size, layers):
    """The last row that is seen, by recursion."""
    if not layers:
        return size - 1
    (kernel, stride, padding), *rest = layers
    side = math.floor((size + 2 * padding - kernel) / stride + 1)
    return min(_last_seen(side, rest) * stride - padding + kernel - 1, size - 1)


def _by_gradient(size, layers):
    X = torch.zeros(1, 1, size, size, dtype=torch.float64, requires_grad=True)
    maps = X
    for kernel, stride, padding in layers:
        maps = F.conv2d(maps, torch.ones(1, 1, kernel, kernel, dtype=torch.float64), stride=stride, padding=padding)
    maps.sum().backward()
    return size - 1 - X.grad[0, 0].any(dim=1).nonzero().max()


def _by_sets(size, layers):
    """Which rows each row of the last map sees, as sets, forward."""
    rows = [{i} for i in range(size)]
    for kernel, stride, padding in layers:
        rows = [
            set().union(*rows[max(r * stride - padding, 0) : r * stride - padding + kernel])
            for r in range((len(rows) + 2 * padding - kernel) // stride + 1)
        ]
    return size - 1 - max(set().union(*rows))


def _by_marks(size, layers):
    """Rows with a mark, pooled in one dimension."""
    X = np.arange(size, dtype=float)
    for kernel, stride, padding in layers:
        X = np.pad(X, padding, constant_values=-1)
        X = np.lib.stride_tricks.sliding_window_view(X, kernel)[::stride].max(axis=1)
    return size - 1 - X.max()


def _pooled(size, layers):
    """The largest row number that reaches the end, by max pooling."""
    net = nn.Sequential(*[nn.MaxPool2d((k, 1), (s, 1), (p, 0)) for k, s, p in layers])
    X = torch.arange(float(size)).reshape(1, 1, size, 1)
    return int(size - 1 - net(X).max())


def _popped(size, layers):
    sides, walked = [size], []
    while layers:
        kernel, stride, padding = layers.pop(0)
        sides.append((sides[-1] + 2 * padding - kernel) // stride + 1)
        walked.append((kernel, stride, padding))
    return _loop(size, walked)


def _cleared(size, layers):
    layers.clear()
    return _loop(size, layers)


unseen.right = {
    "a loop": (_loop,),
    "recursion": (lambda size, layers: size - 1 - _last_seen(size, layers),),
    "a gradient": (_by_gradient,),
    "sets of rows": (_by_sets,),
    "numpy": (_by_marks,),
    "pooling in oblong windows": (_pooled,),
    "float": (lambda *a: float(_loop(*a)),),
    "half": (lambda *a: torch.tensor(_loop(*a)).half(),),
    "a numpy integer": (lambda *a: np.int64(_loop(*a)),),
    "a list of one": (lambda *a: [_loop(*a)],),
    "a tensor that requires grad": (lambda *a: torch.tensor([[float(_loop(*a))]], requires_grad=True),),
    "a generator": (lambda *a: (n for n in [_loop(*a)]),),
    "layers used up": (_popped,),
}

unseen.wrong = {words: ((rule,), words) for words, rule in UNSEEN.items()}
unseen.wrong |= {
    "rounded up": (
        (lambda n, ls: rows_unseen(n, ls, side=lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1),),
        "sizes that are rounded up",
    ),
    "a constant": ((lambda *a: 5,), "It gives the same in all of these cases."),
    "half a row too much": ((lambda *a: _loop(*a) + 0.5,), "you say 7.5, it should be 7"),
    "a string": ((lambda *a: str(_loop(*a)),), "this is the string '7'"),
    "a pair": ((lambda *a: (_loop(*a), _loop(*a)),), "this is a tuple of 2"),
    "True": ((lambda *a: _loop(*a) > 0,), "this is True"),
    "cleared": ((_cleared,), "It also changes layers in place"),
    "size ignored": ((lambda size, layers: _loop(100, layers),), "depend on size"),
    "fractions": (
        (lambda n, ls: rows_unseen(n, ls, side=lambda n, k, s, p: (n + 2 * p - k) / s + 1, clip=False),),
        "it should be 7",
    ),
    "printed": ((lambda *a: print(_loop(*a)),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": ((3,), "without brackets"),
    "no three numbers": ((lambda size, layers: [n for k, s in layers for n in (k, s)],), "stopped with ValueError"),
}


def _in_place(A, a, B, b):
    b += B @ a
    return B @ A, b


def _probed(A, a, B, b):
    def both(x):
        return B @ (A @ x + a) + b

    zero = both(torch.zeros(A.shape[1]))
    return torch.stack([both(e) - zero for e in torch.eye(A.shape[1])], dim=1), zero


def _as_layers(A, a, B, b):
    """The bias by the layers themselves, the weight by their gradient."""
    first, second = nn.Linear(*A.T.shape), nn.Linear(*B.T.shape)
    first.weight, first.bias, second.weight, second.bias = map(nn.Parameter, (A, a, B, b))
    weight = torch.autograd.functional.jacobian(lambda x: second(first(x)), torch.zeros(A.shape[1]))
    return weight, second(first.bias)


def _homogeneous(A, a, B, b):
    """The bias as one more column, and a row that keeps the 1."""
    first = torch.cat([torch.cat([A, a[:, None]], dim=1), torch.eye(A.shape[1] + 1)[-1:]])
    return (torch.cat([B, b[:, None]], dim=1) @ first).split([A.shape[1], 1], dim=1)


@torch.inference_mode()
def _inferred(A, a, B, b):
    return B @ A, B @ a + b


def _emptied(A, a, B, b):
    return B @ A.zero_(), B @ a + b


fold.right = {
    "matrices": (lambda A, a, B, b: (B @ A, B @ a + b),),
    "einsum": (lambda A, a, B, b: (torch.einsum("dm,mc->dc", B, A), torch.einsum("dm,m->d", B, a) + b),),
    "as conv weights": (lambda A, a, B, b: ((B @ A)[:, :, None, None], B @ a + b),),
    "by probing": (_probed,),
    "by layers and gradients": (_as_layers,),
    "double": (lambda A, a, B, b: (B.double() @ A.double(), B.double() @ a.double() + b),),
    "half": (lambda A, a, B, b: (B.half() @ A.half(), F.linear(a.half(), B.half(), b.half())),),
    "numpy, in a list": (lambda A, a, B, b: [B.numpy() @ A.numpy(), B.numpy() @ a.numpy() + b.numpy()],),
    "lists": (lambda A, a, B, b: ((B @ A).tolist(), (B @ a + b).tolist()),),
    "a generator": (lambda A, a, B, b: (part for part in (B @ A, B @ a + b)),),
    "a dict's values": (lambda A, a, B, b: {"weight": B @ A, "bias": B @ a + b}.values(),),
    "not contiguous, with a gradient": (lambda A, a, B, b: ((A.T @ B.T.requires_grad_()).T, (a @ B.T) + b),),
    "sparse": (lambda A, a, B, b: ((B @ A).to_sparse(), torch.addmv(b, B, a)),),
    "inference mode": (_inferred,),
    "b in place": (_in_place,),
    "split": (lambda *parts: (lambda weight, bias: (weight, bias.squeeze(1)))(*_homogeneous(*parts)),),
}

fold.wrong = {
    words: ((lambda A, a, B, b, rule=rule: (rule(A, a, B, b), B @ a + b),), words) for words, rule in WEIGHT.items()
}
fold.wrong |= {
    words: ((lambda A, a, B, b, rule=rule: (B @ A, rule(A, a, B, b)),), words) for words, rule in BIAS.items()
}
fold.wrong |= {
    f"{one} {other}": (
        (lambda *p, weight=weight, bias=bias: (weight(*p), bias(*p)),),
        f"{one} {other}",
    )
    for (one, weight), (other, bias) in list(zip(WEIGHT.items(), BIAS.items(), strict=False))[::3]
}
fold.wrong |= {
    "swapped": ((lambda A, a, B, b: (B @ a + b, B @ A),), "other order: (weight, bias)"),
    "both the other way round": ((lambda A, a, B, b: (A @ B, A @ b + a),), "Both products stand the other way round"),
    "A and B exchanged": ((lambda A, a, B, b: (A @ B, A @ a + b),), "A and B are exchanged"),
    "weight only": ((lambda A, a, B, b: B @ A,), "Two things are wanted"),
    "bias only": ((lambda A, a, B, b: B @ a + b,), "this is a tensor of shape"),
    "a layer": ((lambda A, a, B, b: nn.Linear(3, 5),), "this is a network (Linear)"),
    "three": ((lambda A, a, B, b: (B @ A, B @ a, b),), "this is a tuple of 3"),
    "constants": ((lambda *_: (torch.ones(5, 3), torch.ones(5)),), "the same in all of these cases"),
    "a ignored, and A": ((lambda A, a, B, b: (B, 2 * b),), "That is the second layer's weight alone."),
    "half too much": ((lambda A, a, B, b: (B @ A, B @ a + b + 0.5),), "the largest difference is 0.5)"),
    "strings": ((lambda A, a, B, b: (str(B @ A), B @ a + b),), "this is the string"),
    "a weight for each place of a window": (
        (lambda A, a, B, b: ((B @ A)[:, :, None, None].expand(-1, -1, 3, 3), B @ a + b),),
        "the shape for weight is (3, 3, 3, 3), it should be (3, 3)",
    ),
    "weight in the air": ((lambda A, a, B, b: ([B, A], B @ a + b),), "the shape for weight is (2, 3, 3)"),
    "emptied": ((_emptied,), "It also changes A in place"),
    "printed": ((lambda A, a, B, b: print(B @ a + b),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": (((1, 2),), "without brackets"),
    "sizes that do not fit": ((lambda A, a, B, b: (B @ A, B @ a[1:]),), "stopped with RuntimeError"),
}
