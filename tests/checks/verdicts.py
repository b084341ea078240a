"""What each known answer and all junk is told, written down: `python tests/checks/verdicts.py` writes it anew.

The tests say of a wrong answer which words its verdict must hold; what else it holds, a number or the second half of
the sentence, is held against this. Whoever changes a sentence on purpose writes it anew and reads in its difference
what is now told to whom.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from exercises import EXERCISES
from junk import everything

PAGE = Path(__file__).parent / "verdicts.json"
ERROR = re.compile(r"(\w+(?:Error|Exception|Exit)(?:, at `[^`]*`)?): .*", re.DOTALL)  # what Python and PyTorch say
FOLDER = re.compile(r"[^\s']*nin_course_\w+[/\\]")  # of a machine's temporary files
TRAINED = ("ch06.name_the_faults", "ch06.repaired")
DECIMAL = re.compile(r"(\d+\.\d+(?:e[-+]?\d+)?)")


def junk(name: str) -> Iterator[tuple[str, tuple]]:
    """What it is and where it stands, and the answers with it in a right one's place."""
    right = next(iter(EXERCISES[name].right.values()))
    for kind, value in everything().items():
        for place in range(len(right)):
            yield f"{kind}, {place + 1} of {len(right)}", (*right[:place], value, *right[place + 1 :])
        if len(right) > 1:
            yield f"{kind}, all", (value,) * len(right)


def answers(name: str) -> dict[str, tuple]:
    """Each right answer, each wrong one and all junk."""
    exercise = EXERCISES[name]
    found = {f"right: {kind}": answer for kind, answer in exercise.right.items()}
    found |= {f"wrong: {kind}": answer for kind, (answer, _) in exercise.wrong.items()}
    return found | {f"junk: {kind}": answer for kind, answer in junk(name)}


@cache
def written() -> dict[tuple[str, str], str]:
    rows = json.loads(PAGE.read_text(encoding="utf-8"))
    return {(name, kind): text for name, text, *kinds in rows for kind in kinds}


def plain(text: str) -> str:
    """Without what is another machine's: others' words, and where folders are."""
    for folder in {Path.cwd(), PAGE.parents[2]}:
        text = text.replace(str(folder), "the course's folder")
    return FOLDER.sub("", ERROR.sub(r"\1", text))


def same(name: str, text: str, before: str) -> bool:
    """But for the last digits of decimals, and for all numbers of networks that the check, or the chapter, trains."""
    one, other = plain(text), before
    if name in TRAINED:
        one, other = (re.sub(r"\d[\d,.]*", "#", t) for t in (one, other))
    one, other = DECIMAL.split(one), DECIMAL.split(other)
    numbers = [float(n) for n in one[1::2]], [float(n) for n in other[1::2]]
    return one[::2] == other[::2] and numbers[0] == pytest.approx(numbers[1], rel=2e-3, abs=1e-6)


def as_before(name: str, kind: str, text: str) -> None:
    """Asserts that this is what this answer was told."""
    before = written().get((name, kind), "nothing")
    assert same(name, text, before), f"{name}, {kind}: it was told\n{before}\n(python tests/checks/verdicts.py)"


def main() -> None:
    told = {}
    for name in EXERCISES:
        for kind, answer in answers(name).items():
            told.setdefault((name, plain(EXERCISES[name](*answer).text)), []).append(kind)
    lines = [json.dumps([*name_and_text, *kinds], ensure_ascii=False) for name_and_text, kinds in told.items()]
    PAGE.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
