"""Code, notebooks included, and Markdown are linted and formatted; the workflow of GitHub is well formed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_finds_nothing(command):
    done = subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_markdown_is_formatted():
    """A chapter's cells stay as they are; a paragraph is at most 120 characters wide, or one line if it is Chinese."""
    english = ["README.md", "docs", *map(str, sorted(ROOT.glob("notebooks/source/*.md")))]
    for places in (english, ["--wrap", "keep", "README.zh.md", "notebooks/source/zh"]):
        command = [sys.executable, "-m", "mdformat", "--check", *places]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_texts_are_read_and_written_as_utf_8_on_every_system():
    """Windows has another encoding of its own before Python 3.15."""
    folders = ("nin_course", "docs", "benchmarks", "notebooks", "deploy", "site")
    paths = [p for folder in folders for p in (ROOT / folder).rglob("*.py")]
    calls = [(p, n) for p in paths for n in ast.walk(ast.parse(p.read_bytes())) if isinstance(n, ast.Call)]
    of_texts = [
        (path, call)
        for path, call in calls
        for name in [getattr(call.func, "attr", getattr(call.func, "id", ""))]
        if name in {"read_text", "write_text"}
        or (name == "open" and "b" not in "".join(modes(call)) and not of_pillow(call))
    ]
    assert len(of_texts) > 12
    without = [(p, c) for p, c in of_texts if "encoding" not in {keyword.arg for keyword in c.keywords}]
    assert not [f"{path.relative_to(ROOT)}, line {call.lineno}" for path, call in without]


def of_pillow(call):
    """Image.open opens no text."""
    return getattr(getattr(call.func, "value", None), "id", "") == "Image"


def modes(call):
    """What a call of `open` gets that can be a mode: the texts of one to three letters."""
    given = [getattr(a, "value", None) for a in [*call.args, *(keyword.value for keyword in call.keywords)]]
    return [value for value in given if isinstance(value, str) and len(value) < 4]


def test_the_workflows_are_such_as_github_reads():
    workflows = sorted(str(path) for path in (ROOT / ".github" / "workflows").iterdir())
    assert len(workflows) == 2
    command = ["check_jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows]
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
