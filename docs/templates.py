"""Finds what the package says to a person, and what of it has no Chinese yet: `python docs/templates.py [part]`.

A template is the text of a string, or of an f-string with its places held open, `{}`. It reaches a person if it has
two words or more, or if it stands where words are shown (a title, a control's name, a place of another template ...).
What has two words and is read by code, or by a maintainer, is left out by a rule below, each with its reason.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "nin_course"
CATALOGUE = PACKAGE / "assets" / "zh.json"

# Modules in which nothing reaches a student.
SILENT = (
    "assets/make_*.py",  # the makers of assets: a maintainer runs them
    "checks/cases/*.py",  # known answers, for tests
    "demos/board.py",  # the board is an instructor's, like its guide
)
PARTS = {  # part -> its files
    "demos": ("demos/*.py", "plots.py", "frontier.py"),
    "checks": ("checks/_*.py", "checks/alone.py", "checks/ch*.py"),
    "mistakes": ("checks/mistakes/*.py",),
    "package": ("*.py",),
}
# Calls and arguments that show a word even if it is alone; names under which shown words are kept.
CALLS = {
    "set_title",
    "set_xlabel",
    "set_ylabel",
    "suptitle",
    "text",
    "annotate",
    "slider",
    "choice",
    "set_text",
    "print",
}
ARGUMENTS = {"title", "xlabel", "ylabel", "label", "labels", "description", "tooltip", "placeholder", "text"}
KEPT = {"title", "try_this", "LABELS", "LAMPS", "KINDS"}  # of a dict the values
FILLINGS = {"_word", "cells", "design", "_convolutions", "_alive", "_what_breaks"}  # functions that return one word
# Calls whose strings code reads: patterns, parts of a text that is looked for, an attribute's or a file's name.
READ = {"compile", "fullmatch", "match", "search", "sub", "findall", "split", "startswith", "endswith", "replace"}
READ |= {"removeprefix", "removesuffix", "partition", "getattr", "hasattr", "add_argument", "add_parser", "strip"}
READ |= {"ArgumentParser", "import_module", "open", "count", "register_buffer", "Annotated"}
# Names under which something with two words is kept for code: CSS, what PyTorch says, an instructor's lines.
UNSHOWN = {"ask", "set", "see", "chapter", "style", "__all__", "layout", "loc", "format", "textcoords", "INPUT"}
NO_WORDS = {  # of this language: names of fonts, a colour, a key, a plural's end, and PyTorch's words, imitated
    "DejaVu Sans",
    "Noto Sans SC",
    "black",
    "macs",
    "es",
    "Expected all tensors to be on the same device, but found at least two devices, {} and cpu!",
}
STYLE = re.compile(r"^[a-z-]+:\S.*;|^[\d{]+}?px|^row wrap$|^calc\(|^<t[dr]|^padding|^border")


def template(node: ast.AST) -> str | None:
    """The text of a string or an f-string, its places as {}; None if it is neither."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"\{[^{}]*\}", "{}", node.value).strip()
    if isinstance(node, ast.JoinedStr):
        parts = (v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)
        return "".join(parts).strip()
    return None


def words(text: str) -> list[str]:
    """The words of a template: letters outside of its places and of `code`."""
    bare = re.sub(r"`[^`]*`|\{\}|<[^>]*>|&\w+;", " ", text)
    return re.findall(r"(?<![\w.])[^\W\d_]{2,}(?![\w(])|\ba\b", bare)


def shown(node: ast.AST, parents: dict) -> bool:
    """Does this string reach a person?"""
    text = template(node)
    if not text or not words(text) or STYLE.search(text) or text in NO_WORDS:
        return False
    placed, child, parent = False, node, parents.get(node)
    while parent is not None:
        if isinstance(parent, ast.Expr) and isinstance(child, ast.Constant):
            return False  # a docstring
        if isinstance(parent, ast.Compare):
            return False  # looked for
        if isinstance(parent, ast.Subscript) and child is parent.slice and isinstance(parent.ctx, ast.Load):
            return False  # a key
        if isinstance(parent, ast.JoinedStr) and child is node:
            return False  # a part of an f-string
        if isinstance(parent, (ast.arg, ast.AnnAssign)) and child is parent.annotation:
            return False
        if isinstance(parent, ast.FunctionDef):
            if child is parent.returns:
                return False
            placed |= parent.name in FILLINGS and isinstance(child, ast.Return)
        if isinstance(parent, ast.FormattedValue):
            placed = True
        if isinstance(parent, ast.keyword):
            if parent.arg in UNSHOWN:
                return False
            placed |= parent.arg in ARGUMENTS
        if isinstance(parent, ast.Call) and child is not parent.func:
            name = getattr(parent.func, "attr", getattr(parent.func, "id", ""))
            if name in READ:
                return False
            placed |= name in CALLS and not isinstance(child, ast.keyword)
        if isinstance(parent, (ast.Assign, ast.AnnAssign)):
            targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
            names = {getattr(t, "id", getattr(t, "attr", "")) for t in targets}
            if names & UNSHOWN:
                return False
            placed |= bool(names & KEPT)
        if isinstance(parent, ast.Dict) and child in parent.keys and _named(parent, parents) in KEPT | {"MEANT"}:
            return False
        child, parent = parent, parents.get(parent)
    return placed or " " in text


def _named(node: ast.AST, parents: dict) -> str:
    owner = parents.get(node)
    target = owner.target if isinstance(owner, ast.AnnAssign) else getattr(owner, "targets", [None])[0]
    return getattr(target, "id", "")


def templates(source: str) -> dict[str, int]:
    """Template -> the line where a module says it first."""
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found = {}
    for node in ast.walk(tree):
        if shown(node, parents):
            found.setdefault(template(node), node.lineno)
    return dict(sorted(found.items(), key=lambda item: item[1]))


def files(part: str | None = None) -> Iterator[Path]:
    """The modules of a part, or of all; each is in the first part that has it."""
    silent, taken = {p for pattern in SILENT for p in PACKAGE.glob(pattern)}, set()
    for name, patterns in PARTS.items():
        found = {p for pattern in patterns for p in PACKAGE.glob(pattern)} - silent - taken
        taken |= found
        if part in (None, name):
            yield from sorted(found)


def missing(part: str | None = None) -> dict[str, dict[str, str]]:
    """Module -> {template: ""} of what the catalogue lacks."""
    have = json.loads(CATALOGUE.read_text(encoding="utf-8")) if CATALOGUE.exists() else {}
    result = {}
    for path in files(part):
        lacking = {text: "" for text in templates(path.read_text(encoding="utf-8")) if text not in have}
        result |= {path.relative_to(PACKAGE).as_posix(): lacking} if lacking else {}
    return result


if __name__ == "__main__":
    print(json.dumps(missing(*sys.argv[1:]), ensure_ascii=False, indent=1))
