"""The stored notebooks are what their sources say, complete, and free of what changes from run to run."""

import json
import re
import sys
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import build
import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from markdown_it import MarkdownIt
from nbclient.exceptions import CellExecutionError

CHAPTERS = [*build.chapters(), *build.chapters(build.CHINESE)]
PAIRS = [(chapter, path, solved) for chapter in CHAPTERS for path, solved in build.targets(chapter).items()]
IDS = [path.relative_to(build.STUDENT.parent).as_posix() for _, path, _ in PAIRS]
ASKED = ("Your prediction: ", "你的猜测：")
each_notebook = pytest.mark.parametrize(("chapter", "path", "solved"), PAIRS, ids=IDS)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def difference(chapter, path, solved):
    """Where a stored notebook differs from its source, in words, or None."""
    if not path.exists():
        return f"{path.name} has not been built: make notebooks"
    stored, fresh = build.source_of(nbformat.read(path, as_version=4)), build.assemble(chapter, solved=solved)
    for i, (a, b) in enumerate(zip(stored.cells, fresh.cells, strict=False), 1):
        if (a.cell_type, a.source, a.id, dict(a.metadata)) != (b.cell_type, b.source, b.id, dict(b.metadata)):
            return f"{path.name}, cell {i} differs from {chapter.name}: make notebooks. It reads:\n{a.source}"
    if len(stored.cells) != len(fresh.cells):
        return f"{path.name} has {len(stored.cells)} cells, {chapter.name} makes {len(fresh.cells)}: make notebooks"
    if stored.metadata != fresh.metadata:
        return f"{path.name} is older than {chapter.name}: make notebooks"
    return None


@each_notebook
def test_a_notebook_is_what_its_source_makes(chapter, path, solved):
    assert difference(chapter, path, solved) is None


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("# Start here", "# Begin here", "cell 1 differs"),
        ("healthy = doctor()", "healthy = True", "cell 2 differs"),
        ("[reveal]", "[hide]", "cell 14 differs"),
    ],
)
def test_a_changed_source_is_noticed_and_the_cell_named(tmp_path, old, new, named):
    chapter = build.SOURCE / "00_start_here.md"
    changed = tmp_path / chapter.name
    text = chapter.read_text()
    assert old in text
    changed.write_text(text.replace(old, new, 1))
    found = difference(changed, build.STUDENT / "00_start_here.ipynb", False)
    assert found.startswith(f"00_start_here.ipynb, {named} from 00_start_here.md")


def test_a_student_cell_edited_by_hand_is_noticed(tmp_path):
    path = build.STUDENT / "00_start_here.ipynb"
    edited = tmp_path / path.name
    edited.write_text(path.read_text().replace("FewPixels()", "FewPixels( )", 1))
    assert "00_start_here.ipynb, cell" in difference(build.SOURCE / "00_start_here.md", edited, False)


def test_there_is_no_notebook_without_a_source():
    stored = {p for p in build.STUDENT.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts}
    assert stored == {path for _, path, _ in PAIRS}


@each_notebook
def test_it_was_run_from_top_to_bottom_without_an_error(chapter, path, solved):
    cells = code_cells(nbformat.read(path, as_version=4))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]


@each_notebook
def test_it_stores_nothing_that_changes_from_run_to_run(chapter, path, solved):
    text = path.read_text()
    assert not re.search(r"execution\": \{|iopub|/home/|/Users/|/tmp/|site-packages", text)
    assert str(build.STUDENT.parent) not in text
    widgets = json.loads(text)["metadata"].get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {})
    for i, model_id in enumerate(widgets.get("state", {})):
        assert f"{int(model_id, 16):032x}" == model_id
        assert model_id in {build.model_id(k) for k in range(len(widgets["state"]))}, f"model {i} has a random id"


@each_notebook
def test_it_is_written_as_jupyter_writes_it(chapter, path, solved):
    """So that what a student saves differs only in the lines that they changed, and git can merge an update."""
    assert path.read_text(encoding="utf-8") == nbformat.writes(nbformat.read(path, as_version=4)) + "\n"


