"""Is a run as good as its card says? Its weights are measured once more. Chapter 08; `python -m nin_course compare`.

The card says what was done; the weights say what came of it. A card can be edited and a file can be swapped, so nothing
is believed that can be measured. Weights are loaded as tensors and nothing else (`weights_only`): a run from a stranger
cannot run code here.
"""

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from nin_course import files
from nin_course.data import FashionMNIST
from nin_course.device import find_device
from nin_course.diagnose import evaluation_mode
from nin_course.lab import Costs, costs, makers
from nin_course.recipe import NETS, Recipe
from nin_course.speed import Fast

ROUNDING = 1e-3  # of an image's largest logit: what a GPU with TF32's 10 bits of mantissa may add or take
TURNED = 2e-3  # of all images: so many at most may be right there and wrong here
LARGEST = 512  # side of an image in pixels
BATCH = 100


@dataclass(frozen=True)
class Audited:
    """A run that is what its card says: its recipe, the share of test images that are right, how many they are, costs.

    The share is the card's, so that it is the same on every machine, however that rounds.
    """

    recipe: Recipe
    accuracy: float
    images: int  # 2,000 if it was trained on the sample, 10,000 if on the full set
    costs: Costs


def audit(folder: Path) -> Audited:
    """Measures the weights in a folder that `python -m nin_course train` wrote on the test images that its card names.

    Raises ValueError, with what is wrong in one sentence, if the card is missing, not one of such a run, or says
    another accuracy than is found (beyond the images on which rounding decides); if the weights are missing, damaged,
    or no weights of this network; if it was measured on held-out images; or if it needs the full set, which is not
    here.
    """
    card = read_card(folder)
    recipe = _recipe(card)
    if "held-out" in card["measured_on"]:
        raise ValueError(
            "it was measured on held-out training images; trained once more without --held-out it can be compared"
        )
    X, y = _test_images(card)
    data = FashionMNIST(X, y, resize=recipe.size, device=find_device(), normalize=recipe.normalize)
    net = Fast(_network(folder, card, recipe).to(find_device()), channels_last=True)
    right, sure, possible = _count(net, data)
    said = round(card["accuracy"] * len(y))
    if not sure <= said <= possible or abs(said - right) > TURNED * len(y):
        raise ValueError(f"its card says {said / len(y):.2%}, its weights give {right / len(y):.2%}")
    with torch.device("meta"):
        return Audited(recipe, said / len(y), len(y), costs(_maker(recipe)(), recipe.size))


def read_card(folder: Path) -> dict:
    """The card, with the fields that are read here, of the right types."""
    kinds = {"recipe": dict, "measured_on": str, "accuracy": float, "data_sha256": dict, "weights_sha256": str}
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        if all(isinstance(card[name], kind) for name, kind in kinds.items()) and 0 <= card["accuracy"] <= 1:
            return card
    except FileNotFoundError:
        raise ValueError("it has no card.json, as a run has that has come to its end") from None
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise ValueError("its card.json is damaged, or not one that `train` wrote")


def _recipe(card: dict) -> Recipe:
    wanted = asdict(Recipe())
    if card["recipe"].keys() != wanted.keys() or any(type(v) is not type(wanted[k]) for k, v in card["recipe"].items()):
        raise ValueError("its card's recipe is not one of this course's")
    recipe = Recipe(**card["recipe"])
    if recipe.net not in NETS | makers():
        raise ValueError(f"its network, {recipe.net!r}, is none that the course can build")
    if not 0 < recipe.size <= LARGEST:
        raise ValueError(f"its images are {recipe.size} px large; 1 to {LARGEST} can be measured")
    return recipe


def _maker(recipe: Recipe):
    return (makers() | NETS)[recipe.net]


def _test_images(card: dict) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and labels of the test set that belongs to what it was trained on."""
    if card["data_sha256"] == files.sample_hashes():
        return files.read_split(files.SAMPLE_DIR, "t10k", files.sample_hashes())
    if card["data_sha256"] != files.FULL:
        raise ValueError("it was trained on other data than Fashion-MNIST, or on a damaged copy")
    try:
        folder = files.find_full()
        if folder is None:
            raise ValueError(f"it was trained on the full set, which is not here: {files.HOW_TO_GET_IT.rstrip('.')}")
        return files.read_split(folder, "t10k", files.FULL)
    except OSError as error:
        raise ValueError(f"it was trained on the full set, which cannot be read: {str(error).rstrip('.')}") from None


def _network(folder: Path, card: dict, recipe: Recipe) -> nn.Module:
    """The recipe's network with the weights in the folder."""
    try:
        content = (folder / "weights.pt").read_bytes()
    except FileNotFoundError:
        raise ValueError("its weights.pt is missing") from None
    except OSError as error:
        raise ValueError(f"its weights.pt cannot be read: {error.strerror}") from None
    if hashlib.sha256(content).hexdigest() != card["weights_sha256"]:
        raise ValueError("its weights.pt is not the file that its card describes: damaged, or of another run")
    net = _maker(recipe)()
    try:
        weights = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception:  # whatever a stranger's file makes of it
        raise ValueError("its weights.pt cannot be loaded, or holds something else than tensors") from None
    try:
        net.load_state_dict(weights, strict=True)
    except Exception:
        raise ValueError(f"its weights are not those of the network that its card names, {recipe.net}") from None
    return net


@torch.no_grad()
def _count(net: nn.Module, data: FashionMNIST) -> tuple[int, int, int]:
    """How many images are right; how many surely, and how many possibly, as far as rounding can make a difference."""
    right = sure = possible = 0
    for start in range(0, len(data), BATCH):
        X, y = data[range(start, min(start + BATCH, len(data)))]
        try:
            with evaluation_mode(net):
                logits = net(X)
        except (RuntimeError, ValueError):
            raise ValueError(f"its network does not take images of {X.shape[-1]} px") from None
        if not logits.isfinite().all():
            raise ValueError("its network answers with nan or infinity")
        true = logits.gather(1, y[:, None])[:, 0]
        lead = true - logits.scatter(1, y[:, None], -torch.inf).amax(dim=1)
        slack = ROUNDING * logits.abs().amax(dim=1)
        right += int((logits.argmax(dim=1) == y).sum())
        sure += int((lead > slack).sum())
        possible += int((lead >= -slack).sum())
    return right, sure, possible
