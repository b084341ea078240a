"""Right and wrong answers to the exercises of chapter 08, with the words that each wrong one must be told.

The runs are folders of weights that are here already: of the run that comes as an answer, of the recorded one at its
600th step, of the shipped network.
"""

import hashlib
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from nin_course.checks.ch08 import beat_the_course
from nin_course.files import sample_hashes
from nin_course.recipe import preset
from nin_course.weights import ASSETS

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
    "no weights": ((folder("gone", None, 0.875),), "its weights.pt is missing."),
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
