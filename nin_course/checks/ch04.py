"""The three exercises of chapter 04: count a block, the dearest layer of each budget, a NiN of one's own."""

import re
from functools import cache

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nin_course.blocks import nin_block
from nin_course.budget import summary
from nin_course.checks import _computes, _maps, _networks, _read
from nin_course.checks._calling import call, returned, the_function
from nin_course.checks._cases import Judge
from nin_course.checks._ladder import Wrong, exercise
from nin_course.checks.mistakes.ch04 import parameter_counts
from nin_course.models import alexnet


@exercise(
    "A convolution has kernel² weights for each pair of an input and an output channel, and a bias an output channel.",
    "There are three convolutions. The two 1×1 layers go from out_channels to out_channels.",
    "kernel² · in · out + out for the first, out² + out for each of the other two.",
)
def block_parameters(block_parameters) -> str:
    """block_parameters(in_channels, out_channels, kernel_size) -> parameters of that nin_block."""
    judge = Judge(
        "block_parameters",
        lambda in_channels, out_channels, kernel_size: sum(
            p.numel() for p in nin_block(in_channels, out_channels, kernel_size, stride=1, padding=0).parameters()
        ),
        read=lambda value: {"": _read.number(value)},
        cases=((3, 5, 7), (8, 4, 5), (6, 6, 3), (1, 96, 11), (256, 384, 3)),
        mistakes=parameter_counts(),
    )
    praise = "Right, for five blocks; the fourth is NiN's first, the last its third, where most of the parameters are."
    return praise + judge(block_parameters)


BUDGETS = {"parameters": "parameters", "MACs": "macs", "activations": "activations"}


@cache
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
def dearest(most_parameters, most_macs, most_activations) -> str:
    """Three names of AlexNet's layers, "conv 1" to "dense 3": the dearest in parameters, in MACs and in activations."""
    costs = _alexnet()
    for budget, said in zip(BUDGETS, (most_parameters, most_macs, most_activations), strict=True):
        found = re.fullmatch(r"\W*(conv|dense)[a-z]*[\s_.-]*(\d)\W*", said.lower()) if isinstance(said, str) else None
        name = f"{found[1]} {found[2]}" if found else None
        if name not in costs:
            raise Wrong(f"For {budget}, a name of the table is wanted: {', '.join(costs)}. This is {_read.kind(said)}.")
        most = max(costs, key=lambda layer: costs[layer][budget])
        if name != most:
            more = sum(cost[budget] > costs[name][budget] for cost in costs.values())
            others = "one layer has" if more == 1 else f"{more} layers have"
            raise Wrong(f"{budget}: {name} has {costs[name][budget]:,}; {others} more. {WHY[budget]}")
    return "Right: three budgets, three different layers. Nobody can make a network cheap by mending one of them."


WHY = {
    "parameters": "Multiply the window's places by in and by out, and compare with the dense ones.",
    "MACs": "A weight costs as many MACs as there are cells in its layer's map: parameters alone do not tell.",
    "activations": "Multiply the channels that come out by the cells of the map.",
}

LIMITS = {"parameters": 100_000, "MACs": 10_000_000, "activations": 100_000}
CLASSES, LEAST_MAP, LEAST_FIELD, SIDE = 10, 3, 16, 28


@exercise(
    "Begin with nin_small and make its blocks narrower. Half the channels: about a quarter of parameters and MACs.",
    "Activations are made early, where the maps are large: the first block needs few channels, or a stride.",
    "Two poolings of 2 × 2 leave 7 × 7 cells. `print(d2l.summary(my_nin(), (1, 1, 28, 28)))` tells what costs most.",
)
def design(my_nin) -> str:
    """my_nin() -> a NiN for images (N, 1, 28, 28) within LIMITS."""
    net = _networks.network(returned(call(the_function(my_nin, "my_nin")), "my_nin()"), "my_nin()")
    for images in (3, 1):
        output = _networks.forward(net, torch.randn(images, 1, SIDE, SIDE), "my_nin()")
        if output.shape != (images, CLASSES):
            cure = ""
            if output.ndim == 4 and output.shape[1] == CLASSES:
                flat = output.shape[2:].numel() == 1
                cure = " Flatten it at the end." if flat else " Those are its class maps: their means are missing."
            raise Wrong(
                f"It turns {(images, 1, SIDE, SIDE)} into {tuple(output.shape)}; {(images, CLASSES)} is wanted.{cure}"
            )
    drawn = [_computes.redrawn(net, seed) for seed in range(3)]
    spent, products = _spent(drawn[0])
    for what, limit in LIMITS.items():
        if spent[what] > limit:
            raise Wrong(f"{spent[what]:,} {what}, and the limit is {limit:,}. The summary says which layer costs most.")
    X = torch.randn(16, 1, SIDE, SIDE, dtype=torch.float64)
    _networks.each_alone(drawn[0], X, "my_nin()")
    maps = [_maps.class_maps(net, X) for net in drawn]
    _judge_layers(products, maps[0], _maps.cells(drawn[0], X))
    _judge_maps(drawn, X, maps)
    return (
        f"Within the limits: {spent['parameters']:,} parameters, {spent['MACs'] / 1e6:.1f} M MACs, "
        f"{spent['activations']:,} activations. A NiN of your own."
    )


