"""The three exercises of chapter 05: train and test, an honest clock, and what fits into memory."""

import torch
import torch.nn.functional as F
from torch import nn

from nin_course.budget import summary
from nin_course.checks._ladder import Wrong, as_tensor, exercise, run
from nin_course.models import nin, nin_small, vgg11

TRAIN, TEST = 6, (7, 2)  # images a batch; three batches to train on
DEVICE = torch.device("cpu")


class _Watched(torch.Tensor):
    """A tensor that remembers whether `.to(...)` was called."""

    moved = False

    def to(self, *args, **kwargs):
        self.moved = True
        return super().to(*args, **kwargs)


class _Observed(nn.Module):
    """A network with dropout that notes of each batch it sees: size, training mode, whether gradients are kept."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(16, 24), nn.ReLU(), nn.Dropout(0.5), nn.Linear(24, 10))
        self.seen = []

    def forward(self, X):
        self.seen.append((len(X), self.training, torch.is_grad_enabled()))
        return self.layers(X)


def _setting(seed: int = 0):
    """(net, train batches, test batches, optimizer), the same each time; the net comes in evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda n: (  # noqa: E731
        torch.randn(n, 1, 4, 4, generator=generator).as_subclass(_Watched),
        torch.randint(10, (n,), generator=generator).as_subclass(_Watched),
    )
    train, test = [draw(TRAIN) for _ in range(3)], [draw(n) for n in TEST]
    torch.manual_seed(seed)
    net = _Observed().eval()
    return net, train, test, torch.optim.SGD(net.parameters(), lr=0.5)


def _weights(net) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def _trained(zero_grad: bool = True, softmax: bool = False, setting=None) -> torch.Tensor:
    """The weights after a right epoch, or one with a known mistake."""
    net, train, _, optimizer = setting or _setting()
    net.train()
    for X, y in train:
        logits = net(X.as_subclass(torch.Tensor))
        loss = F.cross_entropy(logits.softmax(1) if softmax else logits, y.as_subclass(torch.Tensor))
        if zero_grad:
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return _weights(net)


@exercise(
    "Two loops, one after the other. The first is the chapter's train_epoch without its bookkeeping.",
    "Before the second: `net.eval()`, so that dropout lets everything pass, and `with torch.no_grad():` around it.",
    "Count right answers and images over all batches, and divide at the end: the last batch may be smaller.",
)
def train_and_test(answer) -> str:
    """train_and_test(net, train_iter, test_iter, optimizer, device) -> accuracy on test_iter after one epoch."""
    net, train, test, optimizer = _setting()
    before = _weights(net)
    got = run(answer, net, train, test, optimizer, DEVICE, name="train_and_test", on="a small network with dropout")
    got = as_tensor(got, name="train_and_test").flatten()
    if len(got) != 1:
        raise Wrong(f"One number is wanted, the accuracy; you returned {len(got)}.")
    _judge_training(net, before)
    _judge_moves(train, test)
    _judge_testing(net)
    _judge_accuracy(got.item(), net, test)
    return "Right: trained in training mode, tested in evaluation mode without gradients, everything on the device."


def _judge_training(net, before) -> None:
    batches = [(training, grad) for n, training, grad in net.seen if n == TRAIN]
    if len(batches) != 3:
        raise Wrong(f"The network saw {len(batches)} training batches; there are 3, once each.")
    if not all(grad for _, grad in batches):
        raise Wrong("Training ran without gradients: torch.no_grad() belongs around the test only.")
    if not all(training for training, _ in batches):
        raise Wrong("The network trained in evaluation mode, without dropout: net.train() is missing before the loop.")
    tested = sum(n in TEST for n, _, _ in net.seen)
    if tested != len(TEST):
        raise Wrong(f"The network saw {tested} test batches; there are {len(TEST)}, once each.")
    after = _weights(net)
    if torch.equal(after, before):
        raise Wrong(
            "The weights have not changed. Is there an optimizer.step(), after backward, and zero_grad not in between?"
        )
    if torch.allclose(after, _trained(zero_grad=False)):
        raise Wrong("Each step used the gradients of all batches before, too: optimizer.zero_grad() is missing.")
    if torch.allclose(after, _trained(softmax=True)):
        raise Wrong("cross_entropy takes the logits: it does the softmax itself, and you had done one before.")
    if not torch.allclose(after, _trained(), atol=1e-5):
        raise Wrong("The weights are not what one step a batch, with the mean cross-entropy, gives. Compare the loop.")


def _judge_moves(train, test) -> None:
    for batches, where in ((train, "training"), (test, "test")):
        for tensors, name in zip(zip(*batches, strict=True), ("X", "y"), strict=True):
            if not all(t.moved for t in tensors):
                raise Wrong(f"{name} of the {where} batches was not moved: {name}.to(device). On a GPU this stops.")


def _judge_testing(net) -> None:
    tested = [(training, grad) for n, training, grad in net.seen if n in TEST]
    if any(training for training, _ in tested):
        raise Wrong("The test ran with dropout dropping: net.eval() is missing before it.")
    if any(grad for _, grad in tested):
        raise Wrong("The test kept what backward would need, and nobody goes back: put it under torch.no_grad().")


