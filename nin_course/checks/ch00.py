"""The warm-up of chapter 00: accuracy."""

import torch

from nin_course.checks import _read
from nin_course.checks._cases import Judge
from nin_course.checks._ladder import exercise
from nin_course.checks.mistakes.ch00 import MISTAKES, share_right


def example(images: int, right: int, second: int, seed: int):
    """logits (images, 10) and labels, of which so many are right, so many second best, and the rest the smallest."""
    logits = torch.randn(images, 10, generator=torch.Generator().manual_seed(seed))
    order = logits.argsort(dim=1, descending=True)
    labels = torch.cat([order[:right, 0], order[right : right + second, 1], order[right + second :, -1]])
    return logits, labels


CASES = [
    example(20, 13, 4, 0),
    example(10, 4, 3, 1),
    example(7, 1, 2, 2),
    example(4, 4, 0, 4),
    example(10, 0, 0, 26),
    example(610, 590, 9, 3),
    example(7, 5, 1, 7),  # as many images as before, and others
    example(5, 0, 2, 9),
]
CASES[0][0].sub_(9)  # here all logits are below zero
CASES[4][0].mul_(3).round_()  # here they are whole numbers, as labels are: a value might be taken for a place
CASES[4][1][:] = torch.tensor([2, 7, 4, 6, 0, 9, 0, 2, 9, 7])  # for each kind of mistake, another number of labels


def _seen(value) -> dict:
    """Numbers of any shape; one True or False is not the same as 1 or 0."""
    found = _read.tensor(value).squeeze()
    return {"": found, "one of two": torch.tensor(float(not found.ndim and _read.boolean(value)))}


@exercise(
    "For each image, which class gets the largest of its ten numbers? `argmax` needs to be told along which axis.",
    "`logits.argmax(dim=1)` holds one guess an image. Compare it with `labels`.",
    "A comparison gives True and False; their mean, as floats, is the share that is right.",
)
def accuracy(accuracy) -> str:
    """accuracy(logits (N, 10), labels (N,)) -> the share of images whose largest logit is the label, 0 to 1."""
    judge = Judge(
        "accuracy",
        share_right,
        read=lambda value: {"": _read.number(value, "one number, the share of right images,")},
        cases=CASES,
        mistakes=MISTAKES,
        tolerance=5e-4,  # half precision
        see=_seen,
    )
    praise = "Right, on eight sets of images, from 0 of 5 right to 590 of 610 and 4 of 4."
    return praise + judge(accuracy)
