"""What the tests do not notice: a module is changed in one place and its nearest tests run, again and again.

`make mutants` changes the modules that differ from main; `make mutants ARGS="nin_course/train.py docs/house.py"` those
that are named, `ARGS=--all` all. It works in copies of the tree. A change that survives is printed: either a test is
missing there, or the change makes no difference.
"""

import argparse
import ast
import copy
import gc
import importlib
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from queue import Queue

if __name__ == "__main__":
    for folder in ("tests/checks", "docs", "notebooks/source"):
        sys.path.insert(0, str(Path(__file__).parents[1] / folder))

import house
import mutants
import pytest

HOME = ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "mutants.md"
FOLDERS = (  # what makes the board and the site is tried where it runs: tests/kit, tests/site
    *("nin_course", "benchmarks", "docs", "notebooks/source", "tests/browser/chromium.py", "tests/conftest.py"),
    "deploy",
)
GROUPS = {  # row of the table -> rooms of docs/house.py; what is outside of the package is a tool
    "data and files": ("data",),
    "networks": ("networks",),
    "budget and diagnosis": ("measuring",),
    "training and records": ("training", "the package", "language", "command line"),
    "demos": ("drawing", "demos"),
    "checks": ("checks",),
    "tools": ("assets",),
}
LIBRARIES = ("torchvision", "matplotlib.figure", "ipywidgets", "hypothesis", "nbclient", "jupytext")  # slow to import
FORK = multiprocessing.get_context("fork")
SHARP = ("judge", "ladder", "operations", "maps")  # of the tests of the checks, they answer first
CHECKS = sorted(
    (str(test.relative_to(HOME)) for test in HOME.glob("tests/checks/test_*.py")),
    key=lambda test: Path(test).stem.removeprefix("test_") not in SHARP,
)
# The tests nearest to a module are those in tests/unit that import it or have its name in theirs; except for these.
NEAREST = {
    "nin_course/checks/alone.py": ["tests/notebooks/test_assignment.py"],
    "nin_course/checks": CHECKS,  # of those some, as `of_chapters` says
    "nin_course/demos": ["tests/demos"],
    "nin_course/plots.py": ["tests/unit/test_plots.py", "tests/unit/test_benchmarks.py", "tests/demos"],
    "nin_course/catalogue.py": ["tests/unit/test_language.py"],
    "nin_course/doctor.py": ["tests/unit/test_package.py", "tests/unit/test_device.py"],
    "nin_course/train.py": [f"tests/unit/test_{name}.py" for name in ("train", "checkpoint", "device", "device_path")],
    "nin_course/checkpoint.py": [f"tests/unit/test_{name}.py" for name in ("checkpoint", "train", "device")],
    "nin_course/history.py": ["tests/unit/test_train.py", "tests/demos/test_live.py"],
    "notebooks/source/build.py": ["tests/notebooks/test_built.py"],
    "notebooks/source/assignment.py": ["tests/notebooks/test_assignment.py"],
    "docs/instructor_guide.py": ["tests/demos/test_instructor_guide.py", "tests/demos/test_lessons.py"],
    "docs/lessons.py": ["tests/demos/test_lessons.py", "tests/demos/test_instructor_guide.py"],
    "deploy/": ["tests/unit/test_hub.py", "tests/unit/test_stick.py"],
    "tests/": ["tests/unit/test_make.py"],
}


def git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.splitlines() if done.returncode == 0 else []


def tree(*places: str) -> list[str]:
    """The files that git keeps, or would."""
    return [f for f in git("ls-files", "-co", "--exclude-standard", *places) if (ROOT / f).exists()]


def modules() -> list[str]:
    """Every module that may be changed; the cases of the checks are tests themselves."""
    return [file for file in tree(*FOLDERS) if file.endswith(".py") and "/cases/" not in file]


def differing() -> list[str]:
    """Those that are not as they were where this branch left main."""
    base = git("merge-base", "HEAD", "main") or ["HEAD"]
    files = git("diff", "--name-only", *base) + git("ls-files", "-o", "--exclude-standard")
    return [file for file in modules() if file in files]


def named(module: str) -> str | None:
    """The module's name as docs/house.py has it, or None outside of the package."""
    return next((name for name, path in house.modules().items() if path == ROOT / module), None)


