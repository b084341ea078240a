"""The known mistakes of chapter 03: sentence -> the rule that gives just this wrong answer."""

import torch


def means(channels, h, w):
    return torch.eye(channels).repeat_interleave(h * w, dim=1) / (h * w)


MATRICES = {
    "It adds the cells up and does not divide by how many there are.": lambda c, h, w: means(c, h, w) * h * w,
    "It mixes the channels: flattened, the cells of one channel lie side by side (repeat_interleave).": (
        lambda c, h, w: torch.eye(c).repeat(1, h * w) / (h * w)
    ),
    "It mixes the channels, and does not divide: flattened, the cells of one channel lie side by side.": (
        lambda c, h, w: torch.eye(c).repeat(1, h * w)
    ),
    "That is its transpose: nn.Linear keeps (out, in).": lambda c, h, w: means(c, h, w).T,
    "That is its transpose, and it does not divide by how many cells there are.": lambda c, h, w: (
        means(c, h, w).T * h * w
    ),
    "It averages over *all* channels: outside its own channel a row is zero.": (
        lambda c, h, w: torch.full((c, c * h * w), 1 / (c * h * w))
    ),
    "It adds up all channels: outside its own channel a row is zero.": (
        lambda c, h, w: torch.full((c, c * h * w), 1 / (h * w))
    ),
    "It adds up everything: outside its own channel a row is zero, and inside 1 / (h·w).": (
        lambda c, h, w: torch.ones(c, c * h * w)
    ),
    "It divides by the number of channels; the mean is over the h·w cells.": lambda c, h, w: means(c, h, w) * h * w / c,
    "It divides by channels · h · w; each mean is over the h·w cells of one channel.": lambda c, h, w: (
        means(c, h, w) / c
    ),
    "It divides by h, not by h·w.": lambda c, h, w: means(c, h, w) * w,
    "It divides by w, not by h·w.": lambda c, h, w: means(c, h, w) * h,
    "It divides by h + w, not by h·w.": lambda c, h, w: means(c, h, w) * h * w / (h + w),
    "It divides by h and multiplies by w: brackets are missing, / (h * w).": lambda c, h, w: means(c, h, w) * w**2,
    "It multiplies by h·w, where it should divide.": lambda c, h, w: means(c, h, w) * (h * w) ** 2,
    "That is one row, for a single channel. One row for each channel is wanted.": lambda c, h, w: torch.full(
        (h * w,), 1 / (h * w)
    ),
    "That is the row of a single channel, for all: elsewhere the other channels' cells are.": (
        lambda c, h, w: torch.full((c, h * w), 1 / (h * w))
    ),
    "The cells still have rows and columns: flatten them, (channels, channels · h · w).": (
        lambda c, h, w: means(c, h, w).reshape(c, c, h, w)
    ),
    "The cells are still apart from the channels: flatten them, (channels, channels · h · w).": (
        lambda c, h, w: means(c, h, w).reshape(c, c, h * w)
    ),
    "A column is a channel, not a cell of one: each channel has h·w columns.": lambda c, h, w: torch.eye(c) / (h * w),
    "It divides by h·h, not by h·w.": lambda c, h, w: means(c, h, w) * w / h,
    "It divides by w·w, not by h·w.": lambda c, h, w: means(c, h, w) * h / w,
    "It divides by the square root of h·w.": lambda c, h, w: means(c, h, w) * (h * w) ** 0.5,
    "The fractions are gone: 1 // (h·w), or an integer tensor, is 0.": lambda c, h, w: means(c, h, w).int(),
    "The last cell of every channel is left out.": lambda c, h, w: (
        means(c, h, w) * (torch.arange(c * h * w) % (h * w) < h * w - 1)
    ),
    "Row c begins at column c; channel c's cells begin at c · h·w.": lambda c, h, w: torch.stack(
        [((torch.arange(c * h * w) >= i) & (torch.arange(c * h * w) < i + h * w)) / (h * w) for i in range(c)]
    ),
    "The last channel's row is empty.": lambda c, h, w: means(c, h, w) * (torch.arange(c) < c - 1)[:, None],
    "The first channel's row is empty.": lambda c, h, w: means(c, h, w) * (torch.arange(c) > 0)[:, None],
    "Only the first channel's row is filled.": lambda c, h, w: means(c, h, w) * (torch.arange(c) == 0)[:, None],
    "The means are over the channels at every cell; they should be over the cells of every channel.": (
        lambda c, h, w: torch.eye(h * w).repeat(1, c) / c
    ),
    "It picks one cell of each channel; a mean takes all of them.": (lambda c, h, w: torch.eye(c * h * w)[:: h * w]),
    "It takes the first `channels` cells: they all belong to channel 0 (or a few to the next).": (
        lambda c, h, w: torch.eye(c, c * h * w) / (h * w)
    ),
}


