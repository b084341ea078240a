"""The three exercises of chapter 02: a block of any depth, rows that nobody sees, and two layers folded into one."""

import math
from collections import Counter

import torch

from nin_course.checks import _computes, _networks, _read
from nin_course.checks._calling import call, returned, the_function
from nin_course.checks._cases import Judge
from nin_course.checks._ladder import Wrong, exercise
from nin_course.checks.mistakes.ch02 import BIAS, COUNTS, SIZES, UNSEEN, WEIGHT, WINDOWS, rows_unseen

BLOCKS = (
    (3, 5, 3, 1),
    (2, 4, 5, 3),
    (1, 6, 7, 0),
    (4, 3, 3, 2),
    (2, 7, 3, 5),
)  # n below out_channels: then a count tells all


@exercise(
    "Collect the layers in a Python list: first the convolution and its ReLU, then a 1×1 and a ReLU, n times over.",
    "`nn.Sequential(*layers)` makes a network of a list. After the first convolution there are out_channels channels.",
    "Make a *new* nn.Conv2d for each of the n: `[layer] * n` would use one layer's weights n times.",
)
def deep_block(deep_block) -> str:
    """deep_block(in_channels, out_channels, kernel_size, n) -> nn.Module: a convolution that keeps the size, n 1×1s."""
    the_function(deep_block, "deep_block")
    nets = {}
    for args in BLOCKS:
        called = f"deep_block{args}"
        nets[args] = _networks.bare(_networks.network(returned(call(deep_block, *args), called), called))
    _judge_sizes(nets)
    for args, net in nets.items():
        called = f"deep_block{args}"
        drawn = [_computes.redrawn(net, seed) for seed in range(3)]
        X = torch.randn(6, args[0], 19, 17, dtype=torch.float64)  # more than three 5×5 windows see
        _networks.each_alone(drawn[0], X, called)
        _judge_window(called, drawn, X, nets, *args[2:])
        _judge_layers(called, drawn[0], X, nets, *args)
        if args[3] < 4:  # in a longer chain of random layers, too many channels are dead
            _judge_relus(called, drawn, X, *args)
        _judge_modes(called, drawn[0], X)
    return "Right, for n = 0, 1, 2, 3 and 5. With n = 2 it is the NiN block; chapter 08 asks which n is best."


def _judge_sizes(nets) -> None:
    changes, wrong = {}, ""
    for args, net in nets.items():
        in_channels, out_channels, kernel_size, n = args
        for height, width in ((12, 9), (9, 14)):
            X, called = torch.randn(2, in_channels, height, width), f"deep_block{args}"
            output = _networks.forward(net, X, called)
            start = f"{called} turns {tuple(X.shape)} into {tuple(output.shape)}; "
            if output.ndim != 4 or output.shape[1] != out_channels:
                raise Wrong(f"{start}it should be {(2, out_channels, height, width)}: out_channels = {out_channels}.")
            change = {after - before for after, before in zip(output.shape[2:], (height, width), strict=True)}
            changes.setdefault((kernel_size, n), set()).update(change)
            if change != {0}:
                wrong = wrong or f"{start}the image should keep its size."
    if wrong:
        cure = [w for w, rule in SIZES.items() if all(change == {rule(*k_n)} for k_n, change in changes.items())]
        raise Wrong(" ".join([wrong, *cure[:1]]))


def _view(net, in_channels) -> tuple[int, int]:
    """How many rows and columns an output pixel in the middle sees."""
    X = torch.randn(6, in_channels, 25, 23, dtype=torch.float64)
    seen = sum(_computes.sees(_computes.redrawn(net, seed), X.abs()) for seed in range(3)).bool()
    top, bottom, left, right = _computes.box(seen)
    return bottom - top + 1, right - left + 1


def _judge_window(called, nets, X, given, kernel_size, n) -> None:
    above, below = (sum(_computes.sees(net, images) for net in nets).bool() for images in (X.abs(), -X.abs()))
    corner = sum(_computes.sees(net, X, corner=True) for net in nets).bool()
    top, bottom, left, right = _computes.box(above)
    half, middle = kernel_size // 2, (X.shape[2] // 2, X.shape[3] // 2)
    if (top, bottom, left, right) == (middle[0] - half, middle[0] + half, middle[1] - half, middle[1] + half):
        if _computes.box(below) != (top, bottom, left, right):
            raise Wrong(
                f"{called} does not see pixels below zero. Its first convolution should see the image as it is."
            )
        if not corner[: half + 1, : half + 1].all():
            raise Wrong(f"The output pixel in the corner of {called} does not see the corner of the image.")
        return
    height, width = bottom - top + 1, right - left + 1
    start = (
        f"One output pixel of {called} sees {height} × {width} pixels; a window of {kernel_size} and n 1×1 layers see "
        f"{kernel_size} × {kernel_size}, with the pixel itself in the middle."
    )
    views = {args: _view(net, args[0]) for args, net in given.items() if args[2] + args[3] * (args[2] - 1) < 20}
    cure = [w for w, rule in WINDOWS.items() if all(view == (rule(*args[2:]),) * 2 for args, view in views.items())]
    raise Wrong(" ".join([start, *cure[:1]]))