@each_notebook
def test_every_widget_shown_has_its_state_stored(chapter, path, solved):
    notebook = nbformat.read(path, as_version=4)
    state = notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    shown = [o.data for c in code_cells(notebook) for o in c.outputs if "data" in o]
    views = [
        d["application/vnd.jupyter.widget-view+json"] for d in shown if "application/vnd.jupyter.widget-view+json" in d
    ]
    assert all(view["model_id"] in state for view in views)


@each_notebook
def test_a_reveal_is_stored_folded_for_the_student(chapter, path, solved):
    for cell in code_cells(nbformat.read(path, as_version=4)):
        folded = cell.metadata.get("jupyter", {}).get("outputs_hidden", False)
        assert folded == ("reveal" in cell.metadata.get("tags", []) and not solved)
        if folded and ".reveal(" in cell.source:  # JupyterLab shows the last part's first line
            assert "text/plain" in cell.outputs[-1].get("data", {}), cell.source


@each_notebook
def test_every_bet_is_answered_on_the_page(chapter, path, solved):
    """An answer that is not a cell's last expression is computed, and shown to nobody. (Some are the solved copy's.)"""
    if build.has_answers(chapter) and not solved:
        return
    outputs = [o.data for c in code_cells(nbformat.read(path, as_version=4)) for o in c.outputs if "data" in o]
    texts = [data.get("text/plain", "") for data in outputs]
    asked = [text.removeprefix(words) for text in texts for words in ASKED if text.startswith(words)]
    assert asked
    assert asked == list(dict.fromkeys(asked))
    answered = [text.split("\n")[0] for text in texts if "\n" in text]
    assert set(asked) <= set(answered)


@each_notebook
def test_at_most_one_cell_in_eight_is_excused_from_comparison(chapter, path, solved):
    cells = code_cells(nbformat.read(path, as_version=4))
    excused = [c for c in cells if {"nbval-ignore-output", "nbval-skip"} & set(c.metadata.get("tags", []))]
    assert len(excused) <= len(cells) / 8


@each_notebook
def test_a_cell_fits_on_a_projector(chapter, path, solved):
    for cell in code_cells(nbformat.read(path, as_version=4)):
        lines = cell.source.splitlines()
        assert len(lines) <= 20, cell.source
        assert max(map(width, lines), default=0) <= 88, cell.source


