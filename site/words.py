"""The site's two languages: what stands on a page in English, said in Chinese as the course itself says it."""

import json
import re
from functools import cache
from pathlib import Path

from nin_course.catalogue import CHINESE, SPACE, STOP, Catalogue
from nin_course.language import ASSETS

LANGUAGES = ("en", "zh")
SITE = Path(__file__).parent
OWN = SITE / "zh.json"  # what only a page says: English -> Chinese, as templates of the course's own book
SAID, PLACE = re.compile(r"\bsay`((?:\$\{[^{}`]*\}|[^`])*)`"), re.compile(r"\$\{[^{}`]*\}")


@cache
def chinese() -> Catalogue:
    book, own = (json.loads(path.read_text(encoding="utf-8")) for path in (ASSETS / "zh.json", OWN))
    return Catalogue(book | {"templates": book["templates"] | own})


def say(text: str, language: str) -> str:
    """A text of the course or the site in one of LANGUAGES."""
    return text if language == "en" else chinese().translate(text)


def templates(script: str) -> list[str]:
    """What a script says: of each say`a ${b} c` "a {0} c", in one line."""

    def numbered(found: re.Match) -> str:
        numbers = iter(range(found[1].count("${")))
        return PLACE.sub(lambda _: f"{{{next(numbers)}}}", re.sub(r"\s+", " ", found[1]))

    return [numbered(found) for found in SAID.finditer(script)]


def spoken(language: str) -> dict:
    """What the scripts need to speak: their templates in this language, and how a sentence is made tidy."""
    if language == "en":
        return {"words": {}, "tidy": []}
    scripts = (path.read_text(encoding="utf-8") for path in sorted((SITE / "static").rglob("*.js")))
    words = {text: say(text, language) for script in scripts for text in templates(script)}
    return {"words": words, "chinese": CHINESE.pattern, "tidy": [[SPACE.pattern, ""], [STOP.pattern, "。"]]}