def _layers(net, in_channels, out_channels, kernel_size, n) -> int | None:
    """How many 1×1 layers the parameters make, with any number of biases; None if it does not come out even."""
    have = sum(p.numel() for p in net.parameters()) - in_channels * out_channels * kernel_size**2
    fits = [m for m in range(n + 6) if have in [m * out_channels**2 + k * out_channels for k in range(m + 2)]]
    return n if n in fits else next(iter(fits), None)


def _judge_layers(called, net, X, nets, in_channels, out_channels, kernel_size, n) -> None:
    with torch.no_grad(), _computes.Products(net, images=len(X)) as products:
        net(X)
    times = max(Counter(weight for weight, *_ in products.found).values(), default=0)
    start = f"{called} should be a convolution and n = {n} layers of 1×1"
    if times > 1:
        raise Wrong(f"{start}; it uses the weights of one layer {times} times. Make a new layer each time.")
    found = _layers(net, in_channels, out_channels, kernel_size, n)
    if found is None:
        first, have = in_channels * out_channels * kernel_size**2, sum(p.numel() for p in net.parameters())
        wanted = f"{first + n * out_channels**2:,} weights and up to {(n + 1) * out_channels} biases"
        alone = have in [first + n * out_channels + k * out_channels for k in range(n + 2)]
        cure = " So many it is if a 1×1 layer does not mix the channels (groups?)." if alone else ""
        raise Wrong(f"{start}, {wanted}; it has {have:,} weights and biases.{cure}")
    if found != n:
        counts = {args[3]: _layers(other, *args) for args, other in nets.items()}
        cure = [words for words, rule in COUNTS.items() if all(rule(n) == m for n, m in counts.items())]
        raise Wrong(" ".join([f"{start}; it has the weights of {found}.", *cure[:1]]))
    idle = [name for name, p in net.named_parameters() if not _felt(net, X, p)]
    if idle:
        layer = idle[0].removeprefix("net.").rsplit(".", 1)[0]
        raise Wrong(f"{called} has a layer that does not work: {layer} changes nothing in the output.")


def _felt(net, X, parameter) -> bool:
    output = net(X)
    weights = torch.randn_like(output)
    (gradient,) = torch.autograd.grad((output * weights).sum(), parameter, allow_unused=True)
    return gradient is not None and bool((gradient != 0).any())


def _judge_relus(called, nets, X, in_channels, out_channels, kernel_size, n) -> None:
    with torch.no_grad():
        outputs = torch.cat([net(X) for net in nets])
        larger = torch.cat([net(1e4 * X) for net in nets])
    if not any(_computes.bends(net, X) for net in nets):
        raise Wrong(f"{called} has no ReLU at work: it is one weighted sum, and folds into a single convolution.")
    if any(_computes.smooth(net, X) for net in nets):
        raise Wrong(
            f"{called} bends everywhere, as a sigmoid, tanh or GELU does; with ReLUs it is straight, but for corners."
        )
    if outputs.min() < 0:
        raise Wrong(f"{called} gives negative numbers: after its last layer, too, there should be a ReLU.")
    if outputs.min() > 0:
        raise Wrong(f"{called} ends with another function than a ReLU: none of its numbers is exactly zero.")
    if larger.max() < 100 * outputs.max():
        raise Wrong(f"{called} ends with another function than a ReLU: its numbers stop at {larger.max():.2g}.")
    if not n:
        return
    drawn = (
        _computes.redrawn(nets[0].net, seed) for seed in range(12)
    )  # in one of them every channel is alive somewhere
    most = -math.inf
    for net in drawn:
        felt, changing = _computes.free(net, X[:4, :, :8, :7])
        most = max(most, changing - felt)
        if most >= -n * out_channels:
            break
    if most > -n * out_channels:
        raise Wrong(
            f"{called} is more than a chain of layers with a ReLU after each: the numbers reach the output on a second "
            "way, past a layer."
        )
    if most < -n * out_channels:
        raise Wrong(
            f"{called} folds: two of its layers with nothing but weighted sums between them can be written as one. "
            "There should be a ReLU after every layer."
        )


