"""Builds the notebooks from the chapters in this folder.

`make notebooks` builds all, `python notebooks/source/build.py 01 zh/01` one in English
and in Chinese, whose chapters lie in the folder zh. A chapter is one MyST Markdown
file. From it come the student's notebook (a placeholder where a solution stands, the
solution behind a fold after its check) and, if it has exercises, the solved one. Both
run from a fresh kernel; outputs and widget state are stored, everything that changes
from run to run (times, random ids) is not.
"""

import copy
import hashlib
import re
import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

SOURCE = Path(__file__).parent
STUDENT, SOLVED = SOURCE.parent, SOURCE.parent / "solutions"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
LINK = re.compile(r"\]\((?!\w+:|#)([^)\s]+)\)")  # to a file, as Markdown writes it
ANSWER = "answer"  # the tag of a cell that only the solved copy has
PLACEHOLDER = "...  # your answer"
CHINESE = "zh"  # the folder, and the language
PROJECT = SOURCE.parents[1] / "pyproject.toml"
INSTALL = """\
try:  # where the course is not yet, as on Colab, it is fetched first
    import nin_course
except ModuleNotFoundError:
    %pip install -q {package}
"""
SPEAK = """\
from nin_course.language import speak

speak("zh")  # 图、滑块、检查和报错，都说中文
"""
SOLVED_NOTE = (
    "*This is the solved copy. The chapter without the answers is `../{name}`.*"
)
FOLD = "One solution (try first; three hints are yours)"
IN_CHINESE = {
    SOLVED_NOTE: "**这是带答案的一份。没有答案的这一章在 `../{name}`。**",
    FOLD: "一种解法（先自己试；你有三个提示）",
    PLACEHOLDER: "...  # 你的答案",
}


def chapters(language: str = "") -> list[Path]:
    return sorted((SOURCE / language).glob("*.md"))


def is_chinese(chapter: Path) -> bool:
    return chapter.parent.name == CHINESE


def has_exercises(chapter: Path) -> bool:
    return BEGIN in chapter.read_text(encoding="utf-8")


def has_answers(chapter: Path) -> bool:
    cells = jupytext.read(chapter, fmt="md:myst").cells
    return any(ANSWER in cell.metadata.get("tags", []) for cell in cells)


def targets(chapter: Path) -> dict[Path, bool]:
    """The notebooks that a chapter makes: path -> whether it is the solved one."""
    name = f"{chapter.stem}.ipynb"
    answered = has_exercises(chapter) or has_answers(chapter)
    student, solved = STUDENT, SOLVED
    if is_chinese(chapter):
        student = STUDENT / CHINESE
        solved = student / SOLVED.name
    return {student / name: False} | ({solved / name: True} if answered else {})


def assemble(chapter: Path, *, solved: bool) -> nbformat.NotebookNode:
    """The notebook of a chapter, not yet executed."""
    notebook = jupytext.read(chapter, fmt="md:myst")
    words = IN_CHINESE if is_chinese(chapter) else {word: word for word in IN_CHINESE}
    cells, waiting = [], []
    if solved:
        note = words[SOLVED_NOTE].format(name=f"{chapter.stem}.ipynb")
        cells.append(nbformat.v4.new_markdown_cell(note))
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if ANSWER in tags and not solved:
            continue
        if cell.cell_type == "code":
            waiting += [] if solved else solutions(cell.source)
            cell.source = (
                without_markers(cell.source)
                if solved
                else with_placeholders(cell.source, words[PLACEHOLDER])
            )
        elif solved and ANSWER not in tags:
            cell.source = LINK.sub(from_solved, cell.source)
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if "reveal" in tags and not solved:
            cell.metadata["jupyter"] = {"outputs_hidden": True}
        cells.append(cell)
        if "check" in tags and waiting:
            cells.append(nbformat.v4.new_markdown_cell(fold(waiting, words[FOLD])))
            waiting = []
    if waiting:
        raise ValueError(
            f"{chapter.name}: a solution is not followed by a cell tagged 'check'"
        )
    if is_chinese(chapter):
        cells.insert(first_code(cells), nbformat.v4.new_code_cell(SPEAK.rstrip()))
    if address():
        package = f"git+{address()}"
        cells.insert(
            first_code(cells),
            nbformat.v4.new_code_cell(INSTALL.format(package=package).rstrip()),
        )
    seen: dict[str, int] = {}
    for cell in cells:
        key = hashlib.sha256(cell.source.encode()).hexdigest()[:10]
        seen[key] = seen.get(key, 0) + 1
        cell.id = f"{key}-{seen[key]}"
    notebook.cells = cells
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
            "nin_course": {
                "source": chapter.name,
                "sha256": hashlib.sha256(chapter.read_bytes()).hexdigest(),
            },
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def from_solved(link: re.Match) -> str:
    """A chapter's link as its solved copy has it: solved copies lead to each other."""
    chapter = SOURCE / f"{link[1].removesuffix('.ipynb')}.md"
    beside = chapter.exists() and SOLVED / link[1] in targets(chapter)
    return link[0] if beside else f"](../{link[1]})"


