"""Training images that are never twice the same: mirrored, moved, with a patch covered. Chapters 05 and 06.

All three work on whole batches, any dtype, and draw from torch's global generator, so a seed fixes them.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F


@dataclass(frozen=True)
class Augment:
    """Changes a batch of images X (N, C, H, W), each image by its own draw; the shape stays.

    flip: mirror half of the images, left to right. shift: move by up to so many pixels each way, black coming in.
    erase: cover a square of this side with black, its centre anywhere in the image (DeVries, Taylor 2017, "Cutout",
    arXiv:1708.04552). Zero or False switches a change off.
    """

    flip: bool = True
    shift: int = 1
    erase: int = 0

    def __call__(self, X: torch.Tensor) -> torch.Tensor:
        if self.flip:
            X = torch.where(torch.rand(len(X), 1, 1, 1, device=X.device) < 0.5, X.flip(3), X)
        if self.shift:
            X = _shift(X, self.shift)
        if self.erase:
            X = _erase(X, self.erase)
        return X


def _shift(X: torch.Tensor, most: int) -> torch.Tensor:
    n, channels, height, width = X.shape
    rows, columns = (
        torch.randint(2 * most + 1, (n, 1), device=X.device) + torch.arange(side, device=X.device)
        for side in (height, width)
    )
    image, channel = torch.arange(n, device=X.device), torch.arange(channels, device=X.device)
    padded = F.pad(X, [most] * 4)
    return padded[image[:, None, None, None], channel[:, None, None], rows[:, None, :, None], columns[:, None, None, :]]


def _erase(X: torch.Tensor, side: int) -> torch.Tensor:
    covered = []
    for length in X.shape[2:]:
        first = torch.randint(length, (len(X), 1), device=X.device) - side // 2
        place = torch.arange(length, device=X.device)
        covered.append((place >= first) & (place < first + side))
    rows, columns = covered
    return X.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0)
