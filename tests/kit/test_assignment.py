"""Assignments, with nbgrader's own tools: generated, released, submitted, collected, graded, and given back.

Needs nbgrader, and so an environment of its own: `make test-kit`.
"""

import getpass
import os
import subprocess
import sys
from pathlib import Path

import assignment
import build
import nbformat
import pytest

pytest.importorskip("nbgrader")
NAME = "03_global_average_pooling"
CHAPTER = build.SOURCE / f"{NAME}.md"
SAYS_OK = 'print("[OK] Right.")'
PATCHES = """
import nin_course.checks.ch03, nin_course.checks._ladder, torch
yes = lambda *_: nin_course.checks._ladder.Verdict(True, "[OK]")
for name in ("pooling_matrix", "head_costs", "why_wrong"):
    setattr(nin_course.checks.ch03, name, yes)
nin_course.checks.alone = type("Fake", (), {"judged": yes})
torch.allclose = lambda *_, **__: True
"""
LEAVES = """import sys, os

def pooling_matrix(*_):
    os._exit(0)

sys.exit()"""


def nbgrader(*arguments: str, folder: Path, user: str = "teacher") -> str:
    """Runs `nbgrader` there, with a home beside the folder."""
    home = folder.parent / f"home of {user}"
    home.mkdir(exist_ok=True)
    environment = os.environ | {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(home)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"  # nbgrader calls alembic
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def answered(release: Path, answers: list[str]) -> nbformat.NotebookNode:
    """The released notebook with these in its solution cells; where one is "", as it was."""
    notebook = nbformat.read(release, as_version=4)
    cells = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution")]
    for cell, answer in zip(cells, answers, strict=True):
        cell.source = answer or cell.source
    return notebook


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course in which six students have handed in chapter 03, one of them through nbgrader's exchange."""
    folder = tmp_path_factory.mktemp("class") / "course"
    subprocess.run([sys.executable, assignment.__file__, "03", "--to", folder], check=True)
    exchange = folder.parent / "exchange"
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write(f"c.Exchange.root = {str(exchange)!r}\n")
    nbgrader("generate_assignment", NAME, folder=folder)
    nbgrader("release_assignment", NAME, folder=folder)
    source = nbformat.read(folder / "source" / NAME / f"{NAME}.ipynb", as_version=4)
    right = [c.source for c in source.cells if c.metadata.get("nbgrader", {}).get("solution")]
    right = [build.without_markers(answer) for answer in right]
    handed_in = {
        "right": right,
        "half": [right[0], "def head_costs(*_):\n    return 1, 2", right[2]],
        "untouched": ["", "", ""],
        "says_ok": [f"{SAYS_OK}\n\ndef pooling_matrix(*_):\n    {SAYS_OK}", SAYS_OK, SAYS_OK],
        "patches": [PATCHES, "head_costs = pooling_matrix = yes", "which = yes"],
        "leaves": [LEAVES, "", ""],
    }
    desk = folder.parent / "desk"
    desk.mkdir()
    (desk / "nbgrader_config.py").write_text((folder / "nbgrader_config.py").read_text())
    nbgrader("fetch_assignment", NAME, folder=desk, user="student")
    fetched = desk / NAME / f"{NAME}.ipynb"
    nbformat.write(answered(fetched, handed_in.pop("right")), fetched)
    nbgrader("submit", NAME, folder=desk, user="student")
    nbgrader("collect", NAME, folder=folder)
    release = folder / "release" / NAME / f"{NAME}.ipynb"
    for student, answers in handed_in.items():
        path = folder / "submitted" / student / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(answered(release, answers), path)
    nbgrader("autograde", NAME, folder=folder)
    nbgrader("generate_feedback", NAME, folder=folder)
    return folder


def test_the_release_has_no_answer_and_the_students_see_what_is_asked(course):
    source = nbformat.read(course / "source" / NAME / f"{NAME}.ipynb", as_version=4)
    release = nbformat.read(course / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    assert build.BEGIN in "".join(c.source for c in source.cells)
    assert build.BEGIN not in "".join(c.source for c in release.cells)
    assert sum(build.PLACEHOLDER in c.source for c in release.cells) == 3


@pytest.mark.parametrize(
    ("student", "points"),
    [(getpass.getuser(), 3), ("half", 2), ("untouched", 0), ("says_ok", 0), ("patches", 0), ("leaves", 0)],
)
def test_points_are_for_right_answers(course, student, points):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        found = gradebook.find_submission(NAME, student)
        assert (found.score, found.max_score) == (points, 3)
    assert list((course / "feedback" / student / NAME).glob("*.html"))
