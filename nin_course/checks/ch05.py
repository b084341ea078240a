"""The three exercises of chapter 05: train and test, an honest clock, and what fits into memory."""

import statistics
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from nin_course.budget import summary
from nin_course.checks import _read
from nin_course.checks._away import DEVICE, away, home
from nin_course.checks._cases import Judge, Outcome, call, returned, the_function
from nin_course.checks._ladder import Wrong, exercise, raised
from nin_course.checks.mistakes.ch05 import LEARNED, clocks, measure
from nin_course.models import nin, nin_small, vgg11

BATCHES = ((16, 6, 10, 7), (12, 5, 11, 8))  # images, how many a batch; test images, how many a batch
WRONG = (3, 5, 6, 8, 9)  # the test images that the trained network names wrongly


class _Half(nn.Module):
    """Dropout that always drops the same half, so that a right answer may draw whatever it likes."""

    def forward(self, X):
        return torch.cat([2 * X[:, ::2], 0 * X[:, 1::2]], dim=1) if self.training else X


class _Observed(nn.Module):
    """A network that notes of each batch: which images, training mode, whether gradients are kept.

    The first pixel of an image is its number.
    """

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(16, 24), nn.ReLU(), _Half(), nn.Linear(24, 10))
        self.seen: list[tuple[list[int], bool, bool]] = []

    def forward(self, X):
        images = [round(100 * number) for number in X[:, 0, 0, 0].detach().tolist()]
        self.seen.append((images, self.training, torch.is_grad_enabled()))
        return self.layers(X)


@dataclass
class _Setting:
    """Everything an answer gets, on the device or not; the same each time."""

    net: _Observed
    train_iter: DataLoader
    test_iter: DataLoader
    optimizer: torch.optim.Optimizer

    def weights(self) -> torch.Tensor:
        return torch.cat([home(p).flatten() for p in self.net.parameters()])


def _setting(sizes, device="cpu", labels=None) -> _Setting:
    train, size, test, test_size = sizes
    made = torch.Generator().manual_seed(train)
    X = torch.randn(train + test, 1, 4, 4, generator=made)
    X[:, 0, 0, 0] = torch.arange(train + test) / 100
    y = torch.randint(10, (train + test,), generator=made)
    if labels is not None:
        y[train:] = labels
    torch.manual_seed(train)
    net = _Observed().eval().to(device)
    loaders = [
        DataLoader(TensorDataset(X[part], y[part]), n, generator=torch.Generator())
        for part, n in ((slice(train), size), (slice(train, None), test_size))
    ]
    return _Setting(net, *loaders, torch.optim.SGD(net.parameters(), lr=0.5))


def _learn(setting, train=True, zero=True, loss=F.cross_entropy, step=True, epochs=1, some=slice(None), test=None):
    """An epoch as it should be, or with a known mistake."""
    net, optimizer = setting.net.train(bool(train)), setting.optimizer
    batches = list(setting.train_iter)[some] * epochs
    batches += list(setting.test_iter) if test else []
    for i, (X, y) in enumerate(batches):
        if test == "in evaluation mode" and i == len(list(setting.train_iter)):
            net.eval()
        loss_of_batch = loss(net(X), y)
        if train == "at first":
            net.eval()
        if zero:
            optimizer.zero_grad()
        loss_of_batch.backward()
        if step is True:
            optimizer.step()
    if step == "at the end":
        optimizer.step()
    net.eval()


def _labels(sizes) -> torch.Tensor:
    """Test labels that the trained network names rightly, but for WRONG; there, the untrained one does if it can."""
    setting = _setting(sizes)
    images = torch.cat([X for X, _ in setting.test_iter])
    before = setting.net(images).argmax(dim=1)
    _learn(setting)
    labels = setting.net(images).argmax(dim=1)
    for i in WRONG:
        labels[i] = before[i] if before[i] != labels[i] else (labels[i] + 1) % 10
    return labels


@exercise(
    "Two loops, one after the other. The first is the chapter's train_epoch without its bookkeeping.",
    "Before the second: `net.eval()`, so that dropout lets everything pass, and `with torch.no_grad():` around it.",
    "Count right answers and images over all batches, and divide at the end: the last batch may be smaller.",
)
def train_and_test(train_and_test) -> str:
    """train_and_test(net, train_iter, test_iter, optimizer, device) -> accuracy on test_iter after one epoch."""
    the_function(train_and_test, "train_and_test")
    runs = [_run(train_and_test, sizes) for sizes in BATCHES]
    _judge_weights(runs)
    for run in runs:
        _judge_modes(run)
    _judge_accuracy(runs)
    return "Right: trained in training mode, tested in evaluation mode without gradients, everything on the device."


