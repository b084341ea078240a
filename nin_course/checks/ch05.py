"""The three exercises of chapter 05: train and test, an honest clock, and what fits into memory."""

import statistics

import torch

from nin_course.budget import summary
from nin_course.checks import _epoch, _read
from nin_course.checks._away import home
from nin_course.checks._calling import call, returned, the_function
from nin_course.checks._cases import Judge
from nin_course.checks._ladder import Wrong, exercise
from nin_course.checks.mistakes.ch05 import LEARNED, clocks, measure
from nin_course.models import nin, nin_small, vgg11


@exercise(
    "Two loops, one after the other. The first is the chapter's train_epoch without its bookkeeping.",
    "Before the second: `net.eval()`, so that dropout lets everything pass, and `with torch.no_grad():` around it.",
    "Count right answers and images over all batches, and divide at the end: the last batch may be smaller.",
)
def train_and_test(train_and_test) -> str:
    """train_and_test(net, train_iter, test_iter, optimizer, device) -> accuracy on test_iter after one epoch."""
    the_function(train_and_test, "train_and_test")
    runs = [_epoch.observe(train_and_test, sizes) for sizes in _epoch.BATCHES]
    _judge_weights(runs)
    for run in runs:
        _judge_modes(run)
    _judge_accuracy(runs)
    return "Right: trained in training mode, tested in evaluation mode without gradients, everything on the device."


def _judge_weights(runs) -> None:
    def gives(how) -> bool:
        return all(torch.allclose(r.setting.weights(), _epoch.learned(r, how), atol=1e-5, rtol=1e-4) for r in runs)

    if gives({}):
        return
    for sentence, how in LEARNED.items():
        if gives(how):
            raise Wrong(sentence)
    if not any(run.steps for run in runs):
        raise Wrong("`optimizer` has taken no step: use the one that is given, and none of your own.")
    run, batches = runs[0], len(runs[0].setting.train_iter)
    steps = f"`optimizer` took {run.steps} steps for {batches} batches. " if run.steps != batches else ""
    raise Wrong(
        f"{steps}The weights afterwards are not those of one step a batch, each batch once, with the mean "
        "cross-entropy of its logits and the optimizer as it is. Compare your loop with the chapter's, line by line."
    )


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
        lambda r, n, run: _epoch.share(_epoch.fresh_setting(run.sizes).net.eval(), run.setting.test_iter)
    ),
    "That is the accuracy on the training images; the test images are asked for.": (
        lambda r, n, run: _epoch.share(_epoch.trained(run), run.setting.train_iter)
    ),
    "That is the mean loss on the test images; the share of right answers is wanted.": (
        lambda r, n, run: _epoch.loss(_epoch.trained(run), run.setting.test_iter)
    ),
    "You divided by the number of training images.": lambda r, n, run: sum(r) / run.sizes[0],
    "That is the number of test images.": lambda r, n, run: sum(n),
    "The guess is the *largest* logit; you took the smallest.": (
        lambda r, n, run: _epoch.guessed(run, lambda logits: logits.argmin(dim=1))
    ),
    "`argmax` without dim=1 finds one place in the whole batch, not one an image.": (
        lambda r, n, run: _epoch.guessed(run, lambda logits: logits.argmax())
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
        found.append((*_epoch.counts(_epoch.trained(run), run.setting.test_iter), run))
    want = [sum(right) / sum(images) for right, images, _ in found]
    if all(abs(a - b) < 5e-4 for a, b in zip(got, want, strict=True)):
        return
    for sentence, rule in ACCURACIES.items():
        if all(abs(a - rule(*facts)) < 5e-4 for a, facts in zip(got, found, strict=True)):
            raise Wrong(sentence)
    i = next(i for i, (a, b) in enumerate(zip(got, want, strict=True)) if not abs(a - b) < 5e-4)
    right, images, _ = found[i]
    raise Wrong(f"It is right on {sum(right)} of {sum(images)} test images, {want[i]:.3g}; you returned {got[i]:.4g}.")


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
    if not said:
        raise Wrong("Some do not fit: answer with at least one letter.")
    want = {letter for letter in SETTINGS if _mebibytes(letter) > GIBIBYTES * 1024}
    if said == want:
        return (
            "Right. D is over because of its weights: four times 491 MiB, before the first image; its activations "
            "would fit."
        )
    if said == set(SETTINGS) - want:
        raise Wrong("Those are the ones that *do* fit.")
    letter = min(said ^ want)
    raise Wrong(
        f"Work out {letter} once more: 4 · (4 · parameters + batch · activations) / 2**20 MiB, "
        f"against {GIBIBYTES} · 1,024."
    )
