"""Right and wrong answers to the exercises of chapter 05, with the words that each wrong one must be told."""

import torch
import torch.nn.functional as F

from nin_course.checks.ch05 import seconds_a_step, too_large, train_and_test
from nin_course.train import evaluate_accuracy, train_epoch


def _loop(
    train=True,
    zero=True,
    step=True,
    moves="XyXy",
    evaluate=True,
    no_grad=True,
    value="share",
    softmax=False,
    all_off=False,
):
    """A train_and_test with everything right, or with what is named left out or done otherwise."""

    def train_and_test(net, train_iter, test_iter, optimizer, device):
        if train:
            net.train()
        for X, y in train_iter:
            X = X.to(device) if moves[0] == "X" else X.as_subclass(torch.Tensor)
            y = y.to(device) if moves[1] == "y" else y.as_subclass(torch.Tensor)
            with torch.set_grad_enabled(not all_off):
                logits = net(X)
            loss = F.cross_entropy(logits.softmax(1) if softmax else logits, y)
            if zero:
                optimizer.zero_grad()
            if not all_off:
                loss.backward()
            if step:
                optimizer.step()
        if evaluate:
            net.eval()
        right, count, shares = 0, 0, []
        with torch.set_grad_enabled(not no_grad):
            for X, y in test_iter:
                X = X.to(device) if moves[2] == "X" else X.as_subclass(torch.Tensor)
                y = y.to(device) if moves[3] == "y" else y.as_subclass(torch.Tensor)
                correct = (net(X).argmax(dim=1) == y).sum().item()
                right, count = right + correct, count + len(y)
                shares.append(correct / len(y))
        values = {"share": right / count, "count": right, "per cent": 100 * right / count}
        values |= {"batches": sum(shares) / len(shares), "by batches": right / len(shares), "zero": 0.123}
        return values[value]

    return (train_and_test,)


def _with_the_package(net, train_iter, test_iter, optimizer, device):
    train_epoch(net, train_iter, optimizer, device)
    return evaluate_accuracy(test_iter, net, device)


def _tensor(*args):
    return torch.tensor(_loop()[0](*args))


train_and_test.right = {"plain": _loop(), "the package's": (_with_the_package,), "a tensor": (_tensor,)}


train_and_test.wrong = {
    "no train()": (_loop(train=False), "net.train() is missing"),
    "no zero_grad": (_loop(zero=False), "optimizer.zero_grad() is missing"),
    "no step": (_loop(step=False), "weights have not changed"),
    "X stays": (_loop(moves=".yXy"), "X of the training batches was not moved"),
    "y stays": (_loop(moves="X.Xy"), "y of the training batches was not moved"),
    "test X stays": (_loop(moves="Xy.y"), "X of the test batches was not moved"),
    "test y stays": (_loop(moves="XyX."), "y of the test batches was not moved"),
    "no eval()": (_loop(evaluate=False), "net.eval() is missing"),
    "no no_grad": (_loop(no_grad=False), "torch.no_grad()"),
    "no gradients at all": (_loop(all_off=True), "Training ran without gradients"),
    "softmax twice": (_loop(softmax=True), "takes the logits"),
    "count": (_loop(value="count"), "divide by how many images"),
    "per cent": (_loop(value="per cent"), "per cent"),
    "mean of batches": (_loop(value="batches"), "the last batch is smaller"),
    "by batches": (_loop(value="by batches"), "number of batches, not of images"),
    "another number": (_loop(value="zero"), "you returned 0.123"),
    "no training": ((lambda net, a, b, c, d: evaluate_accuracy(b, net, d),), "0 training batches"),
    "no test": ((lambda net, a, b, c, d: train_epoch(net, a, c, d)[1],), "0 test batches"),
    "two numbers": ((lambda net, a, b, c, d: train_epoch(net, a, c, d),), "One number"),
}


def _timed(warm=1, before=True, end=True, steps=0, divide=True):
    def seconds_a_step(step, synchronize, clock, n):
        for _ in range(warm):
            step()
        if before:
            synchronize()
        start = clock()
        for _ in range(n + steps):
            step()
        if end:
            synchronize()
        return (clock() - start) / (n if divide else 1)

    return (seconds_a_step,)


def _after_every_step(step, synchronize, clock, n):
    step()
    synchronize()
    total = 0
    for _ in range(n):
        start = clock()
        step()
        synchronize()
        total += clock() - start
    return total / n


seconds_a_step.right = {
    "once at each end": _timed(),
    "three to warm up": _timed(warm=3),
    "after every step": (_after_every_step,),
}


seconds_a_step.wrong = {
    "queueing only": (_timed(end=False), "how fast Python queues"),
    "cold": (_timed(warm=0), "The first step is in it"),
    "full queue": (_timed(before=False), "while the queue was still full"),
    "not divided": (_timed(divide=False), "divide by n"),
    "one too many": (_timed(steps=1), "n + 1 steps"),
    "no step": ((lambda step, synchronize, clock, n: clock(),), "No step was taken"),
    "two numbers": ((lambda step, synchronize, clock, n: (1, 2),), "One number"),
    "something else": (
        (lambda step, synchronize, clock, n: [step() for _ in range(n + 1)] and 0.004,),
        "when the clock is read",
    ),
}


too_large.right = {"list": (["B", "D"],), "string": ("b, d",), "set": ({"D", "B"},), "tuple": (("B", "D"),)}


too_large.wrong = {
    "all of the notes": (["A", "B", "D"], "A needs 3,010 MiB"),
    "weights forgotten": (["B"], "D needs 9,225 MiB"),
    "only the largest network": (["D"], "B needs"),
    "the largest batch": (["B", "C", "D"], "C needs"),
    "no such letter": (["E"], "letters A to D"),
    "a number": (8192, "list of letters"),
}
too_large.wrong = {name: ((answer,), words) for name, (answer, words) in too_large.wrong.items()}
