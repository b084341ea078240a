"""What a training run did, and the counting that `fit` does while it runs. Chapter 05."""

import math
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from nin_course.diagnose import Examiner, Health

READ_EVERY = 50  # steps between two looks at the loss: reading a number makes a GPU wait


@dataclass
class History:
    """What a training run did. The lists have one entry an epoch, `step_loss` one every 50 steps (and at the end)."""

    device: str
    seed: int | None
    loss: list[float] = field(default_factory=list)
    train_acc: list[float] = field(default_factory=list)
    valid_acc: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)  # training alone, an epoch
    images_per_second: list[float] = field(default_factory=list)
    step: list[int] = field(default_factory=list)
    step_loss: list[float] = field(default_factory=list)  # mean over the samples since the entry before
    health: list[str] = field(default_factory=list)  # one line an epoch
    findings: list[str] = field(default_factory=list)  # what was wrong at the last examination, in words
    stopped: bool = False
    versions: dict[str, str] = field(
        default_factory=lambda: {"python": platform.python_version(), "torch": str(torch.__version__)}
    )

    def add_epoch(self, loss, train_acc, valid_acc, seconds, images_per_second) -> None:
        """An epoch is in the History whole or, if the run was stopped in the middle of it, not at all."""
        self.loss.append(loss)
        self.train_acc.append(train_acc)
        if valid_acc is not None:
            self.valid_acc.append(valid_acc)
        self.seconds.append(seconds)
        self.images_per_second.append(images_per_second)

    def __str__(self) -> str:
        if not self.loss:
            return f"History: no whole epoch, {self.step[-1] if self.step else 0} steps on {self.device}"
        valid = f", valid acc {self.valid_acc[-1]:.3f}" if self.valid_acc else ""
        epochs, stopped = len(self.loss), " (stopped)" if self.stopped else ""
        return (
            f"History: {epochs} epoch{'s' * (epochs > 1)} on {self.device}{stopped}, last: "
            f"loss {self.loss[-1]:.4f}, train acc {self.train_acc[-1]:.3f}{valid}"
        )


class Hopeless(Exception):
    """The network cannot learn any more; the text says why."""


class Steps:
    """Counts the steps of a run and looks at the loss every READ_EVERY of them."""

    def __init__(self, history: History, callbacks: Sequence[Callable], examiner: Examiner | None, scheduler=None):
        self.history, self.callbacks, self.examiner, self.scheduler = history, callbacks, examiner, scheduler
        self.step = self.images = self.images_read = self.loss_sum = 0

    def __call__(self, loss: torch.Tensor, n: int) -> None:
        self.loss_sum = self.loss_sum + loss * n
        self.step, self.images = self.step + 1, self.images + n
        if self.scheduler:
            self.scheduler.step()
        if any(getattr(callback, "stop", False) for callback in self.callbacks):
            raise KeyboardInterrupt
        if self.step % READ_EVERY == 0:
            self.read()
            losses = self.history.step_loss
            if self.examiner and (not math.isfinite(losses[-1]) or abs(losses[-1] - sum(losses[-2:-1])) < 1e-5):
                self.examine()
            self.report()

    def examine(self) -> Health:
        """The network's health now, noted in the history; ends the run if there is no hope."""
        health = self.examiner.examine(self.step, self.history.step_loss[-1])
        self.history.findings = health.findings()
        if health.hopeless:
            raise Hopeless(self.history.findings[0])
        return health

    def read(self) -> None:
        if self.images > self.images_read:
            self.history.step.append(self.step)
            self.history.step_loss.append(float(self.loss_sum) / (self.images - self.images_read))
            self.loss_sum, self.images_read = 0, self.images

    def report(self) -> None:
        for callback in self.callbacks:
            callback(self.history)
