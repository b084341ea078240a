"""The known mistakes of chapter 00: sentence -> the rule that gives just this wrong answer."""

import torch


def share_right(logits, labels):
    return (logits.argmax(dim=1) == labels).double().mean()


MISTAKES = {
    "It says whether *all* images are right, True or False; which share of them is?": (
        lambda logits, labels: torch.equal(logits.argmax(dim=1), labels)
    ),
    "You compared with the smallest logit of each image; the guess is the largest.": (
        lambda logits, labels: (logits.argmin(dim=1) == labels).double().mean()
    ),
    "That is the error rate, the share of *wrong* images: 1 − accuracy.": (
        lambda logits, labels: 1 - share_right(logits, labels)
    ),
    "That is how many are right. Accuracy is their share: divide by the number of images.": (
        lambda logits, labels: len(labels) * share_right(logits, labels)
    ),
    "That is per cent. As a share it lies between 0 and 1.": lambda logits, labels: 100 * share_right(logits, labels),
    "You divided by the ten classes; the share is of the images.": (
        lambda logits, labels: len(labels) * share_right(logits, labels) / 10
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
        float(share_right(logits, labels)), 1
    ),
    "It is rounded to two digits: hand on the share as it is.": lambda logits, labels: round(
        float(share_right(logits, labels)), 2
    ),
    "It is 1 if all are right and else 0: so `all` says it, or a share that int() or `//` has cut off.": (
        lambda logits, labels: int(share_right(logits, labels))
    ),
    "Rounded to a whole number, a share is 0 or 1.": lambda logits, labels: round(float(share_right(logits, labels))),
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
        lambda logits, labels: 1 - 2 * (1 - share_right(logits, labels)) / 10
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
    "Only the first image is in it, divided by all.": lambda logits, labels: (
        float(logits[0].argmax() == labels[0]) / len(labels)
    ),
    "The first image is left out, and counted when you divide.": (
        lambda logits, labels: (logits.argmax(dim=1) == labels)[1:].double().sum() / len(labels)
    ),
    "Only the last image is in it, divided by all.": (
        lambda logits, labels: float(logits[-1].argmax() == labels[-1]) / len(labels)
    ),
    "Only the last image is in it.": lambda logits, labels: float(logits[-1].argmax() == labels[-1]),
    "You divided by one image too few.": lambda logits, labels: (
        len(labels) * share_right(logits, labels) / (len(labels) - 1)
    ),
    "You divided by all N × 10 logits; the share is of the N images.": lambda logits, labels: (
        share_right(logits, labels) / 10
    ),
    "The last image is left out, and counted when you divide.": (
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
    "It is divided by the number of images twice.": lambda logits, labels: share_right(logits, labels) / len(labels),
    "That is the number of images.": lambda logits, labels: len(labels),
    "That is the number of wrong images. Accuracy is the share of the right ones.": (
        lambda logits, labels: len(labels) * (1 - share_right(logits, labels))
    ),
    "It counts an image as right if its label is among the two largest logits; only the largest is the guess.": (
        lambda logits, labels: (logits.topk(2).indices == labels[:, None]).any(dim=1).double().mean()
    ),
}
