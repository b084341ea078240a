"""Every small change to every reference solution, and what its check says of it.

`python tests/checks/mutants.py` prints the table: made, refused, equivalent; and every mutant that was accepted
without standing in EQUIVALENT.
"""

import ast
import copy
import importlib
import itertools
import linecache
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import jupytext

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2] / "notebooks" / "source"))

import build

MORE_OR_LESS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div}
MORE_OR_LESS |= {
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
COMPARED |= {ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}
AND_OR = {ast.And: ast.Or, ast.Or: ast.And}
OTHERS = {"min": "max", "max": "min", "any": "all", "all": "any", "mean": "median", "median": "mean"}
KEY = re.compile(r"#?\w+")  # a string that is a name or a colour: it is read backwards, but for its first letter
LIBRARIES = ("torch", "nn", "d2l", "F")  # their functions are no methods of a value
KEPT = (ast.Return, ast.Pass, ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)  # statements never dropped
AROUND = 26  # characters of the line before a change, in its description
ONE_SIDED = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)  # swapping the operands is a change


def solutions() -> Iterator[tuple[str, str, list[str], str]]:
    """(exercise, its chapter's definitions, the names that its check takes, the solution's source)."""
    for chapter in build.chapters():
        definitions, waiting = ["import torch\nimport torch.nn.functional as F\nfrom torch import nn\n"], []
        for cell in jupytext.read(chapter, fmt="md:myst").cells:
            if cell.cell_type != "code":
                continue
            if build.BEGIN in cell.source:
                waiting.append(build.without_markers(cell.source))
            elif "check" in cell.metadata.get("tags", []):
                call = ast.parse(cell.source).body[-1].value
                name = f"{call.func.value.id}.{call.func.attr}"
                yield name, "\n".join(definitions), [argument.id for argument in call.args], "\n\n".join(waiting)
                waiting = []
            else:
                kept = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
                definitions += [ast.unparse(node) for node in ast.parse(cell.source).body if isinstance(node, kept)]


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """(what was changed, the changed source), one change each, inside of functions only."""
    tree = ast.parse(source)
    inside = [n for f in tree.body if isinstance(f, ast.FunctionDef) for b in f.body for n in ast.walk(b)]
    inside += [f for f in tree.body if isinstance(f, ast.FunctionDef)]
    places = {id(node): i for i, node in enumerate(ast.walk(tree))}
    before = ast.unparse(tree)
    seen = set()
    for node in inside:
        for change in changes(node):
            copied = copy.deepcopy(tree)
            change(list(ast.walk(copied))[places[id(node)]])
            after = ast.unparse(ast.fix_missing_locations(copied))
            if after != before and after not in seen and compiles(after):
                seen.add(after)
                yield described(before, after), after


def compiles(source: str) -> bool:
    try:
        compile(source, "a mutant", "exec")
    except SyntaxError:
        return False
    return True


