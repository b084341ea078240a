"""The three exercises of chapter 03: pooling as a dense layer, the cost of two heads, a mistake read from its votes."""

from contextlib import suppress

import torch
from torch import nn

from nin_course.checks import _read
from nin_course.checks._cases import Judge
from nin_course.checks._ladder import Wrong, exercise
from nin_course.checks.mistakes.ch03 import HEADS, MATRICES, means


@exercise(
    "The dense layer gets the maps flattened: all cells of channel 0, then all cells of channel 1, and so on.",
    "Row c of the matrix gives the mean of channel c: 1 / (h·w) at that channel's cells, 0 everywhere else.",
    "`torch.eye(channels)` has one column a channel; `repeat_interleave(h * w, dim=1)` makes h·w columns of each.",
)
def pooling_matrix(pooling_matrix) -> str:
    """pooling_matrix(channels, h, w) -> W (channels, channels·h·w) with maps.flatten(1) @ W.T = global average."""
    judge = Judge(
        "pooling_matrix",
        lambda channels, h, w: means(channels, h, w),
        read=lambda value: {"": _read.tensor(value)},
        cases=((3, 2, 4), (2, 1, 1), (4, 3, 2), (5, 3, 3), (1, 2, 5)),
        mistakes=MATRICES,
        tolerance=5e-4,  # half precision
    )
    praise = "Right: GAP is a dense layer with 0 parameters to learn, nearly all of its weights zero, the others equal."
    return praise + judge(pooling_matrix)


def _dense(channels, h, w, classes):
    return sum(p.numel() for p in nn.Linear(channels * h * w, classes, device="meta").parameters())


def _pooled(channels, h, w, classes):
    return sum(p.numel() for p in nn.Conv2d(channels, classes, kernel_size=1, device="meta").parameters())


@exercise(
    "The dense head has one weight for every input number and every class, and one bias a class.",
    "In the pooled head the 1×1 convolution works at every cell with the same weights. The pooling has none.",
    "dense: channels·h·w·classes + classes. And the 1×1 convolution sees one cell at a time.",
)
def head_costs(head_costs) -> str:
    """head_costs(channels, h, w, classes) -> (parameters of Flatten + Linear, parameters of 1×1 conv + GAP)."""
    judge = Judge(
        "head_costs",
        lambda channels, h, w, classes: (_dense(channels, h, w, classes), _pooled(channels, h, w, classes)),
        read=lambda value: _read.numbers(value, ("dense", "pooled")),
        cases=((3, 2, 4, 7), (5, 6, 3, 2), (256, 7, 7, 10), (8, 1, 5, 8), (384, 5, 5, 10)),
        of_part=HEADS,
    )
    praise = "Right, for all five. The pooled head does not know how large its maps are, and so it does not care."
    return praise + judge(head_costs)


STATEMENTS = {
    "A": "every cell prefers the wrong class to the right one",
    "B": "most cells prefer the right class, but the others outvote them: they are fewer and louder",
    "C": "most cells, but not all, prefer the wrong class, and the loudest of all votes for the right one",
    "D": "most cells, but not all, prefer the wrong class, and the loudest of all votes for it, too",
}


def explanation(lead: torch.Tensor) -> str | None:
    """Which statement is true of the lead (h, w) of a wrong winner over the right class; None if none is."""
    ahead, cells = int((lead > 0).sum()), lead.numel()
    if ahead == cells:
        return "A"
    if 2 * ahead == cells or (2 * ahead > cells and lead.max() == -lead.min()):
        return None
    if 2 * ahead < cells:
        return "B" if 2 * int((lead < 0).sum()) > cells else None
    return "C" if -lead.min() > lead.max() else "D"


@exercise(
    "Subtract: the winner's map minus the true class's map. Where is it positive?",
    "Count the cells: `(lead > 0).sum()`. Then compare the largest value with the smallest.",
    "The answer's lead in the logits is the mean of that difference: many small leads, or few large ones?",
)
def why_wrong(letter, of_image, right) -> str:
    """ "A" to "D", the class maps (classes, h, w) of any image that is named wrongly, and its true class."""
    said = _read.letter(letter, STATEMENTS)
    maps = torch.zeros(0)
    with suppress(Wrong):
        maps = _read.tensor(of_image)
    if maps.ndim != 3:
        raise Wrong(f"The class maps of one image are wanted, (classes, h, w); this is {_read.kind(of_image)}.")
    true_class = float(_read.number(right, "the true class, a number,"))
    if true_class not in range(len(maps)):
        raise Wrong(
            f"Maps of shape {tuple(maps.shape)}, (classes, h, w), have the classes 0 to {len(maps) - 1}; there is no "
            f"class {_read.show(true_class)}."
        )
    right = int(true_class)
    winner = int(maps.mean(dim=(1, 2)).argmax())
    if winner == right:
        raise Wrong(f"This image is named rightly: class {right} wins. Take one that is named wrongly.")
    lead = maps[winner] - maps[right]
    true, ahead, cells = explanation(lead), int((lead > 0).sum()), lead.numel()
    facts = f"{ahead} of {cells} cells prefer the wrong class"
    if true is None:
        raise Wrong(f"None of A to D is true of this image: {facts}. Take another.")
    if said == true:
        return f"Right: {facts}, and on average over all cells its lead is {lead.mean():.2f}."
    loudest = f"the loudest cell for the wrong class leads by {lead.max():.1f}, for the right one by {-lead.min():.1f}"
    contradicts = {
        "A": f"{cells - ahead} of the {cells} cells prefer the right class, or neither",
        "B": f"{facts}, and these are most of them",
        "C": f"{facts}; {loudest}",
        "D": f"{facts}; {loudest}",
    }
    raise Wrong(f"Not {said}: {contradicts[said]}.")