@cache
def imports(test: Path) -> set[str]:
    """What a test imports: the package's modules, and others that need no dot."""
    nodes = list(ast.walk(ast.parse(test.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {f"nin_course.{name}" for name in house.imports(test, house.modules())}


def words(test: Path) -> list[str]:
    return test.stem.split("_")


@cache
def group(module: str) -> str:
    name = named(module)
    room = next((room for room, names in house.rooms().items() if name in names), "assets")
    return next(row for row, rooms in GROUPS.items() if room in rooms)


def of_chapters(path: Path) -> list[str]:
    """Of the tests of the checks those of a chapter, by its name; of what some chapters share, these and SHARP."""
    if path.stem.startswith("ch0"):
        return ["-k", path.stem]
    known = house.modules()
    uses = {name: house.imports(file, known) for name, file in known.items() if name.startswith("checks")}
    using = {f"checks.{path.stem}"}
    while more := {name for name, of in uses.items() if of & using} - using:
        using |= more
    chapters = sorted({name[-4:] for name in using if name[-4:].startswith("ch0")})
    some = " or ".join((*(f"test_{name}" for name in SHARP), *chapters))
    return ["-k", some] if 0 < len(chapters) < 8 else []


def nearest(module: str) -> list[str]:
    """What pytest is told to run for a module."""
    path = Path(module)
    for place, tests in NEAREST.items():
        if module.startswith(place):
            return [*tests, *of_chapters(path)] if tests is CHECKS else tests
    name = named(module)
    wanted = f"nin_course.{name}" if name else path.stem
    tests = [t for t in sorted(ROOT.glob("tests/unit/test_*.py")) if wanted in imports(t) or path.stem in words(t)]
    return [str(test.relative_to(ROOT)) for test in tests]


def some(source: str, number: int, seed: object) -> Iterator[tuple[int, str, str]]:
    """(line, old -> new, changed source), at most so many, drawn at random from every small change of a module."""
    tree = ast.parse(source)
    before, nodes = ast.unparse(tree), list(ast.walk(tree))
    written = [(getattr(n, "lineno", 0), getattr(n, "col_offset", 0)) for n in ast.walk(ast.parse(before))]
    hints = [h for n in nodes for h in (getattr(n, "annotation", None), getattr(n, "returns", None)) if h]
    left_out = {id(n) for hint in hints for n in ast.walk(hint)}  # no type hint is ever run
    places = [i for i, node in enumerate(nodes) if id(node) not in left_out]
    possible = [(i, change) for i in places for change in (*mutants.changes(nodes[i]), *forgotten(nodes[i]))]
    random.Random(f"{seed} {before}").shuffle(possible)
    seen = {before}
    for i, change in possible:
        copied = copy.deepcopy(tree)
        change(list(ast.walk(copied))[i])
        after = ast.unparse(ast.fix_missing_locations(copied))
        if after not in seen and mutants.compiles(after):
            seen.add(after)
            at = mutants.alike(before, after)
            at = (before.count("\n", 0, at) + 1, at - before.rfind("\n", 0, at) - 1)
            line = max((w, n.lineno) for w, n in zip(written, nodes, strict=True) if (0, 0) < w <= at)[1]
            yield line, mutants.described(before, after), after
            if len(seen) > number:
                return


def forgotten(node: ast.AST) -> Iterator[Callable]:
    """Functions that leave out of such a node what only an odd case needs: its `with`, a handler, its `finally`."""
    plainly = lambda n, body: mutants.morph(n, ast.If(ast.Constant(True), body, []))  # noqa: E731
    if isinstance(node, ast.With) and not any(item.optional_vars for item in node.items):
        yield lambda n: plainly(n, n.body)
    if isinstance(node, ast.Try):
        for i in range(len(node.handlers)):
            alone = len(node.handlers) == 1 and not node.finalbody
            yield lambda n, i=i, alone=alone: plainly(n, [*n.body, *n.orelse]) if alone else n.handlers.pop(i)
        if node.finalbody:  # done, but not after an error
            tried = lambda n: [ast.Try(n.body, n.handlers, n.orelse, [])] if n.handlers else n.body  # noqa: E731
            yield lambda n: plainly(n, [*tried(n), *n.finalbody])


def passes(root: Path, tests: list[str], limit: float | None = None) -> bool:
    """Do the tests pass in this tree, within so many seconds?"""
    run = FORK.Process(target=_tested, args=(root, tests))
    run.start()
    run.join(limit)
    if run.is_alive():
        os.killpg(run.pid, signal.SIGKILL)
        run.join()
    return run.exitcode == 0


def _tested(root: Path, tests: list[str]) -> None:
    """In a process of its own, which knows the libraries already but nothing of ours."""
    gc.freeze()  # what it inherits is not looked through, which would copy all of it
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    os.dup2(1, 2)
    for name in [name for name, module in sys.modules.items() if _ours(getattr(module, "__file__", None))]:
        del sys.modules[name]
    sys.path[:] = [str(root), *(place for place in sys.path if not _ours(place))]
    sys.dont_write_bytecode, sys.argv = True, ["pytest"]
    os.environ |= {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    os.chdir(root)
    ends = set()
    for which in ("not slow", "slow"):  # most changes are noticed by a quick test
        ends.add(pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-m", which, *tests]))
        if not ends <= {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            break
    os._exit(ends - {pytest.ExitCode.NO_TESTS_COLLECTED} != {pytest.ExitCode.OK})


def _ours(place: str | None) -> bool:
    return bool(place) and Path(place).is_relative_to(HOME) and not Path(place).is_relative_to(sys.prefix)


def noticed(root: Path, module: str, source: str, tests: list[str], limit: float) -> bool:
    """Does a test fail, or never end, when the module reads like this? Afterwards it reads as before."""
    path = root / module
    before = path.read_text(encoding="utf-8")
    path.write_text(source, encoding="utf-8")
    try:
        return not passes(root, tests, limit)
    finally:
        path.write_text(before, encoding="utf-8")


def survey(chosen: list[str], number: int, seed: int) -> tuple[dict[str, list[bool]], list[str]]:
    """-> (group -> whether each change was noticed, the changes that were not); prints these as they are found."""
    for library in LIBRARIES:
        importlib.import_module(library)
    found, survived = defaultdict(list), []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        trees: Queue[Path] = Queue()
        for name in "ab":
            for file in tree():
                Path(folder, name, file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / file, Path(folder, name, file))
            trees.put(Path(folder, name))

        def tried(module: str, tests: list[str], limit: float, source: str) -> bool:
            root = trees.get()
            try:
                return noticed(root, module, source, tests, limit)
            finally:
                trees.put(root)

        def limit_of(tests: tuple[str, ...]) -> float:
            """How long they may take, by how long they take as it is; 0 if they do not pass so."""
            root, start = trees.get(), time.monotonic()
            try:
                return 20 + 3 * (time.monotonic() - start) if tests and passes(root, [*tests]) else 0
            finally:
                trees.put(root)

        known = {tuple(nearest(module)): module for module in reversed(chosen)}  # the first of those that share them
        limits = dict(zip(known, pool.map(limit_of, known), strict=True))
        if wrong := [f"{known[t]}: its nearest tests, {' '.join(t) or 'none'}," for t in known if not limits[t]]:
            raise SystemExit(" ".join((*wrong, "do not pass as it is.")))
        jobs = []
        for module in chosen:
            tests = nearest(module)
            for line, change, source in some((ROOT / module).read_text(encoding="utf-8"), number, seed):
                tries = pool.submit(tried, module, tests, limits[tuple(tests)], source)
                jobs.append((module, f"{module}:{line}  {change}", tries))
        for module, change, tries in jobs:
            found[group(module)].append(tries.result())
            if not tries.result():
                survived.append(change)
                print(change, flush=True)
    return found, survived


def table(found: dict[str, list[bool]]) -> str:
    """A row of Markdown for each group, and one for all."""
    rows = [(name, found[name]) for name in GROUPS if name in found]
    rows.append(("all", [result for _, results in rows for result in results]))
    head = "| group | changes | noticed | survived | noticed of all |\n| -- | -- | -- | -- | -- |\n"
    return head + "".join(
        f"| {name} | {len(r)} | {sum(r)} | {len(r) - sum(r)} | {sum(r) / len(r):.0%} |\n" for name, r in rows if r
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", help="paths from the root; those that differ from main if there are none")
    parser.add_argument("--all", action="store_true", help="every module")
    parser.add_argument("--number", type=int, default=12, help="changes a module")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table", action="store_true", help="write the table to docs/mutants.md")
    asked = parser.parse_args(arguments)
    chosen = modules() if asked.all else asked.modules or differing()
    if not chosen:
        raise SystemExit("No module differs from main: name one, or give --all.")
    found, survived = survey(chosen, asked.number, asked.seed)
    result = table(found)
    print(result)
    if asked.table:
        how = f"Written on {time.strftime('%Y-%m-%d')} by `make mutants`, {len(chosen)} of {len(modules())} modules: "
        how += f"at most {asked.number} changes a module, seed {asked.seed}."
        kept = "Those that no test noticed, some of which make no difference:\n\n```text\n"
        kept += "\n".join(survived) + "\n```\n"
        page = f"# What the tests notice\n\n{how}\n\n{result}" + (f"\n{kept}" if survived else "")
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