def described(before: str, after: str) -> str:
    """What was there and what is there now, with a few characters around it."""
    pairs = itertools.zip_longest(before.splitlines(), after.splitlines(), fillvalue="")
    old, new = next((a.strip(), b.strip()) for a, b in pairs if a != b)
    start = alike(old, new)
    end = alike(old[start:][::-1], new[start:][::-1])
    start, end = max(start - AROUND, 0), max(end - AROUND // 2, 0)
    return f"{short(old[start : len(old) - end])}  ->  {short(new[start : len(new) - end])}"


def alike(a: str, b: str) -> int:
    """How many characters at the beginning are the same."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def short(text: str) -> str:
    return text if len(text) <= 54 else f"{text[:26]}…{text[-26:]}"


def morph(node: ast.AST, into: ast.AST) -> None:
    into = copy.deepcopy(into)
    node.__class__ = into.__class__
    node.__dict__.clear()
    node.__dict__.update(into.__dict__)


def changes(node: ast.AST) -> Iterator:
    """Functions that change such a node in place."""
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in MORE_OR_LESS:
        yield lambda n: setattr(n, "op", MORE_OR_LESS[type(n.op)]())
    if isinstance(node, ast.BinOp):
        yield lambda n: morph(n, n.left)
        yield lambda n: morph(n, n.right)
        if isinstance(node.op, ONE_SIDED):
            yield lambda n: morph(n, ast.BinOp(n.right, n.op, n.left))
    if isinstance(node, ast.Compare):
        yield lambda n: setattr(n, "ops", [COMPARED[type(n.ops[0])](), *n.ops[1:]])
    if isinstance(node, ast.BoolOp):
        yield lambda n: setattr(n, "op", AND_OR[type(n.op)]())
    for field in ("id", "attr"):
        if getattr(node, field, None) in OTHERS:
            yield lambda n, field=field: setattr(n, field, OTHERS[getattr(n, field)])
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and KEY.fullmatch(node.value):
        yield lambda n: setattr(n, "value", n.value[0] + n.value[:0:-1])
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield lambda n: setattr(n, "value", n.value + 1)
        yield lambda n: setattr(n, "value", n.value - 1)
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        yield lambda n: setattr(n, "value", not n.value)
    if isinstance(node, ast.UnaryOp):
        yield lambda n: morph(n, n.operand)
    if isinstance(node, ast.Slice) and node.step is None and (node.lower or node.upper):
        yield lambda n: morph(n, ast.Slice(None, None, None))
    if isinstance(node, ast.Slice) and node.step is not None:
        yield lambda n: setattr(n, "step", None)
    if isinstance(node, ast.Tuple) and len(node.elts) > 1 and not stored(node):
        for i, j in itertools.combinations(range(len(node.elts)), 2):
            yield lambda n, i=i, j=j: swap(n.elts, i, j)
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)) and len(node.elts) > 1 and not stored(node):
        for i in range(len(node.elts)):
            yield lambda n, i=i: n.elts.pop(i)
    if isinstance(node, ast.Call):
        method = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") not in LIBRARIES
        if method:
            yield lambda n: morph(n, n.func.value)
        if len(node.args) == 1:
            yield lambda n: morph(n, n.args[0])
        for i in range(len(node.args) - 1):
            yield lambda n, i=i: swap(n.args, i, i + 1)
        if getattr(node.func, "id", "") in ("max", "min") and len(node.args) == 1 and not node.keywords:
            for end in (0, -1):  # of many things the first, or the last
                yield lambda n, end=end: morph(n, ast.Subscript(ast.List([ast.Starred(n.args[0])]), ast.Constant(end)))
        for i in range(len(node.keywords)):
            yield lambda n, i=i: n.keywords.pop(i)
    for field in ("body", "orelse"):
        for i, statement in enumerate(getattr(node, field, []) if isinstance(getattr(node, field, None), list) else []):
            if not isinstance(statement, KEPT) and not docstring(statement):
                yield lambda n, field=field, i=i: getattr(n, field).__setitem__(i, ast.Pass())
    if isinstance(node, ast.For):
        yield lambda n: n.body.append(ast.Break())


def stored(node: ast.AST) -> bool:
    """Is it what is assigned to, not what is read?"""
    return isinstance(getattr(node, "ctx", None), ast.Store)


def docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def swap(items: list, i: int, j: int) -> None:
    items[i], items[j] = items[j], items[i]


# ---- what is no mistake ---------------------------------------------------------------------------------------------

# exercise -> reason -> the changes
EQUIVALENT: dict[str, dict[str, list[str]]] = {
    "ch01.conv1x1_stride2": {
        "@ works on the last axis and leaves the others alone": [
            "rows = X.reshape(-1, X.shape[-1]) @ weight.T +  ->  rows = X @ weight.T +",
        ],
    },
    "ch01.notices": {
        "a is close to b if b is close to a": [
            "return not torch.allclose(after, before, atol=1e-05)  ->  "
            "return not torch.allclose(before, after, atol=1e-05)",
        ],
        "allclose has a tolerance of its own": [
            "rch.allclose(after, before, atol=1e-05)  ->  rch.allclose(after, before)"
        ],
    },
    "ch02.unseen": {
        "the smaller of two is the smaller of two": [
            "last = min(end, sides.pop() - 1)  ->  last = min(sides.pop() - 1, end)",
        ],
    },
    "ch04.design": {
        "another NiN within the limits": [
            "return nn.Sequential(nin_b…nn.MaxPool2d(2), nin_block  ->  "
            "return nn.Sequential(nn.Ma…e=1, padding=2), nin_block",
            "ing=2), nn.MaxPool2d(2), n…n.MaxPool2d(2), *(nn.Conv2  ->  "
            "ing=2), nn.MaxPool2d(2), n…=1, padding=1), *(nn.Conv2",
            " padding=2), nn.MaxPool2d(2), nin_block(  ->   padding=2), nn.MaxPool2d(3), nin_block(",
            " padding=1), nn.MaxPool2d(2), *(nn.Conv2  ->   padding=1), nn.MaxPool2d(3), *(nn.Conv2",
            "1), nn.MaxPool2d(2), *(nn.…=1), nn.ReLU()), *(nn.Conv  ->  "
            "1), nn.MaxPool2d(2), *(nn.…=3, padding=1)), *(nn.Conv",
            "ding=1), nn.ReLU()), *(nn.…=1), nn.ReLU()), nn.Conv2d  ->  "
            "ding=1), nn.ReLU()), *(nn.…kernel_size=1)), nn.Conv2d",
            "kernel_size=3, padding=1), nn.ReLU()), *(nn.Conv2  ->  kernel_size=3, padding=1),), *(nn.Conv2",
            "ding=1), nn.ReLU()), *(nn.…1), nn.ReLU()), nn.Conv2d(  ->  ding=1), nn.ReLU()), *(nn.ReLU(),), nn.Conv2d(",
            "2d(80, 80, kernel_size=1), nn.ReLU()), nn.Conv2d(  ->  2d(80, 80, kernel_size=1),), nn.Conv2d(",
            "_block(1, 24, kernel_size=5, stride=1, p  ->  _block(1, 24, kernel_size=6, stride=1, p",
            "_block(1, 24, kernel_size=5, stride=1, p  ->  _block(1, 24, kernel_size=4, stride=1, p",
            "24, kernel_size=5, stride=1, padding=2),  ->  24, kernel_size=5, stride=2, padding=2),",
            "size=5, stride=1, padding=2), nn.MaxPool  ->  size=5, stride=1, padding=1), nn.MaxPool",
            "block(24, 48, kernel_size=3, stride=1, p  ->  block(24, 48, kernel_size=4, stride=1, p",
            "block(24, 48, kernel_size=3, stride=1, p  ->  block(24, 48, kernel_size=2, stride=1, p",
            "48, kernel_size=3, stride=1, padding=1),  ->  48, kernel_size=3, stride=2, padding=1),",
            "size=3, stride=1, padding=1), nn.MaxPool  ->  size=3, stride=1, padding=0), nn.MaxPool",
            "nv2d(48, 80, kernel_size=3, padding=1), nn.ReLU())  ->  nv2d(48, 80, kernel_size=3), nn.ReLU())",
            "onv2d(80, 10, kernel_size=1), *(GlobalAv  ->  onv2d(80, 10, kernel_size=2), *(GlobalAv",
            "onv2d(48, 80, kernel_size=3, padding=1),  ->  onv2d(48, 80, kernel_size=4, padding=1),",
            "onv2d(48, 80, kernel_size=3, padding=1),  ->  onv2d(48, 80, kernel_size=2, padding=1),",
            "0, kernel_size=3, padding=1), nn.ReLU())  ->  0, kernel_size=3, padding=2), nn.ReLU())",
            "0, kernel_size=3, padding=1), nn.ReLU())  ->  0, kernel_size=3, padding=0), nn.ReLU())",
            "onv2d(80, 80, kernel_size=1), nn.ReLU())  ->  onv2d(80, 80, kernel_size=2), nn.ReLU())",
        ],
    },
    "ch05.train_and_test": {
        "a tensor with one number is a number": ["return (right / count).item()  ->  return right / count"],
    },
    "ch06.never_said": {
        "a tensor holds the classes as well as a list": [
            "~said).nonzero().flatten().tolist()  ->  ~said).nonzero().flatten()"
        ],
        "a list of lists of one class each holds them, too": [
            "asses = (~said).nonzero().flatten().tolist()  ->  asses = (~said).nonzero().tolist()",
        ],
    },
    "ch07.overlap": {
        "both directions, in either order": [
            "for low, high in ((0, 2), (1, 3)):  ->  for low, high in ((1, 3), (0, 2)):",
        ],
        "two sides of the other sign have the same product": [
            "areas[0] *= box[high] - box[low]  ->  areas[0] *= box[low] - box[high]",
            "areas[1] *= other[high] - other[low]  ->  areas[1] *= other[low] - other[high]",
        ],
        "the larger of two is the larger of two": [
            "common *= max(0, end - start)  ->  common *= max(end - start, 0)",
            "end, start = (min(box[high], other[high]), max(  ->  end, start = (min(other[high], box[high]), max(",
            "[high], other[high]), max(box[low], other[low]))  ->  [high], other[high]), max(other[low], box[low]))",
        ],
    },
    "ch07.even_error": {
        "a gap has no sign": [
            "(bins, -1) for values in (confidence, right)]  ->  (bins, -1) for values in (right, confidence)]",
            "return (sure - share).abs().mea  ->  return (share - sure).abs().mea",
        ],
    },
    "ch08.paired_difference": {
        "a square forgets the sign": [
            "variance = sum(((lead - mean) ** 2 for le  ->  variance = sum(((mean - lead) ** 2 for le",
        ],
    },
    "ch08.equal_width": {
        "a distance forgets the sign": ["return abs(macs - wanted)  ->  return abs(wanted - macs)"],
        "no block of these is so narrow": [
            "return min(range(1, wanted), ke  ->  return min(range(2, wanted), ke",
            "return min(range(1, wanted), ke  ->  return min(range(0, wanted), ke",
        ],
    },
    "ch09.on_patches": {
        "a patch is as wide as it is high": ["p = weight.shape[2]  ->  p = weight.shape[3]"],
    },
}


def excused(name: str, change: str) -> bool:
    return any(change in those for those in EQUIVALENT.get(name, {}).values())


def verdict(name: str, definitions: str, takes: list[str], source: str, others: dict):
    """What the check says to a changed solution; the names that are no functions come from `others`."""
    chapter, exercise = name.split(".")
    check = getattr(importlib.import_module(f"nin_course.checks.{chapter}"), exercise)
    file = f"<a mutant of {name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    space: dict = dict(others)
    exec(definitions, space)
    exec(compile(source, file, "exec"), space)
    return check(*[others.get(take, space.get(take)) for take in takes])


def report() -> Iterator[tuple[str, int, int, list[str], list[str]]]:
    """(exercise, made, refused, equivalent, accepted) of every exercise whose answer is a function."""
    for name, definitions, takes, source in solutions():
        if not any(isinstance(node, ast.FunctionDef) for node in ast.parse(source).body):
            continue
        made, refused, equivalent, accepted = 0, 0, [], []
        for change, changed in mutants(source):
            made += 1
            if verdict(name, definitions, takes, changed, {}).passed is not True:
                refused += 1
            else:
                (equivalent if excused(name, change) else accepted).append(change)
        yield name, made, refused, equivalent, accepted


if __name__ == "__main__":
    print(f"{'exercise':26}{'made':>6}{'refused':>9}{'equivalent':>12}{'accepted':>10}")
    for name, made, refused, equivalent, accepted in report():
        print(f"{name:26}{made:6}{refused:9}{len(equivalent):12}{len(accepted):10}", flush=True)
        for change in accepted:
            print("      ", change)
