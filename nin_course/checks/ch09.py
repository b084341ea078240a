"""The three exercises of chapter 09: a dense layer at every patch, 1×1s in disguise, as much work as a NiN block."""

import torch

from nin_course.checks import _read
from nin_course.checks._calling import products
from nin_course.checks._cases import Judge
from nin_course.checks._ladder import exercise
from nin_course.checks.mistakes.ch09 import ON_PATCHES, WIDTHS, right


def _pictures(n, channels, h, w, out, p, seed):
    made = torch.Generator().manual_seed(seed)
    shapes = (n, channels, h, w), (out, channels, p, p), (out,)
    return tuple(torch.randn(shape, generator=made, dtype=torch.float64) for shape in shapes)


PICTURES = [_pictures(2, 3, 4, 6, 5, 2, 0), _pictures(1, 2, 9, 6, 4, 3, 1), _pictures(3, 4, 2, 3, 2, 1, 2)]


@exercise(
    "`X.unfold(2, p, p).unfold(3, p, p)` cuts the rows and then the columns: (N, C, H/p, W/p, p, p).",
    "Bring the places to the front and what is in a patch to the end, in the weight's order: (N, H/p, W/p, C, p, p).",
    "Flatten the last three into C · p · p numbers, and the weight likewise: (D, C · p · p). Then `@`, and the bias.",
)
def on_patches(on_patches) -> str:
    """on_patches(X, weight, bias) -> (N, H/p · W/p, D): the convolution with kernel_size = stride = p, by `@`."""
    judge = Judge(
        "on_patches",
        lambda X, weight, bias: right(X, weight, bias),
        read=lambda value: {"": _read.tensor(value)},
        cases=PICTURES,
        mistakes=ON_PATCHES,
        tolerance=1e-4,
        called=lambda name, _, case: f"{name}(X {tuple(case[0].shape)}, weight {tuple(case[1].shape)}, bias)",
    )
    remark = judge(on_patches)
    products(on_patches, *PICTURES[0])
    return "Right. With p = 1 it is chapter 01 again: a patch is a pixel." + remark


WHY = {
    "A": "Its places stand in one row, and a window of 1 sees one of them: all 8 channels in, all 16 out",
    "B": "`reshape` without a `permute` does not make rows of pixels (chapter 01): each of its 144 rows is 16 "
    "numbers of one channel, neighbours in the image",
    "C": "The channels go to the end, and each pixel is a row of its own",
    "D": "`nn.Linear` works on the last axis, and here that is the width: it mixes the pixels of a row, in each "
    "channel alone",
    "E": "The sum is over c alone: at each h and w, 16 channels in, 16 out",
    "F": "Each output looks at 2 × 2 pixels. Not to overlap makes it dense at every patch, not at every pixel",
    "G": "On a map of 1 × 1, eight of its nine weights meet only padding (chapter 04); what is left is a 1×1",
    "H": "There is one place left, and a dense layer at one place is a 1×1 convolution on a map of 1 × 1",
}
DISGUISED = "ACEGH"


@exercise(
    "Ask of each: what does one output number depend on? Only on the channels of its own place?",
    "B, C and D are all an `nn.Linear`. Which axis is last when it comes to them, and what stands in it?",
    "How large is the map when G and H get it? How many weights of a 3×3 meet something other than padding there?",
)
def in_disguise(letters) -> str:
    """The letters of the layers that a 1×1 convolution could replace."""
    words = dict(extra="{0} is none.", missing="One that you did not name is one, too: {0}.")
    _read.exactly(letters, DISGUISED, WHY, WHY.get, none="There are some", **words)
    return "Right: A, C, E, G and H. Not the name of a layer says what it is, but what each of its outputs looks at."


@exercise(
    "Count the multiplications at one place of the map. The NiN block: k² · in · out, and two 1×1 from out to out.",
    "The new block, with h hidden channels: in · h, then k² for each of the h alone, then h · out.",
    "So h · (in + k² + out) has to be what the NiN block needs. Divide, and round.",
)
def hidden_width(hidden_width) -> str:
    """hidden_width(in_channels, out_channels, k) -> hidden channels at which both blocks cost the same MACs."""
    judge = Judge(
        "hidden_width",
        lambda in_channels, out_channels, k: round(
            (k**2 * in_channels * out_channels + 2 * out_channels**2) / (in_channels + k**2 + out_channels)
        ),
        read=lambda value: {"": _read.number(value, "one number, the width,")},
        cases=[(64, 128, 3), (1, 16, 5), (96, 256, 5), (10, 7, 1), (3, 40, 7), (32, 32, 3), (12, 5, 3)],
        mistakes=WIDTHS,
        see=lambda value: {"": _read.tensor(value)},
    )
    return "Right. The wider the block, the more hidden channels the same work buys." + judge(hidden_width)