@dataclass
class _Run:
    """What an answer has done with a setting."""

    sizes: tuple
    labels: torch.Tensor
    setting: _Setting
    outcome: Outcome
    steps: int

    def seen(self, of_test: bool) -> list[tuple[bool, bool]]:
        """(training mode, gradients kept) of every image of the test, or of training, that the network saw."""
        first, seen = self.sizes[0], self.setting.net.seen
        return [(mode, grad) for images, mode, grad in seen for i in images if (i >= first) == of_test]


def _run(train_and_test, sizes) -> _Run:
    labels, steps = _labels(sizes), []
    with away():
        setting = _setting(sizes, DEVICE, labels)
        setting.net.train(sizes != BATCHES[0])  # it may come in either mode
        setting.optimizer.register_step_post_hook(lambda *_: steps.append(1))
        answer = lambda: train_and_test(setting.net, setting.train_iter, setting.test_iter, setting.optimizer, DEVICE)  # noqa: E731
        run = _Run(sizes, labels, setting, call(answer), len(steps))
    error, untrained = run.outcome.error, any(not grad for _, grad in run.seen(of_test=False))
    if any(p.device != DEVICE for p in setting.net.parameters()):
        raise Wrong("The network was on `device` and is no longer there: use the device that is given, and no other.")
    if error:
        raise Wrong(f"On a device other than the CPU it stopped with {raised(error)}{_cure(error, untrained)}")
    if not run.seen(of_test=False):
        raise Wrong(
            "`net`, the network that is given, saw no training image: first comes an epoch on train_iter, for it and "
            "for no copy."
        )
    tested = {i for images, *_ in setting.net.seen for i in images if i >= sizes[0]}
    if not tested:
        raise Wrong("`net` saw no test image: after the epoch, find its accuracy on test_iter.")
    if len(tested) < sizes[2]:
        raise Wrong(f"The network saw {len(tested)} of the {sizes[2]} test images; all of them count.")
    return run


def _cure(error: Exception, untrained: bool) -> str:
    if "same device" in str(error):
        return " The network is on `device`; X and y of every batch have to go there: X = X.to(device), and y."
    return " Training needs gradients: torch.no_grad() belongs around the test only." if untrained else ""


def _judge_weights(runs) -> None:
    def gives(how) -> bool:
        return all(torch.allclose(r.setting.weights(), _learned(r, how), atol=1e-5, rtol=1e-4) for r in runs)

    if gives({}):
        return
    for sentence, how in LEARNED.items():
        if gives(how):
            raise Wrong(sentence)
    if not any(run.steps for run in runs):
        raise Wrong("`optimizer` has taken no step: use the one that is given, and none of your own.")
    run, batches = runs[0], len(runs[0].setting.train_iter)
    steps = f"It took {run.steps} steps for {batches} batches. " if run.steps != batches else ""
    raise Wrong(
        f"{steps}The weights afterwards are not those of one step a batch, each batch once, with the mean "
        "cross-entropy of its logits and the optimizer as it is. Compare your loop with the chapter's, line by line."
    )


def _learned(run, how) -> torch.Tensor:
    reference = _setting(run.sizes, labels=run.labels)
    _learn(reference, **how)
    return reference.weights()


def _judge_modes(run) -> None:
    if any(mode for mode, _ in run.seen(of_test=True)):
        raise Wrong("The test ran with dropout dropping: net.eval() is missing before it.")
    if any(grad for _, grad in run.seen(of_test=True)):
        raise Wrong("The test kept what backward would need, and nobody goes back: put it under torch.no_grad().")


