"""The three exercises of chapter 03: pooling as a dense layer, the cost of two heads, a mistake read from its votes."""

import torch
from torch import nn

from nin_course.checks._ladder import Wrong, as_tensor, difference, exercise, run, same, shape


@exercise(
    "The dense layer gets the maps flattened: all cells of channel 0, then all cells of channel 1, and so on.",
    "Row c of the matrix gives the mean of channel c: 1 / (h·w) at that channel's cells, 0 everywhere else.",
    "`torch.eye(channels)` has one column a channel; `repeat_interleave(h * w, dim=1)` makes h·w columns of each.",
)
def pooling_matrix(answer) -> str:
    """pooling_matrix(channels, h, w) -> W (channels, channels·h·w) with maps.flatten(1) @ W.T = global average."""
    for channels, h, w in ((3, 2, 4), (5, 3, 3), (2, 1, 1)):
        on = f"({channels}, {h}, {w})"
        got = as_tensor(run(answer, channels, h, w, name="pooling_matrix", on=on), name="pooling_matrix")
        want = torch.eye(channels).repeat_interleave(h * w, dim=1).double() / (h * w)
        if got.shape != want.shape:
            turned = " That is its transpose: nn.Linear keeps (out, in)." if got.shape == want.T.shape else ""
            raise Wrong(f"pooling_matrix{on} has shape {shape(got)}, it should be {shape(want)}.{turned}")
        if not same(got, want, 1e-5):
            raise Wrong(
                f"pooling_matrix{on} has the right shape, but {difference(got, want)}. {_what(got, want, h * w)}"
            )
    return "Right: GAP is a dense layer with 0 parameters to learn, nearly all of its weights zero, the others equal."


def _what(got, want, cells) -> str:
    channels = len(want)
    if same(got, want * cells):
        return "It adds the cells up and does not divide by how many there are."
    if same(got, torch.eye(channels).double().repeat(1, cells) / cells):
        return "Yours mixes the channels: flattened, the cells of one channel lie side by side (repeat_interleave)."
    if same(got, torch.ones_like(want) / want.shape[1]) or same(got, torch.ones_like(want) / cells):
        return "Yours averages over *all* channels: outside its own channel a row is zero."
    if same(got, want * cells / channels):
        return "You divided by the number of channels; the mean is over the h·w cells."
    return "Write down W for 2 channels of 1 × 2 cells by hand: two rows of four numbers."


@exercise(
    "The dense head has one weight for every input number and every class, and one bias a class.",
    "In the pooled head the 1×1 convolution works at every cell with the same weights. The pooling has none.",
    "dense: channels·h·w·classes + classes. And the 1×1 convolution sees one cell at a time.",
)
def head_costs(answer) -> str:
    """head_costs(channels, h, w, classes) -> (parameters of Flatten + Linear, parameters of 1×1 conv + GAP)."""
    for args in ((256, 7, 7, 10), (384, 5, 5, 10), (3, 2, 4, 7)):
        channels, h, w, classes = args
        want = tuple(
            sum(p.numel() for p in layer.parameters())
            for layer in (nn.Linear(channels * h * w, classes), nn.Conv2d(channels, classes, kernel_size=1))
        )
        got = as_tensor(run(answer, *args, name="head_costs", on=f"{args}"), name="head_costs").flatten()
        if len(got) != 2:
            raise Wrong(f"Two numbers are wanted, (dense, pooled); you returned {len(got)}.")
        said = tuple(int(n) for n in got)
        if said != want:
            raise Wrong(f"For head_costs{args} you said {said[0]:,} and {said[1]:,}. {_which(said, want, args)}")
    return "Right, for all three. The pooled head does not know how large its maps are, and so it does not care."


def _which(said, want, args) -> str:
    channels, h, w, classes = args
    if said == want[::-1]:
        return "They are right, in the other order."
    if said == (want[0] - classes, want[1] - classes):
        return "The biases are missing: one a class."
    if said[0] == want[0] and said[1] == want[1] * h * w:
        return "The dense one is right; the 1×1 convolution uses the *same* weights at every cell, so they count once."
    if said[0] == want[0] and said[1] == 0:
        return "The pooling has no parameters, but the 1×1 convolution before it has."
    if said[1] == want[1] and said[0] == channels * h * w + classes:
        return "The pooled one is right; the dense one has a weight for every number *and* every class."
    if said[0] == want[0]:
        return "The dense one is right. The other is a 1×1 convolution, and chapter 01 counted those."
    return "Count the dense head's input numbers first: how many are there after Flatten?"


STATEMENTS = {
    "A": "every cell prefers the wrong class to the right one",
    "B": "most cells prefer the right class, but the others outvote them: they are fewer and louder",
    "C": "most cells prefer the wrong class, and the loudest of all votes for the right one",
    "D": "most cells prefer the wrong class, and the right one has no loud vote anywhere",
}


def explanation(maps: torch.Tensor, right: int) -> str:
    """Which statement is true of class maps (classes, h, w) that give a wrong answer."""
    lead = maps[int(maps.mean(dim=(1, 2)).argmax())] - maps[right]
    if (lead > 0).all():
        return "A"
    if (lead > 0).float().mean() < 0.5:
        return "B"
    return "C" if -lead.min() > lead.max() else "D"


@exercise(
    "Subtract: the winner's map minus the true class's map. Where is it positive?",
    "Count the cells: `(lead > 0).sum()`. Then compare the largest value with the smallest.",
    "The answer's lead in the logits is the mean of that difference: many small leads, or few large ones?",
)
def why_wrong(letter, maps, right) -> str:
    """ "A" to "D", the class maps (classes, h, w) of the image, and its true class."""
    said = letter.strip().upper() if isinstance(letter, str) else letter
    if said not in STATEMENTS:
        raise Wrong('Answer with one letter, "A", "B", "C" or "D".')
    true = explanation(maps, int(right))
    lead = maps[int(maps.mean(dim=(1, 2)).argmax())] - maps[int(right)]
    ahead, cells = int((lead > 0).sum()), lead.numel()
    if said == true:
        return (
            f"Right: {ahead} of {cells} cells prefer the wrong class, and on average their lead is {lead.mean():.2f}."
        )
    loudest = f"{lead.max():.1f} for the wrong class, {-lead.min():.1f} for the right"
    contradicts = {
        "A": f"{cells - ahead} of the {cells} cells prefer the right class.",
        "B": f"{ahead} of {cells} cells prefer the wrong class: which of the two is the majority?",
        "C": f"Compare the loudest cell of each side: {loudest}.",
        "D": f"Look at the loudest cells again, and count the sides: {ahead} of {cells} prefer the wrong class.",
    }
    raise Wrong(f"Not {said}. {contradicts[said]}")
