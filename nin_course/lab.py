"""The networks that chapter 08 compares: one plan, changed in one thing at a time, at the same cost if that is asked.

The plan is *small*'s at half its width: blocks of 32, 64 and 128 channels, a 7×7 class map from 28 px, 12 M MACs. Each
variant has a short key in VARIANTS; `nin_course.recipe` trains it by that name after `NETS.update(makers())`.
"""

import math
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import pairwise

import torch
from torch import nn

from nin_course.blocks import FlattenLayer, GlobalAvgPool2d
from nin_course.budget import summary
from nin_course.models import nin

WIDTHS = (32, 64, 128)
STEPS = 256  # a search for widths goes in steps of 1/256 of WIDTHS


def block(in_channels: int, out_channels: int, kernel_size: int, layers: int = 2, inner: int = 1) -> list[nn.Module]:
    """A convolution and so many inner×inner ones behind it, a ReLU after each: (N, in, H, W) -> (N, out, H, W).

    With 2 layers of 1×1 it is `nin_block(in_channels, out_channels, kernel_size, 1, kernel_size // 2)`, in a list.
    """
    parts: list[nn.Module] = []
    for channels, kernel in [(in_channels, kernel_size)] + layers * [(out_channels, inner)]:
        parts += [nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2), nn.ReLU()]
    return parts


def small(
    widths=WIDTHS, *, layers=2, inner=1, head="average", pool=nn.MaxPool2d, squeeze=False, relu=False
) -> nn.Sequential:
    """`nin_small` with other channels and one thing changed: (N, 1, 28, 28) -> (N, 10) logits.

    widths: channels of the three blocks. layers: how many follow each convolution; the last of the third block gives
    the classes and stays with layers=0 too, for every network must end in one. inner: the kernel of the others.
    head: a key of HEADS. pool: the class of the two poolings. squeeze: the third block has 10 channels from its first
    layer on. relu: a ReLU on the logits.

    >>> sum(p.numel() for p in small((64, 128, 256)).parameters())
    480394
    """
    first, second, third = widths
    last = block(second, 10, 3)[:-2] if squeeze else block(second, third, 3, max(layers - 1, 0), inner)
    features = 10 if squeeze else third
    if head not in ("twin", "hidden"):
        last += [nn.Conv2d(features, 10, kernel_size=1), *[nn.ReLU()] * relu]
    return nn.Sequential(
        nn.Sequential(*block(1, first, 5, layers, inner)),
        pool(kernel_size=2, stride=2),
        nn.Sequential(*block(first, second, 3, layers, inner)),
        pool(kernel_size=2, stride=2),
        nn.Sequential(*last),
        *HEADS[head](features),
    )


HEADS: dict[str, Callable[[int], list[nn.Module]]] = {  # what follows the third block, "twin" and "hidden" its features
    "average": lambda features: [GlobalAvgPool2d(), FlattenLayer()],
    "max": lambda features: [nn.AdaptiveMaxPool2d(1), FlattenLayer()],
    "map": lambda features: [FlattenLayer(), nn.Linear(10 * 7 * 7, 10)],
    "map+dropout": lambda features: [FlattenLayer(), nn.Dropout(0.5), nn.Linear(10 * 7 * 7, 10)],
    "twin": lambda features: [FlattenLayer(), nn.Linear(features * 7 * 7, 10)],
    "hidden": lambda features: [
        *(FlattenLayer(), nn.Linear(features * 7 * 7, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 10))
    ],
}


@dataclass(frozen=True)
class Costs:
    """What a network costs: numbers to learn, MACs an image, bytes to train on a batch, bytes to predict one image."""

    parameters: int
    macs: int
    to_train: int
    to_predict: int


def costs(net: nn.Module, size: int = 28, batch_size: int = 64) -> Costs:
    """The four costs of `net` on images of 1×size×size, by `nin_course.budget`, numbers of 4 bytes.

    To train: each parameter with its gradient and AdamW's two averages, and what every layer puts out, for the batch,
    which is kept for the way back. To predict: the parameters, and at the greediest layer what goes in and comes out.
    """
    found = summary(net, (1, 1, size, size))
    numbers = [size * size, *(math.prod(layer.output_shape) for layer in found.layers)]
    to_train = 4 * found.parameters + batch_size * sum(numbers)
    to_predict = found.parameters + max(a + b for a, b in pairwise(numbers))
    return Costs(found.parameters, found.macs, 4 * to_train, 4 * to_predict)


