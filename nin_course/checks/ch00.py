"""The warm-up of chapter 00: accuracy."""

import torch

from nin_course.checks._ladder import Wrong, as_tensor, exercise, run, same


def _example():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(20, 10, generator=generator)
    labels = logits.argmax(1)  # 13 right, 4 as wrong as can be, 3 second best: every mistake gives another number
    labels[13:17], labels[17:] = logits[13:17].argmin(1), logits[17:].topk(2).indices[:, 1]
    return logits, labels


@exercise(
    "For each image, which class gets the largest of its ten numbers? `argmax` needs to be told along which axis.",
    "`logits.argmax(dim=1)` holds one guess an image. Compare it with `labels`.",
    "A comparison gives True and False; their mean, as floats, is the share that is right.",
)
def accuracy(answer) -> str:
    """accuracy(logits (N, 10), labels (N,)) -> the share of images whose largest logit is the label, 0 to 1."""
    logits, labels = _example()
    result = run(answer, logits, labels, name="accuracy", on="logits (20, 10) and labels (20,)")
    got = as_tensor(result, name="accuracy")
    if got.numel() != 1:
        raise Wrong(
            f"One number is wanted, the share of images that are right; yours has shape {tuple(got.shape)}. "
            "That looks like one answer an image: average them."
        )
    want = (logits.argmax(1) == labels).double().mean()
    if same(got.reshape(()), want):
        return f"{want:.2f} of the images are right: exactly what accuracy says."
    n = len(labels)
    mistakes = {
        "That is the number of right images. Accuracy is their share: divide by how many images there are.": want * n,
        "That is a percentage. As a share it is between 0 and 1.": want * 100,
        "That is the share of wrong images: the error rate, 1 − accuracy.": 1 - want,
        "You took the smallest logit of each image; the guess is the largest.": (logits.argmin(1) == labels)
        .double()
        .mean(),
    }
    for message, value in mistakes.items():
        if same(got.reshape(()), value.double()):
            raise Wrong(message)
    raise Wrong(
        f"On 20 images of which {int(want * n)} are right, yours says {got.item():.3g}. Is the guess of an image the "
        "*place* of its largest logit?"
    )
