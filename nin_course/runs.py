"""A training run that leaves a record: `python -m nin_course train`. Chapter 05; the shipped weights were made so.

The folder of a run holds history.jsonl (a line every 50 steps, and one an epoch), checkpoint.pt (to go on from),
weights.pt (batch norm folded, for the plain network) and card.json (what was done, with what, and how good it is).
"""

import hashlib
import io
import json
import os
import platform
from dataclasses import asdict
from pathlib import Path

import torch
import torchvision
from torch import nn

from nin_course.budget import notes_epochs, summary
from nin_course.checkpoint import write_whole
from nin_course.data import LABELS
from nin_course.device import device_name
from nin_course.files import FULL, sample_hashes
from nin_course.history import History
from nin_course.norm import fold_batch_norm
from nin_course.processes import join_processes, processes, rank
from nin_course.recipe import NETS, Recipe, load, prepare
from nin_course.train import confusion_matrix, fit


def run(
    recipe: Recipe, out: str | os.PathLike, command: str, *, device=None, seed=0, held_out=0, resume=False, **options
):
    """Trains by `recipe`, writes the folder `out` and returns the card; the test images are looked at once, at the end.

    `command` is what the card names as the way to make the run again.

    With held_out=k the last k training images of each class take their place, and are measured after every epoch.
    A run that was stopped has its checkpoint and history, and no card: returns {} then. `options` go to `fit`. Raises
    ValueError if it is to be resumed and was begun by another recipe or seed.
    """
    out, device = Path(out), join_processes(device)
    begun = {"recipe": asdict(recipe), "seed": seed, "held_out": held_out}
    if resume:
        _check_same(begun, out / "history.jsonl")
    train_iter, measured = load(recipe, device, held_out=held_out)
    images = len(train_iter.dataset)
    net, train_iter, settings = prepare(recipe, train_iter, device=device, seed=seed)
    files = dict(checkpoint=out / "checkpoint.pt", resume=resume)
    if rank() == 0:
        keep = lambda history: write_history(history, out / "history.jsonl", begun)  # noqa: E731
        options["callbacks"] = [*options.get("callbacks", ()), keep]
    history = fit(net, train_iter, measured if held_out else None, **settings, **files, **options)
    if rank():
        return {}
    keep(history)
    if history.stopped:
        return {}
    plain = NETS[recipe.net]().to(device)
    plain.load_state_dict(fold_batch_norm(net).state_dict())
    weights = save_weights(plain, out / "weights.pt")
    folded = ", batch norm folded into the convolutions" if recipe.batch_norm else ""
    card = {
        "what": f"{recipe.net} trained on {images:,} images of Fashion-MNIST{folded}",
        "command": command,
        **measure(plain, measured, "held-out training images" if held_out else "test images"),
        **cost(plain, recipe, images),
        "recipe": asdict(recipe),
        "seed": seed,
        "processes": processes(),
        "seconds": round(sum(history.seconds), 1),
        "made_on": made_on(settings["device"], settings["autocast"]),
        "data_sha256": FULL if images + held_out * len(LABELS) == 60_000 else sample_hashes(),  # whatever was asked for
        "weights_sha256": weights,
    }
    write_json(out / "card.json", card)
    return card


def measure(net: nn.Module, data_iter, name: str) -> dict:
    """Accuracy, per class too, the confusion matrix (row: true, column: said) and the classes that are never said."""
    matrix = confusion_matrix(data_iter, net)
    right, each = matrix.diagonal(), matrix.sum(dim=1)
    return {
        "measured_on": f"{each.sum():,} {name}, one forward pass each",
        "accuracy": round((right.sum() / each.sum()).item(), 6),
        "per_class": {label: round(a.item(), 4) for label, a in zip(LABELS, right / each, strict=True)},
        "confusion": matrix.tolist(),
        "never_said": [label for label, said in zip(LABELS, matrix.sum(dim=0), strict=True) if not said],
    }


def cost(net: nn.Module, recipe: Recipe, images: int) -> dict:
    """Parameters, MACs an image, and what the training cost in notes-epochs (`nin_course.budget`)."""
    shape = (1, 1, recipe.size, recipe.size)
    found = summary(net, shape)
    trained = round(notes_epochs(net, shape, recipe.epochs * images), 4)
    return {"parameters": found.parameters, "macs_an_image": found.macs, "notes_epochs": trained}


def made_on(device, autocast: bool) -> dict:
    """Machine and versions, as far as they can matter."""
    return {
        "device": device_name(device),
        "machine": platform.machine(),
        "autocast": "bfloat16" if autocast else "no",
        "versions": History("", None).versions | {"torchvision": torchvision.__version__},
    }


def save_weights(net: nn.Module, path: Path) -> str:
    """Writes the state dict, for `torch.load(weights_only=True)`; returns the file's SHA-256."""
    content = io.BytesIO()
    torch.save({name: value.detach().cpu().contiguous() for name, value in net.state_dict().items()}, content)
    write_whole(path, content.getvalue())
    return hashlib.sha256(content.getvalue()).hexdigest()


def write_json(path: Path, content: dict) -> None:
    """One line a key."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
    write_whole(path, ("{\n" + ",\n".join(lines) + "\n}\n").encode())


def _check_same(begun: dict, path: Path) -> None:
    """Raises ValueError if the history at `path`, if there is one, is of a run that was begun otherwise."""
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
        other = [name for name, value in begun.items() if before[name] != value]
        if other:
            raise ValueError(
                f"The run in {path.parent} had another {' and '.join(other)}: {before[other[0]]}. Resume it with the "
                "command that began it, or choose another folder."
            )


def write_history(history: History, path: Path, begun: dict) -> None:
    """JSON lines: the run, with what `begun` says of it, then each look at the loss, then each epoch."""
    lines = [{"device": history.device, "stopped": history.stopped, **history.versions, **begun}]
    lines += [{"step": s, "loss": loss} for s, loss in zip(history.step, history.step_loss, strict=True)]
    columns = ("loss", "train_acc", "valid_acc", "seconds", "images_per_second", "health")
    for epoch in range(len(history.loss)):
        known = {name: getattr(history, name)[epoch] for name in columns if len(getattr(history, name)) > epoch}
        lines.append({"epoch": epoch + 1, **known})
    write_whole(path, "".join(json.dumps(line) + "\n" for line in lines).encode())
