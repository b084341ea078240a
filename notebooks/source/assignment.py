"""Makes an nbgrader assignment of a chapter's exercises: `make assignment CHAPTER=03`.

The assignment is the chapter's exercises, with what they use from the chapter before
them: imports, functions, classes and values. Nothing else of it is computed, so it runs
in seconds. Each answer's cell is a solution cell, with the chapter's own markers, and
each check becomes a locked cell worth one point.
"""

import argparse
import ast
import builtins
import re
import symtable
from pathlib import Path

import build
import jupytext
import nbformat

from nin_course.checks.alone import GRADED

COURSE = "nin_course"
ROOT = build.STUDENT.parent
CONFIG = f"""c = get_config()
c.CourseDirectory.course_id = "{COURSE}"
c.CourseDirectory.db_url = "sqlite:///gradebook.db"
c.ClearSolutions.code_stub = {{"python": "{build.PLACEHOLDER}"}}
c.Execute.timeout = 300
"""
INTRODUCTION = """# {title}: the exercises

Work through [the chapter]({name}) first. Here are its exercises once more, to hand in.
The check below each answer says whether it is right, as often as you like, and is worth
a point."""
SETUP = """# What the exercises use from the chapter.
import torch
import torch.nn.functional as F
from torch import nn

import nin_course as d2l"""
TEST = """{before}{graded} Your cells run once more, in a process of their own.
import sys

for _name in ("subprocess", "nin_course.checks.alone"):
    sys.modules.pop(_name, None)
from nin_course.checks.alone import judged

verdict = judged({call!r}, In)
print("[OK]" if verdict.passed else "[not yet]", verdict.text)
assert verdict.passed, verdict.text"""


def bound(source: str) -> set[str]:
    """The names to which a top-level statement gives a value."""
    symbols = symtable.symtable(source, "", "exec").get_symbols()
    return {
        s.get_name()
        for s in symbols
        if s.is_assigned() or s.is_imported() or s.is_namespace()
    }


def asked(source: str) -> set[str]:
    """The names that code asks for and does not bind itself, in functions, too."""
    table = symtable.symtable(source, "", "exec")
    own = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_assigned() or symbol.is_imported()
    }
    tables, found = [table], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        found |= {
            s.get_name()
            for s in table.get_symbols()
            if s.is_referenced() and s.is_global()
        }
    return found - own - set(dir(builtins))


def needed(before: list[str], after: list[str]) -> str:
    """The statements of the cells `before` that the cells `after` need, in order."""
    sources = [
        segment(cell, statement)
        for cell in before
        for statement in ast.parse(cell).body
    ]
    wanted, kept = asked("\n".join(after)), set()
    while True:
        more = {
            i
            for i, source in enumerate(sources)
            if i not in kept and bound(source) & wanted
        }
        if not more:
            return "\n".join(
                dict.fromkeys(
                    sources[i] for i in sorted(kept) if sources[i] not in SETUP
                )
            )
        kept |= more
        wanted = wanted.union(*(asked(sources[i]) for i in more))


def segment(cell: str, statement: ast.stmt) -> str:
    first = min(
        [
            statement.lineno,
            *(d.lineno for d in getattr(statement, "decorator_list", [])),
        ]
    )
    return "\n".join(cell.splitlines()[first - 1 : statement.end_lineno])


def parts(cells: list) -> tuple[list, list]:
    """The cells of the sections without a check, and of those with one: exercises."""
    sections: list[list] = [[]]
    for cell in cells:
        texts = (
            re.split(r"^(?=## )", cell.source, flags=re.MULTILINE)
            if cell.cell_type == "markdown"
            else []
        )
        for piece in [
            nbformat.v4.new_markdown_cell(text.strip())
            for text in texts
            if text.strip()
        ] or [cell]:
            if piece.cell_type == "markdown" and piece.source.startswith("## "):
                sections.append([])
            sections[-1].append(piece)
    asks = [
        any("check" in cell.metadata.get("tags", []) for cell in section)
        for section in sections
    ]
    return tuple(
        [
            c
            for section, a in zip(sections, asks, strict=True)
            for c in section
            if a == of
        ]
        for of in (0, 1)
    )


def graded(cell, name: str, **kind) -> nbformat.NotebookNode:
    """The cell with nbgrader's metadata: solution, grade, locked; points if graded."""
    told = {"grade": False, "solution": False, "locked": False, "task": False, **kind}
    cell.metadata = nbformat.from_dict(
        {
            "nbgrader": {
                "grade_id": name,
                "schema_version": 3,
                "cell_type": cell.cell_type,
                **told,
            }
        }
    )
    return cell


def assignment(chapter: Path) -> nbformat.NotebookNode:
    """The instructor's version, with the solutions between nbgrader's markers."""
    cells = jupytext.read(chapter, fmt="md:myst").cells
    before, exercises = parts(cells)
    title = next(
        line for c in cells for line in c.source.splitlines() if line.startswith("# ")
    ).removeprefix("# ")
    code = needed(
        *(
            [c.source for c in some if c.cell_type == "code"]
            for some in (before, exercises)
        )
    )
    v4 = nbformat.v4
    found = [
        v4.new_markdown_cell(
            INTRODUCTION.format(
                title=title, name=f"../../../notebooks/{chapter.stem}.ipynb"
            )
        )
    ]
    found.append(
        graded(v4.new_code_cell(f"{SETUP}\n{code}".strip()), "setup", locked=True)
    )
    for number, cell in enumerate(exercises):
        if cell.cell_type == "markdown":
            found.append(v4.new_markdown_cell(cell.source))
            continue
        made = v4.new_code_cell(cell.source)
        if build.BEGIN in cell.source:
            graded(made, f"answer_{number}", solution=True)
        elif "check" in cell.metadata.get("tags", []):
            *imports, call = ast.parse(cell.source).body
            before = "".join(f"{ast.unparse(line)}\n" for line in imports)
            made.source = TEST.format(
                before=before, graded=GRADED, call=ast.unparse(call)
            )
            name = ast.unparse(call.value.func).replace(".", "_")
            graded(made, name, grade=True, locked=True, points=1)
        else:
            graded(made, f"given_{number}", locked=True)
        found.append(made)
    for i, cell in enumerate(found):
        cell.id = f"cell-{i}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return v4.new_notebook(
        cells=found,
        metadata={"kernelspec": kernel, "language_info": {"name": "python"}},
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("chapters", nargs="+", help="how their names begin: 03")
    parser.add_argument(
        "--to", type=Path, default=ROOT / "assignments", help="nbgrader's course folder"
    )
    chosen = parser.parse_args()
    for chapter in build.chapters():
        if chapter.stem.startswith(tuple(chosen.chapters)) and build.has_exercises(
            chapter
        ):
            path = chosen.to / "source" / chapter.stem / f"{chapter.stem}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(assignment(chapter), path)
            print(f"made {path}")
    (chosen.to / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    print(f"then, in {chosen.to}: nbgrader generate_assignment NAME")


if __name__ == "__main__":
    main()
