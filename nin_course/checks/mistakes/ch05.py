"""The known mistakes of chapter 05: in the training loop, and of a clock that has to wait for a queue."""

import itertools
import statistics

import torch.nn.functional as F


def _softmax_first(logits, y):
    return F.cross_entropy(logits.softmax(dim=1), y)


def _times(scale):
    return lambda logits, y: scale(len(y)) * F.cross_entropy(logits, y)


LEARNED = {  # what has gone wrong in the training loop -> how `_learn` does it
    "The weights have not changed. Is there an optimizer.step(), after backward, and no zero_grad in between?": dict(
        step=False
    ),
    "The network trained in evaluation mode, without dropout: net.train() is missing before the loop.": dict(
        train=False
    ),
    "The network trained in whichever mode it came: net.train() is missing before the loop.": dict(train=None),
    "Each step used the gradients of all batches before, too: optimizer.zero_grad() belongs to every batch.": dict(
        zero=False
    ),
    "cross_entropy takes the logits: it does the softmax itself, and you had done one before.": dict(
        loss=_softmax_first
    ),
    "The loss is a *sum* over the batch; cross_entropy's mean is wanted.": dict(loss=_times(lambda n: n)),
    "The loss is divided by the batch's size, but cross_entropy's mean has done that.": dict(
        loss=_times(lambda n: 1 / n)
    ),
    "The loss has the wrong sign: it climbs.": dict(loss=_times(lambda n: -1)),
    "nll_loss wants the log_softmax of the logits; cross_entropy does both.": dict(loss=F.nll_loss),
    "The softmax runs over the images of the batch; it belongs to the ten classes, dim=1.": dict(
        loss=lambda logits, y: F.nll_loss(logits.log_softmax(dim=0), y)
    ),
    "The loss smooths the labels; the plain cross-entropy is wanted.": dict(
        loss=lambda logits, y: F.cross_entropy(logits, y, label_smoothing=0.1)
    ),
    "The loss is a squared error; the cross-entropy is wanted.": dict(
        loss=lambda logits, y: F.mse_loss(logits, F.one_hot(y, 10).float())
    ),
    "The loss is a squared error of probabilities; the cross-entropy is wanted.": dict(
        loss=lambda logits, y: F.mse_loss(logits.softmax(dim=1), F.one_hot(y, 10).float())
    ),
    "It trained on the test images, too.": dict(test="in training mode"),
    "It trained on the test images, too, in evaluation mode.": dict(test="in evaluation mode"),
    "It trained on the test images, and not on the others.": dict(some=slice(0), test="in training mode"),
    "After the first batch the network was no longer in training mode.": dict(train="at first"),
    "It took one step, with the gradients of the last batch alone; a step a batch is wanted.": dict(step="at the end"),
    "It took one step, at the end, with the gradients of all batches added up; a step a batch is wanted.": dict(
        step="at the end", zero=False
    ),
    "It trained for two epochs; one is wanted.": dict(epochs=2),
    "It trained for three epochs; one is wanted.": dict(epochs=3),
    "It trained on the first batch only.": dict(some=slice(1)),
    "It left out the last batch.": dict(some=slice(-1)),
    "It left out the first batch.": dict(some=slice(1, None)),
    "net.train() and optimizer.zero_grad() are missing in the training loop.": dict(train=None, zero=False),
    "net.train() is missing, and cross_entropy does the softmax itself: give it the logits.": dict(
        train=None, loss=_softmax_first
    ),
    "optimizer.zero_grad() is missing, and cross_entropy does the softmax itself: give it the logits.": dict(
        zero=False, loss=_softmax_first
    ),
}


def measure(device, n, warm=1, before=True, end=True, more=0, divisor=lambda n: n, each=False, how=statistics.mean):
    """An honest measurement, or one with known mistakes."""
    if before == "too early":
        device.synchronize()
    for _ in range(warm):
        device.step()
    if before is True:
        device.synchronize()
    times, start = [], device.clock()
    if before == "too late":
        device.synchronize()
    for _ in range(n + more):
        begin = device.clock()
        device.step()
        if each:
            device.synchronize()
        times.append(device.clock() - begin)
    if end:
        device.synchronize()
    return how(times) if each else (device.clock() - start) / divisor(n)


