"""The known mistakes of chapter 01: sentence -> the rule that gives just this wrong answer."""

import torch
import torch.nn.functional as F


def _at_pixels(X, weight, bias):
    """A 1×1 convolution with stride 1, on a map of any size."""
    return torch.einsum("nchw,dc->ndhw", X, weight) + bias[:, None, None]


def _rows(X, weight, bias):
    """The same as rows: (N, H, W, D)."""
    return _at_pixels(X, weight, bias).permute(0, 2, 3, 1)


def _unpermuted(X, weight, bias):
    """The rows of the matrix are not pixels: reshape alone cuts (C, H, W) in the order in which the numbers lie."""
    rows = X.reshape(-1, X.shape[1]) @ weight.T + bias
    return rows.reshape(X.shape[0], *X.shape[2:], -1).permute(0, 3, 1, 2)


def _pad(X):
    return F.pad(X, (0, X.shape[3] % 2, 0, X.shape[2] % 2))


_PIXELS = {  # which pixels are used, in words, and which output they give
    "That is every pixel: stride 2 uses every second row and every second column.": _at_pixels,
    "You skipped rows only; stride 2 skips rows and columns.": lambda X, w, b: _at_pixels(X[:, :, ::2], w, b),
    "You skipped columns only; stride 2 skips rows and columns.": lambda X, w, b: _at_pixels(X[..., ::2], w, b),
    "You began at row 1 and column 1. A convolution begins at row 0, column 0.": (
        lambda X, w, b: _at_pixels(X[:, :, 1::2, 1::2], w, b)
    ),
    "You began at row 1. A convolution begins at row 0.": lambda X, w, b: _at_pixels(X[:, :, 1::2, ::2], w, b),
    "You began at column 1. A convolution begins at column 0.": lambda X, w, b: _at_pixels(X[:, :, ::2, 1::2], w, b),
    "The last row or column of an odd size is lost: with 7 rows, rows 0, 2, 4 and 6 are used.": (
        lambda X, w, b: _at_pixels(X[:, :, : X.shape[2] // 2 * 2 : 2, : X.shape[3] // 2 * 2 : 2], w, b)
    ),
    "You averaged 2×2 neighbours; a stride looks at one pixel and skips the others.": (
        lambda X, w, b: _at_pixels(F.avg_pool2d(X, 2, ceil_mode=True), w, b)
    ),
    "You averaged 2×2 neighbours, padded with zeros; a stride looks at one pixel and skips the others.": (
        lambda X, w, b: _at_pixels(F.avg_pool2d(_pad(X), 2), w, b)
    ),
    "You took the largest of 2×2 neighbours; a stride looks at one pixel and skips the others.": (
        lambda X, w, b: _at_pixels(F.max_pool2d(X, 2, ceil_mode=True), w, b)
    ),
    "You used every third pixel; stride 2 uses every second.": lambda X, w, b: _at_pixels(X[:, :, ::3, ::3], w, b),
    "You used the upper left quarter; stride 2 uses every second row and column of the whole.": (
        lambda X, w, b: _at_pixels(X[:, :, : _half(X)[0], : _half(X)[1]], w, b)
    ),
    "You took every second of all pixels in a row; stride 2 skips whole rows, and columns.": (
        lambda X, w, b: _at_pixels(X.flatten(2)[:, :, ::2][:, :, : _cells(X)].reshape(*X.shape[:2], *_half(X)), w, b)
    ),
    "Only the first sample is in it.": lambda X, w, b: _at_pixels(X[:1, :, ::2, ::2], w, b),
    "The skipped pixels are zeros in yours; they should be gone: half as many rows and columns.": (
        lambda X, w, b: _spread(_at_pixels(X[:, :, ::2, ::2], w, b), X)
    ),
    "You skip samples and channels: rows and columns are the last two axes, X[:, :, ::2, ::2].": (
        lambda X, w, b: _at_pixels(X[::2, ::2], w, b)
    ),
}


def _half(X):
    return (X.shape[2] + 1) // 2, (X.shape[3] + 1) // 2


def _cells(X):
    return _half(X)[0] * _half(X)[1]


def _spread(small, X):
    large = torch.zeros(*small.shape[:2], *X.shape[2:])
    large[:, :, ::2, ::2] = small
    return large


def _strided(X, weight, bias):
    return _at_pixels(X[:, :, ::2, ::2], weight, bias)


def _even(way):
    return lambda X, w, b: way(X[:, :, ::2, ::2], w, b)


WAYS = _PIXELS | {
    "The channels stand last: PyTorch wants (sample, channel, row, column).": _even(_rows),
    "The rows of your matrix are not pixels: `reshape` alone cuts (C, H, W) in that order. Permute first.": (
        _even(_unpermuted)
    ),
    "The rows of your matrix are not pixels, nor its last reshape: permute first, and back again.": _even(
        lambda X, w, b: _unpermuted(X, w, b).permute(0, 2, 3, 1).reshape(len(X), -1, *X.shape[2:])
    ),
    "The product is right, but its rows are pixels: on the way back, reshape to (N, H, W, D), then permute.": _even(
        lambda X, w, b: _rows(X, w, b).reshape(len(X), -1, *X.shape[2:])
    ),
    "Rows and columns are exchanged: the result should be (N, D, rows, columns).": _even(
        lambda X, w, b: _rows(X, w, b).permute(0, 3, 2, 1)
    ),
    "You permute back with the permutation that brought you there; the way back is permute(0, 3, 1, 2).": _even(
        lambda X, w, b: _rows(X, w, b).permute(0, 2, 3, 1)
    ),
    "There is a ReLU too much: a convolution alone may give negative numbers.": _even(
        lambda X, w, b: _at_pixels(X, w, b).relu()
    ),
    "Those are rows, one a pixel: reshape to (N, H, W, D), then permute.": _even(
        lambda X, w, b: _rows(X, w, b).flatten(0, 2)
    ),
    "The weight is reshaped to (C, D), not transposed: weight.T.": _even(
        lambda X, w, b: _at_pixels(X, w.reshape(w.T.shape).T, b)
    ),
    "The bias is added along the width: after the permute, it needs bias[:, None, None].": _even(
        lambda X, w, b: _at_pixels(X, w, 0 * b) + b
    ),
    "The mean over the channels is wanted nowhere: a weighted *sum* is.": _even(
        lambda X, w, b: _at_pixels(X, w / len(w.T), b)
    ),
    "The weight is used the wrong way round: `weight` is (D, C), so pixels @ weight.T.": _even(
        lambda X, w, b: _at_pixels(X, w.T, b)
    ),
}


BIASED = {  # without a bias, these are among the others
    "The skipped pixels are set to zero and used, too; they should be gone: half as many rows and columns.": (
        lambda X, w, b: _at_pixels(_spread(X[:, :, ::2, ::2], X), w, b)
    ),
    "The bias was added more than once: it belongs to each output pixel once.": _even(
        lambda X, w, b: _at_pixels(X, w, len(w.T) * b)
    ),
    "The bias is subtracted; it is added.": _even(lambda X, w, b: _at_pixels(X, w, -b)),
}


NO_BIAS = {
    f"{words} And the bias is missing.": lambda X, w, b, way=way: way(X, w, 0 * b)
    for words, way in ({"The stride is right.": _strided} | WAYS).items()
}


COST = {
    "parameters": {
        "You multiplied the parameters' weights by height × width; they are shared, and count once.": (
            lambda i, o, k, h, w: i * o * k**2 * h * w + o
        ),
        "You left the biases out of the parameters: one for each output channel.": lambda i, o, k, h, w: i * o * k**2,
        "You counted one bias; every output channel has its own.": lambda i, o, k, h, w: i * o * k**2 + 1,
        "You counted a bias for each input channel; it is one for each *output* channel.": (
            lambda i, o, k, h, w: i * o * k**2 + i
        ),
        "The window has kernel_size × kernel_size places, and a weight for each, in the parameters too.": (
            lambda i, o, k, h, w: i * o * k + o
        ),
        "A window has more than one place: kernel_size × kernel_size weights, where you have one.": (
            lambda i, o, k, h, w: i * o + o
        ),
        "Every output channel looks at *all* input channels, with a weight for each.": lambda i, o, k, h, w: (
            o * k**2 + o
        ),
        "You multiplied the parameters by height × width; the weights are shared, and count once.": (
            lambda i, o, k, h, w: (i * o * k**2 + o) * h * w
        ),
        "You have a bias for each *pair* of channels: (k² + 1) · in · out. It is one for each output channel.": (
            lambda i, o, k, h, w: i * o * (k**2 + 1)
        ),
        "The window is kernel_size × kernel_size; yours is 3 × 3, always.": lambda i, o, k, h, w: 9 * i * o + o,
        "The channels multiply: in_channels · out_channels kernels, not in_channels + out_channels.": (
            lambda i, o, k, h, w: (i + o) * k**2 + o
        ),
        "You squared in_channels; there are in_channels · out_channels kernels.": lambda i, o, k, h, w: (
            i * i * k**2 + o
        ),
        "You squared out_channels; there are in_channels · out_channels kernels.": lambda i, o, k, h, w: (
            o * o * k**2 + o
        ),
        "You squared in_channels, and added its biases; it is in · out kernels, and a bias an output channel.": (
            lambda i, o, k, h, w: i * i * k**2 + i
        ),
        "You squared the whole product; only kernel_size is squared.": lambda i, o, k, h, w: (i * o * k) ** 2 + o,
        "In Python, `^` is no power; kernel_size ** 2 is.": lambda i, o, k, h, w: i * o * k ^ 2 + o,
        "In Python `^` is no power: write kernel_size ** 2.": lambda i, o, k, h, w: i * o * (k ^ 2) + o,
        "2 · kernel_size is not kernel_size²: the window has kernel_size × kernel_size places.": (
            lambda i, o, k, h, w: i * o * 2 * k + o
        ),
        "That is a dense layer's price, a weight for every pair of numbers. A convolution shares its weights.": (
            lambda i, o, k, h, w: i * h * w * o * h * w + o * h * w
        ),
        "Every output channel has its own kernel for *each* input channel; you have one an input channel.": (
            lambda i, o, k, h, w: i * k**2 + o
        ),
        "The window's places and the bias are mixed up: weights are in · out · k², then one bias an output channel.": (
            lambda i, o, k, h, w: i * o * k**2 + o * k**2
        ),
    },
    "MACs": {
        "The MACs are those of one output pixel; the window visits every pixel.": lambda i, o, k, h, w: i * o * k**2,
        "You counted the bias as a MAC. It is added, never multiplied: a MAC is a weight at work.": (
            lambda i, o, k, h, w: (i * o * k**2 + o) * h * w
        ),
        "Those are FLOPs: a MAC is one multiplication *and* one addition, counted once.": (
            lambda i, o, k, h, w: 2 * i * o * k**2 * h * w
        ),
        "You used the height and not the width for the MACs.": lambda i, o, k, h, w: i * o * k**2 * h,
        "You used the width and not the height for the MACs.": lambda i, o, k, h, w: i * o * k**2 * w,
        "The window has kernel_size × kernel_size places: each costs a MAC.": lambda i, o, k, h, w: i * o * k * h * w,
        "The MACs lack the window's places: kernel_size × kernel_size of them.": lambda i, o, k, h, w: i * o * h * w,
        "You counted the MACs of one input channel; every output channel adds up all of them.": (
            lambda i, o, k, h, w: o * k**2 * h * w
        ),
        "You counted the MACs of one output channel; there are more of them.": lambda i, o, k, h, w: i * k**2 * h * w,
        "A padding keeps the size: the window visits all height × width places.": (
            lambda i, o, k, h, w: i * o * k**2 * (h - k + 1) * (w - k + 1)
        ),
        "You took the height twice: the map has height × width places.": lambda i, o, k, h, w: i * o * k**2 * h * h,
        "You took the width twice: the map has height × width places.": lambda i, o, k, h, w: i * o * k**2 * w * w,
        "You added height and width; the map has height × width places.": lambda i, o, k, h, w: i * o * k**2 * (h + w),
        "You multiplied parameters by height + width; MACs are weights, without biases, times height × width.": (
            lambda i, o, k, h, w: (i * o * k**2 + o) * (h + w)
        ),
        "The image is 28 × 28 in yours, whatever height and width are.": lambda i, o, k, h, w: i * o * k**2 * 28 * 28,
        "The MACs have a 3 × 3 window, whatever kernel_size is.": lambda i, o, k, h, w: 9 * i * o * h * w,
        "You squared in_channels in the MACs; there are in_channels · out_channels kernels.": (
            lambda i, o, k, h, w: i * i * k**2 * h * w
        ),
        "You squared out_channels in the MACs; there are in_channels · out_channels kernels.": (
            lambda i, o, k, h, w: o * o * k**2 * h * w
        ),
        "The MACs are FLOPs, with the biases; a MAC is a weight at work, counted once.": (
            lambda i, o, k, h, w: 2 * (i * o * k**2 + o) * h * w
        ),
        "The MACs count the window's places at each output pixel, and no channels.": lambda i, o, k, h, w: k**2 * h * w,
        "The MACs count the output numbers; each needs in_channels · kernel_size² of them.": lambda i, o, k, h, w: (
            o * h * w
        ),
        "You squared the whole product for the MACs; only kernel_size is squared.": (
            lambda i, o, k, h, w: (i * o * k) ** 2 * h * w
        ),
        "In Python, `^` is no power, in the MACs too.": lambda i, o, k, h, w: (i * o * k ^ 2) * h * w,
        "In Python `^` is no power: kernel_size ** 2 in the MACs, too.": lambda i, o, k, h, w: i * o * (k ^ 2) * h * w,
        "2 · kernel_size is not kernel_size², in the MACs either.": lambda i, o, k, h, w: i * o * 2 * k * h * w,
        "The MACs add the bias once for each pixel: it is no MAC.": lambda i, o, k, h, w: i * o * k**2 * h * w + h * w,
        "The MACs add the biases once: a bias is no MAC.": lambda i, o, k, h, w: i * o * k**2 * h * w + o,
        "The MACs are those of one output pixel, with the bias. A bias is no MAC, and there are many pixels.": (
            lambda i, o, k, h, w: i * o * k**2 + o
        ),
    },
}


def _shuffled(X, order):
    return X.flatten(2)[:, :, order].reshape(X.shape)


def _proof(layer, X, order):
    return not _alike(layer(_shuffled(X, order)), _shuffled(layer(X), order))


def _alike(a, b):
    return torch.allclose(a, b, rtol=1e-4, atol=1e-5)


def _same_size(a, b):
    return a.shape == b.shape and _alike(a, b)


def _part(*index):
    """Looks at a part of the two results only."""
    return lambda layer, X, order: not _alike(layer(_shuffled(X, order))[index], _shuffled(layer(X), order)[index])


PROOFS = {
    "It says the opposite every time: True should mean that the two results differ.": (
        lambda layer, X, order: not _proof(layer, X, order)
    ),
    "The two that it compares are not shuffled alike, so they differ even for a ReLU. One should be layer(shuffled X), "
    "the other the shuffled layer(X).": lambda layer, X, order: not _alike(layer(_shuffled(X, order)), layer(X)),
    "The two that it compares are not shuffled alike: one of them by the inverse of `order`, or twice.": (
        lambda layer, X, order: not _alike(layer(_shuffled(X, order)), _shuffled(layer(X), order.argsort()))
    ),
    "It compares what the layer puts out with what it was given: that asks whether the layer does anything.": (
        lambda layer, X, order: not _same_size(layer(_shuffled(X, order)), _shuffled(X, order))
    ),
    "It is fooled by the last digit: added in another order, the same numbers differ there. Equal to float tolerance "
    "is equal: torch.allclose.": (
        lambda layer, X, order: not torch.equal(layer(_shuffled(X, order)), _shuffled(layer(X), order))
    ),
    "It compares sums or means of the two results; they may agree where the pixels do not.": (
        lambda layer, X, order: not _alike(layer(_shuffled(X, order)).mean(), layer(X).mean())
    ),
    "It compares the numbers in sorted order, so where they stand is lost.": (
        lambda layer, X, order: not _alike(layer(_shuffled(X, order)).flatten().msort(), layer(X).flatten().msort())
    ),
    "It says True only if *every* number differs. A layer notices as soon as one does.": (
        lambda layer, X, order: (
            not torch.isclose(layer(_shuffled(X, order)), _shuffled(layer(X), order), rtol=1e-4, atol=1e-5).any()
        )
    ),
    "It looks at the first sample only.": _part(0),
    "It looks at the first channel only.": _part(slice(None), 0),
    "It looks at the first channel of the first sample only.": _part(0, 0),
    "It looks at the first pixel only.": _part(..., 0, 0),
    "It looks at a single number, the first.": _part(0, 0, 0, 0),
}