def equal(cost: str, **changed) -> nn.Sequential:
    """`small` with something changed, and all widths scaled alike until `cost` ("parameters" or "macs") is as before.

    As near as whole channels allow, which is within 2% for the variants here.
    """
    return small(_widths(cost, tuple(changed.items())), **changed)


@cache
def _widths(cost: str, changed: tuple) -> tuple[int, ...]:
    scaled = lambda k: tuple(max(1, round(width * k / STEPS)) for width in WIDTHS)  # noqa: E731

    def of(widths, **changed):
        with torch.device("meta"):
            return getattr(summary(small(widths, **changed), (1, 1, 28, 28)), cost)

    wanted, found = of(WIDTHS), lambda k: of(scaled(k), **dict(changed))
    above = bisect(range(1, 4 * STEPS), wanted, key=found) + 1
    return scaled(min((above - 1, above), key=lambda k: abs(found(k) - wanted)))


def notes(head: str) -> nn.Sequential:
    """The notes' network at a quarter of its width, without a ReLU on the logits; head "wide" or "notes" (squeezed)."""
    net = nin(head=head, width=0.25)
    if head == "notes":
        net[7] = net[7][:-1]
    return net


@dataclass(frozen=True)
class Variant:
    """A network of the lab: what it is, in words, a function that makes it anew, and the images' side in pixels."""

    what: str
    make: Callable[[], nn.Sequential]
    size: int = 28

    @cached_property
    def costs(self) -> Costs:
        """The four costs on images of its size."""
        with torch.device("meta"):
            return costs(self.make(), self.size)


def _both(key: str, what: str, **changed) -> dict[str, Variant]:
    """The two variants of a change: at equal parameters and at equal MACs."""
    names = {"parameters": "as many parameters", "macs": "as many MACs"}
    return {f"{key}@{c}": Variant(f"{what}, {name}", partial(equal, c, **changed)) for c, name in names.items()}


VARIANTS: dict[str, Variant] = {
    "2": Variant("two 1×1 layers in a block: NiN", small),
    **_both("0", "no 1×1 layer in a block", layers=0),
    **_both("1", "one 1×1 layer in a block", layers=1),
    **_both("3", "three 1×1 layers in a block", layers=3),
    **_both("3x3", "3×3 layers in place of 1×1", inner=3),
    "map": Variant("a dense layer over the class maps, in place of GAP", partial(small, head="map")),
    "map+dropout": Variant("the same, half of the class maps dropped", partial(small, head="map+dropout")),
    "twin": Variant("a dense layer over the last 128 maps, in place of 1×1 and GAP", partial(small, head="twin")),
    "hidden": Variant("two dense layers, 256 wide, with dropout, in place of GAP", partial(small, head="hidden")),
    "gmp": Variant("the largest cell of a class map, not the mean", partial(small, head="max")),
    "avgpool": Variant("average pooling between the blocks", partial(small, pool=nn.AvgPool2d)),
    "avgpool+gmp": Variant(
        "average pooling between the blocks, the largest cell", partial(small, head="max", pool=nn.AvgPool2d)
    ),
    "relu": Variant("a ReLU on the logits", partial(small, relu=True)),
    "squeeze": Variant("ten channels in one step", partial(small, squeeze=True)),
    **_both("squeeze", "ten channels in one step", squeeze=True),
    "notes-wide": Variant("the notes' plan, a quarter as wide: 96 channels kept", partial(notes, "wide"), 131),
    "notes-squeeze": Variant("the same, 96 → 10 channels in one step", partial(notes, "notes"), 131),
    "S": Variant("small, half as wide", small),
    "M": Variant("small", partial(small, (64, 128, 256))),
    "L": Variant("small, wider in front", partial(small, (96, 160, 256))),
    "XL": Variant("small, wider", partial(small, (112, 192, 304))),
    "L3": Variant("L's plan with three 1×1 layers in a block", partial(small, (88, 152, 232), layers=3)),
}  # fmt: skip


def makers() -> dict[str, Callable[[], nn.Sequential]]:
    """Key -> function that makes the network, for `nin_course.recipe.NETS`."""
    return {key: variant.make for key, variant in VARIANTS.items()}
