"""What training costs: `python benchmarks/training.py`. Steps, memory, and how soon the small network is good.

On the GPU, of any make, if there is one. All rounds alternate between the two things compared, so that a busy machine
slows both.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch import nn

import nin_course as d2l
from nin_course.budget import notes_epochs
from nin_course.device import find_device
from nin_course.norm import fold_batch_norm
from nin_course.recipe import build, load, prepare, preset
from nin_course.speed import Fast, has_bfloat16
from nin_course.train import fit

TARGETS = (0.80, 0.85, 0.90)


def notes_step(net, optimizer, X, y) -> None:
    """A step as the notes' helper library takes it: the loss and the right answers are read every time."""
    logits = net(X)
    loss = nn.functional.cross_entropy(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    loss.cpu().item(), (logits.argmax(dim=1) == y).sum().cpu().item()


def stepper(net, size: int, batch_size: int, *, ours: bool):
    """A function that takes one training step on random images and returns images a second.

    Both ways read a number when the step is done, so a GPU's queue is empty when the clock is read.
    """
    device = find_device()
    X, y = torch.rand(batch_size, 1, size, size, device=device), torch.randint(10, (batch_size,), device=device)
    net.to(device)
    working = Fast(net, channels_last=True, autocast=has_bfloat16(device)) if ours else net
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4)

    def step() -> float:
        start = time.perf_counter()
        if ours:
            d2l.train_epoch(working, [(X, y)], optimizer, device)
        else:
            notes_step(net, optimizer, X, y)
        return batch_size / (time.perf_counter() - start)

    return step


def alternate(first, second, rounds: int) -> tuple[float, float, float]:
    """Medians of both over so many rounds, and the median of their ratio, second to first, round by round."""
    first(), second()  # warm up
    pairs = [(first(), second()) for _ in range(rounds)]
    return (*map(statistics.median, zip(*pairs, strict=True)), statistics.median(b / a for a, b in pairs))


def same_network(size: int = 96, batch_size: int = 64, rounds: int = 5) -> tuple[float, float, float]:
    """The notes' network at the same size and batch: (notes' step, ours) in images a second, and the ratio."""
    steps = [stepper(d2l.nin(), size, batch_size, ours=ours) for ours in (False, True)]
    return alternate(*steps, rounds)


def small_against_notes(rounds: int = 5) -> tuple[float, float, float]:
    """Training images a second: the notes' network and step at 224 px, ours of nin_small at 28 px; and the ratio."""
    notes = stepper(d2l.nin(), 224, 32, ours=False)
    small = stepper(build(preset("laptop")), 28, preset("laptop").batch_size, ours=True)
    return alternate(notes, small, rounds)


def peak_memory(which: str) -> float:
    """MiB that three training steps add to a fresh process: "notes" (224 px, batches of 128) or "laptop".

    On a GPU, that its tensors took at most.
    """
    code = f"import training; print(training._grown({which!r}))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=_HERE)
    return float(printed.stdout)


def _grown(which: str) -> float:

    recipe = preset(which)
    step = stepper(build(recipe), recipe.size, recipe.batch_size, ours=recipe.fast)
    before = _most_memory()
    for _ in range(3):
        step()
    return _most_memory() - before


def _most_memory() -> float:
    """MiB: on a GPU that its tensors took at most (Apple's tells only what the driver holds now), else this process."""
    device = find_device()
    if device.type != "cpu":
        gpu = torch.get_device_module(device)
        ask = getattr(gpu, "max_memory_allocated", None) or gpu.driver_allocated_memory
        return ask() / 2**20
    import resource  # Linux and macOS have it, Windows has not

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


class Targets:
    """A callback: training seconds and images until each accuracy was first reached, looked at every 50 steps."""

    def __init__(self, net, valid_iter, targets):
        self.net, self.valid_iter, self.left, self.reached = net, valid_iter, list(targets), {}
        self.spent, self.since = 0.0, time.perf_counter()

    def __call__(self, history) -> None:
        self.spent += time.perf_counter() - self.since
        accuracy = d2l.evaluate_accuracy(self.valid_iter, fold_batch_norm(self.net))
        while self.left and accuracy >= self.left[0]:
            self.reached[self.left.pop(0)] = (self.spent, history.step[-1])
        self.since = time.perf_counter()


def to_accuracy(targets=TARGETS, epochs: int = 2, seed: int = 0) -> dict[float, tuple[float, float]]:
    """target -> (seconds, notes-epochs) of nin_small on the full set, on 5,000 training images that are held out."""
    recipe = preset("laptop", sample=False, epochs=epochs)
    train_iter, held_out = load(recipe, held_out=500)
    net, train_iter, settings = prepare(recipe, train_iter, seed=seed)
    watch = Targets(net, held_out, targets)
    fit(net, train_iter, **settings, callbacks=[watch], progress=False, examine=False)
    shape = (1, 1, recipe.size, recipe.size)
    return {t: (s, notes_epochs(net, shape, steps * recipe.batch_size)) for t, (s, steps) in watch.reached.items()}


_HERE = Path(__file__).parent

if __name__ == "__main__":
    print("same network, size and batch (notes' step, ours, ratio):", same_network())
    print("notes at 224 px, nin_small at 28 px (and the ratio):", small_against_notes())
    print("memory, MiB (notes, laptop):", peak_memory("notes"), peak_memory("laptop"))
    print("seconds and notes-epochs to an accuracy:", to_accuracy())
