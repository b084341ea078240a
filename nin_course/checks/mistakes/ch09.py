"""Mistakes in the exercises of chapter 09."""

import torch


def patches(X, p):
    """(N, C, H, W) -> (N, H/p, W/p, C, p, p)."""
    return X.unfold(2, p, p).unfold(3, p, p).permute(0, 2, 3, 1, 4, 5)


def multiplied(rows, weight, bias):
    return rows @ weight.flatten(1).T + bias


def right(X, weight, bias):
    return multiplied(patches(X, weight.shape[2]).flatten(3).flatten(1, 2), weight, bias)


def _in_order(X, weight, bias, *order, places=(0, 1, 2)):
    cut = patches(X, weight.shape[2]).permute(*places, *order)
    return multiplied(cut.flatten(3).flatten(1, 2), weight, bias)


def _reshaped(X, weight, bias):
    return multiplied(X.reshape(len(X), -1, weight[0].numel()), weight, bias)


def _reshaped_last(X, weight, bias):
    return multiplied(X.permute(0, 2, 3, 1).reshape(len(X), -1, weight[0].numel()), weight, bias)


def _without(X, weight, bias):
    return right(X, weight, torch.zeros_like(bias))


def _flipped(X, weight, bias):
    return right(X, weight.flip(2, 3), bias)


def _meant(X, weight, bias):
    return right(X, weight / weight[0].numel(), bias)


def _overlapping(X, weight, bias):
    p = weight.shape[2]
    rows = X.unfold(2, p, 1).unfold(3, p, 1).permute(0, 2, 3, 1, 4, 5)
    return multiplied(rows.flatten(3).flatten(1, 2), weight, bias)


