"""The weights that come with the course: a NiN that has learned Fashion-MNIST, its twin, and a recorded run.

Each lies in assets/ beside a card.json that says how it was made, with what, how good it is, and by which command.
Images go in normalised: `load_data_fashion_mnist(..., normalize=True)`.
"""

import hashlib
import io
import json
from pathlib import Path

import torch
from torch import nn

from nin_course.models import nin_small

ASSETS = Path(__file__).parent / "assets"
FOLDERS = {"average": "nin_small", "dense": "nin_small_dense"}


def pretrained_nin(*, head: str = "average") -> nn.Sequential:
    """`nin_small(head=head)` with the shipped weights, in evaluation mode: (N, 1, H, W) normalised -> (N, 10) logits.

    head="dense" is the twin with a dense layer in place of global average pooling, trained the same way; it takes 28 px
    only. Raises ValueError if the file is not the one its card describes.

    >>> pretrained_nin()(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """
    net = nin_small(head=head)
    net.load_state_dict(_read(ASSETS / FOLDERS[head] / "weights.pt", card(head)["weights_sha256"]), strict=True)
    return net.eval()


def card(head: str = "average") -> dict:
    """How the shipped weights were made and how good they are: accuracy, per_class, confusion, command and so on."""
    return json.loads((ASSETS / FOLDERS[head] / "card.json").read_text(encoding="utf-8"))


def recorded_run() -> list[tuple[int, nn.Sequential]]:
    """(steps, network) from one training run, at the start, then at ever longer distances, as `pretrained_nin()` is.

    Its card.json says more; the weights were stored as float16. Raises ValueError if a file is not the recorded one.
    """
    found = []
    for record in recorded_run_card()["snapshots"]:
        net = nin_small()
        net.load_state_dict(_read(ASSETS / "recorded_run" / record["file"], record["sha256"]), strict=True)
        found.append((record["step"], net.eval()))
    return found


def recorded_run_card() -> dict:
    """How the recorded run was made, and of each of its snapshots: step, file, accuracy, per_class, never_said."""
    return json.loads((ASSETS / "recorded_run" / "card.json").read_text(encoding="utf-8"))


def stuck_runs() -> list[dict]:
    """120 recorded runs of one NiN, twenty seeds of six recipes, from worst to best recipe. Chapter 06.

    Each has its `recipe`, `seed`, `loss` (means of ten steps), `accuracy`, `confusion` (rows: the truth) and
    `never_said`; `health` and `evidence` (mean logit of each class) map a step, as text, to an examination.
    """
    lines = (ASSETS / "stuck_runs" / "runs.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _read(path: Path, sha256: str) -> dict[str, torch.Tensor]:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"{path} is not the file that card.json beside it describes. `git checkout` brings it back.")
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
