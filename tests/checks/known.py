"""What each known mistake gives, case by case, written down: `python tests/checks/known.py` writes known.json anew.

The rules in nin_course/checks/mistakes were tried on wrong answers of readers who had not seen them. A rule that is
changed by accident still names something, only not what its sentence says; so what they gave then is kept. Whoever
changes one on purpose, or a case, writes the file anew and reads in its difference what has changed.
"""

import json
from pathlib import Path

import torch
from exercises import JUDGED, judged

from nin_course.checks._calling import call

PAGE = Path(__file__).parent / "known.json"


def short(value) -> list:
    """Of each part its shape, its sum, and a sum in which places count; or the error's name."""
    if not isinstance(value, (dict, torch.Tensor)):
        return [type(value).__name__]
    found = []
    for numbers in value.values() if isinstance(value, dict) else [value]:
        flat = numbers.double().flatten()
        places = torch.arange(1, len(flat) + 1).double().sin()  # no two alike
        found += [*numbers.shape, *(float(f"{n:.5g}") for n in (flat.sum(), flat @ places))]
    return found


def known(name: str) -> dict[str, list]:
    """Of an exercise: each sentence -> what its rule gives in each case; "" is the right rule."""
    _, judge = judged(name)
    see = judge.see or judge.read
    given = {
        words: [judge._seen(call(rule, *case), see) for case in judge.cases]
        for words, rule in {"": judge.rule, **judge.mistakes}.items()
    }
    for part, rules in judge.of_part.items():
        given |= {
            f"{part}: {words}": [judge._part(rule, case) for case in judge.cases] for words, rule in rules.items()
        }
    return {words: [short(value) for value in values] for words, values in given.items()}


def main() -> None:
    lines = [
        f"{json.dumps([name, words], ensure_ascii=False)[:-1]}, {json.dumps(values)}]"
        for name in JUDGED
        for words, values in known(name).items()
    ]
    PAGE.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
