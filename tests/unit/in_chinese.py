"""What of a Chinese text is English: names of code, and what PyTorch says in an error, set apart."""

import json
import re

from nin_course.catalogue import CODE, Catalogue
from nin_course.language import ASSETS

BOOK = json.loads((ASSETS / "zh.json").read_text(encoding="utf-8"))
CHINESE = Catalogue(BOOK)
TUPLE, GLOSS = re.compile(r"\([\w ·]+(, [\w ·]+)+\)"), re.compile(r"（[A-Za-z -]+）")  # (out, in); （receptive field）
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
    "px",
    "True",
    "False",
    "None",
}


def english(text: str, least: int = 2) -> list[str]:
    """The runs of so many English words and more in it."""
    bare = CODE.sub("·", GLOSS.sub("", TUPLE.sub("", ERROR.sub("", text))))
    runs = re.findall(r"[A-Za-z]{2,}(?:,? [A-Za-z]+)" + f"{{{least - 1},}}", bare)
    return [run for run in runs if not set(re.findall(r"\w+", run)) <= NAMES]
