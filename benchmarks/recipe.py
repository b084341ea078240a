"""What the recipe is worth: `python benchmarks/recipe.py KIND`. Takes hours, but for `draw`. The kinds:

seeds   the laptop preset with ten seeds (--seeds 0,1,…,9), measured on the sample's 2,000 test images
price   each ingredient left out once, three seeds, measured on 5,000 training images that nothing was trained on
curve   accuracy on the 10,000 test images against notes-epochs, three seeds, one run for each point: the laptop preset
        on the full set, with labels smoothed by 0.1 (chosen in docs/decisions/0009)
unsmoothed  the same without smoothing
notes   one pass of the notes' own recipe over the first quarter of the training images, measured on the test images
wide    one pass of the gpu preset (`nin_wide`, 224 px) over the first tenth of them, measured on 5,000 images apart
draw    the picture of the curve

Each run is written down when it ends, as one line, and a run that is written down is not made again.
"""

import argparse
import itertools
import json
import statistics
import time
from dataclasses import asdict, replace
from pathlib import Path

from nin_course.budget import notes_epochs
from nin_course.data import load_data_fashion_mnist
from nin_course.norm import fold_batch_norm
from nin_course.plots import BLUE, GREY, ORANGE, png
from nin_course.recipe import load, preset, train
from nin_course.runs import made_on, measure
from nin_course.speed import has_bfloat16

RESULTS = Path(__file__).parent / "recipe_results.jsonl"
PICTURE = Path(__file__).parents[1] / "docs" / "img" / "accuracy_against_cost.png"
PUBLISHED = (0.734, 0.754, 0.826, 0.827, 0.831)  # github.com/ShusenTang/Dive-into-DL-PyTorch, 5.8 NiN, five epochs
FIRST = {"notes": 15_000, "wide": 6_000}  # of the training images, whose order in the file is random
WITHOUT = {
    "nothing": {},
    "batch norm": {"batch_norm": False},
    "the one-cycle schedule": {"one_cycle": False},
    "normalised pixels": {"normalize": False},
    "flips": {"flip": False},
    "shifts": {"shift": 0},
    "weight decay": {"weight_decay": 0.0},
    "batches of 64 (256 instead)": {"batch_size": 256},
    "bfloat16 and channels-last": {"fast": False},
}


def runs(kind: str, seeds: list[int]):
    """(name, recipe, seed) of every run of a kind."""
    if kind == "seeds":
        return [("laptop", preset("laptop"), seed) for seed in seeds]
    if kind == "price":
        changed = [(name, preset("laptop", **changes)) for name, changes in WITHOUT.items()]
        return [(*pair, seed) for seed, pair in itertools.product(seeds, changed)]
    if kind in ("curve", "unsmoothed"):
        full = preset("laptop", sample=False, label_smoothing=0.1 if kind == "curve" else 0.0)
        return [(f"{e} epochs", replace(full, epochs=e), s) for s in seeds for e in (1, 2, 4, 8, 16)]
    return [(kind, preset("gpu" if kind == "wide" else kind, epochs=1), seed) for seed in seeds]


def measured(kind: str, recipe, seed: int) -> dict:
    """Trains once and measures once."""
    train_iter, test_iter = load(recipe)
    name, data = "test images", train_iter.dataset
    if kind in ("price", "wide"):
        test_iter = load_data_fashion_mnist(500, recipe.size, normalize=recipe.normalize, held_out=500)[1]
        name = "training images apart"
    if kind in FIRST:
        data.images, data.labels = data.images[: FIRST[kind]], data.labels[: FIRST[kind]]
    images = recipe.epochs * len(data)
    start = time.perf_counter()
    net, history = train(recipe, train_iter, seed=seed, progress=False)
    seconds = time.perf_counter() - start
    found = measure(fold_batch_norm(net), test_iter, name)
    return {
        "accuracy": found["accuracy"],
        "never_said": found["never_said"],
        "measured_on": found["measured_on"],
        "stopped": history.findings if history.stopped else None,
        "seconds": round(seconds, 1),
        "notes_epochs": round(notes_epochs(net, (1, 1, recipe.size, recipe.size), images), 4),
    }


def recorded(kind: str) -> dict[str, list[dict]]:
    """What is written down of a kind: name -> its runs."""
    found: dict[str, list[dict]] = {}
    for line in RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []:
        run = json.loads(line)
        if run["kind"] == kind:
            found.setdefault(run["name"], []).append(run)
    return found


def spread(runs: list[dict]) -> str:
    """Median, and the worst and best, of the runs' accuracies."""
    values = [run["accuracy"] for run in runs]
    seeds = f"{len(values)} seed{'s' * (len(values) > 1)}"
    return f"{statistics.median(values):.4f} ({min(values):.4f} to {max(values):.4f}, {seeds})"