def _spent(net: nn.Module):
    """What one image costs in each budget, counted while it happens, and the convolutions and products that ran."""
    X = torch.randn(1, 1, SIDE, SIDE, dtype=torch.float64)
    products = _computes.Products(net, images=1)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(X)
    with torch.no_grad(), products:
        net(X)
    spent = {
        "parameters": sum(p.numel() for p in net.parameters()),
        "MACs": counter.get_total_flops() // 2,
        "activations": sum(numbers for *_, numbers in products.found),
    }
    return spent, products.found


def _judge_layers(products, maps, cells) -> None:
    small = maps is not None and maps.shape[2:].numel() == 1  # then nothing has more than one place
    if not small and any(places == 1 for _, places, _, _ in products):
        raise Wrong(
            "It has a dense layer: weights that are used once for an image, at no place. A NiN has none: end with ten "
            "maps and their means."
        )
    if mixing := [places for _, places, _, _ in products if places > 1 and places not in cells]:
        raise Wrong(
            f"It has weights that are used {mixing[0]} times for an image, and no map on the way has so many cells: "
            "they mix places, as a dense layer does. A NiN's weights mix channels, at every place alike."
        )
    ones = {weight for weight, _, one_by_one, _ in products if one_by_one}
    if len(ones) < 2:
        raise Wrong(
            f"It uses {len(ones)} 1×1 {_convolutions(len(ones))}; a NiN thinks at every place, with at least two."
        )


def _convolutions(n: int) -> str:
    return "convolution" if n == 1 else "convolutions"


def _judge_maps(nets, X, maps) -> None:
    if any(m is None for m in maps):
        raise Wrong("Its ten numbers are not the means of ten maps that it makes: end with global average pooling.")
    height, width = maps[0].shape[2:]
    largest = _maps.class_maps(nets[0], X, by=lambda m: m.amax(dim=(2, 3)))
    if largest is not None and largest.shape[2:].numel() > height * width:
        raise Wrong("Its ten numbers are the *largest* votes of its maps: global average pooling takes their means.")
    if min(height, width) < LEAST_MAP:
        raise Wrong(
            f"Its answer is the mean of class maps of {height} × {width} cells; at least {LEAST_MAP} × {LEAST_MAP} are "
            "wanted, and all of them in the mean."
        )
    if (cut := _maps.whole(nets[0], X, maps[0])) is not None:
        raise Wrong(
            f"Only {height} × {width} cells of its class maps are in the mean, and the maps have "
            f"{cut.shape[2]} × {cut.shape[3]}: *global* average pooling takes all of them."
        )
    first, last = (_box_of(nets, X, [k]) for k in (0, CLASSES - 1))
    if min(_shared(first[:2], last[:2]), _shared(first[2:], last[2:])) < 0.5:
        raise Wrong(
            "In one cell of its class maps, the first class and the last one look at different parts of the image. "
            "Are the means over height and width, dim=(2, 3)?"
        )
    top, bottom, left, right = _box_of(nets, X, slice(None))
    rows, columns = bottom - top + 1, right - left + 1
    if min(rows, columns) < LEAST_FIELD:
        raise Wrong(
            f"A cell of its class map sees {rows} × {columns} pixels; at least {LEAST_FIELD} × {LEAST_FIELD} are "
            "wanted."
        )


def _box_of(nets, X, classes) -> tuple[int, int, int, int]:
    """What the cell in the middle sees of the image, when it votes for these classes."""
    seen = [_computes.sees(lambda X, net=net: _maps.class_maps(net, X)[:, classes], X) for net in nets]
    return _computes.box(sum(seen).bool())


def _shared(a, b) -> float:
    """The share of two ranges, (first, last), that is in both."""
    return max(min(a[1], b[1]) - max(a[0], b[0]) + 1, 0) / (max(a[1], b[1]) - min(a[0], b[0]) + 1)
