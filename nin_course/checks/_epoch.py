"""An epoch and a test in chapter 05: what an answer does with what it is given, and what should be done."""

from contextlib import redirect_stdout
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from nin_course.checks._away import DEVICE, away, home
from nin_course.checks._calling import Outcome, call
from nin_course.checks._ladder import Heard, Wrong, raised

BATCHES = ((16, 6, 10, 7), (12, 5, 11, 8))  # images, how many a batch; test images, how many a batch
WRONG = (3, 5, 6, 8, 9)  # the test images that the trained network names wrongly


class _Half(nn.Module):
    """Dropout that always drops the same half, so that a right answer may draw whatever it likes."""

    def forward(self, X):
        return torch.cat([2 * X[:, ::2], 0 * X[:, 1::2]], dim=1) if self.training else X


class Observed(nn.Module):
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
class Setting:
    """Everything an answer gets, on the device or not; the same each time."""

    net: Observed
    train_iter: DataLoader
    test_iter: DataLoader
    optimizer: torch.optim.Optimizer

    def weights(self) -> torch.Tensor:
        return torch.cat([home(p).flatten() for p in self.net.parameters()])


def fresh_setting(sizes, device="cpu", labels=None) -> Setting:
    train, size, test, test_size = sizes
    made = torch.Generator().manual_seed(train)
    X = torch.randn(train + test, 1, 4, 4, generator=made)
    X[:, 0, 0, 0] = torch.arange(train + test) / 100
    y = torch.randint(10, (train + test,), generator=made)
    if labels is not None:
        y[train:] = labels
    torch.manual_seed(train)
    net = Observed().train(sizes != BATCHES[0]).to(device)  # it may come in either mode
    loaders = [
        DataLoader(TensorDataset(X[part], y[part]), n, generator=torch.Generator())
        for part, n in ((slice(train), size), (slice(train, None), test_size))
    ]
    return Setting(net, *loaders, torch.optim.SGD(net.parameters(), lr=0.5))


def learn(setting, train=True, zero=True, loss=F.cross_entropy, step=True, epochs=1, some=slice(None), test=None):
    """An epoch as it should be, or with a known mistake."""
    net, optimizer = setting.net, setting.optimizer
    if train is not None:  # else in the mode in which it came
        net.train(bool(train))
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


def labels_for(sizes) -> torch.Tensor:
    """Test labels that the trained network names rightly, but for WRONG; there, the untrained one does if it can."""
    setting = fresh_setting(sizes)
    images = torch.cat([X for X, _ in setting.test_iter])
    before = setting.net.eval()(images).argmax(dim=1)
    learn(setting)
    labels = setting.net(images).argmax(dim=1)
    for i in WRONG:
        labels[i] = before[i] if before[i] != labels[i] else (labels[i] + 1) % 10
    return labels


@dataclass
class Run:
    """What an answer has done with a setting."""

    sizes: tuple
    labels: torch.Tensor
    setting: Setting
    outcome: Outcome
    steps: int

    def seen(self, of_test: bool) -> list[tuple[bool, bool]]:
        """(training mode, gradients kept) of every image of the test, or of training, that the network saw."""
        first, seen = self.sizes[0], self.setting.net.seen
        return [(mode, grad) for images, mode, grad in seen for i in images if (i >= first) == of_test]


def _called(train_and_test, setting: Setting, device) -> Outcome:
    """What comes of it with this very setting: `call` makes copies of what it is given."""
    s = setting
    return call(lambda: train_and_test(s.net, s.train_iter, s.test_iter, s.optimizer, device))


def observe(train_and_test, sizes) -> Run:
    labels, steps = labels_for(sizes), []
    with away():
        setting = fresh_setting(sizes, DEVICE, labels)
        setting.optimizer.register_step_post_hook(lambda *_: steps.append(1))
        outcome = _called(train_and_test, setting, DEVICE)
        run = Run(sizes, labels, setting, outcome, len(steps))
    error, untrained = run.outcome.error, any(not grad for _, grad in run.seen(of_test=False))
    if any(p.device != DEVICE for p in setting.net.parameters()):
        raise Wrong("The network was on `device` and is no longer there: use the device that is given, and no other.")
    if error:
        with redirect_stdout(Heard()):  # what it prints was heard the first time
            here = _called(train_and_test, fresh_setting(sizes, labels=labels), torch.device("cpu")).error
        if here:
            raise Wrong(f"It stopped with {raised(here)}{_cure(here, untrained)}")
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


def learned(run, how) -> torch.Tensor:
    reference = fresh_setting(run.sizes, labels=run.labels)
    learn(reference, **how)
    return reference.weights()


def trained(run) -> nn.Module:
    """The network as it should be after the epoch, on the CPU."""
    reference = fresh_setting(run.sizes, labels=run.labels)
    learn(reference)
    return reference.net


def counts(net, batches) -> tuple[list[int], list[int]]:
    """How many are right, and how many there are, in each batch; in evaluation mode."""
    with torch.no_grad():
        right = [int((net(X).argmax(dim=1) == y).sum()) for X, y in batches]
    return right, [len(y) for _, y in batches]


def share(net, batches) -> float:
    right, images = counts(net, batches)
    return sum(right) / sum(images)


def guessed(run, guess) -> float:
    """The share of labels that are what `guess` makes of the trained network's logits."""
    net, batches = trained(run), list(run.setting.test_iter)
    with torch.no_grad():
        return sum(int((guess(net(X)) == y).sum()) for X, y in batches) / sum(len(y) for _, y in batches)


def loss(net, batches) -> float:
    with torch.no_grad():
        losses = [(float(F.cross_entropy(net(X), y)), len(y)) for X, y in batches]
    return sum(loss * n for loss, n in losses) / sum(n for _, n in losses)
