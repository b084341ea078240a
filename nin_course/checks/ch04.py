"""The three exercises of chapter 04: count a block, the dearest layer of each budget, a NiN of one's own."""

import torch
from torch import nn

from nin_course.blocks import nin_block
from nin_course.budget import summary
from nin_course.checks._ladder import Wrong, as_tensor, exercise, run, shape
from nin_course.models import alexnet
from nin_course.receptive import receptive_field, windows


@exercise(
    "A convolution has kernel² weights for each pair of an input and an output channel, and a bias an output channel.",
    "There are three convolutions. The two 1×1 layers go from out_channels to out_channels.",
    "kernel² · in · out + out for the first, out² + out for each of the other two.",
)
def block_parameters(answer) -> str:
    """block_parameters(in_channels, out_channels, kernel_size) -> parameters of that nin_block."""
    for args in ((3, 5, 7), (1, 96, 11), (256, 384, 3)):
        want = sum(p.numel() for p in nin_block(*args, stride=1, padding=0).parameters())
        got = as_tensor(run(answer, *args, name="block_parameters", on=f"{args}"), name="block_parameters").flatten()
        if len(got) != 1:
            raise Wrong(f"One number is wanted; you returned {len(got)}.")
        if int(got) != want:
            raise Wrong(f"For block_parameters{args} you said {int(got):,}. {_miscounted(int(got), *args)}")
    return "Right, for three blocks; the second is NiN's first, the third its third, where most of the parameters are."


def _miscounted(said: int, i: int, o: int, k: int) -> str:
    first, one = i * o * k * k + o, o * o + o
    mistakes = {
        first + 2 * one - 3 * o: "The biases are missing: one for each output channel, in all three layers.",
        first + one: "That is the first convolution and *one* 1×1 layer; a block has two.",
        first: "That is the first convolution alone; two 1×1 layers follow.",
        i * o * k + o + 2 * one: "A window of k has k · k places, not k.",
        first
        + 2 * (i * o + o): "The 1×1 layers do not see the block's input: both go from out_channels to out_channels.",
        first + 2 * (o * o * k * k + o): "You counted the later two with the first one's window. Theirs is 1×1.",
        first + 2 * one - 2 * o: "The first convolution has its biases; the 1×1 layers have theirs, too.",
        i * k * k + o + 2 * one: "A convolution has a kernel for every *pair* of an input and an output channel.",
    }
    return mistakes.get(
        said, "Count layer by layer, on paper: which channels go in, which come out, how large is the window?"
    )


BUDGETS = {"parameters": "parameters", "MACs": "macs", "activations": "activations"}


def _alexnet() -> dict[str, dict[str, int]]:
    """layer -> budget -> what it costs."""
    with torch.device("meta"):
        layers = [layer for layer in summary(alexnet()).layers if layer.parameters]
    names = [f"conv {i}" for i in range(1, 6)] + [f"dense {i}" for i in range(1, 4)]
    return {
        name: {budget: getattr(layer, what) for budget, what in BUDGETS.items()}
        for name, layer in zip(names, layers, strict=True)
    }


@exercise(
    "Parameters: window² · in · out, and a dense layer has no window: in · out.",
    "MACs: a convolution uses each of its weights once at every cell of its map; a dense layer once.",
    "Activations: out · height · width. Which layer has many maps, and large ones?",
)
def dearest(*answer) -> str:
    """Three names of AlexNet's layers, "conv 1" to "dense 3": the dearest in parameters, in MACs and in activations."""
    costs = _alexnet()
    if len(answer) != 3:
        raise Wrong("Three names are wanted: for parameters, for MACs, for activations.")
    for budget, said in zip(BUDGETS, answer, strict=True):
        name = " ".join(said.lower().split()) if isinstance(said, str) else said
        if name not in costs:
            raise Wrong(f"{said!r} is no layer of the table; they are called {', '.join(costs)}.")
        most = max(costs, key=lambda layer: costs[layer][budget])
        if name != most:
            others = sum(cost[budget] > costs[name][budget] for cost in costs.values())
            raise Wrong(f"{budget}: {name} has {costs[name][budget]:,}; {_of(others)} more. {WHY[budget]}")
    return "Right: three budgets, three different layers. Nobody can make a network cheap by mending one of them."