def _judge_accuracy(got: float, net, test) -> None:
    with torch.no_grad():
        right = [(net.eval()(X).argmax(dim=1) == y).sum().item() for X, y in test]
    want = sum(right) / sum(TEST)
    if abs(got - want) < 1e-6:
        return
    if abs(got - sum(right)) < 1e-6:
        raise Wrong(f"That is how many were right, {sum(right)}; divide by how many images there are.")
    if abs(got - 100 * want) < 1e-4:
        raise Wrong("That is per cent; a share between 0 and 1 is wanted.")
    if abs(got - sum(r / n for r, n in zip(right, TEST, strict=True)) / len(TEST)) < 1e-6:
        raise Wrong("You averaged the batches' accuracies, but the last batch is smaller. Divide once, at the end.")
    if abs(got - sum(right) / len(TEST)) < 1e-6:
        raise Wrong("You divided by the number of batches, not of images.")
    raise Wrong(f"The accuracy on the test images is {want:.3f} now; you returned {got:.3f}.")


class _Device:
    """A device that works on its own, with a clock that nothing disturbs."""

    QUEUEING, WORK, FIRST = 0.0001, 0.02, 0.7

    def __init__(self):
        self.now, self.done_at, self.steps = 5.0, 5.3, 0  # something is in the queue already

    def step(self) -> None:
        self.now += self.QUEUEING
        self.done_at = max(self.now, self.done_at) + (self.WORK if self.steps else self.FIRST)
        self.steps += 1

    def synchronize(self) -> None:
        self.now = max(self.now, self.done_at)

    def clock(self) -> float:
        return self.now


@exercise(
    "The first step is not to count: take it before the clock starts.",
    "A clock may be read only when the queue is empty, at the start as at the end.",
    "step(); synchronize(); start = clock(); n steps; synchronize(); then (clock() - start) / n.",
)
def seconds_a_step(answer) -> str:
    """seconds_a_step(step, synchronize, clock, n) -> seconds that one step takes on the device, without the first."""
    for n in (5, 20):
        device = _Device()
        got = run(answer, device.step, device.synchronize, device.clock, n, name="seconds_a_step", on=f"n = {n}")
        got = as_tensor(got, name="seconds_a_step").flatten()
        if len(got) != 1:
            raise Wrong(f"One number is wanted, seconds; you returned {len(got)}.")
        _judge_clock(got.item(), device, n)
    return "Right: warmed up, and the queue empty at both ends. 0.02 s a step, where an early look says 0.0001."


def _judge_clock(got: float, device: _Device, n: int) -> None:
    work, queueing, first = device.WORK, device.QUEUEING, device.FIRST
    if abs(got - work) < 0.05 * work and device.steps > n:
        return
    told = f"For n = {n} you said {got:.4g} s; a step takes {work} s. "
    if device.steps == 0:
        raise Wrong("No step was taken: call step().")
    if got <= 2 * queueing:
        raise Wrong(told + "You measured how fast Python queues: synchronize() before the clock is read at the end.")
    if device.steps <= n:
        raise Wrong(told + "The first step is in it, and it is slow: take one before the clock starts.")
    if abs(got / n - work) < 0.05 * work:
        raise Wrong(told + "That is all n steps together: divide by n.")
    if abs(got - (n + 1) * work / n) < 0.02 * work:
        raise Wrong(told + "The clock ran over n + 1 steps, and you divided by n.")
    if got * n > first:
        raise Wrong(told + "The clock started while the queue was still full: synchronize() before it starts, too.")
    raise Wrong(told + "Write down when the clock is read, and what is in the queue then.")


GIBIBYTES = 8
SETTINGS = {"A": (nin, 224, 512), "B": (nin, 224, 2048), "C": (nin_small, 28, 4096), "D": (vgg11, 224, 256)}


def _mebibytes(letter: str) -> float:
    build, side, batch = SETTINGS[letter]
    with torch.device("meta"):
        cost = summary(build(), (1, 1, side, side))
    return 4 * (4 * cost.parameters + batch * cost.activations) / 2**20


@exercise(
    "`megabytes(notes, 512)` gives the MiB for A. 8 GiB are 8 · 1,024 of them.",
    "For D there is no summary at hand: put its two figures into 4 · (4 · parameters + batch · activations) / 2**20.",
    "Answer with a list of letters, for example too_large = ['A', 'C'].",
)
def too_large(letters) -> str:
    """The letters of the settings that need more than GIBIBYTES to train."""
    if isinstance(letters, str):
        letters = letters.replace(",", " ").split()
    try:
        said = {str(letter).strip().upper() for letter in letters}
    except TypeError as error:
        raise Wrong("Answer with a list of letters, for example ['A', 'C'].") from error
    if not said <= set(SETTINGS):
        raise Wrong(f"There are the letters A to D; you named {', '.join(sorted(said - set(SETTINGS)))}.")
    for letter in SETTINGS:
        needs = _mebibytes(letter)
        if (needs > GIBIBYTES * 1024) != (letter in said):
            fits = "it fits" if letter in said else "it does not fit"
            raise Wrong(f"{letter} needs {needs:,.0f} MiB, and there are {GIBIBYTES * 1024:,}: {fits}.")
    return "Right. And by how much D is over is partly its weights: four times 491 MiB, before the first image."