def address() -> str | None:
    """Where the course lies, https://github.com/OWNER/NAME, if pyproject.toml says so.

    It stands there as `Repository` under `[project.urls]`. With it, every notebook
    begins with a cell that installs the course, and the site has badges.
    """
    pattern = r'^Repository = "(https://github\.com/[\w.-]+/[\w.-]+)"$'
    found = re.search(pattern, PROJECT.read_text(encoding="utf-8"), re.MULTILINE)
    return found and found[1]


def first_code(cells: list[nbformat.NotebookNode]) -> int:
    """The place of the first code cell."""
    return next(i for i, cell in enumerate(cells) if cell.cell_type == "code")


def solutions(source: str) -> list[str]:
    """A cell's solution, whole, so that it can be pasted; or nothing."""
    return [without_markers(source)] if BEGIN in source else []


def without_markers(source: str) -> str:
    return "\n".join(
        line for line in source.splitlines() if line.strip() not in (BEGIN, END)
    )


def with_placeholders(source: str, placeholder: str = PLACEHOLDER) -> str:
    """Each solution becomes `...`, or `name = ...` for the names that it assigns."""

    def replace(match: re.Match) -> str:
        indent, body = match["indent"], match["body"]
        names = (
            list(dict.fromkeys(re.findall(rf"^{indent}(\w+) = ", body, re.MULTILINE)))
            if not indent
            else []
        )
        return (
            "\n".join(f"{indent}{name} = {placeholder}" for name in names)
            or f"{indent}{placeholder}"
        )

    pattern = rf"^(?P<indent> *){BEGIN}\n(?P<body>.*?)^ *{END}$"
    return re.sub(pattern, replace, source, flags=re.DOTALL | re.MULTILINE)


def fold(answers: list[str], summary: str = FOLD) -> str:
    code = "\n\n\n".join(answers)
    summary = f"<summary>{summary}</summary>"
    return f"<details>{summary}\n\n```python\n{code}\n```\n\n</details>"


def execute(notebook: nbformat.NotebookNode, folder: Path) -> None:
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources=resources,
        record_timing=False,
        coalesce_streams=True,
    ).execute()


def steady(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The executed notebook without the kernel's version and the random widget ids."""
    notebook.metadata["language_info"] = {"name": "python"}
    widgets = notebook.metadata.get("widgets", {}).get(
        "application/vnd.jupyter.widget-state+json", {}
    )
    text = nbformat.writes(notebook)
    for i, random_id in enumerate(widgets.get("state", {})):
        text = text.replace(random_id, model_id(i))
    return nbformat.reads(text, as_version=4)


def model_id(i: int) -> str:
    """The id of the i-th widget: as long as ipywidgets' own, always the same."""
    return hashlib.sha256(str(i).encode()).hexdigest()[:32]


def build(chapter: Path) -> None:
    for path, solved in targets(chapter).items():
        notebook = assemble(chapter, solved=solved)
        path.parent.mkdir(parents=True, exist_ok=True)
        execute(notebook, path.parent)
        text = nbformat.writes(steady(notebook)) + "\n"  # a line of a cell is a line
        path.write_text(text, encoding="utf-8", newline="\n")
        print("built", path.relative_to(STUDENT.parent))


def source_of(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy without outputs, to compare with what `assemble` gives."""
    bare = copy.deepcopy(notebook)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    bare.metadata.pop("widgets", None)
    return bare


def main(starts: list[str]) -> None:
    """Builds the chapters whose names start so; all, if nothing is given."""
    for language in ("", CHINESE):
        for chapter in chapters(language):
            name = (Path(language) / chapter.stem).as_posix()
            if name.startswith(tuple(starts) or ("",)):
                build(chapter)


if __name__ == "__main__":
    main(sys.argv[1:])
