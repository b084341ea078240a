"""Recipes that always learn. Chapter 05 trains with them, chapter 06 takes them apart.

A `Recipe` is everything that decides how a run goes, but for the seed and the device. docs/decisions/0009 tells how its
numbers were found and what each ingredient is worth.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import nn
from torch.utils.data import DataLoader

from nin_course.augment import Augment
from nin_course.data import load_data_fashion_mnist
from nin_course.models import nin, nin_small
from nin_course.norm import add_batch_norm
from nin_course.processes import join_processes, share
from nin_course.speed import has_bfloat16
from nin_course.train import fit

NETS: dict[str, Callable[[], nn.Module]] = {
    "nin_small": nin_small,
    "nin_small_dense": partial(nin_small, head="dense"),
    "nin_wide": partial(nin, head="wide"),
    "nin_notes": nin,
}


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. AdamW (Loshchilov, Hutter 2019) throughout; with weight_decay=0 it is Adam."""

    net: str = "nin_small"  # a name in NETS
    size: int = 28  # side of the images, in pixels
    sample: bool = False  # the embedded sample instead of the full set
    epochs: int = 4
    batch_size: int = 64
    lr: float = 4e-3  # the highest, if one_cycle
    weight_decay: float = 1e-2
    one_cycle: bool = True  # up for a quarter of the run, then down to nothing (Smith, Topin 2017, arXiv:1708.07120)
    label_smoothing: float = 0.0
    batch_norm: bool = True
    normalize: bool = True  # pixels with mean 0 and deviation 1
    flip: bool = True
    shift: int = 1  # pixels, at 28
    erase: int = 0  # side of the covered square, in pixels, at 28
    fast: bool = True  # channels-last, and bfloat16 where the device has it


PRESETS = {
    "smoke": Recipe(sample=True, epochs=1),
    "laptop": Recipe(sample=True, epochs=8),
    "gpu": Recipe(net="nin_wide", size=224, epochs=5, batch_size=128),
    "notes": Recipe(
        *("nin_notes", 224, False, 5, 128, 2e-3, 0.0),
        **dict.fromkeys(["one_cycle", "batch_norm", "normalize", "flip", "fast"], False),
        shift=0,
    ),
}


def preset(name: str | None = None, **changes) -> Recipe:
    """The recipe of that name, "smoke" (seconds), "laptop" (minutes), "gpu" or "notes", with fields changed.

    Without a name it is "gpu" where there is a GPU, of any make, and "laptop" elsewhere. Raises ValueError for an
    unknown name or field.

    >>> preset("laptop", epochs=2).epochs
    2
    """
    name = name or ("gpu" if torch.accelerator.is_available() else "laptop")
    if name not in PRESETS:
        raise ValueError(f"preset={name!r} is not one of {', '.join(map(repr, PRESETS))}.")
    unknown = set(changes) - set(vars(PRESETS[name]))
    if unknown:
        raise ValueError(f"A recipe has no {', '.join(sorted(unknown))}; it has {', '.join(vars(PRESETS[name]))}.")
    return replace(PRESETS[name], **changes)


def build(recipe: Recipe) -> nn.Module:
    """The recipe's network, untrained, with batch norm if the recipe has it. Raises ValueError for an unknown net."""
    if recipe.net not in NETS:
        raise ValueError(f"net={recipe.net!r} is not one of {', '.join(map(repr, NETS))}.")
    net = NETS[recipe.net]()
    return add_batch_norm(net) if recipe.batch_norm else net


def load(recipe: Recipe, device="cpu", *, held_out: int = 0):
    """The recipe's two loaders: training images, and the test images (or the held-out ones)."""
    augment = Augment(recipe.flip, recipe.shift, recipe.erase)
    settings = dict(sample=recipe.sample, normalize=recipe.normalize, device=device, held_out=held_out)
    return load_data_fashion_mnist(recipe.batch_size, recipe.size, augment=augment, **settings)


def prepare(recipe: Recipe, train_iter=None, *, device=None, seed: int = 0) -> tuple[nn.Module, DataLoader, dict]:
    """The untrained network, its training batches and the rest that `fit` needs, as keyword arguments.

    `train_iter` is the recipe's own unless given; under `torchrun` this process's share of it is returned. `device` is
    the GPU if there is one, unless named.
    """
    device = join_processes(device)
    train_iter = share(train_iter or load(recipe, device)[0])
    torch.manual_seed(seed)
    net = build(recipe).to(device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay)
    scheduler = None
    if recipe.one_cycle:
        steps = recipe.epochs * len(train_iter)
        scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.lr, total_steps=steps, pct_start=0.25)
    settings = dict(epochs=recipe.epochs, optimizer=optimizer, scheduler=scheduler, device=device, seed=seed)
    settings |= dict(label_smoothing=recipe.label_smoothing, channels_last=recipe.fast)
    settings["autocast"] = recipe.fast and has_bfloat16(device)
    return net, train_iter, settings


def train(recipe: Recipe, train_iter=None, valid_iter=None, *, device=None, seed: int = 0, **options):
    """Trains by `recipe`; returns the network, as it was trained (`fold_batch_norm` folds it), and its History.

    `valid_iter`, if given, is measured after every epoch; `options` go to `fit`, the rest to `prepare`. The same seed
    on the same machine gives the same network and the same history.

    >>> net, history = train(preset("smoke"), progress=False)  # doctest: +SKIP
    """
    net, train_iter, settings = prepare(recipe, train_iter, device=device, seed=seed)
    return net, fit(net, train_iter, valid_iter, **settings, **options)
