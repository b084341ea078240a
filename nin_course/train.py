"""Training and measuring: the loop that chapter 05 teaches line by line, and `fit`, which wraps it."""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
from torch import nn

from nin_course.budget import check_input
from nin_course.checkpoint import load_checkpoint, restore, save_checkpoint
from nin_course.device import find_device
from nin_course.diagnose import Examiner, evaluation_mode
from nin_course.history import History, Hopeless, Steps
from nin_course.processes import mean_over_processes, processes, rank, together
from nin_course.speed import Fast


def train_epoch(
    net, train_iter, optimizer, device, after_step: Callable | None = None, label_smoothing: float = 0.0
) -> tuple[float, float]:
    """One pass over `train_iter`, batches of (X, y); returns (mean loss, accuracy), every sample counted once.

    X (N, C, H, W) float32, y (N,) int64; the loss is the cross-entropy of the logits net(X) (N, classes).
    after_step(loss, n) is called after every step with the batch's mean loss (a tensor on `device`) and size.
    `label_smoothing` asks for so much less than certainty (Szegedy et al. 2016, arXiv:1512.00567, §7).
    """
    net.train()
    total, count = torch.zeros(2, device=device), 0
    for X, y in train_iter:
        X, y = X.to(device), y.to(device)
        logits = net(X)
        loss = nn.functional.cross_entropy(logits, y, label_smoothing=label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        correct = (logits.detach().argmax(dim=1) == y).sum()
        total += torch.stack([loss.detach() * len(y), correct])
        count += len(y)
        if after_step:
            after_step(loss.detach(), len(y))
    if not count:
        raise ValueError("train_iter has no batches: there is nothing to learn from.")
    mean_loss, accuracy = (total / count).tolist()
    return mean_loss, accuracy


@torch.no_grad()
def evaluate_accuracy(data_iter: Iterable, net: nn.Module, device=None) -> float:
    """The share of samples in `data_iter`, batches of (X, y), whose largest logit is the right class: 0 to 1.

    Runs in evaluation mode (no dropout) without gradients, and gives `net` its previous mode back. Every sample
    counts the same, also in a smaller last batch. `device` is where `net` is, if not named. Raises ValueError if
    `data_iter` has no batches.
    """
    device = device or next((p.device for p in net.parameters()), "cpu")
    correct, count = torch.zeros((), dtype=torch.int64, device=device), 0
    with evaluation_mode(net):
        for X, y in data_iter:
            correct += (net(X.to(device)).argmax(dim=1) == y.to(device)).sum()
            count += len(y)
    if not count:
        raise ValueError("data_iter has no batches: there is nothing to evaluate.")
    return correct.item() / count


@torch.no_grad()
def confusion_matrix(data_iter: Iterable, net: nn.Module, device=None) -> torch.Tensor:
    """(classes, classes) int64 on the CPU: row i, column j counts the images of class i that `net` calls j.

    Batches, device and mode as for `evaluate_accuracy`; the diagonal's share of the sum is that accuracy.
    """
    device, matrix = device or next((p.device for p in net.parameters()), "cpu"), 0
    with evaluation_mode(net):
        for X, y in data_iter:
            logits = net(X.to(device))
            said, classes = logits.argmax(dim=1), logits.shape[1]
            matrix = matrix + torch.bincount(y.to(device) * classes + said, minlength=classes**2)
    return matrix.reshape(classes, classes).cpu()


def fit(
    net: nn.Module,
    train_iter: Iterable,
    valid_iter: Iterable | None = None,
    *,
    epochs: int,
    optimizer: torch.optim.Optimizer | None = None,
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
    lr: float = 1e-3,
    label_smoothing: float = 0.0,
    device: str | torch.device | None = None,
    seed: int | None = None,
    callbacks: Sequence[Callable[[History], None]] = (),
    progress: bool = True,
    examine: bool = True,
    channels_last: bool = False,
    autocast: bool = False,
    keep_best: bool = False,
    checkpoint: str | os.PathLike | None = None,
    resume: bool = False,
) -> History:
    """Train `net` on batches of (X, y) for `epochs` passes over `train_iter`; returns its History.

    X (N, C, H, W) float32, y (N,) int64. The optimizer is Adam with learning rate `lr` unless you give one. `device`
    is the GPU, of any make, if there is one, unless named. `seed` fixes shuffling and dropout. Each of `callbacks` is
    called with the History so far every 50 steps and after every epoch. Ctrl-C, JupyterLab's stop square, or a callback
    whose attribute `stop` has become true, ends the run; what was learned stays in `net`, what was seen in the History.
    With keep_best=True `net` ends, also then, with the weights of the epoch that had the best validation accuracy. A
    callback's close(history), if it has one, is called at the end. `nin_course.demos.LivePicture` is such a callback.

    After every epoch `net` is examined on 128 images (`nin_course.diagnose`); a network that has exploded, or whose
    class maps are all dead, ends the run with a sentence that says so. `scheduler` is stepped after every step.
    `channels_last` and `autocast` make the same sums faster (`nin_course.speed`). Under `torchrun` each process
    trains on its share (`nin_course.processes`).

    `checkpoint` names a file that is written after every epoch, whole or not at all; with resume=True a run goes on
    from it, if it is there, and ends with the history that it would have had unbroken (but for the seconds).
    `nin_course.checkpoint.load_checkpoint` reads it, the weights of the epoch with the best validation accuracy among
    the rest. Raises ValueError if the images are too small for `net`, or the checkpoint is damaged.
    """
    device = find_device(device)
    if seed is not None:
        torch.manual_seed(seed + rank())
    net.to(device)
    fast = Fast(net, channels_last=channels_last, autocast=autocast)
    working = together(fast)
    optimizer = optimizer or torch.optim.Adam(net.parameters(), lr=lr)
    history, best, examiner = History(str(device), seed), None, Examiner(net) if examine else None
    steps, shown = Steps(history, callbacks, examiner, scheduler), []
    if resume and checkpoint and Path(checkpoint).exists():
        content = load_checkpoint(checkpoint)
        history = steps.history = content["history"]
        best = restore(content, net, optimizer, scheduler, steps)
    try:
        for epoch in range(len(history.loss) + 1, epochs + 1):
            start, seen = time.perf_counter(), steps.images
            batches = _with_bar(train_iter, f"epoch {epoch}/{epochs}") if progress else train_iter
            batches = _look_at(batches, examiner, shown)
            try:
                means = train_epoch(working, batches, optimizer, device, steps, label_smoothing)
            except RuntimeError:
                if shown:
                    check_input(net, shown[0])  # in words, if the images were too small
                raise
            loss, accuracy = mean_over_processes(means)
            seconds = time.perf_counter() - start
            valid_acc = None if valid_iter is None else evaluate_accuracy(valid_iter, fast, device)
            steps.read()
            history.add_epoch(loss, accuracy, valid_acc, seconds, processes() * (steps.images - seen) / seconds)
            if examiner:
                history.health.append(steps.examine().line())
            if valid_acc is not None and (best is None or valid_acc > best["valid_acc"]):
                weights = {name: value.detach().clone() for name, value in net.state_dict().items()}
                best = {"epoch": epoch, "valid_acc": valid_acc, "net": weights}
            if checkpoint and rank() == 0:
                save_checkpoint(checkpoint, net, optimizer, scheduler, steps, best)
            steps.report()
    except KeyboardInterrupt:
        history.stopped = True
        steps.read()
    except Hopeless as hopeless:
        history.stopped = True
        print("Stopped.", hopeless)
    finally:
        for callback in callbacks:
            getattr(callback, "close", lambda _: None)(history)
    if keep_best and best:
        net.load_state_dict(best["net"])
    return history


def train_ch5(net, train_iter, test_iter, batch_size, optimizer, device, num_epochs) -> None:
    """Trains as the notes do and prints their line after each epoch: loss, train acc, test acc, seconds.

    `batch_size` is not needed and stands here because the notes pass it. Otherwise as `fit`.
    """
    print("training on", device)
    clock = [time.perf_counter()]  # at the start, and after each epoch

    def print_line(history: History) -> None:
        if len(clock) > len(history.loss):
            return
        clock.append(time.perf_counter())
        print(
            f"epoch {len(history.loss)}, loss {history.loss[-1]:.4f}, train acc {history.train_acc[-1]:.3f}, "
            f"test acc {history.valid_acc[-1]:.3f}, time {clock[-1] - clock[-2]:.1f} sec"
        )

    settings = dict(epochs=num_epochs, optimizer=optimizer, device=device, progress=False, examine=False)
    fit(net, train_iter, test_iter, callbacks=[print_line], **settings)


def _look_at(batches: Iterable, examiner: Examiner | None, shown: list) -> Iterable:
    """The batches. `shown` holds the images of the latest one; the first images are kept for the examiner."""
    for X, y in batches:
        shown[:] = [X]
        if examiner:
            examiner.see(X, y)
        yield X, y


def _with_bar(batches: Iterable, text: str) -> Iterable:
    from tqdm.auto import tqdm

    return tqdm(batches, desc=text, leave=False)
