"""Folders as `train` leaves them, of a network that fits on a postcard and was never trained."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

import nin_course as d2l
from nin_course.files import sample_hashes
from nin_course.recipe import Recipe


def template():
    """One 28×28 weight image a class: (N, 1, 28, 28) -> (N, 10). 7,850 parameters, 7,840 MACs."""
    return nn.Sequential(nn.Conv2d(1, 10, kernel_size=28), nn.Flatten())


def means() -> dict:
    """Its weights if an image goes to the nearest of ten mean images: 68% right, and nothing is learned."""
    train_iter, _ = d2l.load_data_fashion_mnist(10_000, sample=True, normalize=True)
    X, y = next(iter(train_iter))
    mean = torch.stack([X[y == k].mean(dim=0) for k in range(10)])
    return {"0.weight": mean, "0.bias": -mean.square().sum(dim=(1, 2, 3)) / 2}


def score(net, size=28, normalize=True) -> float:
    _, test_iter = d2l.load_data_fashion_mnist(500, size, sample=True, normalize=normalize)
    return d2l.evaluate_accuracy(test_iter, net)


def written(folder: Path, weights, accuracy: float, recipe: Recipe, **changes) -> Path:
    """A run's folder: `weights` are bytes, or what torch.save takes; `changes` are fields of the card."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(weights, bytes):
        (folder / "weights.pt").write_bytes(weights)
    else:
        torch.save(weights, folder / "weights.pt")
    card = {
        "what": f"{recipe.net} trained on 10,000 images of Fashion-MNIST",
        "command": "python -m nin_course train",
        "measured_on": "2,000 test images, one forward pass each",
        "accuracy": round(accuracy, 6),
        "recipe": asdict(recipe),
        "seed": 0,
        "data_sha256": sample_hashes(),
        "weights_sha256": hashlib.sha256((folder / "weights.pt").read_bytes()).hexdigest(),
    }
    (folder / "card.json").write_text(json.dumps(card | changes))
    return folder


TEMPLATE = Recipe(net="template", sample=True)
