"""The maps that a network makes on its way, whatever makes them: class maps, their cells, larger maps around them."""

import torch
from torch import nn
from torch.overrides import TorchFunctionMode


class Maps(TorchFunctionMode):
    """Keeps every map that is made on the way, with its gradient's history, as (N, C, H, W).

    The channels may stand last, and the places in a row, where a map before had as many.
    """

    def __init__(self):
        super().__init__()
        self.found, self.sides = [], {}

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.is_floating_point():
            self.found += self._maps(result)
        return result

    def _maps(self, result: torch.Tensor) -> list[torch.Tensor]:
        if result.ndim == 4:
            self.sides[result.shape[2:].numel()] = result.shape[2:]
            return [result, result.permute(0, 3, 1, 2)]
        rows = (result, result.transpose(1, 2)) if result.ndim == 3 else ()
        return [row.unflatten(2, self.sides[row.shape[2]]) for row in rows if row.shape[2] in self.sides]


def class_maps(net: nn.Module, X: torch.Tensor, by=lambda maps: maps.mean(dim=(2, 3))) -> torch.Tensor | None:
    """The first maps on the way whose means (or what `by` says) are net(X); None if there are none."""
    with Maps() as made:
        output = net(X)
    found = (m for m in made.found if m.shape[:2] == output.shape)
    return next((m for m in found if torch.allclose(by(m), output, atol=1e-9, rtol=1e-7)), None)


def cells(net: nn.Module, X: torch.Tensor) -> set[int]:
    """How many cells the maps on the way have."""
    with torch.no_grad(), Maps() as made:
        net(X)
    return set(made.sides)


def whole(net: nn.Module, X: torch.Tensor, part: torch.Tensor) -> torch.Tensor | None:
    """Larger maps on the way that `part` is a window of; None if there are none."""
    with Maps() as made:
        net(X)
    for maps in made.found:
        larger = maps.shape != part.shape and all(a >= b for a, b in zip(maps.shape, part.shape, strict=True))
        if larger and maps.shape[:2] == part.shape[:2]:
            windows = maps.unfold(2, part.shape[2], 1).unfold(3, part.shape[3], 1)
            if (windows == part[:, :, None, None]).flatten(4).all(dim=4).all(dim=1).all(dim=0).any():
                return maps
    return None
