"""Makes the small Chinese font that figures are drawn with: `python -m nin_course.assets.make_font`.

A subset of Noto Sans CJK SC (in Debian: `apt-get install fonts-noto-cjk`): the characters that the catalogue and the
code of the Chinese chapters need, and no others. Whoever writes a new one makes the font anew.
"""

import ast
import hashlib
import json
import re
from pathlib import Path

from nin_course.language import ASSETS

WHOLE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
SC = 2  # which of the fonts in that file is the simplified Chinese one
FONT = ASSETS / "font" / "NotoSansCJKsc.otf"
CHAPTERS = ASSETS.parents[1] / "notebooks" / "source" / "zh"


def strings(source: str) -> str:
    """All that stands in the strings of a cell; what starts with % or ! is left out."""
    plain = "\n".join(line for line in source.splitlines() if not line.startswith(("%", "!")))
    return "".join(n.value for n in ast.walk(ast.parse(plain)) if isinstance(n, ast.Constant) and type(n.value) is str)


def needed() -> str:
    """The Chinese characters, full stops and brackets that may be drawn, each once, in their order."""
    import jupytext

    book = json.loads((ASSETS / "zh.json").read_text(encoding="utf-8"))
    text = "".join(book["templates"].values()) + "".join(words for _, words, _ in book["joints"])
    for chapter in CHAPTERS.glob("*.md"):
        cells = jupytext.read(chapter, fmt="md:myst").cells
        text += "".join(strings(cell.source) for cell in cells if cell.cell_type == "code")
    return "".join(sorted(set(re.findall(r"[\u2e80-\u9fff\uff00-\uffef]", text))))


def main(font: Path = FONT) -> None:
    """Writes the font and its card."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options(layout_features=[], hinting=False, name_IDs=[1, 2, 3, 4, 6], notdef_outline=True)
    with TTFont(WHOLE, fontNumber=SC, recalcTimestamp=False) as whole:
        version = f"{whole['head'].fontRevision:.3f}"
        cutter = subset.Subsetter(options)
        cutter.populate(text=needed())
        cutter.subset(whole)
        font.parent.mkdir(exist_ok=True)
        whole.save(font)
    card = {
        "what": "the characters of Noto Sans CJK SC, Regular, that the course draws in Chinese",
        "characters": len(needed()),
        "source": f"https://github.com/notofonts/noto-cjk, version {version}, as in Debian's fonts-noto-cjk",
        "licence": "SIL Open Font License 1.1, Copyright (c) 2014-2021 Adobe (http://www.adobe.com/)",
        "command": "python -m nin_course.assets.make_font",
        "sha256": hashlib.sha256(font.read_bytes()).hexdigest(),
    }
    (font.parent / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
