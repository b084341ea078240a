"""The Chinese course is the English one in other words: the same cells, the same code, the same results.

What it computes is proved once, by running the English notebooks. Here their stored outputs are compared: numbers,
pictures and verdicts are the same, and what the package says is said in Chinese.
"""

import ast
import base64
import json
import re
import struct
from collections import Counter
from pathlib import Path

import build
import jupytext
import nbformat
import pytest
from in_chinese import BOOK, CHINESE, GLOSS, english, marks
from IPython.core.inputtransformer2 import TransformerManager

from nin_course.data import LABELS

CHAPTERS = {path.stem: path for path in build.chapters(build.CHINESE)}
NOTEBOOKS = [
    path.relative_to(build.STUDENT) for stem in CHAPTERS for path in build.targets(build.SOURCE / f"{stem}.md")
]
MARK = re.compile(r"\[(OK|--)\] ")
TITLE = re.compile(r"[\w’', ]+ \(run this cell to play\): ")


def test_every_chapter_is_there_in_chinese():
    assert {path.stem for path in build.chapters()} == set(CHAPTERS)


class Blank(ast.NodeTransformer):
    """Takes the words out of strings."""

    def visit_Constant(self, node):
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node):
        self.generic_visit(node)
        node.values = sorted(
            (part for part in node.values if not isinstance(part, ast.Constant)), key=ast.dump
        )  # Chinese may name the places in another order
        return node


def code(source: str) -> str:
    """A cell's code without words and comments."""
    return ast.dump(Blank().visit(ast.parse(TransformerManager().transform_cell(source))))


def headings(source: str) -> list[int]:
    return [len(found) for found in re.findall(r"^(#+) ", source, re.MULTILINE)]


def differences(one: Path, other: Path) -> list[str]:
    """Where two sources of a chapter differ in more than words: the cell's number, counted from 1, and what it is."""
    a, b = (jupytext.read(path, fmt="md:myst").cells for path in (one, other))
    found = [] if len(a) == len(b) else [f"{len(a)} cells, and {len(b)}"]
    for n, (x, y) in enumerate(zip(a, b, strict=False), 1):
        tags = [cell.metadata.get("tags", []) for cell in (x, y)]
        if x.cell_type != y.cell_type:
            found.append(f"cell {n}: {x.cell_type}, and {y.cell_type}")
        elif tags[0] != tags[1]:
            found.append(f"cell {n}: tagged {tags[0]}, and {tags[1]}")
        elif x.cell_type == "code" and code(x.source) != code(y.source):
            found.append(f"cell {n}: other code\n{y.source}")
        elif x.cell_type == "markdown" and headings(x.source) != headings(y.source):
            found.append(f"cell {n}: other headings")
    return found


@pytest.mark.parametrize("stem", CHAPTERS)
def test_a_chinese_chapter_has_the_same_cells_with_the_same_code(stem):
    assert differences(build.SOURCE / f"{stem}.md", CHAPTERS[stem]) == []


def named(prose: str) -> Counter[str]:
    """How often a chapter's prose has each number of two digits and more, each piece of code and each link."""
    prose = re.sub(r"^ *```.*?^ *```$|README\S*", "", prose, flags=re.DOTALL | re.MULTILINE)
    bare = re.sub(r"`[^`]*`|\]\([^)]*\)", "", prose)
    found = re.findall(r"`[^`]+`|\]\([^)]+\)", prose) + re.findall(r"\d[\d.,]*\d", bare)
    return Counter(re.sub('"[^"]*"', "", " ".join(name.split())) for name in found)  # strings are words


@pytest.mark.parametrize("stem", CHAPTERS)
def test_a_number_a_name_of_code_and_a_link_of_the_prose_are_in_the_same_cell_in_chinese(stem):
    pairs = zip(
        *(jupytext.read(path, fmt="md:myst").cells for path in (build.SOURCE / f"{stem}.md", CHAPTERS[stem])),
        strict=True,
    )
    left = {n: named(x.source) - named(y.source) for n, (x, y) in enumerate(pairs, 1) if x.cell_type == "markdown"}
    said = {"11", "8.9"} if stem.startswith("08") else set()  # million, which are 一千一百万 and 890 万
    assert not {n: names for n, names in left.items() if set(names) - said}


