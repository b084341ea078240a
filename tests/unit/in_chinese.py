"""What of a Chinese text is English: names of code, and what PyTorch says in an error, set apart."""

import json
import re

from nin_course.catalogue import CODE, Catalogue
from nin_course.language import ASSETS

BOOK = json.loads((ASSETS / "zh.json").read_text(encoding="utf-8"))
CHINESE = Catalogue(BOOK)
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


def english(text: str) -> list[str]:
    """The runs of two English words and more in it."""
    bare = CODE.sub("·", ERROR.sub("", text))
    runs = re.findall(r"[A-Za-z]{2,}(?:,? [A-Za-z]+)+", bare)
    return [run for run in runs if not set(re.findall(r"\w+", run)) <= NAMES]
