"""What the training desk of chapter 05 knows of a run: step by step, live or recorded."""

import json
from dataclasses import dataclass, field
from functools import cache

from nin_course.weights import ASSETS, recorded_run_card


@dataclass
class Record:
    """What is known of a run: lists of (step, value)."""

    name: str
    loss: list[tuple[int, float]] = field(default_factory=list)
    pace: list[tuple[int, float]] = field(default_factory=list)  # images a second
    train_acc: list[tuple[int, float]] = field(default_factory=list)
    valid_acc: list[tuple[int, float]] = field(default_factory=list)
    health: list[tuple[int, str]] = field(default_factory=list)  # "" is healthy

    @property
    def last(self) -> int:
        return max((entries[-1][0] for entries in (self.loss, self.valid_acc) if entries), default=0)

    def by(self, step: int) -> dict:
        """What was known by `step`: name, step, last, and each list as far as that; `finding`, None if not examined."""
        lists = ("loss", "pace", "train_acc", "valid_acc", "health")
        known = {name: [entry for entry in getattr(self, name) if entry[0] <= step] for name in lists}
        finding = known["health"][-1][1] if known["health"] else None
        return {**known, "finding": finding, "name": self.name, "step": step, "last": self.last}


@cache
def recorded() -> Record:
    """The run that comes with the course: the laptop preset on the sample."""
    run = Record("the recorded run")
    lines = [
        json.loads(line)
        for line in (ASSETS / "recorded_run" / "history.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    run.loss = [(entry["step"], entry["loss"]) for entry in lines if "step" in entry]
    epochs = [entry for entry in lines if "epoch" in entry]
    for entry in epochs:
        step = entry["epoch"] * run.last // len(epochs)
        run.train_acc.append((step, entry["train_acc"]))
        run.pace.append((step, entry["images_per_second"]))
        run.health.append((step, ""))
    run.valid_acc = [(snapshot["step"], snapshot["accuracy"]) for snapshot in recorded_run_card()["snapshots"]]
    return run