def filled(source: str) -> list[list[str]]:
    """What stands in the places of each f-string of a cell, the words in it left out."""
    nodes = [
        n for n in ast.walk(ast.parse(TransformerManager().transform_cell(source))) if isinstance(n, ast.JoinedStr)
    ]
    places = [[part.value for part in node.values if isinstance(part, ast.FormattedValue)] for node in nodes]
    return [[re.sub("'[^']*'", "''", ast.unparse(place)) for place in some] for some in places]


@pytest.mark.parametrize("stem", CHAPTERS)
def test_the_places_of_a_string_are_filled_in_the_same_order(stem):
    both = (jupytext.read(path, fmt="md:myst").cells for path in (build.SOURCE / f"{stem}.md", CHAPTERS[stem]))
    cells = [pair for pair in zip(*both, strict=True) if pair[0].cell_type == "code"]
    pairs = [pair for x, y in cells for pair in zip(filled(x.source), filled(y.source), strict=True)]
    turned = [theirs for ours, theirs in pairs if ours != theirs]
    assert turned == ([["names[k]", "counts[k]"]] if stem.startswith("07") else [])  # 衬衫 3 张, 3 shirts


def strings(source: str) -> list[str]:
    """The strings of a cell, in their order, without those with places."""
    nodes = list(ast.walk(ast.parse(TransformerManager().transform_cell(source))))
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    return [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in parts]


def said_in_two_ways(one: Path, other: Path) -> list[str]:
    """What is one string in a chapter's code and two in the other's: a choice or a key that is not met any more.

    What stays as it is may be said, too: a key of a record, and its name in a picture.
    """
    found, said = [], {}
    for x, y in zip(*(jupytext.read(path, fmt="md:myst").cells for path in (one, other)), strict=True):
        pairs = zip(strings(x.source), strings(y.source), strict=True) if x.cell_type == "code" else ()
        names = {(a, b.strip()) for a, b in pairs if re.match(r"\w", a)}
        found += [f"{a}: {b}, {said[a]}" for a, b in names if a != b != said.setdefault(a, b)]
        found += [f"{b}: twice" for b in {b for _, b in names} if sum(b == other for _, other in names) > 1]
    return found


@pytest.mark.parametrize("stem", CHAPTERS)
def test_what_is_one_string_in_a_chapters_code_is_one_in_chinese(stem):
    assert said_in_two_ways(build.SOURCE / f"{stem}.md", CHAPTERS[stem]) == []