WHY = {
    "parameters": "Multiply the window's places by in and by out, and compare with the dense ones.",
    "MACs": "A weight costs as many MACs as there are cells in its layer's map: parameters alone do not tell.",
    "activations": "Multiply the channels that come out by the cells of the map.",
}


def _of(others: int) -> str:
    return "one layer has" if others == 1 else f"{others} layers have"


LIMITS = {"parameters": 100_000, "macs": 10_000_000, "activations": 100_000}
CLASSES, LEAST_MAP, LEAST_FIELD = 10, 3, 16


@exercise(
    "Begin with nin_small and make its blocks narrower. Half the channels: about a quarter of parameters and MACs.",
    "Activations are made early, where the maps are large: the first block needs few channels, or a stride.",
    "Two poolings of 2 × 2 leave 7 × 7 cells. `print(d2l.summary(my_nin(), (1, 1, 28, 28)))` tells what costs most.",
)
def design(answer) -> str:
    """my_nin() -> a NiN for images (N, 1, 28, 28) within LIMITS."""
    net = run(answer, name="my_nin", on="no arguments")
    if not isinstance(net, nn.Module):
        raise Wrong(f"my_nin() should return a network (an nn.Module); it returned a {type(net).__name__}.")
    try:
        found = summary(net, (1, 1, 28, 28))
    except ValueError as error:
        raise Wrong(f"It does not take an image of 28 × 28. {error}") from error
    if found.output_shape != (1, CLASSES):
        raise Wrong(
            f"It turns (1, 1, 28, 28) into {found.output_shape}; ten numbers an image are wanted, (1, {CLASSES})."
        )
    for what, limit in LIMITS.items():
        spent, name = getattr(found, what), "MACs" if what == "macs" else what
        if spent > limit:
            most = max(found.layers, key=lambda layer: getattr(layer, what))
            where = f"most of them in layer {most.name} ({getattr(most, what):,})"
            raise Wrong(f"{spent:,} {name}, and the limit is {limit:,}: {where}.")
    _judge_nin(net, found)
    return (
        f"Within the limits: {found.parameters:,} parameters, {found.macs / 1e6:.1f} M MACs, "
        f"{found.activations:,} activations. A NiN of your own."
    )


def _judge_nin(net: nn.Module, found) -> None:
    dense = [layer for layer in found.layers if layer.kind == "Linear"]
    if dense:
        raise Wrong(f"Layer {dense[0].name} is dense. A NiN has none: end with ten maps and their means.")
    convs = [layer for layer in found.layers if layer.kind == "Conv2d"]
    ones = [m for m in net.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (1, 1)]
    if len(ones) < 2:
        raise Wrong(f"It has {len(ones)} 1×1 convolutions; a NiN thinks at every place, with at least two.")
    _, channels, *place = convs[-1].output_shape
    if channels != CLASSES:
        raise Wrong(f"Its last convolution puts out {channels} maps. One for each class: {CLASSES}.")
    X = torch.randn(2, 1, 28, 28, generator=torch.Generator().manual_seed(3))
    _judge_head(net, X)
    if min(place) < LEAST_MAP:
        raise Wrong(f"Its class map has {place[0]} × {place[1]} cells; at least {LEAST_MAP} × {LEAST_MAP} are wanted.")
    side, _ = receptive_field(_before_the_average(net))
    if side < LEAST_FIELD:
        raise Wrong(f"One cell of its class map sees {side} × {side} pixels; it should see at least {LEAST_FIELD}.")


def _judge_head(net: nn.Module, X: torch.Tensor) -> None:
    """Its ten numbers are the means of its last convolution's maps, or of what a ReLU leaves of them."""
    maps, hooks = [], []
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_hook(lambda _m, _inputs, output: maps.append(output)))
    try:
        with torch.no_grad():
            logits = net.eval()(X)
    finally:
        for hook in hooks:
            hook.remove()
    means = [m.mean(dim=(2, 3)) for m in (maps[-1], maps[-1].relu())]
    if not any(torch.allclose(logits, mean, atol=1e-4) for mean in means):
        raise Wrong(f"Its answer is not the mean of its last maps {shape(maps[-1])}: end with global average pooling.")


def _before_the_average(net: nn.Module):
    found = windows(net, (1, 1, 28, 28))
    last = max(i for i, w in enumerate(found) if isinstance(net.get_submodule(w.name), nn.Conv2d))
    return found[: last + 1]
