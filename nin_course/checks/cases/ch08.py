"""Right and wrong answers to the exercises of chapter 08, with the words that each wrong one must be told.

The runs are folders of weights that are here already: of the run that comes as an answer, of the recorded one at its
600th step, of the shipped network.
"""

import hashlib
import json
import tempfile
from dataclasses import asdict
from fractions import Fraction
from math import isqrt, sqrt
from pathlib import Path

import numpy as np
import torch

from nin_course.checks.ch08 import (
    ALLOWED,
    STATEMENTS,
    beat_the_course,
    equal_width,
    paired_difference,
    what_follows,
)
from nin_course.checks.mistakes.ch08 import EQUAL_WIDTHS, OF_PAIRS, PAIRS
from nin_course.files import sample_hashes
from nin_course.recipe import preset
from nin_course.results import paired
from nin_course.weights import ASSETS


def _tensors(ours, theirs, factor):
    seeds = sorted(ours.keys() & theirs.keys())
    leads = torch.tensor([ours[s] - theirs[s] for s in seeds], dtype=torch.float64)
    return leads.mean(), factor[len(leads)] * leads.std() / len(leads) ** 0.5


def _by_hand(ours, theirs, factor):
    leads = []
    for seed, accuracy in theirs.items():
        if seed in ours:
            leads.append(ours[seed] - accuracy)
    n, total = len(leads), 0.0
    for lead in leads:
        total += lead
    squares = 0.0
    for lead in leads:
        squares += (lead - total / n) ** 2
    return [total / n, factor[n] * sqrt(squares / (n - 1) / n)]


def _of_squares(ours, theirs, factor):
    """The variance as mean square less squared mean, in exact fractions."""
    leads = [Fraction(str(ours[s])) - Fraction(str(theirs[s])) for s in set(ours) & set(theirs)]
    n = len(leads)
    mean = sum(leads) / n
    return float(mean), factor[n] * sqrt((sum(d * d for d in leads) - n * mean * mean) / (n - 1) / n)


def _numpy(ours, theirs, factor):
    seeds = [s for s in ours if s in theirs]
    leads = np.array([ours[s] for s in seeds]) - np.array([theirs[s] for s in seeds])
    return np.array([leads.mean(), factor[len(seeds)] * leads.std(ddof=1) / np.sqrt(len(seeds))])


def _forgotten(*arguments):
    result = arguments  # noqa: F841


paired_difference.right = {
    "tensors": (_tensors,),
    "by hand, in a list": (_by_hand,),
    "fractions": (_of_squares,),
    "numpy": (_numpy,),
    "a dict's values": (lambda *a: dict(mean=_tensors(*a)[0], half=_tensors(*a)[1]).values(),),
    "float32": (lambda *a: torch.stack(_tensors(*a)).float(),),
    "a generator": (lambda *a: (part for part in _tensors(*a)),),
    "the lab's own": (lambda ours, theirs, _: paired(ours, theirs),),
}


def _emptied(ours, theirs, factor):
    mean, half = _tensors(ours, theirs, factor)
    ours.pop(max(ours))
    return 2 * mean, half


def _overwritten(ours, theirs, factor):
    mean, half = _tensors(ours, theirs, factor)
    theirs[max(theirs)] = 0
    return mean, 3 * half


def _with(mean=lambda *a: _tensors(*a)[0], half=lambda *a: _tensors(*a)[1]):
    return (lambda *a: (mean(*a), half(*a)),)


