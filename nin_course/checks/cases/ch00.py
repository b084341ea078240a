"""Right and wrong answers to the exercise of chapter 00, with the words that each wrong one must be told."""

from fractions import Fraction

from nin_course.checks.ch00 import accuracy
from nin_course.checks.mistakes.ch00 import MISTAKES

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
    "text": ((lambda logits, labels: "75 %",), "this is the string '75 %'"),
    "called": ((0.75,), "without brackets"),
    "a constant": ((lambda logits, labels: 0.65,), "the same in all of these cases"),
    "the labels ignored": ((lambda logits, labels: logits.softmax(1).max(),), "does not depend on labels"),
    "a pair": ((lambda logits, labels: (13, 20),), "this is a tuple of 2"),
}
