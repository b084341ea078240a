"""Runs the benchmarks and writes benchmarks/results.md: `make bench`, about ten minutes on two cores."""

import os
import platform
import time
from pathlib import Path

import demos
import loader
import recipe
import torch
import training

from nin_course.device import device_name, find_device
from nin_course.speed import has_bfloat16

RESULTS = Path(__file__).parent / "results.md"


def machine() -> str:
    """One line about where the figures come from."""
    names = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    load = f"load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else "load unknown"
    device = find_device()
    bfloat16 = "with" if has_bfloat16(device) else "without"
    return (
        f"{name}, {os.cpu_count()} cores; steps on {device_name(device)}, {bfloat16} bfloat16; {load}; "
        f"{platform.system()}, Python {platform.python_version()}, PyTorch {torch.__version__.split('+')[0]}; "
        f"{time.strftime('%Y-%m-%d')}"
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []


def pair(name: str, unit: str, usual: float, ours: float, ratio: float) -> str:
    """A row of the first table."""
    return f"| {name} | {usual:,.0f} {unit} | {ours:,.0f} {unit} | {ratio:.1f}× |"


def measured_now() -> list[str]:
    """The part that is measured in this run."""
    # First, while this process is small: some systems count a parent's peak as its child's.
    notes_memory, memory = training.peak_memory("notes"), training.peak_memory("laptop")
    rounds = loader.measure()
    usual, ours, ratio = (sorted(v)[len(rounds) // 2] for v in zip(*[(u, o, o / u) for u, o in rounds], strict=True))
    lines = [
        "| | the notes' way | the course's way | ratio |",
        "|---|---|---|---|",
        pair("loading, 28 → 224 px", "images/s", usual, ours, ratio),
        pair("a training step of the notes' network, 96 px, 64 images", "images/s", *training.same_network()),
        pair(
            "training: the notes' network at 224 px, `nin_small` at 28 px", "images/s", *training.small_against_notes()
        ),
        pair("memory that training adds, at each one's batch size", "MiB", notes_memory, memory, notes_memory / memory),
        "",
        "| `nin_small` on the full set: accuracy on held-out images | seconds of training | notes-epochs |",
        "|---|---|---|",
    ]
    reached = training.to_accuracy()
    lines += [f"| {t:.2f} | {s:.0f} | {cost:.3f} |" for t, (s, cost) in reached.items()]
    lines += [f"| {t:.2f} | not reached | |" for t in training.TARGETS if t not in reached]
    return lines


def page() -> str:
    """benchmarks/results.md, measured now but for the recipe's runs."""
    text = [
        "# Measured",
        "",
        "Written by `make bench`. Seconds are this machine's; compare ratios.",
        "",
        machine(),
        "",
        *measured_now(),
        "",
        "## How fast the demos answer",
        "",
        *demos.table(),
        "",
        *recipe.tables(),
    ]
    return "\n".join(text) + "\n"


if __name__ == "__main__":
    RESULTS.write_text(page(), encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))