def _judge_modes(called, net, X) -> None:
    with torch.no_grad():
        evaluated, trained = net.eval()(X), net.train()(X)
    net.eval()
    if not torch.allclose(evaluated, trained):
        raise Wrong(
            f"{called} gives other numbers in training mode than in evaluation mode: has it a layer that was not asked "
            "for (dropout, batch norm)?"
        )


PLANS = (
    (224, [(11, 4, 0)]),
    (224, [(11, 4, 0), (3, 2, 0)]),
    (102, [(7, 3, 2), (3, 3, 0), (2, 2, 0)]),
    (90, [(7, 3, 2), (3, 2, 0), (3, 2, 1)]),
    (133, [(7, 3, 2), (3, 2, 0), (7, 2, 3)]),
    (28, [(5, 1, 2), (2, 2, 0), (3, 1, 1)]),
    (50, [(3, 2, 0), (4, 3, 0), (2, 2, 0)]),
    (61, [(5, 2, 1), (3, 3, 0), (2, 2, 0), (3, 1, 1)]),
    (31, [(2, 2, 0), (2, 2, 0), (2, 2, 0)]),
    (40, [(4, 3, 1), (5, 3, 0)]),
    (30, [(2, 3, 0), (3, 1, 1), (2, 2, 0)]),
)


def _always(value) -> str:
    rounded = " (So do sizes that are rounded up; what is left of a division is dropped: floor.)"
    zero = value[""].numel() == 1 and not value[""].any()
    return "It gives the same in all of these cases." + rounded * zero


@exercise(
    "First forward: the side after each layer. Then take the last row of the last map, and walk back.",
    "The window of row r begins at row r · stride − padding of the map before, and ends kernel − 1 further.",
    "It may end in the padding: then the last row that it sees is the last row of that map. At the image, count below.",
)
def unseen(unseen) -> str:
    """unseen(size, layers of (kernel, stride, padding)) -> how many rows at the image's bottom no output sees."""
    judge = Judge(
        "unseen",
        lambda size, layers: rows_unseen(size, layers),
        read=lambda value: {"": _read.number(value, "one number, the rows that nobody sees,")},
        cases=PLANS,
        mistakes=UNSEEN,
        constant=_always,
        see=lambda value: {"": _read.tensor(value)},
    )
    return (
        "Right, for eleven plans. Each pooling counts in its own rows, and each of its rows is many of the image's."
        + judge(unseen)
    )


def _folded(value):
    weight, bias = _read.several(value, ("weight", "bias"))
    weight, bias = _read.tensor(weight), _read.tensor(bias)
    if weight.shape[2:] == (1, 1):
        weight = weight[:, :, 0, 0]  # (D, C, 1, 1), as nn.Conv2d keeps it
    return {"weight": weight, "bias": bias}


@exercise(
    "Write the two layers as formulas, y = A x + a and z = B y + b, and put the first into the second.",
    "z = B (A x + a) + b. Multiply out, and sort by what stands before x and what does not.",
    "The weight is one product of two matrices; the bias has two parts, and one of them went through B.",
)
def fold(fold) -> str:
    """fold(A (M, C), a (M,), B (D, M), b (D,)) -> (weight (D, C), bias (D,)) of the one 1×1 layer that does both."""
    made = torch.Generator().manual_seed(3)
    sizes = ((3, 4, 5), (3, 3, 3), (2, 6, 1), (5, 2, 4))
    judge = Judge(
        "fold",
        lambda A, a, B, b: (B @ A, B @ a + b),
        read=_folded,
        cases=[tuple(torch.randn(*size, generator=made) for size in ((m, c), (m,), (d, m), (d,))) for c, m, d in sizes],
        mistakes={
            "The two stand in the other order: (weight, bias).": lambda A, a, B, b: (B @ a + b, B @ A),
            "The order is the other one: first A, then B, and in a product what comes first stands right: B @ A. "
            "(Where the sizes fit, yours gives A @ B.)": lambda A, a, B, b: (A @ B, B @ a + b),
            "Both products stand the other way round: B @ A, and B @ a.": lambda A, a, B, b: (A @ B, A @ b + a),
            "A and B are exchanged.": lambda A, a, B, b: (A @ B, A @ a + b),
        },
        of_part={"weight": WEIGHT, "bias": BIAS},
        tolerance=2e-3,  # half precision
    )
    return "Right: one layer does the work of two, as long as nothing bends between them." + judge(fold)
