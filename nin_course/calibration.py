"""How sure a network is, how often it is right, and one number that makes the two agree. Chapter 07.

Guo, Pleiss, Sun, Weinberger 2017, "On Calibration of Modern Neural Networks", arXiv:1706.04599.
"""

import torch


def reliability(confidence: torch.Tensor, right: torch.Tensor, bins: int = 10) -> torch.Tensor:
    """(bins, 3), for bins of equal width over 0 to 1: images, mean confidence, share right (nan in an empty bin).

    confidence (N,) in [0, 1]; right (N,) True or False. A confidence on the edge of two bins counts in the lower one.
    """
    number = (confidence * bins).ceil().long().clamp(min=1) - 1
    count = number.bincount(minlength=bins)
    sums = [number.bincount(weights=values.double(), minlength=bins) for values in (confidence, right)]
    return torch.stack([count, sums[0] / count, sums[1] / count], dim=1)


def calibration_error(confidence: torch.Tensor, right: torch.Tensor, bins: int = 10) -> float:
    """The expected calibration error: |mean confidence - share right|, a mean over `reliability`'s bins by images.

    >>> calibration_error(torch.tensor([0.9, 0.9]), torch.tensor([True, False]))
    0.4
    """
    count, sure, share = reliability(confidence, right, bins).T
    return round(float((count * (sure - share).abs().nan_to_num()).sum() / count.sum()), 7)


def temperature(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """The T between 0.01 and 100 for which logits / T, (N, classes), have the smallest cross-entropy.

    In 1/T the loss is convex, and its slope is the mean of (the expected logit - the right one): T is found by halving.
    """
    low, high = 0.01, 100.0
    rightly = logits.gather(1, labels[:, None])[:, 0]
    while high / low > 1.00001:
        T = (low * high) ** 0.5
        expected = ((logits / T).softmax(dim=1) * logits).sum(dim=1)
        low, high = (T, high) if (expected - rightly).mean() > 0 else (low, T)
    return (low * high) ** 0.5
