"""A collage of garments, and where in it a class map stands out: finding things without a detector. Chapter 07.

A cell of the class map stands for 4 × 4 pixels, its own; it sees 20 × 20. A place is a cell, (row, column).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

GARMENT, NINTH, CELL = 28, 36, 4  # sides in pixels: a garment, a ninth of the canvas, a cell


@dataclass
class Collage:
    """An image (1, 1, 108, 108) in [0, 1]; of each garment its class, and the (top, left) pixel of its 28 × 28 box."""

    image: torch.Tensor
    labels: list[int]
    corners: list[tuple[int, int]]

    def of(self, wanted: Iterable[int]) -> list[tuple[int, int]]:
        """The corners of the garments of the wanted classes."""
        return [corner for label, corner in zip(self.labels, self.corners, strict=True) if label in wanted]


def make_collage(
    images: torch.Tensor, labels: torch.Tensor, seed: int, allowed: Iterable[int] = range(10), garments: int = 6
) -> Collage:
    """Some of the images, (N, 1, 28, 28) uint8, of the allowed classes, each somewhere in a ninth of a black canvas.

    The seed decides which, and where; they never overlap. Without an allowed class the canvas stays black.
    """
    draw = torch.Generator().manual_seed(seed)
    pool = torch.isin(labels, torch.tensor(list(allowed), dtype=torch.long)).nonzero().flatten()
    garments = garments if len(pool) else 0
    chosen = pool[torch.randint(max(len(pool), 1), (garments,), generator=draw)]
    ninths = torch.randperm(9, generator=draw)[:garments]
    moved = torch.randint(NINTH - GARMENT + 1, (garments, 2), generator=draw)
    canvas, corners = torch.zeros(1, 1, 3 * NINTH, 3 * NINTH), []
    for i, ninth, (down, across) in zip(chosen, ninths.tolist(), moved.tolist(), strict=True):
        top, left = NINTH * (ninth // 3) + down, NINTH * (ninth % 3) + across
        canvas[0, 0, top : top + GARMENT, left : left + GARMENT] = images[i, 0].float() / 255
        corners.append((top, left))
    return Collage(canvas, labels[chosen].tolist(), corners)


def lit(image: torch.Tensor) -> torch.Tensor:
    """(N, 1, H, W) in [0, 1] -> (N, H/4, W/4): True for a cell with at least 4 of its own 16 pixels not black."""
    return F.avg_pool2d((image > 0).float(), CELL)[:, 0] >= 0.25


def leads(maps: torch.Tensor, wanted: Sequence[int], counted: torch.Tensor | None = None) -> torch.Tensor:
    """How far the best wanted class leads the best other: maps (N, classes, h, w) -> (N, h, w).

    Each cell takes the mean of the votes in the 5 × 5 cells around it. Cells that are not `counted`, (N, h, w) True or
    False, and those beyond the border give zero.
    """
    if counted is not None:
        maps = maps * counted[:, None]
    around = F.avg_pool2d(maps, 5, stride=1, padding=2)
    others = [k for k in range(maps.shape[1]) if k not in wanted]
    return around[:, list(wanted)].amax(dim=1) - around[:, others].amax(dim=1)


def stands_out(lead: torch.Tensor, threshold: float) -> list[tuple[int, int]]:
    """The places of a map (h, w) that are above the threshold, and the highest within three cells each way."""
    highest = F.max_pool2d(lead[None], 7, stride=1, padding=3)[0]
    return [tuple(place) for place in ((lead == highest) & (lead > threshold)).nonzero().tolist()]


def score(places: Sequence[tuple[int, int]], corners: Sequence[tuple[int, int]]) -> tuple[int, int, int]:
    """(hits, misses, false alarms): garments with at least one place inside, garments with none, places in no garment.

    >>> score([(0, 0), (1, 1), (20, 20)], [(0, 0), (40, 0)])
    (1, 1, 1)
    """
    inside = _inside(places, corners)
    hits = int(inside.any(dim=1).sum())
    return hits, len(corners) - hits, int((~inside.any(dim=0)).sum())


def guess(number: int, counted: torch.Tensor, corners: Sequence[tuple[int, int]]) -> tuple[float, float, float]:
    """What `score` would give on average if so many places were drawn, each anew, from the counted cells, (h, w)."""
    inside = _inside(counted.nonzero().tolist(), corners).double()
    shares = inside.sum(dim=1) / max(inside.shape[1], 1)  # of the counted cells, in each garment
    hits = float((1 - (1 - shares) ** number).sum())
    return hits, len(corners) - hits, number * float(1 - shares.sum())


def _inside(places: Sequence[Sequence[int]], corners: Sequence[tuple[int, int]]) -> torch.Tensor:
    """(corners, places): does the middle of that cell lie in that garment's box?"""
    middles = CELL * torch.tensor(places).reshape(-1, 2) + CELL // 2
    beyond = middles[None] - torch.tensor(corners).reshape(-1, 1, 2)
    return ((beyond >= 0) & (beyond < GARMENT)).all(dim=2)
