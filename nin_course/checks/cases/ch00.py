"""Right and wrong answers to the exercise of chapter 00, with the words that each wrong one must be told."""

from nin_course.checks.ch00 import accuracy

accuracy.right = {
    "mean of a comparison": (lambda logits, labels: (logits.argmax(1) == labels).float().mean(),),
    "python loop": (lambda logits, labels: sum(int(logits[i].argmax()) == int(labels[i]) for i in range(20)) / 20,),
    "half precision": (lambda logits, labels: (logits.max(1).indices == labels).half().mean(),),
    "item": (lambda logits, labels: (logits.argmax(dim=1) == labels).sum().item() / labels.numel(),),
    "topk": (lambda logits, labels: [float((logits.topk(1).indices.squeeze() == labels).double().mean())],),
}

accuracy.wrong = {
    "count": ((lambda logits, labels: (logits.argmax(1) == labels).sum(),), "divide by how many"),
    "percent": ((lambda logits, labels: 100 * (logits.argmax(1) == labels).float().mean(),), "percentage"),
    "error rate": ((lambda logits, labels: (logits.argmax(1) != labels).float().mean(),), "error rate"),
    "smallest": ((lambda logits, labels: (logits.argmin(1) == labels).float().mean(),), "smallest"),
    "one an image": ((lambda logits, labels: logits.argmax(1) == labels,), "average them"),
    "value, not place": ((lambda logits, labels: (logits.max(1).values == labels).float().mean(),), "*place*"),
    "wrong axis": ((lambda logits, labels: (logits.argmax(0) == labels).float().mean(),), "stopped with RuntimeError"),
    "text": ((lambda logits, labels: "75 %",), "returned a str"),
    "called": ((0.75,), "without brackets"),
}
