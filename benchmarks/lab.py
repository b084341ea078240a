"""The experiments of chapter 08: `python benchmarks/lab.py`. Takes hours, and goes on where it stopped.

Each run is a network of `nin_course.lab`, trained from a seed on so many images (the first of each class; 10,000 are
the embedded sample, and 55,000 all but the 5,000 that are held out) and then measured once, folded, in float32: on the
5,000 training images held out (unless it was trained on all 60,000), and on the 10,000 test images (unless it is a try:
recipes are chosen by the images held out alone). "test_sample" are the 2,000 of these that the sample has.

`--device cuda` (mps, xpu) trains on a GPU. There the same seed draws other numbers, so what is recorded from another
device counts as not made here, and runs of two devices are never a pair: make all runs of a question on one.

A run that has ended is one line of nin_course/assets/lab/runs.jsonl, and the file is always whole. One that is stopped
goes on from its last epoch. The learning rate is 4e-3 for all, which docs/decisions/0009 chose on held-out images for
`nin_small`; "rates" asks whether another one would change the answers. Only one such command may work at a time.

--only    the questions to work at, by name, in this order; all of the plan if none is named
--plan    the runs still to be made on this device, question by question, without making any
--table   what is recorded, device by device: means, spreads and paired differences with 95% intervals
"""

import argparse
import hashlib
import json
import os
import signal
import statistics
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import product
from multiprocessing import get_context, parent_process
from pathlib import Path

import torch
from torch import nn

from nin_course.budget import notes_epochs
from nin_course.checkpoint import write_whole
from nin_course.data import LABELS, FashionMNIST
from nin_course.device import find_device
from nin_course.diagnose import evaluation_mode
from nin_course.lab import VARIANTS, makers
from nin_course.norm import fold_batch_norm
from nin_course.recipe import NETS, Recipe, load, preset, train
from nin_course.results import RUNS, device_of, paired
from nin_course.results import runs as read
from nin_course.runs import made_on
from nin_course.speed import Fast, has_bfloat16

RUNNING = Path(__file__).parents[1] / "runs" / "lab"  # checkpoints of the runs that have begun
HELD_OUT = 500  # of each class: the last ones
LAYERS = [f"{change}@{cost}" for cost in ("parameters", "macs") for change in ("0", "1", "3", "3x3")]
DENSE = ["map", "map+dropout", "twin", "hidden"]
BARE = dict(flip=False, shift=0)
TRIED = dict(batch_size=128, weight_decay=0.05, label_smoothing=0.1, erase=8)  # what each try changes one thing of
BEST = {**TRIED, "lr": 2e-3}  # the try that was best on the images held out


@dataclass(frozen=True)
class Run:
    """One line to be: `tried` is measured on the images held out alone."""

    images: int
    seed: int
    recipe: Recipe
    tried: bool = False

    def __str__(self) -> str:
        return json.dumps({**asdict(self.recipe), "images": self.images, "seed": self.seed, "tried": self.tried})


def runs(keys, images: int, epochs: int, seeds, tried: bool = False, **changes) -> list[Run]:
    """Every network with every seed, all networks of a seed together, by the laptop preset with changes."""
    full = preset("laptop", sample=False, epochs=epochs, **changes)
    recipes = [replace(full, net=key, size=VARIANTS[key].size) for key in keys]
    return [Run(images, seed, recipe, tried) for seed, recipe in product(seeds, recipes)]


def plan() -> dict[str, list[Run]]:
    """Question -> its runs, what matters most first. A run may serve several questions; it is made once."""
    five, three = range(5), range(3)
    few = [("2", *DENSE), 1_000, 80, five]  # as many steps as 8 epochs of 10,000
    tries = (
        *({}, {"erase": 0}, {"erase": 12}, {"shift": 2}, {"shift": 2, "erase": 12}, {"shift": 0}),
        *({"lr": 2e-3}, {"lr": 8e-3}, {"weight_decay": 0.2}, {"batch_size": 64}, {"label_smoothing": 0.0}),
    )
    return {
        "layers": runs(("2", *LAYERS), 10_000, 8, five),
        "relu": runs(("2", "relu"), 10_000, 8, five),
        "pooling": runs(("2", "gmp", "avgpool", "avgpool+gmp"), 10_000, 8, five),
        "relu, no batch norm": runs(("2", "relu"), 10_000, 8, five, batch_norm=False, lr=1e-3),
        "squeeze": runs(("2", "squeeze", "squeeze@parameters", "squeeze@macs"), 10_000, 8, five),
        "dense, 10,000 images": runs(("2", *DENSE), 10_000, 8, five),
        "dense, 1,000 images": runs(*few),
        "family on the sample": runs(("2", "M", "L", "XL"), 10_000, 8, five),
        "dense, 1,000 images as they are": runs(*few, **BARE),
        "dense, 10,000 images as they are": runs(("2", *DENSE), 10_000, 8, five, **BARE),
        "squeeze, 131 px": runs(("notes-wide", "notes-squeeze"), 10_000, 8, five),
        "dense, 60,000 images": runs(("2", *DENSE), 60_000, 8, three),
        "layers, 60,000 images": runs(("2", *LAYERS), 60_000, 8, three),
        "rates, 2e-3": runs(("2", *LAYERS), 10_000, 8, three, lr=2e-3),
        "rates, 8e-3": runs(("2", *LAYERS), 10_000, 8, three, lr=8e-3),
        "tries": [run for change in tries for run in runs(["XL"], 55_000, 24, [0], True, **{**TRIED, **change})]
        + runs(["L", "L3"], 55_000, 24, [0], True, **TRIED),
        "family, S": runs(["S"], 60_000, 40, three, **BEST),
        "family, M": runs(["M"], 60_000, 40, three, **BEST),
        "family, L": runs(["L"], 60_000, 40, three, **BEST),
        "family, XL": runs(["XL"], 60_000, 40, three, **BEST),
    }