ACCURACIES = {  # from right answers and images a batch, and some others, what might be returned
    "That is how many are right; divide by how many images there are.": lambda r, n, run: sum(r),
    "That is per cent; a share between 0 and 1 is wanted.": lambda r, n, run: 100 * sum(r) / sum(n),
    "You averaged the batches' accuracies, but the last batch is smaller. Divide once, at the end.": (
        lambda r, n, run: statistics.mean(a / b for a, b in zip(r, n, strict=True))
    ),
    "You divided by the number of batches, not of images.": lambda r, n, run: sum(r) / len(n),
    "You divided by the first batch's size; count all images.": lambda r, n, run: sum(r) / n[0],
    "You divided by the last batch's size; count all images.": lambda r, n, run: sum(r) / n[-1],
    "You divided as if all batches were as large as the first; the last one is smaller.": (
        lambda r, n, run: sum(r) / (n[0] * len(n))
    ),
    "You divided as if all batches were as large as the last; it is smaller than the others.": (
        lambda r, n, run: sum(r) / (n[-1] * len(n))
    ),
    "You added the batches' accuracies up. Count right answers and images, and divide at the end.": (
        lambda r, n, run: sum(a / b for a, b in zip(r, n, strict=True))
    ),
    "That is the accuracy on the last batch alone.": lambda r, n, run: r[-1] / n[-1],
    "That is the accuracy on the first batch alone.": lambda r, n, run: r[0] / n[0],
    "Only the last batch's right answers are in it, divided by all images.": lambda r, n, run: r[-1] / sum(n),
    "Only the first batch's right answers are in it, divided by all images.": lambda r, n, run: r[0] / sum(n),
    "That is the share of *wrong* answers.": lambda r, n, run: 1 - sum(r) / sum(n),
    "That is the accuracy before the training: test afterwards.": (
        lambda r, n, run: _share(_setting(run.sizes).net, run.setting.test_iter)
    ),
    "That is the accuracy on the training images; the test images are asked for.": (
        lambda r, n, run: _share(_trained(run), run.setting.train_iter)
    ),
    "That is the mean loss on the test images; the share of right answers is wanted.": (
        lambda r, n, run: _loss(_trained(run), run.setting.test_iter)
    ),
    "You divided by the number of training images.": lambda r, n, run: sum(r) / run.sizes[0],
    "That is the number of test images.": lambda r, n, run: sum(n),
    "The guess is the *largest* logit; you took the smallest.": (
        lambda r, n, run: _guessed(run, lambda logits: logits.argmin(dim=1))
    ),
    "`argmax` without dim=1 finds one place in the whole batch, not one an image.": (
        lambda r, n, run: _guessed(run, lambda logits: logits.argmax())
    ),
}


def _judge_accuracy(runs) -> None:
    got, found = [], []
    for run in runs:
        value = home(returned(run.outcome, "train_and_test"))
        try:
            got.append(float(_read.number(value, "one number, the accuracy,")))
        except Wrong as wrong:
            raise Wrong(f"train_and_test: {wrong}.") from None
        found.append((*_counts(_trained(run), run.setting.test_iter), run))
    want = [sum(right) / sum(images) for right, images, _ in found]
    if all(abs(a - b) < 5e-4 for a, b in zip(got, want, strict=True)):
        return
    for sentence, rule in ACCURACIES.items():
        if all(abs(a - rule(*facts)) < 5e-4 for a, facts in zip(got, found, strict=True)):
            raise Wrong(sentence)
    i = next(i for i, (a, b) in enumerate(zip(got, want, strict=True)) if abs(a - b) >= 5e-4)
    right, images, _ = found[i]
    raise Wrong(f"It is right on {sum(right)} of {sum(images)} test images, {want[i]:.3g}; you returned {got[i]:.4g}.")


def _trained(run) -> nn.Module:
    """The network as it should be after the epoch, on the CPU."""
    reference = _setting(run.sizes, labels=run.labels)
    _learn(reference)
    return reference.net


def _counts(net, batches) -> tuple[list[int], list[int]]:
    """How many are right, and how many there are, in each batch; in evaluation mode."""
    with torch.no_grad():
        right = [int((net(X).argmax(dim=1) == y).sum()) for X, y in batches]
    return right, [len(y) for _, y in batches]


def _share(net, batches) -> float:
    right, images = _counts(net, batches)
    return sum(right) / sum(images)


def _guessed(run, guess) -> float:
    """The share of labels that are what `guess` makes of the trained network's logits."""
    net, batches = _trained(run), list(run.setting.test_iter)
    with torch.no_grad():
        return sum(int((guess(net(X)) == y).sum()) for X, y in batches) / sum(len(y) for _, y in batches)


def _loss(net, batches) -> float:
    with torch.no_grad():
        losses = [(float(F.cross_entropy(net(X), y)), len(y)) for X, y in batches]
    return sum(loss * n for loss, n in losses) / sum(n for _, n in losses)


