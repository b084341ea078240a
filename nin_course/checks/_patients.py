"""The five patients of chapter 06: small networks, each trained with one fault, and what an examination finds."""

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn

from nin_course.blocks import FlattenLayer, GlobalAvgPool2d
from nin_course.data import load_data_fashion_mnist
from nin_course.diagnose import Examiner, Health
from nin_course.norm import add_batch_norm
from nin_course.train import train_epoch


def _share(moved: float) -> str:
    return f"{moved:.1%}" if moved < 10 else f"{moved:,.0f} times"


@dataclass
class Case:
    losses: list[float]  # a step
    health: Health

    @property
    def line(self) -> str:
        """The health line, and the least and the most that a block's weights have moved."""
        return f"{self.health.line()}, weights moved {self.moved}"

    @property
    def moved(self) -> str:
        moved = self.health.moved.values()
        return f"{_share(min(moved))} to {_share(max(moved))}"

    @property
    def fault(self) -> str:
        """The letter of what is wrong, from the examination."""
        health, moved = self.health, self.health.moved.values()
        if not health.finite or health.loss > 10 * math.log(health.classes):
            return "A"
        if health.dead:
            return "B" if health.hopeless else "C"
        if not health.images_tell_labels:
            return "E"
        if max(moved) < 0.02:
            return "D"
        return "F" if min(moved) == 0 else "G"


def _patient() -> nn.Sequential:
    def block(c, d, k):
        return nn.Sequential(nn.Conv2d(c, d, k, padding=k // 2), nn.ReLU(), nn.Conv2d(d, d, 1), nn.ReLU())

    head = nn.Sequential(nn.Conv2d(16, 10, kernel_size=1), nn.ReLU())
    layers = block(1, 8, 5), nn.MaxPool2d(2), block(8, 16, 3), nn.MaxPool2d(2), head
    return add_batch_norm(nn.Sequential(*layers, GlobalAvgPool2d(), FlattenLayer()))


@cache
def five_cases() -> list[Case]:
    """Five small networks, 60 steps each, trained as their faults let them: a second or two."""
    torch.manual_seed(0)
    batches = [batch for batch, _ in zip(load_data_fashion_mnist(64, sample=True)[0], range(60), strict=False)]
    plans = [("shuffle", 0.01), ("freeze", 0.01), ("kill", 0.01), ("crawl", 1e-7), ("explode", 1e3)]
    return [_case(batches, *plan) for plan in plans]


def _case(batches: list, how: str, lr: float) -> Case:
    torch.manual_seed(0)
    if how == "shuffle":
        batches = [(X, y[torch.randperm(len(y))]) for X, y in batches]
    net, losses = _patient(), []
    if how == "freeze":
        net[2].requires_grad_(False)
    if how == "kill":
        net[4][0].bias = nn.Parameter(torch.full((10,), -100.0))
        net[4][1] = nn.Identity()
    if how == "explode":
        net[4] = net[4][:-1]
    examiner = Examiner(net)
    for batch in batches:
        examiner.see(*batch)
    optimizer = (torch.optim.SGD if lr > 1 else torch.optim.Adam)(net.parameters(), lr=lr)
    train_epoch(net, batches, optimizer, "cpu", lambda loss, _: losses.append(loss.item()))
    return Case(losses, examiner.examine(len(batches), sum(losses[-10:]) / 10))
