"""Right and wrong answers to the exercises of chapter 05, with the words that each wrong one must be told."""

import inspect
import itertools
import linecache
import statistics
import time
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from nin_course.checks.ch05 import ACCURACIES, seconds_a_step, too_large, train_and_test
from nin_course.checks.mistakes.ch05 import LEARNED, clocks
from nin_course.train import evaluate_accuracy, train_epoch


def _plain(net, train_iter, test_iter, optimizer, device):
    net.train()
    for X, y in train_iter:
        X, y = X.to(device), y.to(device)
        loss = F.cross_entropy(net(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    right = count = 0
    with torch.no_grad():
        for X, y in test_iter:
            right += (net(X.to(device)).argmax(dim=1) == y.to(device)).sum()
            count += len(y)
    return (right / count).item()


def _with_the_package(net, train_iter, test_iter, optimizer, device):
    train_epoch(net, train_iter, optimizer, device)
    return evaluate_accuracy(test_iter, net, device)


def _mean_of_logarithms(logits, y):
    return -logits.log_softmax(dim=1).gather(1, y[:, None]).mean()


def _one_hot(logits, y):
    return F.cross_entropy(logits, F.one_hot(y, 10).float())


def _steps(loss_of=F.cross_entropy, move=lambda T, device: T.to(device), before=None, after=None):
    """Another right loop: zero_grad first, another loss, another way to the device, or something else beside it."""

    def learns(net, train_iter, optimizer, device):
        net.train(True)
        for batch in train_iter:
            X, y = (move(T, device) for T in batch)
            if before:
                before(net, optimizer)
            else:
                optimizer.zero_grad(set_to_none=False)
            loss = loss_of(net(X), y)
            loss.backward()
            optimizer.step()
            if after:
                after(loss)

    return learns


def _closures(net, train_iter, optimizer, device):
    net.train()
    for X, y in train_iter:

        def again(X=X, y=y):
            optimizer.zero_grad()
            loss = nn.CrossEntropyLoss()(net(X.to(device)), y.to(device))
            loss.backward()
            return loss

        optimizer.step(again)


def _gradients_by_hand(net, train_iter, optimizer, device):
    net.train()
    weights = list(net.parameters())
    for X, y in train_iter:
        loss = F.cross_entropy(net(X.to(device)), y.to(device))
        for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
            weight.grad = gradient
        optimizer.step()


def _learning(learns):
    """A right answer that learns like this, and tests like the solution."""

    def answer(net, train_iter, test_iter, optimizer, device):
        learns(net, train_iter, optimizer, device)
        return _plain(net, [], test_iter, optimizer, device)

    return (answer,)


def _testing(tests, mode=torch.no_grad):
    """An answer that trains like the solution, and tests like this."""

    def answer(net, train_iter, test_iter, optimizer, device):
        train_epoch(net, train_iter, optimizer, device)
        net.eval()
        with mode():
            return tests(net, test_iter, device)

    return (answer,)


def _in_one_batch(net, test_iter, device):
    X, y = (torch.cat(parts).to(device) for parts in zip(*test_iter, strict=True))
    return (net(X).argmax(dim=1) == y).float().mean()


def _compared_at_home(net, test_iter, device):
    right = sum((net(X.to(device)).argmax(dim=1).cpu() == y).sum().item() for X, y in test_iter)
    return right / len(test_iter.dataset)


def _in_numpy(net, test_iter, device):
    named = np.concatenate([net(X.to(device)).argmax(dim=1).cpu().numpy() for X, _ in test_iter])
    return (named == np.concatenate([y.numpy() for _, y in test_iter])).mean()


def _in_lists(net, test_iter, device):
    pairs = [p for X, y in test_iter for p in zip(net(X.to(device)).max(dim=1)[1].tolist(), y.tolist(), strict=True)]
    return len([1 for said, is_so in pairs if said == is_so]) / len(pairs)


def _weighted(net, test_iter, device):
    means, counts = [], []
    for X, y in test_iter:
        means += [(net(X.to(device)).argmax(1) == y.to(device)).double().mean()]
        counts += [len(y)]
    return sum(mean * count for mean, count in zip(means, counts, strict=True)) / sum(counts)


def _image_by_image(net, test_iter, device):
    hits = [
        net(x[None].to(device)).topk(1).indices.item() == c for X, y in test_iter for x, c in zip(X, y, strict=True)
    ]
    return statistics.mean(map(int, hits))


def _zeros_there(net, test_iter, device):
    right, count = torch.zeros(1, device=device), torch.zeros(1, device=device)
    for X, y in test_iter:
        right += (net(torch.as_tensor(X, device=device)).argmax(1) == torch.as_tensor(y, device=device)).sum()
        count += X.shape[0]
    return right / count


def _where_it_is(net, train_iter, test_iter, optimizer, device):
    return _plain(net, list(train_iter), list(test_iter), optimizer, next(net.parameters()).device)


def _sent_there(net, train_iter, test_iter, optimizer, device):
    return _plain(net.to(device), train_iter, test_iter, optimizer, str(device))


def _tested_first(net, train_iter, test_iter, optimizer, device):
    before = evaluate_accuracy(test_iter, net, device)
    after = _plain(net, train_iter, test_iter, optimizer, device)
    print(f"{before:.2f} -> {after:.2f}")
    net.train()
    return after


train_and_test.right = {
    "plain": (_plain,),
    "the package's": (_with_the_package,),
    "tested before, too, and printed": (_tested_first,),
    "where the network is": (_where_it_is,),
    "the network sent there, too": (_sent_there,),
    "nn.CrossEntropyLoss": _learning(_steps(nn.CrossEntropyLoss())),
    "log_softmax and nll_loss": _learning(_steps(lambda logits, y: F.nll_loss(logits.log_softmax(1), y))),
    "the loss by hand": _learning(_steps(_mean_of_logarithms)),
    "one-hot labels": _learning(_steps(_one_hot)),
    "a sum, divided": _learning(_steps(lambda logits, y: F.cross_entropy(logits, y, reduction="sum") / len(y))),
    "as_tensor": _learning(_steps(move=lambda T, device: torch.as_tensor(T, device=device))),
    "copied there": _learning(_steps(move=lambda T, device: torch.empty_like(T, device=device).copy_(T))),
    "not blocking": _learning(_steps(move=lambda T, device: T.to(device=device, non_blocking=True))),
    "the network's zero_grad": _learning(_steps(before=lambda net, optimizer: net.zero_grad())),
    "losses noted": _learning(_steps(after=lambda loss: f"{loss.item():.2f} {loss:.2f} {float(loss)}")),
    "closures": _learning(_closures),
    "autograd.grad": _learning(_gradients_by_hand),
    "one batch": _testing(_in_one_batch),
    ".cpu() and len(dataset)": _testing(_compared_at_home),
    ".numpy()": _testing(_in_numpy),
    ".tolist()": _testing(_in_lists),
    "a weighted mean": _testing(_weighted),
    "image by image": _testing(_image_by_image),
    "zeros on the device": _testing(_zeros_there),
    "inference_mode": _testing(_in_one_batch, mode=torch.inference_mode),
    "set_grad_enabled": _testing(_compared_at_home, mode=lambda: torch.set_grad_enabled(False)),
    "double": _testing(lambda *a: torch.tensor(_in_one_batch(*a).item(), dtype=torch.float64)),
    "a list of one": _testing(lambda *a: [_compared_at_home(*a)]),
    "an array": _testing(lambda *a: np.array([_in_numpy(*a)], dtype=np.float32)),
}


def _returning(rule):
    """An answer that trains as it should, and then returns what `rule` makes of right answers and images a batch."""

    def answer(net, train_iter, test_iter, optimizer, device):
        train_epoch(net, train_iter, optimizer, device)
        net.eval()
        with torch.no_grad():
            right = [(net(X.to(device)).argmax(1) == y.to(device)).sum().item() for X, y in test_iter]
        return rule(right, [len(y) for _, y in test_iter], SimpleNamespace(sizes=[len(train_iter.dataset)]))

    return (answer,)


def _accuracy_before(net, train_iter, test_iter, optimizer, device):
    before = evaluate_accuracy(test_iter, net, device)
    _plain(net, train_iter, test_iter, optimizer, device)
    return before


def _accuracy_in_training(net, train_iter, test_iter, optimizer, device):
    _plain(net, train_iter, test_iter, optimizer, device)
    return evaluate_accuracy(train_iter, net, device)


@torch.no_grad()
def _mean_loss(net, test_iter, device):
    losses = [F.cross_entropy(net(X.to(device)), y.to(device), reduction="none") for X, y in test_iter]
    return torch.cat(losses).mean()


def _share_of(guess):
    @torch.no_grad()
    def share(net, test_iter, device):
        right = [(guess(net(X.to(device))) == y.to(device)).sum().item() for X, y in test_iter]
        return sum(right) / sum(len(y) for _, y in test_iter)

    return share


_OTHERWISE = {  # what takes more than the right answers and images a batch
    "That is the accuracy before": (_accuracy_before,),
    "That is the accuracy on the training images": (_accuracy_in_training,),
    "That is the mean loss": _testing(_mean_loss),
    "The guess is the *largest* logit": _testing(_share_of(lambda logits: logits.argmin(dim=1))),
    "`argmax` without dim=1": _testing(_share_of(torch.argmax)),
}


# After 16 training images 4 of 7 and 1 of 3 test images are right; after the other setting's 12, 5 of 8 and 1 of 3.
_NUMBERS = {  # by hand: what each of these mistakes then returns
    "That is how many are right;": (5, 6),
    "That is per cent;": (50, 600 / 11),
    "You averaged the batches' accuracies,": ((4 / 7 + 1 / 3) / 2, (5 / 8 + 1 / 3) / 2),
    "You divided by the number of batches,": (5 / 2, 6 / 2),
    "You divided by the first batch's size;": (5 / 7, 6 / 8),
    "You divided by the last batch's size;": (5 / 3, 6 / 3),
    "You divided as if all batches were as large as the first;": (5 / 14, 6 / 16),
    "You divided as if all batches were as large as the last;": (5 / 6, 6 / 6),
    "You added the batches' accuracies up.": (4 / 7 + 1 / 3, 5 / 8 + 1 / 3),
    "That is the accuracy on the last batch alone.": (1 / 3, 1 / 3),
    "That is the accuracy on the first batch alone.": (4 / 7, 5 / 8),
    "Only the last batch's right answers are in it,": (1 / 10, 1 / 11),
    "Only the first batch's right answers are in it,": (4 / 10, 5 / 11),
    "That is the share of *wrong* answers.": (5 / 10, 5 / 11),
    "You divided by the number of training images.": (5 / 16, 6 / 12),
    "That is the number of test images.": (10, 11),
}


def _returned(sentence):
    """An answer that makes this mistake."""
    for words, numbers in _NUMBERS.items():
        if sentence.startswith(words):
            return _returning(lambda right, n, run, numbers=numbers: numbers[run.sizes[0] == 12])
    return next(answer for words, answer in _OTHERWISE.items() if sentence.startswith(words))


_CELLS = itertools.count()


def _typed(*changes):
    """The solution with changed lines, in a cell of its own, so that an error there names its line."""
    source, cell = inspect.getsource(_plain), f"cell {next(_CELLS)}"
    for old, new in changes:
        if old not in source:
            raise ValueError(f"The solution has no {old!r}.")
        source = source.replace(old, new)
    linecache.cache[cell] = len(source), None, source.splitlines(keepends=True), cell
    space = {"torch": torch, "F": F}
    exec(compile(source, cell, "exec"), space)
    return (space["_plain"],)


def _all_on_the_cpu(net, train_iter, test_iter, optimizer, device):
    return _plain(net.to("cpu"), train_iter, test_iter, optimizer, "cpu")


def _first_batch(net, test_iter, device):
    X, y = next(iter(test_iter))
    return (net(X.to(device)).argmax(1) == y.to(device)).float().mean()


@torch.no_grad()
def _never_a_gradient(*arguments):
    return _plain(*arguments)


def _no_eval(net, train_iter, test_iter, optimizer, device):
    train_epoch(net, train_iter, optimizer, device)
    with torch.no_grad():
        return _compared_at_home(net, test_iter, device)


def _own_optimizer(net, train_iter, test_iter, optimizer, device):
    return _plain(net, train_iter, test_iter, torch.optim.Adam(net.parameters(), lr=1e-3), device)


def _own_optimizer_at_times(net, train_iter, test_iter, optimizer, device):
    train = _own_optimizer if len(train_iter.dataset) > 12 else _plain
    return train(net, train_iter, test_iter, optimizer, device)


def _forgotten(net, train_iter, test_iter, optimizer, device):
    accuracy = _plain(net, train_iter, test_iter, optimizer, device)  # noqa: F841


_NO_MODE, _NO_ZERO = ("    net.train()\n", ""), ("        optimizer.zero_grad()\n", "")
_SOFTMAX, _STEP = ("net(X), y)", "net(X).softmax(1), y)"), "        optimizer.step()\n"
_MISTAKES = (  # each of LEARNED, in its order, as changes of the solution
    *([(_STEP, "")], [("net.train()", "net.eval()")], [_NO_MODE], [_NO_ZERO], [_SOFTMAX]),
    [("net(X), y)", 'net(X), y, reduction="sum")')],
    [("net(X), y)", "net(X), y) / len(y)")],
    [("F.cross", "-F.cross")],
    [("F.cross_entropy", "F.nll_loss")],
    [("F.cross_entropy(net(X)", "F.nll_loss(net(X).log_softmax(0)")],
    [("net(X), y)", "net(X), y, label_smoothing=0.1)")],
    [("F.cross_entropy(net(X), y)", "(net(X) - F.one_hot(y, 10)).square().mean()")],
    [("F.cross_entropy(net(X), y)", "(net(X).softmax(1) - F.one_hot(y, 10)).square().mean()")],
    [("in train_iter", "in [*train_iter, *test_iter]")],
    [
        ("    for X, y in train_iter:\n", "    for i, (X, y) in enumerate([*train_iter, *test_iter]):\n"),
        ("        loss =", "        net.train(i < len(train_iter))\n        loss ="),
    ],
    [("train_iter, test_iter, optimizer", "test_iter, train_iter, optimizer")],
    [(_STEP, f"{_STEP}        net.eval()\n")],
    [(_STEP, _STEP[4:])],
    [_NO_ZERO, (_STEP, _STEP[4:])],
    [("in train_iter", "in [*train_iter, *train_iter]")],
    [("in train_iter", "in 3 * list(train_iter)")],
    [("in train_iter", "in list(train_iter)[:1]")],
    [("in train_iter", "in list(train_iter)[:-1]")],
    [("in train_iter", "in list(train_iter)[1:]")],
    *([_NO_MODE, _NO_ZERO], [_NO_MODE, _SOFTMAX], [_NO_ZERO, _SOFTMAX]),
)
train_and_test.wrong = {words: (_typed(*changes), words) for words, changes in zip(LEARNED, _MISTAKES, strict=True)}
train_and_test.wrong |= {words: (_returned(words), words) for words in ACCURACIES}
train_and_test.wrong |= {
    "X.to(device) without assignment": (
        _typed(("X, y = X.to(device), y.to(device)", "X.to(device), y.to(device)")),
        "at `loss = F.cross_entropy(net(X), y)`",
    ),
    "images stay": (
        _typed(("X, y = X.to(device)", "X, y = X"), ("loss = F.", "logits = net(X); loss = F.")),
        "X and y of every batch have to go there",
    ),
    "labels stay": (
        _typed(("y = X.to(device), y.to(device)", "logits = X, net(X.to(device))"), ("net(X), y)", "logits, y)")),
        "at `loss = F.cross_entropy(logits, y)`",
    ),
    "test images stay": (_typed(("net(X.to(device))", "net(X)")), "at `right += (net(X).argmax(dim=1)"),
    "test labels stay": (
        _typed(("== y.to(device)", "== y")),
        "at `right += (net(X.to(device)).argmax(dim=1) == y).sum()`",
    ),
    '"cpu" for device': (
        _typed(("to(device)", 'to("cpu")'), ("loss = ", "error = "), ("loss.", "error.")),
        "at `error = F.cross_entropy(net(X), y)`",
    ),
    "as if it were here": (_typed((".argmax(dim=1)", ".numpy().argmax(1)")), "`right += (net(X.to(device)).numpy()"),
    "everything on the CPU": ((_all_on_the_cpu,), "is no longer there"),
    "own optimizer": ((_own_optimizer,), "has taken no step"),
    "own optimizer at times": (
        (_own_optimizer_at_times,),
        "`optimizer` took 0 steps for 3 batches. The weights afterwards are",
    ),
    "two steps a batch": (
        _typed((_STEP, 2 * _STEP)),
        "`optimizer` took 6 steps for 3 batches. The weights afterwards are not",
    ),
    "no gradients at all": ((_never_a_gradient,), "torch.no_grad() belongs around the test only"),
    "no eval()": ((_no_eval,), "net.eval() is missing before it"),
    "no no_grad": (_testing(_compared_at_home, mode=torch.enable_grad), "put it under torch.no_grad()"),
    "a ReLU on the logits": (
        _learning(_steps(lambda logits, y: F.cross_entropy(logits.relu(), y))),
        "Compare your loop with the chapter's",
    ),
    "another number": (_returning(lambda *_: 0.123), "you returned 0.123"),
    "no training": ((lambda net, a, b, c, d: evaluate_accuracy(b, net, d),), "saw no training image"),
    "no test": ((lambda net, a, b, c, d: train_epoch(net, a, c, d)[1],), "saw no test image"),
    "the first test batch": (_testing(_first_batch), "saw 7 of the 10 test images"),
    "two numbers": (_returning(lambda right, n, _: (sum(right), sum(n))), "this is a tuple of 2"),
    "a string": (_returning(lambda right, n, _: f"{sum(right) / sum(n):.2f}"), "this is the string '0."),
    "True": (_returning(lambda right, n, _: sum(right) > 0), "this is True"),
    "printed": ((lambda *a: print(_plain(*a)),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": ((0.5,), "without brackets"),
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


def _once(step, synchronize, clock, n):
    step()
    synchronize()
    start = clock()
    for _ in range(n):
        step()
    synchronize()
    return (clock() - start) / n


def _each(step, synchronize, clock, n):
    """What each of a first step and n others takes."""
    synchronize()
    times = []
    for _ in range(n + 1):
        start = clock()
        step()
        synchronize()
        times.append(clock() - start)
    return times


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


def _between_readings(step, synchronize, clock, n):
    read = []
    for _ in range(n + 1):
        step()
        synchronize()
        read.append(clock())
    return np.diff(read).mean()


def _all_but_the_first(step, synchronize, clock, n):
    """n + 1 steps, less the first one."""
    synchronize()
    start = clock()
    step()
    synchronize()
    first = clock() - start
    for _ in range(n):
        step()
    synchronize()
    return (clock() - start - first) / n


def _down_to_none(step, synchronize, clock, n):
    step(), synchronize(), synchronize()
    start, left = clock(), n
    while left:
        left -= 1
        step()
    return [synchronize(), (clock() - start) / n][1]


seconds_a_step.right = {
    "plain": (_once,),
    "three to warm up": _timed(warm=3),
    "after every step": (_after_every_step,),
    "each alone, the first left out": (lambda *a: statistics.mean(_each(*a)[1:]),),
    "between readings, in numpy": (_between_readings,),
    "less the first": (_all_but_the_first,),
    "counting down": (_down_to_none,),
    "measured twice": (lambda *a: [_once(*a), _once(*a)][1],),
    "a tensor": (lambda *a: torch.tensor([_once(*a)], requires_grad=True),),
    "double": (lambda *a: torch.tensor(_once(*a), dtype=torch.float64),),
    "half": (lambda *a: np.float16(_once(*a)),),
    "a generator": (lambda *a: (seconds for seconds in [_once(*a)]),),
}


def _clocked(rule):
    return (lambda step, synchronize, clock, n: rule(SimpleNamespace(**locals()), n),)


def _own_clock(step, synchronize, clock, n):
    return _once(step, synchronize, time.perf_counter, n)


def _constant(step, synchronize, clock, n):
    step(), clock()
    return 0.025


def _same_n(step, synchronize, clock, n):
    return _once(step, synchronize, clock, 10)


def _never_returned(step, synchronize, clock, n):
    seconds = _once(step, synchronize, clock, n)  # noqa: F841


_FULL, _EARLY = "The clock starts while the queue is still full", "The clock is read while the device still works"

seconds_a_step.wrong = {words: (_clocked(rule), words) for words, rule in clocks().items() if ". " not in words}
seconds_a_step.wrong |= {
    "cold, full queue": (_timed(warm=0, before=False), f"take one before the clock starts. {_FULL}"),
    "cold, not divided": (_timed(warm=0, divide=False), "before the clock starts. That is the time of all n steps"),
    "cold, one too many": (_timed(warm=0, steps=1), "before the clock starts. The clock ran over n + 1 steps"),
    "full queue, not divided": (_timed(before=False, divide=False), "starts, too. That is the time of all n steps"),
    "full queue, one too many": (_timed(before=False, steps=1), "starts, too. The clock ran over n + 1 steps"),
    "early, not divided": (_timed(end=False, divide=False), "read at the end. That is the time of all n steps"),
    "cold, full queue, not divided": (_timed(0, before=False, divide=False), "starts, too. That is the time of all"),
    "no step": ((lambda step, synchronize, clock, n: clock(),), "no step was taken"),
    "own clock": ((_own_clock,), "clock() was not read"),
    "a constant": ((_constant,), "the same in all of these cases"),
    "always ten": ((_same_n,), "does not depend on n"),
    "two numbers": ((lambda *a: (_once(*a), 2),), "this is a tuple of 2"),
    "all n": ((lambda *a: _each(*a)[1:],), "this is a list of 3"),
    "a string": ((lambda *a: f"{_once(*a):.3f} s",), "this is the string '0.0"),
    "at most ten steps": ((lambda *a: _once(*a[:3], min(a[3], 10)),), "n=20): you say"),
    "at least two": ((lambda *a: _once(*a[:3], max(a[3], 2)),), "n=1): you say"),
    "half a second too much": ((lambda *a: _once(*a) + 0.5,), "it should be 0.0"),
    "printed": ((lambda *a: print(_once(*a)),), "and returned None"),
    "no return": ((_never_returned,), "Is the `return` missing"),
    "called": ((0.025,), "without brackets"),
    "a mistake of its own": ((lambda step, synchronize, clock, n: _once(step(), synchronize, clock, n),), "TypeError"),
}


too_large.right = {
    "list": (["B", "D"],),
    "string": ("b, d",),
    "one word": ("DB",),
    "set": ({"D", "B"},),
    "tuple": (("B", "D"),),
    "dict view": ({"B": True, "D": True}.keys(),),
    "array": (np.array(["B", "D"]),),
    "twice": (["B", "D", "D"],),
    "with brackets": (["(b)", "D."],),
}


too_large.wrong = {
    "all of the notes": (["A", "B", "D"], "Work out A once more"),
    "weights forgotten": (["B"], "Work out D once more"),
    "only the largest network": (["D"], "Work out B once more"),
    "the largest batch": (["B", "C", "D"], "Work out C once more"),
    "turned round": ({"A", "C"}, "the ones that *do* fit"),
    "none": ([], "answer with at least one letter"),
    "no such letter": (["E"], "a list of 1 with the string 'E' in it"),
    "a number": (8192, "this is the number 8,192"),
    "numbers": ([8192, 9225], "a list of 2 with the number 8,192 in it"),
    "an index": (True, "this is True"),
    "None": (None, "this is None"),
}
too_large.wrong = {name: ((answer,), words) for name, (answer, words) in too_large.wrong.items()}
