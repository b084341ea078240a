"""The pieces of a Network in Network. Chapter 02 writes `nin_block`, chapter 03 `GlobalAvgPool2d`."""

import torch
import torch.nn.functional as F
from torch import nn


def nin_block(in_channels: int, out_channels: int, kernel_size: int, stride: int, padding: int) -> nn.Sequential:
    """One convolution and two 1×1 convolutions, a ReLU after each: a small network used at every pixel.

    (N, in_channels, H, W) -> (N, out_channels, H', W') with H' = floor((H + 2·padding - kernel_size) / stride) + 1.
    Lin, Chen, Yan 2013, "Network In Network", §3.1 ("mlpconv").

    >>> nin_block(1, 96, kernel_size=11, stride=4, padding=0)(torch.zeros(2, 1, 224, 224)).shape
    torch.Size([2, 96, 54, 54])
    """
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, kernel_size=1),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, kernel_size=1),
        nn.ReLU(),
    )


class GlobalAvgPool2d(nn.Module):
    """Average each channel over all its pixels: (N, C, H, W) -> (N, C, 1, 1). Chapter 03; Lin et al. 2013, §3.2.

    >>> GlobalAvgPool2d()(torch.tensor([[[[1.0, 3.0]]]]))
    tensor([[[[2.]]]])
    """

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(X, kernel_size=X.shape[2:])


class FlattenLayer(nn.Module):
    """Everything but the sample axis in one row: (N, ...) -> (N, features). The notes' name for `nn.Flatten`.

    >>> FlattenLayer()(torch.zeros(2, 10, 1, 1)).shape
    torch.Size([2, 10])
    """

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        return X.flatten(1)
