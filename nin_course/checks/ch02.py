"""The three exercises of chapter 02: a block of any depth, sizes through layers, and two layers folded into one."""

import math

import torch
from torch import nn

from nin_course.checks._ladder import Wrong, as_tensor, difference, exercise, run, same, shape

PLANS = (  # size, and layers as (kernel, stride, padding); the first plan tells every mistake from every other
    (133, [(7, 3, 2), (3, 2, 0), (7, 2, 3)]),
    (28, [(5, 1, 2), (2, 2, 0), (3, 1, 1), (2, 2, 0)]),
    (224, [(11, 4, 0)]),
)


def _convs(net) -> list[nn.Conv2d]:
    return [module for module in net.modules() if isinstance(module, nn.Conv2d)]


def _run_recorded(net, X):
    """The output, and for each convolution and ReLU in the order in which they ran: (name, kernel side or None)."""
    ran, hooks = [], []
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_hook(lambda m, *_: ran.append(("conv", m.kernel_size[0]))))
        if isinstance(module, nn.ReLU):
            hooks.append(module.register_forward_hook(lambda *_: ran.append(("relu", None))))
    try:
        return net(X), ran
    finally:
        for hook in hooks:
            hook.remove()


@exercise(
    "Collect the layers in a Python list: first the convolution and its ReLU, then a 1×1 and a ReLU, n times over.",
    "`nn.Sequential(*layers)` makes a network of a list. After the first convolution there are out_channels channels.",
    "Make a *new* nn.Conv2d for each of the n: `[layer] * n` would use one layer's weights n times.",
)
def deep_block(answer) -> str:
    """deep_block(in_channels, out_channels, kernel_size, n) -> nn.Module: a convolution that keeps the size, n 1×1s."""
    for args in ((3, 5, 3, 1), (2, 4, 5, 3), (1, 6, 7, 0)):
        in_channels, out_channels, kernel_size, n = args
        called = f"deep_block{args}"
        net = run(answer, *args, name="deep_block", on=f"{args}")
        if not isinstance(net, nn.Module):
            raise Wrong(f"{called} should return a network (an nn.Module); it returned a {type(net).__name__}.")
        X = torch.randn(2, in_channels, 12, 9, generator=torch.Generator().manual_seed(1))
        try:
            output, ran = _run_recorded(net, X)
        except RuntimeError as error:
            raise Wrong(f"{called} does not take an image of shape {shape(X)}: {error}") from error
        if output.shape != (2, out_channels, 12, 9):
            raise Wrong(_what_size(called, output, X, out_channels))
        _judge_layers(called, net, ran, kernel_size, n)
        if output.min() < 0:
            raise Wrong(f"{called} gives negative numbers: a ReLU is missing somewhere, the last one counts too.")
    return "Right, for n = 0, 1 and 3. With n = 2 it is the NiN block; chapter 08 asks which n is best."


def _what_size(called, output, X, out_channels) -> str:
    start = f"{called} turns {shape(X)} into {shape(output)}; the image should keep its size. "
    if output.shape[1] != out_channels:
        return f"{called} gives {output.shape[1]} channels, it should give out_channels = {out_channels}."
    if output.shape[2] < X.shape[2]:
        return start + "A padding of kernel_size // 2 on the first convolution keeps it."
    return start + "Only the first convolution needs padding: a 1×1 has nothing to pad."


def _judge_layers(called, net, ran, kernel_size, n) -> None:
    kernels = [side for name, side in ran if name == "conv"]
    if kernels != [kernel_size] + [1] * n:
        if len(kernels) != n + 1:
            raise Wrong(f"{called} ran {len(kernels)} convolutions; it should be one and then n = {n} of 1×1.")
        raise Wrong(f"The kernels of {called} are {kernels}; they should be {[kernel_size] + [1] * n}.")
    if len(_convs(net)) < len(kernels):
        raise Wrong(
            f"{called} uses one 1×1 layer {n} times: the n layers share their weights. Make a new nn.Conv2d for each."
        )
    relus = sum(name == "relu" for name, _ in ran)
    if 0 < relus < n + 1:
        where = "The last one is missing" if ran[-1][0] == "conv" else "There should be one after every convolution"
        raise Wrong(f"{called} ran {relus} ReLUs, it should be {n + 1}. {where}.")
    if relus == 0 and not _bends(net):
        raise Wrong(f"{called} has no ReLU: without them it folds into one convolution, as the chapter showed.")


def _bends(net) -> bool:
    """True if the network is not affine, whatever its layers are called (F.relu, …); its weights are drawn anew."""
    generator = torch.Generator().manual_seed(2)
    a, b = torch.randn(2, 1, _convs(net)[0].in_channels, 12, 9, generator=generator)
    with torch.no_grad():
        for _ in range(8):  # in one draw, all outputs might happen to be zero
            for p in net.parameters():
                p.copy_(torch.randn(p.shape, generator=generator))
            if not torch.allclose(net(a + b) + net(0 * a), net(a) + net(b), atol=1e-3, rtol=1e-3):
                return True
    return False


