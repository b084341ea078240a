"""The promises the package makes about itself."""

import ast
import doctest
import importlib
import io
import pkgutil
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

import nin_course as d2l
from nin_course.__main__ import main

ROOT = Path(d2l.__file__).parent
MODULES = [m.name for m in pkgutil.walk_packages([str(ROOT)], "nin_course.") if not m.name.endswith("__main__")]


def test_importing_it_loads_nothing_beyond_torch():
    heavy = ["matplotlib", "ipywidgets", "torchvision", "IPython", "tqdm.auto"]
    code = "import sys, torch; before = set(sys.modules); import nin_course; "
    code += f"print([m for m in {heavy} if m in set(sys.modules) - before])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


@pytest.mark.parametrize("name", MODULES)
def test_every_example_in_a_docstring_runs(name):
    failures, _ = doctest.testmod(importlib.import_module(name))
    assert failures == 0


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is_for(name):
    assert importlib.import_module(name).__doc__


@pytest.mark.parametrize("name", d2l.__all__)
def test_every_public_name_is_documented(name):
    assert getattr(d2l, name).__doc__.strip()


def lines_of_code(source):
    """Lines that hold something else than blanks, a comment or a docstring."""
    documented = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            documented |= set(range(node.lineno, node.end_lineno + 1))
    empty = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    held = {n for t in tokens if t.type not in empty for n in range(t.start[0], t.end[0] + 1)}
    return len(held - documented)


def test_lines_of_code_are_counted_without_comments_and_docstrings():
    assert (
        lines_of_code('"""A\nmodule."""\n\n# a comment\nx = [\n    1,\n]\n\ndef f():\n    """Doc."""\n    return x\n')
        == 5
    )


def test_the_library_is_smaller_than_the_one_it_replaces():
    """What a chapter calls, but for demos and checks; not the command line and the makers of assets (decision 0006)."""
    command_line = {"__main__.py", "doctor.py", "runs.py"}
    modules = [p for p in ROOT.rglob("*.py") if p.name not in command_line]
    library = [p for p in modules if not {"demos", "checks", "assets"} & set(p.relative_to(ROOT).parts)]
    assert len(library) > 12
    assert sum(lines_of_code(p.read_text()) for p in library) < 1215


def test_the_doctor_finds_this_environment_healthy(capsys):
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "Everything is ready."
    assert any(line.startswith("[OK]   embedded sample: 10,000") for line in lines)
    assert all(line.startswith(("[OK]", "[--]")) for line in lines[:-1])


def test_the_doctor_reports_a_missing_package_with_the_cure(capsys, monkeypatch):
    monkeypatch.setattr("nin_course.doctor._requirements", lambda: ["a-package-nobody-has"])
    assert main(["doctor"]) == 1
    assert "[FAIL] a-package-nobody-has missing: pip install -r requirements.txt" in capsys.readouterr().out


def test_the_doctor_reports_a_damaged_sample(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("nin_course.files.SAMPLE_DIR", tmp_path)
    assert main(["doctor"]) == 1
    assert "[FAIL]" in capsys.readouterr().out


def bounds(text, sign):
    """{package: (2, 6)} of every `package<sign>2.6.0`, each named once; last zeros say nothing."""
    found = re.findall(rf"^\s*\"?([\w-]+){sign}(\d[\w.]*)", text, re.MULTILINE)
    assert len(found) == len(dict(found))
    return {name: tuple(map(int, re.sub(r"(\.0)+$", "", version).split("."))) for name, version in found}


def test_the_oldest_releases_tested_are_the_lower_bounds():
    """requirements.txt and pyproject.toml bound alike, and only from below; constraints/oldest.txt fixes the same."""
    project = (ROOT.parent / "pyproject.toml").read_text(encoding="utf-8")
    package, dev = project.split("dependencies = [")[1].split("]\n")[0], project.split("dev = [")[1].split("]\n")[0]
    students = (ROOT.parent / "requirements.txt").read_text(encoding="utf-8")
    oldest = (ROOT.parent / "constraints" / "oldest.txt").read_text(encoding="utf-8")
    assert all(
        line.startswith(("#", "-e .")) or re.fullmatch(r"[\w-]+>=[\d.]+", line) for line in students.splitlines()
    )
    front_ends = {name: bound for name, bound in bounds(students, ">=").items() if name in {"jupyterlab", "nbval"}}
    assert bounds(package, ">=") | front_ends == bounds(students, ">=")
    assert len(front_ends) == 2
    wanted = bounds(dev, ">=") | bounds(students, ">=")
    assert len(wanted) > 12
    assert bounds(dev, ">=").items() <= wanted.items()
    assert bounds(oldest, "==") == wanted


def test_assets_stay_under_twenty_megabytes():
    assert sum(p.stat().st_size for p in (ROOT / "assets").rglob("*") if p.is_file()) < 20e6
