"""What a network with global average pooling has seen, and where: its class maps and their votes. Chapters 03 and 07.

A logit is the mean of its class map, so every cell of the map is a vote, and the votes are the whole truth. (With a
dense layer behind the pooling, the same maps take one more step: Zhou et al. 2016, "Learning Deep Features for
Discriminative Localization", arXiv:1512.04150, which named them class activation maps.)
"""

import torch
from torch import nn

from nin_course.blocks import GlobalAvgPool2d
from nin_course.diagnose import evaluation_mode


@torch.no_grad()
def class_maps(net: nn.Module, X: torch.Tensor) -> torch.Tensor:
    """The maps that `net` averages: images X (N, C, H, W) -> (N, classes, h, w), h and w depending on H and W.

    They are what goes into `net`'s GlobalAvgPool2d, in evaluation mode. Raises ValueError if it has none, or several.

    >>> from nin_course import nin_small
    >>> class_maps(nin_small(), torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10, 7, 7])
    """
    pools, seen = [m for m in net.modules() if isinstance(m, GlobalAvgPool2d)], []
    if len(pools) != 1:
        raise ValueError(f"This network has {len(pools)} GlobalAvgPool2d layers; class maps go into exactly one.")
    hook = pools[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    try:
        with evaluation_mode(net):
            net(X)
    finally:
        hook.remove()
    return seen[0]


def recount(maps: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
    """The logits if only some cells vote: maps (N, classes, h, w), counted (h, w) True or False -> (N, classes).

    The others' votes count as zero, and the divisor stays h · w: so a logit changes by just what they had given.

    >>> recount(torch.ones(1, 2, 2, 2), torch.tensor([[True, False], [False, False]]))
    tensor([[0.2500, 0.2500]])
    """
    return (maps * counted).mean(dim=(2, 3))
