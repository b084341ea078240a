"""Makes the runs of chapter 06, 20 seeds of six recipes: `python -m nin_course.assets.make_stuck_runs`.

Each recipe has one repair more than the one before it; `network` and `learn` say what they are. A run that is written
down is not made again. `--part 0/2` makes the even seeds, for a second process beside it.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from nin_course.checkpoint import write_whole
from nin_course.data import LABELS, load_data_fashion_mnist
from nin_course.diagnose import BATCH as EXAMINED
from nin_course.diagnose import Examiner, evaluation_mode
from nin_course.files import sample_hashes
from nin_course.models import nin
from nin_course.norm import add_batch_norm
from nin_course.runs import made_on, write_json
from nin_course.train import confusion_matrix, train_epoch
from nin_course.weights import ASSETS

RECIPES = ("as the notes", "no ReLU on the logits", "width kept", "Kaiming", "one cycle", "batch norm")
SIZE, WIDTH, BATCH = 131, 0.25, 32  # pixels (a class map of 3×3), share of nin()'s channels, images a step
SEEDS = range(20)
STEPS = (0, 3, 10, 30, 60, 100, 200)  # and the last


def kaiming(net: nn.Module) -> nn.Module:
    """Draws all convolutions anew as He et al. 2015 (arXiv:1502.01852, §2.2) advise for ReLUs, biases 0. In place."""
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return net


def network(recipe: str) -> nn.Sequential:
    """The recipe's network, untrained: (N, 1, SIZE, SIZE) -> (N, 10). Raises ValueError for any other recipe."""
    if recipe not in RECIPES:
        raise ValueError(f"recipe={recipe!r} is not one of {', '.join(map(repr, RECIPES))}.")
    repairs = RECIPES.index(recipe)
    net = nin(head="wide" if repairs >= 2 else "notes", width=WIDTH)
    if repairs == 1:
        net[7] = net[7][:-1]
    if repairs >= 3:
        kaiming(net)
    return add_batch_norm(net) if repairs >= 5 else net


def learn(net: nn.Module, recipe: str, train_iter, after_step: Callable | None = None, lr: float | None = None):
    """Trains for one pass over `train_iter`, in place: Adam at 0.002, or one cycle up to 0.004 and down again.

    `lr` replaces the recipe's own; `after_step(loss, n)` is called as by `train_epoch`, whose result is returned.
    """
    one_cycle = RECIPES.index(recipe) >= 4
    lr = lr or (4e-3 if one_cycle else 2e-3)
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    steps = {"total_steps": len(train_iter), "pct_start": 0.25}
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, **steps) if one_cycle else None

    def step(loss, n):
        if scheduler:
            scheduler.step()
        if after_step:
            after_step(loss, n)

    return train_epoch(net, train_iter, optimizer, "cpu", step)


def rounded(value):
    """Numbers to four significant digits, in whatever holds them."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: rounded(v) for key, v in value.items()}
    return [rounded(v) for v in value] if isinstance(value, list) else value


def one_run(recipe: str, seed: int, train_iter, test_iter) -> dict:
    """Losses (means of ten steps), examinations, mean logits; at the end the confusion matrix (rows: the truth)."""
    torch.manual_seed(seed)
    net = network(recipe).to(memory_format=torch.channels_last)
    examiner = Examiner(net)
    X, y = train_iter.dataset[range(EXAMINED)]
    examiner.see(X, y)
    losses, health, evidence = [], {}, {}

    def look():
        step = len(losses)
        found = asdict(examiner.examine(step, sum(losses[-10:]) / len(losses[-10:]) if losses else None))
        health[step] = {key: value for key, value in found.items() if key != "names"}
        with evaluation_mode(net), torch.no_grad():
            evidence[step] = net(X).mean(dim=0).tolist()

    def after_step(loss, _n):
        losses.append(loss.item())
        if len(losses) in STEPS:
            look()

    look()
    learn(net, recipe, train_iter, after_step)
    look()
    confusion = confusion_matrix(test_iter, net)
    tens = [sum(losses[i : i + 10]) / len(losses[i : i + 10]) for i in range(0, len(losses), 10)]
    return {
        "recipe": recipe,
        "seed": seed,
        "loss": rounded(tens),
        "health": rounded(health),
        "evidence": rounded(evidence),
        "accuracy": confusion.diag().sum().item() / confusion.sum().item(),
        "confusion": confusion.tolist(),
        "never_said": (confusion.sum(dim=0) == 0).nonzero().flatten().tolist(),
    }


def main(part: str = "0/1", folder: Path = ASSETS / "stuck_runs") -> None:
    mine, parts = map(int, part.split("/"))
    path, wanted = folder / "runs.jsonl", [(recipe, seed) for recipe in RECIPES for seed in SEEDS]
    folder.mkdir(exist_ok=True)

    def made() -> dict:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return {(run["recipe"], run["seed"]): line for line in lines for run in [json.loads(line)]}

    train_iter, test_iter = load_data_fashion_mnist(BATCH, SIZE, sample=True)
    for recipe, seed in sorted(wanted, key=lambda pair: pair[1]):
        if seed % parts == mine and (recipe, seed) not in made():
            run = one_run(recipe, seed, train_iter, test_iter)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(run) + "\n")
            print(f"{recipe}, seed {seed}: accuracy {run['accuracy']:.3f}", flush=True)
    done = made()
    if set(done) == set(wanted):
        write_whole(path, "".join(done[pair] + "\n" for pair in wanted).encode())
        write_json(
            folder / "card.json",
            {
                "what": f"nin(width={WIDTH}) at {SIZE} px, six recipes, {len(SEEDS)} seeds each",
                "command": "python -m nin_course.assets.make_stuck_runs",
                "recipes": "each has one repair more than the one before it; make_stuck_runs.py says what they are",
                "steps": f"{len(train_iter)} of {BATCH} images, one pass over the sample; Adam at 0.002, from 'one "
                "cycle' on up to 0.004 and down again",
                "examined": f"{EXAMINED} training images; accuracy and confusion: the 2,000 test images, at the end",
                "recipe_names": list(RECIPES),
                "labels": LABELS,
                "made_on": made_on("cpu", False),
                "data_sha256": sample_hashes(),
            },
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="0/1", help="which share of the seeds: 0/2 and 1/2 for two processes")
    main(parser.parse_args().part)
