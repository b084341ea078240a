"""Batch norm, put in for training and folded away afterwards. Chapters 02 and 06.

Ioffe, Szegedy 2015, "Batch Normalization", arXiv:1502.03167. Both functions return a new network and leave the given
one as it is; both look inside nested `nn.Sequential`s.
"""

import copy

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def add_batch_norm(net: nn.Module) -> nn.Module:
    """A copy of `net` with a BatchNorm2d between every convolution and the ReLU behind it.

    The norm subtracts the mean, so a bias before it would do nothing: those convolutions lose theirs. A convolution
    without a ReLU, such as the one that gives the logits, stays as it is.

    >>> from nin_course import nin_small
    >>> sum(p.numel() for p in add_batch_norm(nin_small()).parameters())
    481482
    """
    if not isinstance(net, nn.Sequential):
        return copy.deepcopy(net)
    layers: list[nn.Module] = []
    for layer in net:
        if isinstance(layer, nn.ReLU) and layers and isinstance(layers[-1], nn.Conv2d):
            layers[-1].bias = None
            layers.append(nn.BatchNorm2d(layers[-1].out_channels))
        layers.append(add_batch_norm(layer))
    return nn.Sequential(*layers)


def fold_batch_norm(net: nn.Module) -> nn.Module:
    """A copy of `net`, in evaluation mode, with every BatchNorm2d folded into the convolution before it.

    In evaluation mode batch norm multiplies each channel by one number and adds another, and a convolution can do that
    itself. The copy gives the same outputs, up to rounding, and its state fits a network built without batch norm.
    """
    if not isinstance(net, nn.Sequential):
        return copy.deepcopy(net).eval()
    layers: list[nn.Module] = []
    for layer in map(fold_batch_norm, net):
        if isinstance(layer, nn.BatchNorm2d) and layers and isinstance(layers[-1], nn.Conv2d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
        else:
            layers.append(layer)
    return nn.Sequential(*layers).eval()