def clocks():
    """Sentences -> a measurement with these mistakes, the simplest first."""
    warm = {"": 1, "The first step is in it, and it is slow: take one before the clock starts.": 0}
    before = {
        "": True,
        "The clock starts while the queue is still full: synchronize() before it starts, too.": False,
        "The clock starts before the wait: synchronize() first, then read it.": "too late",
        "It waits before the first step and not after it: the clock starts while that one still runs.": "too early",
    }
    end = {
        "": True,
        "The clock is read while the device still works: synchronize() before it is read at the end.": False,
    }
    count = {
        "": (0, lambda n: n),
        "That is the time of all n steps together: divide by n.": (0, lambda n: 1),
        "The clock ran over n + 1 steps, and you divided by n.": (1, lambda n: n),
        "You divided by n + 1, and timed n steps.": (0, lambda n: n + 1),
        "The clock ran over n − 1 steps, and you divided by n.": (-1, lambda n: n),
        "You divided by n − 1, and timed n steps.": (0, lambda n: n - 1),
        "It timed n + 1 steps and divided by n + 1; n are asked for.": (1, lambda n: n + 1),
        "That is in milliseconds; seconds are wanted.": (0, lambda n: n / 1000),
        "The sign is turned round: the end minus the start.": (0, lambda n: -n),
        "That is a rate, steps a second, or something else upside down: seconds for a step are wanted.": None,
    }
    found = {}
    for last, *some in itertools.product(count.items(), warm.items(), before.items(), end.items()):
        words = [sentence for sentence, _ in (*some, last) if sentence]
        (_, w), (_, b), (_, e), (_, c) = *some, last
        if c is None:
            rule = lambda d, n, w=w, b=b, e=e: 1 / measure(d, n, w, b, e)  # noqa: E731
        else:
            rule = lambda d, n, w=w, b=b, e=e, c=c: measure(d, n, w, b, e, c[0], c[1])  # noqa: E731
        found[" ".join(words)] = (len(words), rule)
    of_each = {
        "the median": statistics.median,
        "the fastest": min,
        "the slowest": max,
        "the last": lambda times: times[-1],
        "the first, after the warm-up,": lambda times: times[0],
    }
    for name, how in of_each.items():
        rule = lambda d, n, how=how: measure(d, n, each=True, how=how)  # noqa: E731
        found[f"That is {name} of the n steps; the mean of all n is wanted."] = (1, rule)
    found |= {
        "That is one step's time, divided by n: the clock has to run over all n.": (1, lambda d, n: measure(d, 1) / n),
        "That is the time of the first step, the slow one.": (1, lambda d, n: measure(d, 1, warm=0)),
        "That is what the clock says, not how much time went by: subtract the start.": (1, _reading),
        "Brackets are missing: (clock() - start) / n.": (1, _unbracketed),
        "The clock starts when all steps are queued, so it measures the waiting alone.": (1, _waiting),
        "The clock starts anew before each step, so it measures from the last one's start.": (1, _anew),
    }
    return {words: rule for words, (n, rule) in sorted(found.items(), key=lambda item: item[1][0]) if words}


def _reading(device, n):
    measure(device, n)
    return device.clock() / n


def _unbracketed(device, n):
    took = measure(device, n, divisor=lambda n: 1)
    start = device.clock() - took
    return device.clock() - start / n


def _waiting(device, n, but=0):
    """From when all of the steps, or all but so many, are queued."""
    device.step()
    device.synchronize()
    for _ in range(n - but):
        device.step()
    start = device.clock()
    for _ in range(but):
        device.step()
    device.synchronize()
    return (device.clock() - start) / n


def _anew(device, n):
    return _waiting(device, n, but=1)