paired_difference.wrong = {words: ((rule,), words) for words, rule in PAIRS.items()}
paired_difference.wrong |= {words: (_with(mean=rule), words) for words, rule in OF_PAIRS["mean"].items()}
paired_difference.wrong |= {words: (_with(half=rule), words) for words, rule in OF_PAIRS["half"].items()}
paired_difference.wrong |= {
    "two mistakes": (
        (lambda o, t, f: (-_tensors(o, t, f)[0], 2 * _tensors(o, t, f)[1]),),
        "The mean is that of theirs − ours; ours − theirs is wanted. That is the whole width",
    ),
    "swapped": ((lambda *a: _tensors(*a)[::-1],), "other order: (mean, half)"),
    "the interval's ends": (
        (lambda *a: (_tensors(*a)[0] - _tensors(*a)[1], _tensors(*a)[0] + _tensors(*a)[1]),),
        "for mean, it should be",
    ),
    "the mean alone": ((lambda *a: _tensors(*a)[0],), "Two things are wanted, (mean, half)"),
    "as a percentage": ((lambda *a: tuple(f"{v:.2f}" for v in _tensors(*a)),), "this is the string"),
    "a little more": ((lambda *a: (_tensors(*a)[0], 1.005 * _tensors(*a)[1]),), "for half, it should be"),
    "a constant": ((lambda *_: (0.4, 0.23),), "the same in all of these cases"),
    "a seed thrown away": ((_emptied,), "It also changes ours in place"),
    "an accuracy changed": ((_overwritten,), "It also changes theirs in place"),
    "printed": ((lambda *a: print(_tensors(*a)),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": (((0.4, 0.23),), "without brackets; this is a tuple of 2"),
    "stopped": ((lambda o, t, f: o - t,), "stopped with TypeError"),
}


def _search(i, o, k, layers, inner):
    wanted = k**2 * i * o + 2 * o**2
    return min(range(1, wanted + 1), key=lambda w: abs(k**2 * i * w + layers * inner**2 * w**2 - wanted))


def _walk(i, o, k, layers, inner):
    macs = lambda w: k * k * i * w + layers * inner * inner * w * w  # noqa: E731
    wanted, w = k * k * i * o + 2 * o * o, 1
    while macs(w) < wanted:
        w += 1
    return w if macs(w) - wanted < wanted - macs(w - 1) else w - 1


def _formula(i, o, k, layers, inner):
    """a w² + b w = c, by the formula that stands without a division by a."""
    a, b, c = layers * inner**2, k**2 * i, k**2 * i * o + 2 * o**2
    return round(2 * c / (b + sqrt(b * b + 4 * a * c)))


def _whole(i, o, k, layers, inner):
    a, b, c = layers * inner**2, k**2 * i, k**2 * i * o + 2 * o**2
    w = (isqrt(b * b + 4 * a * c) - b) // (2 * a) if a else c // b
    return min((w, w + 1), key=lambda w: abs(a * w * w + b * w - c))


equal_width.right = {
    "a search": (_search,),
    "a walk": (_walk,),
    "a formula": (_formula,),
    "whole numbers": (_whole,),
    "a tensor": (lambda *a: torch.tensor(_formula(*a)),),
    "one in a list": (lambda *a: [_formula(*a)],),
    "a float": (lambda *a: float(_whole(*a)),),
    "argmin": (
        lambda i, o, k, n, s: (
            (k**2 * i * (w := torch.arange(1, 5000)) + n * s**2 * w**2 - k**2 * i * o - 2 * o**2).abs().argmin() + 1
        ),
    ),
}

equal_width.wrong = {words: ((rule,), words) for words, rule in EQUAL_WIDTHS.items()}
equal_width.wrong |= {
    "a search that ends too early": (
        (lambda i, o, k, n, s: min(_search(i, o, k, n, s), o),),
        "you say 32, it should be 42",
    ),
    "a constant": ((lambda *_: 64,), "the same in all of these cases"),
    "both": ((lambda *a: (_search(*a), 1),), "one number, the width, is wanted; this is a tuple of 2"),
    "a string": ((lambda *a: f"{_search(*a)} channels",), "one number, the width, is wanted; this is the string"),
    "printed": ((lambda *a: print(_search(*a)),), "and returned None"),
    "no return": ((_forgotten,), "Is the `return` missing"),
    "called": ((185,), "without brackets; this is the number 185"),
}

what_follows.right = {
    "a string": ("AD",),
    "another order": ("da",),
    "with commas": ("A, D",),
    "in words": ("A and D",),
    "a list": (list("DA"),),
    "a set": (set("AD"),),
    "twice": ("AAD",),
}
BECAUSE = {"B": "+0.30 ± 0.81 has zero in it", "C": "P less Q is +0.10 ± 0.70", "E": "All of these runs had the same"}
BECAUSE |= {"F": "The interval is about the mean. Single leads go from 0.1 to 0.6"}
what_follows.wrong = {
    f"with {k}": ((ALLOWED + k,), f"{k}, {STATEMENTS[k]}: that does not follow. {why}") for k, why in BECAUSE.items()
}
what_follows.wrong |= {
    "without A": (("D",), f"A, {STATEMENTS['A']}: that does follow. The difference is +0.40 ± 0.23"),
    "without D": (("A",), f"D, {STATEMENTS['D']}: that does follow. +0.30 ± 0.81 ends well below 2"),
    "nothing": (("",), "Something follows"),
    "another letter": (("ADG",), "Answer with letters, A to F"),
    "a number": ((4,), "this is the number 4"),
    "None": ((None,), "this is None"),
    "a list of numbers": (([1, 4],), "this is a list of 2 with the number 1 in it"),
}


BETTER = ASSETS / "lab" / "better"  # a run above the curve: the course's own answer
HALFWAY = (ASSETS / "recorded_run" / "step_00600.pt").read_bytes()  # 0.875
_PLACE = tempfile.TemporaryDirectory(prefix="nin_course_")


def folder(name: str, weights: bytes | None, accuracy: float, recipe: dict | None = None, **changes) -> str:
    """A run as `train` leaves it, with fields of its card changed."""
    place = Path(_PLACE.name, name)
    place.mkdir(exist_ok=True)
    if weights is not None:
        (place / "weights.pt").write_bytes(weights)
    card = {
        "measured_on": "2,000 test images, one forward pass each",
        "accuracy": accuracy,
        "recipe": asdict(preset("laptop", **(recipe or {}))),
        "data_sha256": sample_hashes(),
        "weights_sha256": hashlib.sha256(weights or b"").hexdigest(),
    }
    (place / "card.json").write_text(json.dumps(card | changes), encoding="utf-8")
    return str(place)


def _empty(name: str) -> str:
    Path(_PLACE.name, name).mkdir(exist_ok=True)
    return str(Path(_PLACE.name, name))


def _better(**changes) -> dict:
    """The answer's card, with changes."""
    return json.loads((BETTER / "card.json").read_text(encoding="utf-8")) | changes


beat_the_course.right = {
    "the course's own answer": (str(BETTER),),
    "a Path": (BETTER,),
    "with a slash": (f"{BETTER}/",),
    "in quotes": (f" '{BETTER}' ",),
    "its card": (str(BETTER / "card.json"),),
    "its weights": (BETTER / "weights.pt",),
}
beat_the_course.wrong = {
    "too short": (
        (folder("short", HALFWAY, 0.875, recipe={"epochs": 4}),),
        "points above yours. Its recipe differs from yours: epochs 8 (yours: 4).",
    ),
    "nothing new": ((folder("same", HALFWAY, 0.875),), "It has your recipe: change something."),
    "the shipped network": ((str(ASSETS / "nin_small"),), "trained on other images than the sample's 10,000"),
    "another damaged copy": (
        (folder("other", HALFWAY, 0.875, data_sha256={"train-images-idx3-ubyte": "0"}),),
        "trained on other images than the sample's 10,000",
    ),
    "a card that lies": ((folder("lie", HALFWAY, 0.96),), "its card says 96.00%, its weights give 87.50%."),
    "a card that is too modest": ((folder("modest", HALFWAY, 0.7),), "its card says 70.00%, its weights give 87.50%."),
    "the weights of another run": (
        (folder("swapped", HALFWAY, 0.875, **{"weights_sha256": _better()["weights_sha256"]}),),
        "its weights.pt is not the file that its card describes",
    ),
    "another network": (
        (folder("net", HALFWAY, 0.875, recipe={"net": "nin_small_dense"}),),
        "its weights are not those of the network that its card names, nin_small_dense.",
    ),
    "no weights": ((folder("gone", None, 0.875),), "gone: its weights.pt is missing."),
    "no tensors": ((folder("words", b"weights", 0.875),), "its weights.pt cannot be loaded"),
    "on images held out": (
        (folder("apart", HALFWAY, 0.875, measured_on="1,000 held-out training images, one forward pass each"),),
        "it was measured on held-out training images; trained once more without --held-out",
    ),
    "stopped": ((_empty("stopped"),), "it has no card.json, as a run has that has come to its end."),
    "no such folder": (("runs/no such run",), "There is no folder 'runs/no such run', seen from"),
    "a number": ((0.91,), "The folder of a run is wanted, for example 'runs/mine'; this is the number 0.91."),
    "the card itself": ((_better(),), f"this is a dict of {len(_better())}."),
    "None": ((None,), "this is None."),
}