class _Device:
    """A pretended device: step() queues work and returns soon; the work's time passes only there. No two are alike."""

    FIRST = 0.5

    def __init__(self, seed: int):
        made = torch.Generator().manual_seed(seed)
        self.work = (0.01 + 0.03 * torch.rand(200, generator=made).double()).tolist()
        self.queueing = 1e-5 if seed == 1 else 0.001 * seed
        self.now, self.done_at, self.took, self.read = 5.0, 5.3 + seed / 10, [], 0  # something is queued already
        self.waited: set[int] = set()  # after how many steps it was waited for

    def step(self) -> None:
        self.now += self.queueing
        self.took.append(self.work[len(self.took) % 200] if self.took else self.FIRST)
        self.done_at = max(self.now, self.done_at) + self.took[-1]

    def synchronize(self) -> None:
        self.waited.add(len(self.took))
        self.now = max(self.now, self.done_at)

    def clock(self) -> float:
        self.read += 1
        return self.now


@exercise(
    "The first step is not to count: take it before the clock starts.",
    "A clock may be read only when the queue is empty, at the start as at the end.",
    "step(); synchronize(); start = clock(); n steps; synchronize(); then (clock() - start) / n.",
)
def seconds_a_step(seconds_a_step) -> str:
    """seconds_a_step(step, synchronize, clock, n) -> seconds that one step takes on the device, without the first."""
    the_function(seconds_a_step, "seconds_a_step")
    devices = {}

    def answer(seed, n):
        device = devices[seed, n] = _Device(seed)
        return seconds_a_step(device.step, device.synchronize, device.clock, n)

    def mean(_seed, n):
        """Of the n steps that came last: an answer may take more before, and may wait for each."""
        device = devices.get((_seed, n), _Device(_seed))
        before = max(len(device.took) - n, 1)
        each = all(i in device.waited for i in range(before, before + n + 1))
        return measure(_Device(_seed), n, warm=before, each=each)

    cases = ((1, 5), (2, 3), (3, 20), (4, 1))
    for seed, n in cases:
        outcome, device = call(answer, seed, n), devices[seed, n]
        if not device.took or not device.read:
            returned(outcome, f"seconds_a_step(…, n={n})")
            what = "clock() was not read: only it knows the time" if device.took else "no step was taken: call step()"
            raise Wrong(f"seconds_a_step(…, n={n}): {what}.")
    judge = Judge(
        "seconds_a_step",
        mean,
        read=lambda value: {"": _read.number(value, "one number, seconds,")},
        cases=cases,
        mistakes={words: lambda _seed, n, rule=rule: rule(_Device(_seed), n) for words, rule in clocks().items()},
        tolerance=1e-3,  # half precision
        called=lambda name, _, case: f"{name}(…, n={case[1]})",
    )
    remark = judge(answer)
    return "Right: warmed up, and the queue empty at both ends. An early look sees next to nothing." + remark


GIBIBYTES = 8
SETTINGS = {"A": (nin, 224, 512), "B": (nin, 224, 2048), "C": (nin_small, 28, 4096), "D": (vgg11, 224, 256)}


def _mebibytes(letter: str) -> float:
    build, side, batch = SETTINGS[letter]
    with torch.device("meta"):
        cost = summary(build(), (1, 1, side, side))
    return 4 * (4 * cost.parameters + batch * cost.activations) / 2**20


@exercise(
    "`mebibytes(notes, 512)` gives the MiB for A. 8 GiB are 8 · 1,024 of them.",
    "For D there is no summary at hand: put its two figures into 4 · (4 · parameters + batch · activations) / 2**20.",
    "Answer with a list of letters, for example too_large = ['A', 'C'].",
)
def too_large(too_large) -> str:
    """The letters of the settings that need more than GIBIBYTES to train."""
    said = set(_read.letters(too_large, SETTINGS))
    want = {letter for letter in SETTINGS if _mebibytes(letter) > GIBIBYTES * 1024}
    if said == want:
        return "Right. And by how much D is over is partly its weights: four times 491 MiB, before the first image."
    if said == set(SETTINGS) - want:
        raise Wrong("Those are the ones that *do* fit.")
    letter = min(said ^ want)
    raise Wrong(
        f"Work out {letter} once more: 4 · (4 · parameters + batch · activations) / 2**20 MiB, "
        f"against {GIBIBYTES} · 1,024."
    )
