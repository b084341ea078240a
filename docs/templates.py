"""Finds what the package says to a person, and what of it has no Chinese yet: `python docs/templates.py`.

A template is the text of a string, or of an f-string with its places held open, `{}`. It reaches a person if it has
two words or more, or if it stands where words are shown (a title, a control's name, a place of another template ...).
What has two words and is read by code, or by a maintainer, is left out by a rule below, each with its reason.
"""

import ast
import json
import re
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "nin_course"
CATALOGUE = PACKAGE / "assets" / "zh.json"

# Modules in which nothing reaches a student.
SILENT = (
    "assets/make_*.py",  # the makers of assets: a maintainer runs them
    "checks/cases/*.py",  # known answers, for tests
)
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
# Words that stand alone, put together with others; the tests in Chinese find one that is missing here.
ALONE = {"always", "never", "grey", "inverted", "there", "better", "worse", "orange", "blue", "healthy"}
ALONE |= {
    "tensor",
    "array",
    "input",
    "pool",
    "dropout",
    "average",
    "flatten",
    "memory",
    "brightness",
    "vertical",
    "horizontal",
    "sick",
    "tuned",
}
ALONE |= {"activations", "Start", "Pause", "more", "less", "any shoe", "dense", "pooled", "Ask", "Set", "See"}
# What no string says as it is said: a first letter made large, brackets put round a word, a name from a recorded file.
COMPOSED = (
    "{}, for {}",
    "layer {},",
    "kind",
    "total",
    "vertical",
    "horizontal",
    "weight",
    "training on {}",
    "Shoes",
    "The recorded run",
    "Your run, {}",
    "(parameters)",
    "(MACs)",
    "(memory)",
)
COMPOSED += ("T-shirt on a table", "boot on the floor", "T-shirt on stripes")  # the names of pictures' files
# What argparse says: its headings, and its words on a bad call.
COMPOSED += ("usage", "options", "positional arguments", "show this help message and exit", "error", "argument {}: {}")
COMPOSED += ("the following arguments are required: {}", "unrecognized arguments: {}", "not allowed with argument {}")
COMPOSED += ("invalid choice: {} (choose from {})", "invalid {} value: {}", "ambiguous option: {} could match {}")
COMPOSED += ("expected one argument", "expected at least one argument", "ignored explicit argument {}")
COMPOSED += ("as the notes", "no ReLU on the logits", "width kept", "Kaiming", "one cycle", "batch norm", "(stopped)")
# Calls whose strings code reads: patterns, parts of a text that is looked for, an attribute's or a file's name.
READ = {"compile", "fullmatch", "match", "search", "sub", "findall", "split", "startswith", "replace"}
READ |= {"removeprefix", "removesuffix", "partition", "getattr", "hasattr", "add_argument", "add_parser", "strip"}
READ |= {"ArgumentParser", "import_module", "open", "count"}
# Names under which something with two words is kept for code: CSS, what PyTorch says.
UNSHOWN = {"chapter", "style", "__all__", "layout", "loc", "format", "textcoords", "INPUT"}
NO_WORDS = {  # of this language: names of fonts, a colour, a key, a plural's end, and PyTorch's words, imitated
    "DejaVu Sans",
    "Noto Sans SC",
    "python -m nin_course",
    "black",
    "macs",
    "es",
    "{}({}, {}, factor)",
    "{}(X {}, weight {}, bias)",
    "Expected all tensors to be on the same device, but found at least two devices, {} and cpu!",
}
STYLE = re.compile(r"^[a-z-]+:\S.*;|^[\d{]+}?px|^row wrap$|^calc\(|^<t[dr]|^(padding|border):")


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
            if name in READ and getattr(child, "arg", "") not in ("help", "description"):
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
    return placed or " " in text or text in ALONE


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


def files() -> list[Path]:
    """The modules that say something to a student."""
    silent = {path for pattern in SILENT for path in PACKAGE.glob(pattern)}
    return sorted(set(PACKAGE.rglob("*.py")) - silent)


def everything() -> dict[str, str]:
    """Template -> the first module and line that says it, "" for what is put together."""
    found = {}
    for path in files():
        for text, line in templates(path.read_text(encoding="utf-8")).items():
            found.setdefault(text, f"{path.relative_to(PACKAGE).as_posix()}:{line}")
    return found | {text: "" for text in COMPOSED if text not in found}


def book() -> dict[str, str]:
    """Template -> its translation, as the catalogue has it."""
    return json.loads(CATALOGUE.read_text(encoding="utf-8"))["templates"]


def main() -> None:
    """Prints the templates that have no translation, module by module."""
    lacking: dict[str, dict[str, str]] = {}
    for text, place in everything().items():
        if text not in book():
            lacking.setdefault(place.split(":")[0], {})[text] = ""
    print(json.dumps(lacking, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
