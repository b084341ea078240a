"""What is said in two languages was read in both as it is now."""

import json
import re

import jupytext
import pytest
import translations
from translations import REPO, record, unread

FOUND = translations.pairs()
TEXT = translations.RECORD.read_text(encoding="utf-8")
CHAPTERS = sorted((REPO / "notebooks/source/zh").glob("*.md"))


def test_every_translation_was_read_beside_its_english():
    assert not list(unread(FOUND, TEXT)), "read them: python docs/translations.py (--read when you have)"
    assert record(FOUND) == TEXT, "what is gone, or no longer in two languages, leaves the record: --read"


def test_all_that_has_two_languages_is_among_them():
    said = json.loads((REPO / "nin_course/assets/zh.json").read_text(encoding="utf-8"))["templates"]
    page = json.loads((REPO / "site/zh.json").read_text(encoding="utf-8"))
    assert {f"zh.json: {text}": (text, chinese) for text, chinese in said.items()}.items() <= FOUND.items()
    assert {f"site/zh.json: {text}": (text, chinese) for text, chinese in page.items()}.items() <= FOUND.items()
    table = (REPO / "docs/glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+ \| [^|]*?) \| [^|]+ \|$", table, re.MULTILINE)[2:]
    assert len(rows) > 80
    assert {f"glossary.md: {english}": (english, chinese) for english, chinese in rows}.items() <= FOUND.items()
    assert all(
        f"]({name})" in side for name, side in zip(("README.zh.md", "README.md"), FOUND["README.md"], strict=True)
    )


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_line_of_a_chapter_is_among_them(path):
    """But for code that both share, and what the file says of itself."""
    english = path.parents[1] / path.name
    sides = [" ".join(pair[n] for name, pair in FOUND.items() if path.name in name) for n in (0, 1)]
    ours, theirs = (set(p.read_text(encoding="utf-8").split("---\n", 2)[2].splitlines()) for p in (english, path))
    for lines, side in ((ours - theirs, sides[0]), (theirs - ours, sides[1])):
        assert len(lines) > 10
        assert not [line for line in lines if line not in side]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_cell_is_told_by_its_number_in_the_file(path):
    cells = jupytext.read(path, fmt="md:myst").cells
    told = {int(name.rsplit(" ", 1)[1]): pair for name, pair in FOUND.items() if name.startswith(path.name)}
    assert told
    assert all(pair[1] == cells[number - 1].source for number, pair in told.items())


@pytest.mark.parametrize("side", [0, 1])
def test_a_pair_is_unread_when_one_side_of_it_changes(side):
    pairs = {"a": ("More is better.", "越多越好。"), "b": ("Less.", "少。")}
    text = record(pairs)
    assert unread(pairs, text) == {}
    changed = list(pairs["a"])
    changed[side] = changed[side].replace("More", "Less").replace("多", "少")
    assert unread(pairs | {"a": tuple(changed)}, text) == {"a": tuple(changed)}
    assert unread({"a": pairs["a"][::-1]}, text)
    assert unread({"a": (pairs["a"][0], pairs["b"][1])}, text)
    assert unread({"a": ("More is\nbetter.", "越多越好。")}, text) == {}


def test_the_command_shows_what_is_unread_and_writes_it_down_when_told(tmp_path, monkeypatch, capsys):
    pairs = {"one": ("A cat.", "一只猫。"), "two": ("A dog.", "一只狗。")}
    monkeypatch.setattr(translations, "pairs", lambda: pairs)
    monkeypatch.setattr(translations, "RECORD", tmp_path / "read")
    translations.RECORD.write_text(record({"one": pairs["one"]}) + "0123456789ab\n", encoding="utf-8")
    before = translations.RECORD.read_text(encoding="utf-8")
    translations.main([])
    assert capsys.readouterr().out == "--- two\nA dog.\n\n一只狗。\n\n"
    translations.main(["--help"])
    assert translations.RECORD.read_text(encoding="utf-8") == before
    translations.main(["--read"])
    assert translations.RECORD.read_text(encoding="utf-8") == record(pairs)
    capsys.readouterr()
    translations.main([])
    assert capsys.readouterr().out == ""