def width(line):
    """In columns: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)


@each_notebook
def test_a_solved_exercise_passes_its_check_and_an_open_one_is_met_calmly(chapter, path, solved):
    checks = [c for c in code_cells(nbformat.read(path, as_version=4)) if "check" in c.metadata.get("tags", [])]
    for cell in checks:
        assert cell.outputs[0].data["text/plain"].startswith("[OK] " if solved else "[--] "), cell.source


@each_notebook
def test_a_solution_stands_in_a_student_notebook_only_behind_its_fold(chapter, path, solved):
    if solved:
        return
    notebook = nbformat.read(path, as_version=4)
    bodies = re.findall(rf"{build.BEGIN}\n(.*?)\n *{build.END}", chapter.read_text(), re.DOTALL)
    assert not [c.source for c in code_cells(notebook) for body in bodies if body.strip() in c.source]
    folds = [i for i, c in enumerate(notebook.cells) if c.source.startswith("<details>")]
    assert len(folds) == chapter.read_text().count("[check]")
    assert all(any(body in notebook.cells[i].source for i in folds) for body in bodies)
    assert build.BEGIN not in path.read_text()
    for i in folds:
        assert "check" in notebook.cells[i - 1].metadata["tags"]


@each_notebook
def test_no_star_is_left_where_words_were_to_stand_out(chapter, path, solved):
    """In Chinese `**…？**` before a letter is no bold: Markdown wants the mark outside of it."""
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    shown = MarkdownIt("commonmark").enable("table").render("\n\n".join(cells))
    shown = re.sub(r"<(code|pre)\b.*?</\1>|\$[^$]*\$", "", shown, flags=re.DOTALL)
    assert re.findall(r".*\*.*", shown) == []


@each_notebook
def test_every_link_leads_to_a_file_and_out_of_a_solved_copy_to_a_solved_one(chapter, path, solved):
    texts = [c.source for c in build.assemble(chapter, solved=solved).cells if c.cell_type == "markdown"]
    named = re.findall(r"`(\.\./[^`]+)`", texts[0])  # where the chapter lies without the answers
    assert [(path.parent / name).resolve() for name in named] == [
        p for p in build.targets(chapter) if solved and p != path
    ]
    for link in re.findall(r"\]\((?!https?:|#)([^)]+)\)", "".join(texts)):
        assert (path.parent / link).is_file(), link
        assert build.has_answers(chapter) or not (path.parent / Path(link).name).exists() or "/" not in link, link


# ---- the parts of the build -----------------------------------------------------------------------------------------


def test_a_placeholder_takes_the_solutions_place():
    source = "def f(x):\n    ### BEGIN SOLUTION\n    y = x + 1\n    return y\n    ### END SOLUTION"
    assert build.with_placeholders(source) == "def f(x):\n    ...  # your answer"
    assert build.without_markers(source) == "def f(x):\n    y = x + 1\n    return y"


def test_names_assigned_by_a_solution_keep_their_name():
    source = "### BEGIN SOLUTION\na = 1\nb = [\n    2,\n]\n### END SOLUTION\nprint(1)"
    assert build.with_placeholders(source) == "a = ...  # your answer\nb = ...  # your answer\nprint(1)"


HEAD = "---\nkernelspec:\n  display_name: Python 3\n  name: python3\n---\n\n"
TOY = """\
# A toy

```{code-cell} ipython3
import os, time
import ipywidgets
print("one", flush=True)
time.sleep(0.3)
print("two")
print(os.path.basename(os.getcwd()))
ipywidgets.IntSlider(value=3)
```

```{code-cell} ipython3
### BEGIN SOLUTION
answer = 6 * 7
### END SOLUTION
```