def first_of_each_class(data: FashionMNIST, images: int) -> None:
    """Keeps the first images / 10 of each class, in their order."""
    places = [(data.labels == k).nonzero().flatten()[: images // len(LABELS)] for k in range(len(LABELS))]
    kept = torch.cat(places).sort().values
    data.images, data.labels = data.images[kept], data.labels[kept]


@torch.no_grad()
def look(net: nn.Module, data: FashionMNIST) -> dict:
    """Accuracy and mean cross-entropy of `net` on images, each as it is; and the classes that it never says.

    In float32 on every device: NVIDIA's GPUs would leave out 13 bits (TF32).
    """
    with evaluation_mode(net), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        logits = torch.cat([net(data[range(k, min(k + 500, len(data)))][0]) for k in range(0, len(data), 500)])
    said = logits.argmax(dim=1)
    return {
        "accuracy": round((said == data.labels).sum().item() / len(data), 6),
        "loss": round(nn.functional.cross_entropy(logits, data.labels).item(), 5),
        "never_said": [name for k, name in enumerate(LABELS) if k not in said],
    }


class Stop:
    """A callback of `fit` that ends the run when time is up."""

    def __init__(self, deadline: float):
        self.deadline = deadline

    def __call__(self, history) -> None:
        pass

    @property
    def stop(self) -> bool:
        return time.time() > self.deadline


def begin() -> None:
    """In each process that makes runs: one thread; it ends at once by Ctrl-C, and with the command that began it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=end_with, args=[parent_process()], daemon=True).start()
    torch.set_num_threads(1)
    NETS.update(makers())


def end_with(process) -> None:
    """Waits for the end of a process, and ends this one: nobody would write its run down."""
    process.join()
    os._exit(1)


def checkpoint(run: Run, device: str = "cpu") -> Path:
    """Where a run that has begun is kept until it is recorded; what was begun elsewhere does not go on here."""
    name = str(run) + f" on {device}" * (device != "cpu")
    return RUNNING / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.pt"


def made(run: Run, deadline: float = float("inf"), device: str = "cpu") -> dict | None:
    """Trains and measures once: a line of the record, or None if there was no time for the whole run."""
    stop = Stop(deadline)
    if stop.stop:
        return None
    train_iter, apart = load(run.recipe, device, held_out=HELD_OUT if run.images < 60_000 else 0)
    data = train_iter.dataset
    first_of_each_class(data, run.images)
    files = dict(checkpoint=checkpoint(run, device), resume=True)
    net, history = train(
        run.recipe, train_iter, seed=run.seed, device=device, progress=False, callbacks=[stop], **files
    )
    if history.stopped and stop.stop:
        return None
    folded, data.augment = Fast(fold_batch_norm(net), channels_last=True), None
    cost = price(run.recipe.net, run.images * len(history.loss))
    first_of_each_class(data, min(run.images, 5_000))
    found = {"trained": look(folded, data)}
    if run.images < 60_000:
        found["held_out"] = look(folded, apart.dataset)
    if not run.tried:
        test = load(run.recipe, device)[1].dataset
        found["test"] = look(folded, test)
        first_of_each_class(test, 2_000)
        found["test_sample"] = look(folded, test)
    return {
        "images": run.images,
        "seed": run.seed,
        "tried": run.tried,
        "recipe": asdict(run.recipe),
        **found,
        "stopped": history.findings if history.stopped else None,
        "notes_epochs": round(cost, 4),
        "seconds": round(sum(history.seconds), 1),
        "made_on": made_on(device, run.recipe.fast and has_bfloat16(device)),
    }


def recorded() -> dict[str, dict[str, dict]]:
    """Device and precision -> str(run) -> its line."""
    found: dict[str, dict[str, dict]] = {}
    for r in read(path=RUNS) if RUNS.exists() else []:
        found.setdefault(device_of(r), {})[str(Run(r["images"], r["seed"], Recipe(**r["recipe"]), r["tried"]))] = r
    return found


def here(device: str) -> dict[str, dict]:
    """str(run) -> its line, of the runs that were made on a device as this one is."""
    return recorded().get(device_of({"made_on": made_on(device, has_bfloat16(device))}), {})


def missing(device: str = "cpu", only: Sequence[str] = ()) -> list[Run]:
    """What is planned (or asked by the questions named) and not recorded from this device, in that order, each once."""
    done, planned = here(device), plan()
    wanted = dict.fromkeys(run for question in only or planned for run in planned[question])
    return [run for run in wanted if str(run) not in done]


def record(line: dict) -> None:
    """Adds one line; whenever the power goes, the file is as it was before or as it is after."""
    before = RUNS.read_bytes() if RUNS.exists() else b""
    write_whole(RUNS, before + json.dumps(line).encode() + b"\n")


def work(jobs: int, minutes: float, device: str = "cpu", only: Sequence[str] = ()) -> None:
    """Makes what is missing, so many runs at a time, one thread each, until all are made or time is up."""
    deadline = time.time() + 60 * minutes
    with ProcessPoolExecutor(jobs, get_context("spawn"), begin) as pool:
        asked = {pool.submit(made, run, deadline, device): run for run in missing(device, only)}
        for future in as_completed(asked):
            run, line = asked[future], future.result()
            if line is None:
                continue
            record(line)
            checkpoint(run, device).unlink(missing_ok=True)
            accuracy = line.get("test", line.get("held_out"))["accuracy"]
            print(run.recipe.net, f"{run.images:,}", run.seed, accuracy, f"{line['seconds']} s", flush=True)


def outlook(device: str = "cpu") -> list[str]:
    """A line a question: how many of its runs are still to be made here, and the hours of one process for these."""
    done = here(device)
    rate = sum(line["seconds"] for line in done.values()) / (sum(line["notes_epochs"] for line in done.values()) or 1)
    lines, counted = [], set(done)
    for question, wanted in plan().items():
        new = [run for run in wanted if str(run) not in counted]
        counted |= set(map(str, new))
        hours = sum(price(run.recipe.net, run.images * run.recipe.epochs) for run in new) * rate / 3600
        lines.append(f"{question}: {len(wanted)} runs, {len(new)} to make" + f", {hours:.1f} hours" * bool(done))
    return lines


@cache
def price(key: str, images: int) -> float:
    """What a training costs, in notes-epochs."""
    return notes_epochs(VARIANTS[key].make(), (1, 1, VARIANTS[key].size, VARIANTS[key].size), images)


def table(question: str) -> list[str]:
    """Lines of Markdown for each device: a network's means and deviations; how it differs from the first, in pairs."""
    wanted = plan()[question]
    lines = []
    for device, done in recorded().items():
        found: dict[str, list[dict]] = {title(run, wanted[0]): [] for run in wanted}
        for run in wanted:
            found[title(run, wanted[0])] += [done[str(run)]] if str(run) in done else []
        if any(found.values()):
            lines += [f"## {question} ({device})", "", *rows(found, "held_out" if wanted[0].tried else "test"), ""]
    return lines or [f"## {question}", "", "Not recorded yet.", ""]


def rows(found: dict[str, list[dict]], compared: str) -> list[str]:
    """A Markdown table of each network's lines; its accuracies in the field `compared` make pairs with the first's."""
    lines = ["| network | seeds | trained on | held out | test | paired difference |", "|---|---|---|---|---|---|"]
    of = {name: {line["seed"]: line[compared]["accuracy"] for line in group} for name, group in found.items()}
    first = next(iter(of.values()))
    for name, group in found.items():
        if not group:
            continue
        columns = [name, str(len(group))]
        for where in ("trained", "held_out", "test"):
            values = [line[where]["accuracy"] for line in group if where in line]
            deviation = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
            columns.append(f"{statistics.mean(values):.4f}{deviation}" if values else "")
        shared = of[name] is not first and len(set(of[name]) & set(first)) > 1
        columns.append("{:+.4f} ± {:.4f}".format(*paired(of[name], first)) if shared else "")
        lines.append("| " + " | ".join(columns) + " |")
    return lines


def title(run: Run, first: Run) -> str:
    """The network in words, its key, and what its recipe has otherwise than that of the question's first run."""
    base = asdict(first.recipe)
    changes = [f"{k}={v}" for k, v in asdict(run.recipe).items() if v != base[k] and k not in ("net", "size")]
    return ", ".join([f"{VARIANTS[run.recipe.net].what} (`{run.recipe.net}`)", *changes])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", help="where to train: cpu, or cuda, mps, xpu (a GPU)")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time, one thread each")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many")
    parser.add_argument("--only", nargs="+", choices=plan(), metavar="QUESTION", default=(), help="work at these alone")
    parser.add_argument("--plan", action="store_true", help="say what is still to be made")
    parser.add_argument("--table", action="store_true", help="say what is recorded")
    chosen = parser.parse_args()
    try:
        find_device(chosen.device)
    except ValueError as error:
        parser.error(str(error))
    if chosen.plan:
        print("\n".join(outlook(chosen.device)))
    elif chosen.table:
        print("\n".join(line for question in plan() for line in table(question)))
    else:
        work(chosen.jobs, chosen.minutes, chosen.device, chosen.only)


if __name__ == "__main__":
    main()
