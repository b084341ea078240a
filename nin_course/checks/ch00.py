"""The warm-up of chapter 00: accuracy."""

import torch

from nin_course.checks import _read
from nin_course.checks._cases import Judge
from nin_course.checks._ladder import exercise


def _share(logits, labels):
    return (logits.argmax(dim=1) == labels).double().mean()


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
MISTAKES = {
    "It says whether *all* images are right, True or False; which share of them is?": (
        lambda logits, labels: torch.equal(logits.argmax(dim=1), labels)
    ),
    "You compared with the smallest logit of each image; the guess is the largest.": (
        lambda logits, labels: (logits.argmin(dim=1) == labels).double().mean()
    ),
    "That is the error rate, the share of *wrong* images: 1 − accuracy.": (
        lambda logits, labels: 1 - _share(logits, labels)
    ),
    "That is how many are right. Accuracy is their share: divide by the number of images.": (
        lambda logits, labels: len(labels) * _share(logits, labels)
    ),
    "That is per cent. As a share it lies between 0 and 1.": lambda logits, labels: 100 * _share(logits, labels),
    "You divided by the ten classes; the share is of the images.": (
        lambda logits, labels: len(labels) * _share(logits, labels) / 10
    ),
    "That is one answer an image, right or wrong: average them.": lambda logits, labels: logits.argmax(dim=1) == labels,
    "Those are the guesses, one an image. Compare them with the labels, and average.": (
        lambda logits, labels: logits.argmax(dim=1)
    ),
    "That finds the largest logit of each *class*, down the images: the guess is along dim=1.": (
        lambda logits, labels: (logits.argmax(dim=0) == labels).double().mean()
    ),
    "You compared the largest *value* with the label; the guess is its place, argmax.": (
        lambda logits, labels: (logits.max(dim=1).values == labels).double().mean()
    ),
    "It is rounded to one digit: hand on the share as it is.": lambda logits, labels: round(
        float(_share(logits, labels)), 1
    ),
    "It is rounded to two digits: hand on the share as it is.": lambda logits, labels: round(
        float(_share(logits, labels)), 2
    ),
    "It is 1 if all are right and else 0: so `all` says it, or a share that int() or `//` has cut off.": (
        lambda logits, labels: int(_share(logits, labels))
    ),
    "Rounded to a whole number, a share is 0 or 1.": lambda logits, labels: round(float(_share(logits, labels))),
    "`argmax` without dim=1 finds one place in the whole tensor, not one an image.": (
        lambda logits, labels: (logits.argmax() == labels).double().mean()
    ),
    "Classes are counted from 0: argmax is the class itself, not one less.": (
        lambda logits, labels: (logits.argmax(dim=1) + 1 == labels).double().mean()
    ),
    "It counts an image as right if its label is among the three largest logits; only the largest is the guess.": (
        lambda logits, labels: (logits.topk(3).indices == labels[:, None]).any(dim=1).double().mean()
    ),
    "It compares every guess with every label (a shape (N, 1) against (N,)); one comparison an image is wanted.": (
        lambda logits, labels: (logits.argmax(dim=1)[:, None] == labels).double().mean()
    ),
    "It averages over N × 10 entries, one for each class; one comparison an image is wanted.": (
        lambda logits, labels: 1 - 2 * (1 - _share(logits, labels)) / 10
    ),
    "It takes the largest *absolute* logit; a logit far below zero is no guess.": (
        lambda logits, labels: (logits.abs().argmax(dim=1) == labels).double().mean()
    ),
    "That is the mean probability of the right class; the share of right guesses is wanted.": (
        lambda logits, labels: logits.softmax(dim=1)[range(len(labels)), labels].mean()
    ),
    "That is the mean logit of the right class; the share of right guesses is wanted.": (
        lambda logits, labels: logits[range(len(labels)), labels].mean()
    ),
    "That is the mean of the guessed classes' numbers. Compare them with the labels first.": (
        lambda logits, labels: logits.argmax(dim=1).double().mean()
    ),
    "Sorted guesses against sorted labels: each guess belongs to the label of *its* image.": (
        lambda logits, labels: (logits.argmax(dim=1).sort().values == labels.sort().values).double().mean()
    ),
    "Only the first image is in it.": lambda logits, labels: float(logits[0].argmax() == labels[0]) / len(labels),
    "The first image is left out.": (
        lambda logits, labels: (logits.argmax(dim=1) == labels)[1:].double().sum() / len(labels)
    ),
    "Only the last image is in it, divided by all.": (
        lambda logits, labels: float(logits[-1].argmax() == labels[-1]) / len(labels)
    ),
    "Only the last image is in it.": lambda logits, labels: float(logits[-1].argmax() == labels[-1]),
    "You divided by one image too few.": lambda logits, labels: (
        len(labels) * _share(logits, labels) / (len(labels) - 1)
    ),
    "You divided by all N × 10 logits; the share is of the N images.": lambda logits, labels: (
        _share(logits, labels) / 10
    ),
    "The last image is left out.": (
        lambda logits, labels: (logits.argmax(dim=1) == labels)[:-1].double().sum() / len(labels)
    ),
    "The last class is left out: there are ten, 0 to 9.": (
        lambda logits, labels: (logits[:, :9].argmax(dim=1) == labels).double().mean()
    ),
    "The first class is left out: there are ten, 0 to 9.": (
        lambda logits, labels: (logits[:, 1:].argmax(dim=1) + 1 == labels).double().mean()
    ),
    "It counts an image as right if the logit of its label is above zero; the *largest* is the guess.": (
        lambda logits, labels: (logits[range(len(labels)), labels] > 0).double().mean()
    ),
    "It is divided by the number of images twice.": lambda logits, labels: _share(logits, labels) / len(labels),
    "That is the number of images.": lambda logits, labels: len(labels),
    "That is the number of wrong images. Accuracy is the share of the right ones.": (
        lambda logits, labels: len(labels) * (1 - _share(logits, labels))
    ),
    "It counts an image as right if its label is among the two largest logits; only the largest is the guess.": (
        lambda logits, labels: (logits.topk(2).indices == labels[:, None]).any(dim=1).double().mean()
    ),
}


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
        _share,
        read=lambda value: {"": _read.number(value, "one number, the share of right images,")},
        cases=CASES,
        mistakes=MISTAKES,
        tolerance=5e-4,  # half precision
        see=_seen,
    )
    praise = "Right, on eight sets of images, from 0 of 5 right to 590 of 610 and 4 of 4."
    return praise + judge(accuracy)
