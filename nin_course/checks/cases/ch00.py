"""Right and wrong answers to the exercise of chapter 00, with the words that each wrong one must be told."""

from fractions import Fraction

from nin_course.checks.ch00 import accuracy
from nin_course.checks.mistakes.ch00 import MISTAKES


def _piling(logits, labels, hits=[]):  # noqa: B006
    """What it counts in one call is still there in the next."""
    hits += (logits.argmax(1) == labels).tolist()
    return sum(hits) / len(labels)


def _remembering(logits, labels, known={}):  # noqa: B006
    """Right at first; from then on a little more each time that it meets the same labels."""
    key = tuple(labels.tolist())
    known[key] = known.get(key, -0.1) + 0.1
    return (logits.argmax(1) == labels).double().mean() + known[key]


accuracy.right = {
    "mean of a comparison": (lambda logits, labels: (logits.argmax(1) == labels).float().mean(),),
    "python loop": (
        lambda logits, labels: sum(int(logits[i].argmax()) == int(labels[i]) for i in range(len(labels))) / len(labels),
    ),
    "half precision": (lambda logits, labels: (logits.max(1).indices == labels).half().mean(),),
    "numpy": (lambda logits, labels: (logits.numpy().argmax(1) == labels.numpy()).mean(),),
    "a fraction": (lambda logits, labels: Fraction(int((logits.argmax(1) == labels).sum()), len(labels)),),
    "item": (lambda logits, labels: (logits.argmax(dim=1) == labels).sum().item() / labels.numel(),),
    "topk": (lambda logits, labels: [float((logits.topk(1).indices.squeeze() == labels).double().mean())],),
}

accuracy.wrong = {words: ((rule,), words) for words, rule in MISTAKES.items()} | {
    "text": ((lambda logits, labels: "75%",), "this is the string '75%'"),
    "called": ((0.75,), "without brackets"),
    "a constant": ((lambda logits, labels: 0.65,), "the same in all of these cases"),
    "the labels ignored": ((lambda logits, labels: logits.softmax(1).max(),), "does not depend on labels"),
    "hits piling up": ((_piling,), "Called again with the same arguments, it gives something else"),
    "right the first time": ((_remembering,), "is right the first time. Called again"),
    "a pair": ((lambda logits, labels: (13, 20),), "this is a tuple of 2"),
}