@pytest.mark.parametrize(("old", "new", "told"), [
    ('"两个都会"', '"都不会"', "都不会: twice"),
    ('noticed, "都不会"', 'noticed, "都没有"', "neither: 都没有, 都不会"),
])  # fmt: skip
def test_a_choice_that_is_not_met_any_more_is_named(tmp_path, old, new, told):
    original = CHAPTERS["09_where_it_went"]
    assert old in original.read_text(encoding="utf-8")
    (tmp_path / "x.md").write_text(original.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert told in said_in_two_ways(build.SOURCE / original.name, tmp_path / "x.md")


@pytest.mark.parametrize(("old", "new", "told"), [
    ("X.shape[2:]", "X.shape[1:]", "other code"),
    ("[reveal]", "[check]", "tagged"),
    ("## ", "### ", "other headings"),
    ("+++", "", "cells, and"),
    ("d2l.", "d2l.plots.", "other code"),
])  # fmt: skip
def test_what_one_language_misses_is_named_with_its_cell(tmp_path, old, new, told):
    original = CHAPTERS["03_global_average_pooling"]
    assert old in original.read_text(encoding="utf-8")
    changed = tmp_path / original.name
    changed.write_text(original.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    assert told in differences(build.SOURCE / original.name, changed)[0]


def outputs(path: Path) -> list[list[dict]]:
    """Each code cell's outputs; without the cell that the build puts in front, and those that nbval excuses, too."""
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    excused = {"nbval-ignore-output", "nbval-skip"}
    return [
        cell.outputs
        for cell in cells
        if cell.source != build.SPEAK.rstrip() and not excused & set(cell.metadata.get("tags", []))
    ]


def text_of(output) -> str:
    return output.text if output.output_type == "stream" else output.get("data", {}).get("text/plain", "")


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?", text))


def sizes(output) -> list[tuple[int, int]]:
    """(width, height) of its picture."""
    picture = output.get("data", {}).get("image/png")
    return [struct.unpack(">2I", base64.b64decode(picture)[16:24])] if picture else []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=map(str, NOTEBOOKS))
def test_the_chinese_notebook_found_what_the_english_one_found(path):
    """Kinds of outputs, numbers in them, verdicts, pictures; their margins fit the words, and demos' not even that.

    A question may name a number that English leaves to be understood; it stands in the chapter.
    """
    asked = numbers(CHAPTERS[path.stem].read_text(encoding="utf-8"))
    pairs = list(zip(outputs(build.STUDENT / path), outputs(build.STUDENT / build.CHINESE / path), strict=True))
    assert sum(map(len, (there for there, _ in pairs)))
    for here, there in pairs:
        assert [o.output_type for o in here] == [o.output_type for o in there]
        for a, b in zip(here, there, strict=True):
            assert sorted(a.get("data", {})) == sorted(b.get("data", {}))
            one, other = text_of(a), text_of(b)
            if "Figure size" not in one:
                assert numbers(one) <= numbers(other) <= numbers(one) | asked, one
            assert MARK.match(one) is None or MARK.match(one)[0] == MARK.match(other)[0]
            for (wide, high), (wide_, high_) in zip(sizes(a), sizes(b), strict=True):
                if TITLE.match(one):
                    assert (wide, high) == (wide_, high_)
                assert abs(wide - wide_) <= 0.15 * wide
                assert abs(high - high_) <= 0.15 * high


@pytest.mark.parametrize("path", NOTEBOOKS, ids=map(str, NOTEBOOKS))
def test_what_the_package_says_in_a_chinese_notebook_is_what_the_catalogue_says_now(path):
    """Demos and verdicts, and the words on every widget: no sentence of them is English."""
    pairs = zip(outputs(build.STUDENT / path), outputs(build.STUDENT / build.CHINESE / path), strict=True)
    for here, there in pairs:
        for a, b in zip(here, there, strict=True):
            one, other = text_of(a), text_of(b)
            mark = MARK.match(one)
            if TITLE.match(one) or mark:
                mark = mark[0] if mark else ""
                assert mark + CHINESE.translate(one.removeprefix(mark)) == other
    book = json.loads((build.STUDENT / build.CHINESE / path).read_text(encoding="utf-8"))
    (states,) = book["metadata"].get("widgets", {"": {"state": {}}}).values()
    shown = [state["state"].get(name) or "" for state in states["state"].values() for name in ("description", "value")]
    words = [re.sub(r"<[^>]*>", "", text) for text in shown if isinstance(text, str)]
    assert not [text for text in words if english(text) and text != "one cycle"]  # a recipe, called so


def lines(path: Path) -> list[str]:
    """What a reader finds below the cells, line by line, without pictures and widgets."""
    found = []
    for output in (output for cell in outputs(build.STUDENT / build.CHINESE / path) for output in cell):
        answer = re.sub(r"<[^>]*>", "\n", output.get("data", {}).get("text/html", ""))
        found += f"{answer or text_of(output)}".splitlines()
    return found


OURS = [t for t, words in BOOK["templates"].items() if words != t and re.fullmatch(r"[^{}]*[a-z] [^{}]*", t)]
CLASS = re.compile(rf"\b({'|'.join(LABELS)})\b", re.IGNORECASE)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=str)
def test_what_a_cell_prints_and_answers_has_the_chapters_words_and_marks(path):
    """Nothing that the catalogue has in Chinese is English in it, but for a key that the prose explains （as here）."""
    prose = CHAPTERS[path.stem].read_text(encoding="utf-8")
    for line in lines(path):
        said = [text for text in OURS if text in line and f"（{text}）" not in prose]
        assert not said + CLASS.findall(GLOSS.sub("", line)), line
        assert not marks(re.sub("(?<=[：，]) +", "", line)), line  # `print` puts a space between its words
