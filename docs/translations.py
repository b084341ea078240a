"""Shows each translation that nobody has read beside its English as both are now: `python docs/translations.py`.

Rules see a missing sentence, a number, a word of the glossary. That a sentence means something else, only a reader
sees. So each pair that was read leaves a digest of both its sides in translations.read; `--read` writes them anew.
"""

import hashlib
import json
import sys
from pathlib import Path

import jupytext

REPO = Path(__file__).parents[1]
RECORD = REPO / "docs" / "translations.read"
Pairs = dict[str, tuple[str, str]]  # where it stands -> (English, Chinese)


def books() -> Pairs:
    """What the package and the site say."""
    said = json.loads((REPO / "nin_course/assets/zh.json").read_text(encoding="utf-8"))["templates"]
    site = json.loads((REPO / "site/zh.json").read_text(encoding="utf-8"))
    return {f"zh.json: {a}": (a, b) for a, b in said.items()} | {f"site/zh.json: {a}": (a, b) for a, b in site.items()}


def words() -> Pairs:
    """The glossary, row by row."""
    rows = (REPO / "docs/glossary.md").read_text(encoding="utf-8").split("| -- |", 1)[1].splitlines()[1:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if row.startswith("|")]
    return {f"glossary.md: {row[0]}": (row[0], " | ".join(row[1:3])) for row in cells}


def chapter(english: Path, chinese: Path) -> Pairs:
    """A chapter's cells, but for those that are the same in both."""
    both = zip(*(jupytext.read(path, fmt="md:myst").cells for path in (english, chinese)), strict=False)
    cells = {f"{english.name}, cell {n}": (a.source, b.source) for n, (a, b) in enumerate(both, 1)}
    return {name: pair for name, pair in cells.items() if pair[0] != pair[1]}


def pairs() -> Pairs:
    """All that is said in both languages."""
    found = books() | words()
    found["README.md"] = tuple((REPO / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md"))
    for chinese in sorted((REPO / "notebooks/source/zh").glob("*.md")):
        found |= chapter(chinese.parents[1] / chinese.name, chinese)
    return found


def digest(pair: tuple[str, str]) -> str:
    """Of both sides, wherever their lines break."""
    text = "\0".join(" ".join(side.split()) for side in pair)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def record(found: Pairs) -> str:
    """The lines of translations.read when all of these have been read."""
    return "".join(f"{line}\n" for line in sorted({digest(pair) for pair in found.values()}))


def unread(found: Pairs, text: str) -> Pairs:
    """Those of the pairs that the record does not have as they are now."""
    known = set(text.split())
    return {name: pair for name, pair in found.items() if digest(pair) not in known}


def main(arguments: list[str]) -> None:
    """Prints what is unread, English above Chinese; with `--read` it is read from now on."""
    found = pairs()
    for name, (english, chinese) in unread(found, RECORD.read_text(encoding="utf-8")).items():
        print(f"--- {name}\n{english}\n\n{chinese}\n")
    if arguments == ["--read"]:
        RECORD.write_text(record(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