def _few(X, weight, bias):
    """Patches begin at 0, 1, 2, … instead of 0, p, 2 p, …: as many as there should be."""
    p, found = weight.shape[2], []
    for i in range(X.shape[2] // p):
        for j in range(X.shape[3] // p):
            found.append(multiplied(X[:, :, i : i + p, j : j + p].flatten(1), weight, bias))
    return torch.stack(found, dim=1)


def _unfolded_only(X, weight, bias):
    p = weight.shape[2]
    return multiplied(X.unfold(2, p, p).unfold(3, p, p).reshape(len(X), -1, weight[0].numel()), weight, bias)


ON_PATCHES = {
    "The bias is missing.": _without,
    "`reshape` cuts X as its numbers are stored, row by row of a channel: those pieces are no patches.": _reshaped,
    "With the channels last, `reshape` still cuts along whole rows of the image: those pieces are no patches.": (
        _reshaped_last
    ),
    "In each patch the channel comes last; in the weight it comes first: (C, p, p).": (
        lambda X, w, b: _in_order(X, w, b, 4, 5, 3)
    ),
    "In each patch rows and columns are swapped.": lambda X, w, b: _in_order(X, w, b, 3, 5, 4),
    "The places go down the columns first; they should come row by row.": (
        lambda X, w, b: _in_order(X, w, b, 3, 4, 5, places=(0, 2, 1))
    ),
    "Places and outputs are swapped: (N, places, D) is wanted.": lambda X, w, b: right(X, w, b).transpose(1, 2),
    "That is the convolution's own shape, (N, D, H/p, W/p); the places belong in one row, before D.": (
        lambda X, w, b: right(X, w, b).transpose(1, 2).unflatten(2, (X.shape[2] // w.shape[2], -1))
    ),
    "The weight is turned by half a turn: a convolution in PyTorch does not turn it.": _flipped,
    "The bias is added twice.": lambda X, w, b: right(X, w, 2 * b),
    "The bias is subtracted: add it.": lambda X, w, b: right(X, w, -b),
    "You take the mean over each patch; the sum is wanted.": _meant,
    "There is a ReLU on it; none is wanted.": lambda X, w, b: right(X, w, b).relu(),
    "Only the first channel is looked at.": lambda X, w, b: right(X[:, :1], w[:, :1], b),
    "Only the first image is there.": lambda X, w, b: right(X[:1], w, b),
    "Images and places are in one axis: (N, places, D) is wanted.": lambda X, w, b: right(X, w, b).flatten(0, 1),
    "The places are still rows and columns, (N, H/p, W/p, D): bring them into one row.": (
        lambda X, w, b: right(X, w, b).unflatten(1, (X.shape[2] // w.shape[2], -1))
    ),
    "The windows overlap: the next one begins p pixels further, not one.": _overlapping,
    "Patch number i begins at pixel i · p, not at pixel i.": _few,
    "After `unfold` the axes are (N, C, H/p, W/p, p, p): they need a `permute` before they are flattened.": (
        _unfolded_only
    ),
    "The bias is added for each channel that goes in: it is wanted once.": (
        lambda X, w, b: right(X, w, b) + (X.shape[1] - 1) * b
    ),
}


def _solved(nin, each):
    return round(nin / each)


def _full(i, o, k):
    """With a full k × k window over all hidden channels: k² h² + (i + o) h = what a NiN block costs."""
    whole, a, b = k**2 * i * o + 2 * o**2, k**2, i + o
    return round((-b + (b * b + 4 * a * whole) ** 0.5) / (2 * a))


WIDTHS = {
    "A NiN block has two 1×1 convolutions behind its window; you counted one.": (
        lambda i, o, k: _solved(k**2 * i * o + o**2, i + k**2 + o)
    ),
    "The NiN block's two 1×1 convolutions are missing.": lambda i, o, k: _solved(k**2 * i * o, i + k**2 + o),
    "A NiN block's 1×1 convolutions go from out to out channels: out², not in · out.": (
        lambda i, o, k: _solved(k**2 * i * o + 2 * i * o, i + k**2 + o)
    ),
    "A window of k × k has k² weights, not k.": lambda i, o, k: _solved(k * i * o + 2 * o**2, i + k + o),
    "In the NiN block, a window of k × k has k² weights, not k.": (
        lambda i, o, k: _solved(k * i * o + 2 * o**2, i + k**2 + o)
    ),
    "In the new block, a window of k × k has k² weights, not k.": (
        lambda i, o, k: _solved(k**2 * i * o + 2 * o**2, i + k + o)
    ),
    "The new block's k × k window is missing.": lambda i, o, k: _solved(k**2 * i * o + 2 * o**2, i + o),
    "The new block's last 1×1 is missing.": lambda i, o, k: _solved(k**2 * i * o + 2 * o**2, i + k**2),
    "The new block's first 1×1 is missing.": lambda i, o, k: _solved(k**2 * i * o + 2 * o**2, k**2 + o),
    "You let the k × k window look at all hidden channels; it looks at each alone.": _full,
    "A NiN block's 1×1 convolutions go from out to out channels: out², not in².": lambda o, i, k: _solved(
        k**2 * i * o + 2 * o**2, i + k**2 + o
    ),
    "You cut off what is behind the point; the nearest whole number is wanted.": (
        lambda i, o, k: (k**2 * i * o + 2 * o**2) // (i + k**2 + o)
    ),
    "You rounded up; the nearest whole number is wanted.": (
        lambda i, o, k: -(-(k**2 * i * o + 2 * o**2) // (i + k**2 + o))
    ),
    "That is not a whole number: round it.": lambda i, o, k: (k**2 * i * o + 2 * o**2) / (i + k**2 + o),
    "Those are equal parameters, biases included; MACs have none.": (
        lambda i, o, k: _solved(k**2 * i * o + 2 * o**2 + 2 * o, i + k**2 + o + 2)
    ),
    "The NiN block's 1×1 convolutions have out² weights each, not out.": (
        lambda i, o, k: _solved(k**2 * i * o + 2 * o, i + k**2 + o)
    ),
    "A NiN block has two 1×1 convolutions behind its window; you counted three.": (
        lambda i, o, k: _solved(k**2 * i * o + 3 * o**2, i + k**2 + o)
    ),
    "In the new block, the window is always 3 × 3 with you; it is k × k.": (
        lambda i, o, k: _solved(k**2 * i * o + 2 * o**2, i + 9 + o)
    ),
    "That is what the NiN block costs: divide it by what one hidden channel costs.": (
        lambda i, o, k: k**2 * i * o + 2 * o**2
    ),
    "The window is always 3 × 3 with you; it is k × k.": lambda i, o, k: _solved(9 * i * o + 2 * o**2, i + 9 + o),
}
