"""The promises the package makes about itself."""

import ast
import doctest
import importlib
import importlib.metadata
import io
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tokenize
from dataclasses import fields
from pathlib import Path

import matplotlib
import pytest
import torch
import tqdm
from jupyterlab_server.settings_utils import _get_overrides

import nin_course as d2l
from nin_course import files
from nin_course.__main__ import FIELDS, main
from nin_course.recipe import Recipe

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


def test_the_public_names_are_all_that_can_be_used_of_it():
    used = {name for name, value in vars(d2l).items() if callable(value) and not name.startswith("_")}
    assert used == set(d2l.__all__)
    assert list(d2l.__all__) == sorted(d2l.__all__)


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


COMMAND_LINE = {"__main__.py", "doctor.py", "runs.py"}
OF_LATER_CHAPTERS = {"collage.py", "calibration.py", "photo.py", "lab.py", "results.py", "frontier.py", "modern.py"}
OF_LATER_CHAPTERS |= {"audit.py", "compare.py"}  # of 07 to 09, and the command line's, for 08
OF_CHINESE = {"catalogue.py", "language.py"}  # nothing of them is used in English


def test_the_library_of_chapters_00_to_06_is_smaller_than_the_one_it_replaces():
    """What these chapters call, but for demos and checks; not the command line, the makers of assets (0006)."""
    modules = [p for p in ROOT.rglob("*.py") if p.name not in COMMAND_LINE | OF_LATER_CHAPTERS | OF_CHINESE]
    library = [p for p in modules if not {"demos", "checks", "assets"} & set(p.relative_to(ROOT).parts)]
    assert len(library) > 12
    assert sum(lines_of_code(p.read_text()) for p in library) < 1215


@pytest.mark.parametrize("name", sorted(OF_LATER_CHAPTERS))
def test_a_module_of_a_later_chapter_is_counted_apart_and_small(name):
    """Under 150 lines of code each; and no module of the chapters before needs it, but for the command's door."""
    assert lines_of_code((ROOT / name).read_text()) < 150
    callers = {p.name for p in ROOT.glob("*.py") if re.search(rf"nin_course\.{name[:-3]}\b", p.read_text())}
    assert callers <= OF_LATER_CHAPTERS | OF_CHINESE | {"__main__.py"}


@pytest.mark.parametrize("name", sorted(OF_CHINESE))
def test_the_modules_that_translate_are_counted_apart_and_smaller_still(name):
    """And the library does not know them: only what a student meets last, checks, demos and the command line, does."""
    assert lines_of_code((ROOT / name).read_text(encoding="utf-8")) < 100
    callers = {p.name for p in ROOT.glob("*.py") if re.search(r"nin_course\.(language|catalogue)\b", p.read_text())}
    assert callers <= COMMAND_LINE | OF_CHINESE | {"compare.py"}


# ---- the doctor -----------------------------------------------------------------------------------------------------

SIZES = {"train": 60_000, "t10k": 10_000}


@pytest.fixture
def full_set(monkeypatch):
    """The full set as if it were here, without the second that its hashes take."""
    sizes = lambda folder, part, hashes: (None, range(SIZES[part]) if hashes == files.FULL else None)  # noqa: E731
    really = files.read_split
    monkeypatch.setattr(files, "find_full", lambda: "here")
    monkeypatch.setattr(files, "read_split", lambda *a: sizes(*a) if a[0] == "here" else really(*a))


@pytest.fixture
def told(full_set, capsys):
    """What the doctor says, as (mark, text) a check, with its last line and the exit status."""

    def run():
        status = main(["doctor"])
        *lines, last = capsys.readouterr().out.splitlines()
        assert all(line[6:7] == " " and line[7:8] != " " for line in lines)
        return [(line[:6].strip(), line[7:]) for line in lines], last, status

    return run


def fails(told, words, checks=6):
    """The one check that fails, with its cure; the others are reported all the same."""
    said, last, status = told()
    assert [text for mark, text in said if mark == "[FAIL]"] == [words]
    assert len(said) == checks
    assert last == "Mend what says [FAIL], then run the doctor again."
    assert status == 1


def test_the_doctor_finds_this_environment_healthy_and_says_of_what_it_is_made(told):
    said, last, status = told()
    assert (last, status) == ("Everything is ready.", 0)
    assert {mark for mark, _ in said} <= {"[OK]", "[--]"}
    python, packages, *rest = said
    assert python == ("[OK]", f"Python {sys.version.split()[0]} on {os.uname().sysname}")
    listed = dict(entry.split(" ") for entry in packages[1].split(", "))
    needed = re.search(r"^dependencies = \[(.*?)\]", (ROOT.parent / "pyproject.toml").read_text(), re.M | re.S)[1]
    assert sorted(listed) == sorted([*re.findall(r'"(\w+)', needed), "jupyterlab", "nbval"])
    assert (listed["matplotlib"], listed["tqdm"]) == (matplotlib.__version__, tqdm.__version__)
    assert rest[:3] == [
        ("[OK]", "a small network takes a step forward and back"),
        ("[OK]", "embedded sample: 10,000 training and 2,000 test images"),
        ("[OK]", "full Fashion-MNIST: 60,000 + 10,000 images"),
    ]
    assert len(rest) == 4