HEADS = {
    "dense": {
        "The dense head lacks its biases: one a class.": lambda c, h, w, k: c * h * w * k,
        "The dense head has a weight for every number *and* every class.": lambda c, h, w, k: c * h * w + k,
        "The dense head has a weight for every number and every class, and a bias a class.": lambda c, h, w, k: (
            c * h * w
        ),
        "After Flatten there are channels · h · w numbers, not channels, for the dense head.": lambda c, h, w, k: (
            c * k + k
        ),
        "The dense head sees the maps of *all* channels: channels · h · w numbers.": lambda c, h, w, k: h * w * k + k,
        "The dense head has one bias a class, not one in all.": lambda c, h, w, k: c * h * w * k + 1,
        "The dense head's biases are counted for its inputs; it is one for each output, a class.": (
            lambda c, h, w, k: c * h * w * k + c * h * w
        ),
        "The dense head's biases are one a class, not one a channel.": lambda c, h, w, k: c * h * w * k + c,
        "The dense head is counted with h alone: its inputs are channels · h · w.": lambda c, h, w, k: c * h * k + k,
        "The dense head is counted with w alone: its inputs are channels · h · w.": lambda c, h, w, k: c * w * k + k,
        "The dense head is counted as if its maps were square: the inputs are channels · h · w.": (
            lambda c, h, w, k: c * h * h * k + k
        ),
        "The dense head is counted as if its maps were square, w × w: the inputs are channels · h · w.": (
            lambda c, h, w, k: c * w * w * k + k
        ),
        "The dense head has ten classes in yours, whatever `classes` is.": lambda c, h, w, k: c * h * w * 10 + 10,
        "In the dense head, the bias is inside the product: channels · h · w · classes, and then + classes.": (
            lambda c, h, w, k: c * h * w * (k + k)
        ),
        "That is AlexNet's head with three dense layers; here it is one.": (
            lambda c, h, w, k: (c * h * w + 1) * 4096 + 4097 * 4096 + 4097 * k
        ),
        "The dense head goes to the classes, not back to the channels.": lambda c, h, w, k: c * h * w * c + c,
        "The dense head goes to the classes, not to as many numbers as come in.": (
            lambda c, h, w, k: (c * h * w) ** 2 + c * h * w
        ),
        "In the dense head, h and w are added; the cells are h · w.": lambda c, h, w, k: c * (h + w) * k + k,
    },
    "pooled": {
        "The pooled head lacks its biases: one a class.": lambda c, h, w, k: c * k,
        "The pooling has 0 parameters, but not the 1×1 convolution before it.": lambda c, h, w, k: 0,
        "The 1×1 convolution uses the *same* weights at every cell, so in the pooled head they count once.": (
            lambda c, h, w, k: (c * k + k) * h * w
        ),
        "The 1×1 convolution uses the *same* weights at every cell: no h · w in the pooled head.": (
            lambda c, h, w, k: c * h * w * k + k
        ),
        "The pooled head has a weight for every channel *and* every class.": lambda c, h, w, k: c + k,
        "The pooled head's biases are one a class, not one a channel.": lambda c, h, w, k: c * k + c,
        "The pooled head has one bias a class, not one in all.": lambda c, h, w, k: c * k + 1,
        "The pooled head has ten classes in yours, whatever `classes` is.": lambda c, h, w, k: c * 10 + 10,
        "In the pooled head, the bias is inside the product: channels · classes, and then + classes.": (
            lambda c, h, w, k: c * (k + k)
        ),
        "Those are the MACs of the 1×1 convolution; its weights are used at every cell, and count once.": (
            lambda c, h, w, k: c * k * h * w
        ),
        "The pooled head's biases are there once, not for every cell.": lambda c, h, w, k: c * k + k * h * w,
        "The pooled head's convolution is 1×1; yours has a 3 × 3 window.": lambda c, h, w, k: 9 * c * k + k,
        "Those are the numbers in the pooling's matrix; what is learned is the 1×1 convolution, with its biases.": (
            lambda c, h, w, k: c * c * h * w
        ),
        "The matrix that pools is fixed; nothing in it is a parameter.": lambda c, h, w, k: c * k + k + k * k * h * w,
        "The pooling's matrix is fixed, and has no parameters.": lambda c, h, w, k: c * k + k + c * c * h * w,
        "Those are the dense head's weights less its biases; the pooled head is a 1×1 convolution.": (
            lambda c, h, w, k: c * h * w * k - k
        ),
        "Those are the pooled head's biases alone; a 1×1 convolution has weights.": lambda c, h, w, k: k,
        "The pooled head's 1×1 convolution goes from channels to classes, not to channels.": lambda c, h, w, k: (
            c * c + c
        ),
        "The pooled head goes to classes: a weight for each of them, and a bias.": lambda c, h, w, k: c,
        "A mean has no weights: h · w do not come into the pooled head.": lambda c, h, w, k: c * k + k + h * w,
        "Neither the pooling nor its cells have parameters: only the 1×1 convolution.": lambda c, h, w, k: h * w,
    },
}
