"""Inside the shipped network: what each of its layers makes of an image, what its cells see, and what excites them."""

from functools import cache, lru_cache
from typing import NamedTuple

import torch
from torch import nn

from nin_course.data import MEAN, STD
from nin_course.demos._base import sample_test_images
from nin_course.demos.ballot_box import voters
from nin_course.receptive import receptive_field, seen, windows
from nin_course.weights import pretrained_nin

LAYERS = ("block 1", "block 2", "block 3", "class maps")


class Peaks(NamedTuple):
    """Of the N embedded test images, each channel's strongest value, and its cell (row · width + column)."""

    values: torch.Tensor  # (N, channels)
    places: torch.Tensor  # (N, channels)


@cache
def stages() -> list[nn.Sequential]:
    """The shipped network in four parts: its blocks, each with its pooling before it, and the last 1×1 convolution."""
    net = pretrained_nin().requires_grad_(False)
    return [net[:1], net[1:3], nn.Sequential(net[3], *net[4][:4]), net[4][4:]]


@cache
def views() -> list[tuple[list, int, int, int]]:
    """Of each layer: its windows, and how many pixels its cells see, how far apart, and where cell 0's view begins."""
    found = []
    for depth in range(1, 5):
        layers = windows(nn.Sequential(*(layer for part in stages()[:depth] for layer in part)), (1, 1, 28, 28))
        side, step = receptive_field(layers)
        middle = layers[-1].moves_over[0] // 2
        found.append((layers, side, step, seen(layers, (middle, middle))[0][0] - middle * step))
    return found


def maps_of(X: torch.Tensor) -> list[torch.Tensor]:
    """Images (N, 1, 28, 28) in [0, 1] -> what each layer makes of them: (N, 64, 28, 28) to (N, 10, 7, 7)."""
    Y, found = (X - MEAN) / STD, []
    with torch.no_grad():
        for part in stages():
            Y = part(Y)
            found.append(Y)
    return found


@cache
def peaks() -> list[Peaks]:
    """Of each layer. Some seconds, once."""
    found = [[] for _ in LAYERS]
    for X in sample_test_images()[0].split(100):
        for layer, Y in zip(found, maps_of(X.float() / 255), strict=True):
            layer.append(Y.flatten(2).max(dim=2))
    return [Peaks(*map(torch.cat, zip(*layer, strict=True))) for layer in found]


@lru_cache(8)
def maps_of_image(image: int) -> list[torch.Tensor]:
    return [Y[0] for Y in maps_of(voters()[0][image][None, None])]


def shape(layer: int) -> tuple[int, int]:
    """(channels, side) of a layer's maps."""
    return maps_of_image(0)[layer].shape[:2]