def _chain(step, size, layers) -> list[int]:
    found = []
    for kernel, stride, padding in layers:
        size = step(size, kernel, stride, padding)
        found.append(size)
    return found


def _step(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride + 1


MISTAKES = {
    "You rounded up: what is left over at the border is dropped (floor), for pooling as for convolutions.": (
        lambda n, k, s, p: math.ceil((n + 2 * p - k) / s) + 1
    ),
    "The + 1 is missing: the window's first place counts, before it has made any step.": (
        lambda n, k, s, p: (n + 2 * p - k) // s
    ),
    "You counted the padding once; it is added on both sides.": lambda n, k, s, p: (n + p - k) // s + 1,
    "You left the padding out.": lambda n, k, s, p: (n - k) // s + 1,
    "You divided the whole side by the stride; the window has to fit, so its kernel is subtracted first.": (
        lambda n, k, s, p: (n + 2 * p) // s
    ),
}


@exercise(
    "One layer after the other: the size that comes out of one goes into the next.",
    "How many steps can the window make before it falls off? (size + 2·padding − kernel) / stride, rounded down: `//`.",
    "And one more for where it stands before the first step. Append each size to a list.",
)
def sizes(answer) -> str:
    """sizes(size, layers) -> a list: the side after each layer; `layers` is a list of (kernel, stride, padding)."""
    for size, layers in PLANS:
        want, called = _chain(_step, size, layers), f"sizes({size}, {layers})"
        got = as_tensor(run(answer, size, layers, name="sizes", on=f"{size}, {layers}"), name="sizes").flatten()
        said = got.tolist()
        if said == want:
            continue
        start = f"{called} gave {', '.join(f'{n:g}' for n in said)}. "
        if len(said) != len(want):
            raise Wrong(start + f"A list of {len(want)} sizes is wanted, one after each layer.")
        if any(n != int(n) for n in said):
            raise Wrong(start + "A side is a whole number of pixels: what is left over is dropped.")
        if said == [_step(size, *layer) for layer in layers]:
            raise Wrong(start + f"You gave each layer the first image, {size} px; it gets what the one before it made.")
        for mistake, step in MISTAKES.items():
            if said == _chain(step, size, layers):
                raise Wrong(start + mistake)
        wrong = next(i for i, (a, b) in enumerate(zip(said, want, strict=True)) if a != b)
        raise Wrong(start + f"Number {wrong + 1} should not be {said[wrong]:g}: count the window's places on paper.")
    return "Right, for all three plans. nn.Conv2d and nn.MaxPool2d use the same arithmetic."


@exercise(
    "Write the two layers as formulas, y = A x + a and z = B y + b, and put the first into the second.",
    "z = B (A x + a) + b. Multiply out, and sort by what stands before x and what does not.",
    "The weight is one product of two matrices; the bias has two parts, and one of them went through B.",
)
def fold(answer) -> str:
    """fold(A (M, C), a (M,), B (D, M), b (D,)) -> (weight (D, C), bias (D,)) of the one 1×1 layer that does both."""
    generator = torch.Generator().manual_seed(3)
    A, a, B, b = (torch.randn(*size, generator=generator) for size in ((4, 3), (4,), (5, 4), (5,)))
    on = "A (4, 3), a (4,), B (5, 4), b (5,)"
    result = run(answer, A, a, B, b, name="fold", on=on)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise Wrong("fold should return two things, (weight, bias).")
    weight, bias = (as_tensor(part, name="fold") for part in result)
    want_weight, want_bias = (B @ A).double(), (B @ a + b).double()
    if weight.numel() == want_weight.numel() and weight.dim() == 4:
        weight = weight.reshape(want_weight.shape)  # (D, C, 1, 1), as nn.Conv2d keeps it
    if weight.shape != want_weight.shape:
        swapped = " That is its transpose." if weight.shape == want_weight.T.shape else ""
        raise Wrong(f"The weight has shape {shape(weight)}; from 3 to 5 channels it is (5, 3).{swapped}")
    if not same(weight, want_weight):
        raise Wrong(f"The weight has the right shape, but {difference(weight, want_weight)}: it should be B @ A.")
    bias = bias.flatten()
    if bias.shape != want_bias.shape:
        raise Wrong(f"The bias has {len(bias)} numbers; the folded layer has 5 output channels.")
    if not same(bias, want_bias):
        raise Wrong(f"The weight is right, but in the bias {difference(bias, want_bias)}. " + _what_bias(bias, B, a, b))
    return "Right: one layer does the work of two, as long as nothing bends between them."


def _what_bias(bias, B, a, b) -> str:
    if same(bias, b):
        return "You kept b alone; the first layer's bias a is still in there, and the second layer multiplies it too."
    if same(bias, B @ a):
        return "b itself is missing: the second layer adds it at the end."
    if len(a) == len(b) and same(bias, a + b):
        return "a goes *through* B before b is added."
    return "Multiply out B (A x + a) + b once more: what is left when x is 0?"
