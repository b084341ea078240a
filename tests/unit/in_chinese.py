"""What of a Chinese text is English, names of code and what PyTorch says set apart; and which of its marks are."""

import builtins
import json
import re

import torch
from torch import nn

from nin_course.catalogue import CODE, Catalogue
from nin_course.language import ASSETS

BOOK = json.loads((ASSETS / "zh.json").read_text(encoding="utf-8"))
CHINESE = Catalogue(BOOK)
TUPLE, GLOSS = re.compile(r"\([\w ·]+(, [\w ·]+)+\)"), re.compile(r"（[A-Za-z -]+）")  # (out, in); （receptive field）
HELD = re.compile(
    r"`[^`]*`|'[^']*'|\([^()]*\)|\[[^\[\]]*\]|(?<![\u3400-\u9fff])T恤"
)  # code, shapes; a word that begins so
LETTER, STOP = "[\u3400-\u9fff]", "[，。：；？！、]"
MARKS = re.compile(  # what Chinese does not write: , and ( at a letter, a space too many or too few, two stops
    rf"{LETTER}[,;:?!.](?=\s|$|{LETTER})|[,;:] ?{LETTER}|\d, \d|{LETTER} {LETTER}|{LETTER}[()]|[()]{LETTER}"
    rf"|\S {STOP}|{STOP} (?! )|{STOP}{STOP}|{LETTER}[A-Za-z0-9`]|[A-Za-z0-9`]{LETTER}"
)
ERROR = re.compile(r"\b\w+(Error|Exception|Interrupt)\b.*?(。|$)", re.DOTALL)
NAMES = {
    "NiN",
    "ReLU",
    "GAP",
    "Fashion",
    "MNIST",
    "CPU",
    "GPU",
    "logit",
    "softmax",
    "MB",
    "GB",
    "True",
    "False",
    "None",
}


def english(text: str, least: int = 2) -> list[str]:
    """The runs of so many English words and more in it."""
    bare = CODE.sub("·", GLOSS.sub("", TUPLE.sub("", ERROR.sub("", text))))
    runs = re.findall(r"[A-Za-z]{2,}(?:,? [A-Za-z]+)" + f"{{{least - 1},}}", bare)
    return [run for run in runs if not set(re.findall(r"\w+", run)) <= NAMES]


# One word of code may stand alone: Python's and PyTorch's names, and what the exercises call their numbers.
OF_CODE = {name for place in (builtins, torch, torch.Tensor, nn, nn.functional, torch.optim) for name in dir(place)}
OF_CODE |= {"AlexNet", "Dice", "FLOPs", "MiB", "PyTorch", "Python", "conv", "dense", "forward", "kernel", "ln", "meta"}
OF_CODE |= {"bottom", "channels", "classes", "height", "in", "out", "shares", "start", "width"}


def unknown(text: str, *names: str) -> set[str]:
    """The single English words in it that are no names of code, no --options, nor one of these."""
    return set(english(re.sub(r"--[\w-]+", "", text), least=1)) - OF_CODE - set(names)


def marks(text: str) -> list[str]:
    """The places in a Chinese text where a mark is English, a space is missing, or there is one too many."""
    return MARKS.findall(HELD.sub("·", text)) if re.search(LETTER, text) else []