def test_the_doctor_reports_missing_packages_with_the_cure(told, monkeypatch):
    def version(name):
        if name in ("tqdm", "nbval"):
            raise importlib.metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr("nin_course.doctor.version", version)
    fails(told, "tqdm and nbval missing: pip install -r requirements.txt")


def test_the_doctor_asks_for_what_a_student_needs_whatever_stands_behind_the_name(told, monkeypatch):
    monkeypatch.setattr("nin_course.doctor.version", lambda name: "1")
    listed = ["torch>=2.4", "tqdm >=4", "old ; python_version < '3.11'", 'pytest>=8; extra == "dev"']
    for required, names in ((listed, "torch 1, tqdm 1, old 1, "), (None, "")):
        monkeypatch.setattr("nin_course.doctor.requires", lambda name, required=required: required)
        assert ("[OK]", f"{names}jupyterlab 1, nbval 1") in told()[0]


def test_the_doctor_reports_one_gradient_that_is_not_finite(told, monkeypatch):
    net = d2l.nin_small()
    net[0][0].bias.register_hook(lambda gradient: gradient * torch.nan)
    monkeypatch.setattr(d2l, "nin_small", lambda: net)
    fails(told, "a gradient is not finite: reinstall torch")


def test_the_doctor_reports_a_damaged_sample(told, monkeypatch, tmp_path):
    monkeypatch.setattr(files, "SAMPLE_DIR", tmp_path)
    fails(told, f"[Errno 2] No such file or directory: '{tmp_path / 'card.json'}'")


def test_the_doctor_reports_a_damaged_full_set_and_does_without_it(told, monkeypatch):
    monkeypatch.setattr(files, "find_full", lambda: None)
    said, last, status = told()
    assert said[4][0] == "[--]"
    assert said[4][1].startswith(
        "full Fashion-MNIST: not here; the sample carries every chapter. `python -m nin_course"
    )
    assert (last, status) == ("Everything is ready.", 0)

    def damaged():
        raise ValueError("it is damaged")

    monkeypatch.setattr(files, "find_full", damaged)
    fails(told, "it is damaged")


def bounds(text, sign):
    """{package: (2, 6)} of every `package<sign>2.6.0`, each named once; last zeros say nothing."""
    found = re.findall(rf"^\s*\"?([\w-]+){sign}(\d[\w.]*)", text, re.MULTILINE)
    assert len(found) == len(dict(found))
    return {name: tuple(map(int, re.sub(r"(\.0)+$", "", version).split("."))) for name, version in found}


@pytest.mark.parametrize("command", ["", "doctor", "data", "train", "compare"])
def test_the_command_lines_help_names_the_command_as_one_types_it(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([*command.split(), "--help"])
    assert capsys.readouterr().out.startswith(f"usage: python -m nin_course {command}".rstrip() + " ")


def test_the_help_says_of_each_option_what_it_is(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    with pytest.raises(SystemExit, match="0"):
        main(["train", "--help"])
    help_text = re.sub(r"\n {10,}", "  ", capsys.readouterr().out)  # of a long option it begins a line further down
    told = dict(re.findall(r"^  (--[\w-]+).*?  +(\S.*)$", help_text, re.MULTILINE))
    of_recipe = [f"--{field.name.replace('_', '-')}" for field in fields(Recipe)]
    assert [*told] == ["--preset", "--out", "--device", "--seed", "--held-out", "--resume", *of_recipe]
    assert [told[option] for option in of_recipe] == [*FIELDS.values()]
    assert [field.name for field in fields(Recipe)] == [*FIELDS]
    assert len(set(told.values())) == len(told)


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


def test_the_wheel_brings_jupyterlabs_settings_to_where_it_reads_them(tmp_path):
    project = (ROOT.parent / "pyproject.toml").read_text(encoding="utf-8")
    ours, there = re.search(r'shared-data\]\n"(.*?)" = "share/jupyter/lab/settings/(.*?)"', project).groups()
    (tmp_path / there).parent.mkdir()
    shutil.copy(ROOT.parent / ours, tmp_path / there)
    assert json.loads((ROOT.parent / ours).read_text()).items() <= _get_overrides(str(tmp_path))[0].items()


def test_assets_stay_under_twenty_megabytes():
    assert sum(p.stat().st_size for p in (ROOT / "assets").rglob("*") if p.is_file()) < 20e6