def unsaid(runs: list[dict]) -> str:
    """The classes that some run never says, or "none"."""
    return ", ".join(sorted({name for run in runs for name in run["never_said"]})) or "none"


def tables() -> list[str]:
    """Lines of Markdown: every kind of run that is written down."""
    lines = ["## The laptop preset, seed by seed (two runs at a time, one thread each)", ""]
    lines += ["| seed | accuracy, 2,000 test images | never said | seconds |", "|---|---|---|---|"]
    for run in sorted(itertools.chain(*recorded("seeds").values()), key=lambda run: run["seed"]):
        lines.append(f"| {run['seed']} | {run['accuracy']:.4f} | {unsaid([run])} | {run['seconds']:.0f} |")
    lines += ["", "## What each ingredient is worth (laptop preset, 5,000 training images apart)", ""]
    lines += ["| left out | accuracy | difference of the medians |", "|---|---|---|"]
    price = recorded("price")
    whole = statistics.median(run["accuracy"] for run in price["nothing"]) if price else 0
    for name, found in price.items():
        difference = statistics.median(run["accuracy"] for run in found) - whole
        lines.append(f"| {name} | {spread(found)} | {difference:+.4f} |")
    lines += ["", "## The gpu preset (`nin_wide`, 224 px) after a tenth of an epoch, 5,000 training images apart", ""]
    lines += [f"{spread(runs)}; never said: {unsaid(runs)}" for runs in recorded("wide").values()]
    lines += ["", "## Accuracy on the 10,000 test images against cost (full set)", ""]
    lines += ["| recipe | notes-epochs | accuracy | never said |", "|---|---|---|---|"]
    ours = (("curve", "`nin_small`, ours"), ("unsmoothed", "… without label smoothing"))
    for kind, what in (*ours, ("notes", "the notes' own")):
        for found in sorted(recorded(kind).values(), key=lambda runs: runs[0]["notes_epochs"]):
            lines.append(f"| {what} | {found[0]['notes_epochs']:.2f} | {spread(found)} | {unsaid(found)} |")
    for epochs, accuracy in enumerate(PUBLISHED, 1):
        lines.append(f"| the notes' own, as its authors published it | {epochs:.2f} | {accuracy:.3f} (one run) | |")
    return lines


def draw(path: Path) -> None:
    """The curve as a picture: every run a dot, a line through the medians."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), dpi=150, layout="constrained")
    axis = figure.subplots()
    for kind, label, color in (
        ("curve", "nin_small, our recipe", BLUE),
        ("notes", "the notes' recipe, run here", ORANGE),
    ):
        found = sorted(recorded(kind).values(), key=lambda runs: runs[0]["notes_epochs"])
        medians = [(runs[0]["notes_epochs"], statistics.median(r["accuracy"] for r in runs)) for runs in found]
        axis.plot(*zip(*medians, strict=True), color=color, marker="o" if kind == "curve" else "s", label=label)
        for run in itertools.chain(*found):
            axis.plot(run["notes_epochs"], run["accuracy"], ".", color=color, alpha=0.5)
    axis.plot(range(1, 6), PUBLISHED, color=GREY, marker="^", linestyle="--", label="the notes' recipe, as published")
    axis.set(xscale="log", xlabel="cost in notes-epochs (45.7 T multiply-accumulates each)", ylabel="test accuracy")
    axis.set_xticks([0.06, 0.125, 0.25, 0.5, 1, 2, 5], labels=["0.06", "0.125", "0.25", "0.5", "1", "2", "5"])
    axis.minorticks_off()
    axis.grid(alpha=0.3)
    axis.legend(loc="lower right")
    path.write_bytes(png(figure))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("seeds", "price", "curve", "unsmoothed", "notes", "wide", "draw"))
    parser.add_argument("--seeds", default="0,1,2", help="for example 0,1,2")
    chosen = parser.parse_args()
    if chosen.kind == "draw":
        return draw(PICTURE)
    for name, recipe, seed in runs(chosen.kind, [int(s) for s in chosen.seeds.split(",")]):
        run = {"kind": chosen.kind, "name": name, "seed": seed, "recipe": asdict(recipe)}
        done = (
            [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()] if RESULTS.exists() else []
        )
        if any(run.items() <= old.items() for old in done):
            continue
        run |= measured(chosen.kind, recipe, seed)
        run["made_on"] = made_on("cpu", recipe.fast and has_bfloat16("cpu"))
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(run) + "\n")
        print(chosen.kind, name, seed, run["accuracy"], run["never_said"], f"{run['seconds']} s", flush=True)


if __name__ == "__main__":
    main()