```{code-cell} ipython3
:tags: [check]
answer
```
"""


@pytest.fixture
def school(tmp_path, monkeypatch):
    """Where chapters and notebooks lie: a folder of its own."""
    for name, folder in (("SOURCE", "source"), ("STUDENT", "notebooks"), ("SOLVED", "notebooks/solutions")):
        monkeypatch.setattr(build, name, tmp_path / folder)
    build.SOURCE.mkdir()
    return tmp_path


def test_a_chapter_becomes_two_notebooks_that_are_the_same_from_build_to_build(school):
    (build.SOURCE / "01_toy.md").write_text(HEAD + TOY)
    build.main(["01"])
    views = set()
    for folder, answer in ((build.STUDENT, "Ellipsis"), (build.SOLVED, "42")):
        text = (folder / "01_toy.ipynb").read_text()
        first, _, check = code_cells(nbformat.reads(text, as_version=4))
        stream, slider = first.outputs
        assert stream.text == f"one\ntwo\n{folder.name}\n"
        views.add(slider.data["application/vnd.jupyter.widget-view+json"]["model_id"])
        (states,) = json.loads(text)["metadata"]["widgets"].values()
        assert views <= set(states["state"])  # each run draws its ids anew; in both notebooks they are the same
        assert check.outputs[0].data["text/plain"] == answer
        assert "execution" not in first.metadata
        assert '\n    "import ipywidgets\\n",\n' in text
        assert json.loads(text)["metadata"]["language_info"] == {"name": "python"}
    assert len(views) == 1


def test_an_answer_stands_in_the_solved_copy_alone(school):
    cell = "```{code-cell} ipython3\n%s%s\n```\n\n"
    text = "# Questions\n\n" + cell % ("", "question = 1")
    (build.SOURCE / "Q_toy.md").write_text(HEAD + text)
    assert list(build.targets(build.SOURCE / "Q_toy.md").values()) == [False]
    text += cell % (":tags: [answer]\n", "question + 1") + '+++ {"tags": ["answer"]}\n\nTwo.\n\n+++\n\nThe end.\n'
    (build.SOURCE / "Q_toy.md").write_text(HEAD + text)
    build.main(["Q"])
    found = {}
    for folder in (build.STUDENT, build.SOLVED):
        found[folder.name] = [cell.source for cell in nbformat.read(folder / "Q_toy.ipynb", as_version=4).cells]
    assert found["notebooks"] == ["# Questions", "question = 1", "The end."]
    assert found["solutions"][1:] == ["# Questions", "question = 1", "question + 1", "Two.", "The end."]


def test_an_error_in_a_chapter_stops_the_build_and_leaves_the_notebook_as_it_was(school):
    (build.SOURCE / "01_toy.md").write_text(HEAD + "```{code-cell} ipython3\n1 / 0\n```\n")
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        build.main([])
    assert not list(school.rglob("*.ipynb"))


@pytest.mark.parametrize(("asked", "built"), [
    ([], "abcd"), (["02"], "b"), (["03", "01"], "ac"), (["4"], ""), (["zh"], "d"), (["zh/02", "01"], "ad"),
])  # fmt: skip
def test_the_chapters_that_are_asked_for_are_built(school, monkeypatch, asked, built):
    (build.SOURCE / "zh").mkdir()
    for name in ("03_c", "01_a", "02_b", "zh/02_d"):
        (build.SOURCE / f"{name}.md").touch()
    seen = []
    monkeypatch.setattr(build, "build", lambda chapter: seen.append(chapter.stem[-1]))
    build.main(asked)
    assert "".join(seen) == built


def test_a_solution_without_a_check_stops_the_build(tmp_path):
    chapter = tmp_path / "x.md"
    chapter.write_text(HEAD + "```{code-cell} ipython3\n### BEGIN SOLUTION\na = 1\n### END SOLUTION\n```\n")
    with pytest.raises(ValueError, match="not followed by a cell tagged 'check'"):
        build.assemble(chapter, solved=False)


@pytest.mark.parametrize(("folder", "solved"), [("", False), ("", True), ("zh", False)])
def test_with_an_address_a_notebook_begins_by_fetching_the_course_where_it_is_not(
    tmp_path, monkeypatch, folder, solved
):
    chapter = build.SOURCE / folder / "03_global_average_pooling.md"
    before = [cell.source for cell in build.assemble(chapter, solved=solved).cells]
    project = tmp_path / "pyproject.toml"
    project.write_text('[project.urls]\nRepository = "https://github.com/someone/nin"\n')
    monkeypatch.setattr(build, "PROJECT", project)
    after = build.assemble(chapter, solved=solved).cells
    cell = next(cell for cell in after if cell.cell_type == "code")
    assert [other.source for other in after if other is not cell] == before
    assert len({cell.id for cell in after}) == len(after)
    ran = []
    shell = TransformerManager().transform_cell(cell.source)
    there = SimpleNamespace(run_line_magic=lambda name, line: ran.append((name, line)))
    exec(shell, {"get_ipython": lambda: there})
    assert not ran  # it is here
    monkeypatch.setitem(sys.modules, "nin_course", None)
    exec(shell, {"get_ipython": lambda: there})
    assert ran == [("pip", "install -q git+https://github.com/someone/nin")]


@pytest.mark.parametrize(
    "url", ["https://example.org/someone/nin", "https://github.com/someone", 'https://github.com/a/b"; x']
)
def test_what_is_no_repository_on_github_is_no_address(tmp_path, monkeypatch, url):
    (tmp_path / "pyproject.toml").write_text(f'Repository = "{url}"\n')
    monkeypatch.setattr(build, "PROJECT", tmp_path / "pyproject.toml")
    assert build.address() is None
