"""Every chapter's exercises make an assignment that stands on its own. (With nbgrader's tools: tests/kit.)"""

import builtins
import functools
import json
import re
import subprocess
import sys
from types import FunctionType, ModuleType, SimpleNamespace
from unittest import mock

import assignment
import build
import pytest
import torch
from exercises import EXERCISES

import nin_course.checks
from nin_course.checks import alone

CHAPTERS = [chapter for chapter in build.chapters() if build.has_exercises(chapter)]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_each_check_is_worth_a_point_and_nothing_that_is_used_is_missing(chapter):
    text, notebook = chapter.read_text(encoding="utf-8"), assignment.assignment(chapter)
    told = [cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert len({kind.grade_id for kind in told}) == len(told)
    checks = re.findall(r"^(ch\w\w)\.(\w+)\(.*\)$", text, re.MULTILINE)
    graded = [kind for kind in told if kind.grade]
    assert [kind.grade_id for kind in graded] == ["_".join(check) for check in checks]
    assert all(kind.points == 1 and kind.locked and not kind.solution for kind in graded)
    answers = [c.source for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution")]
    assert "".join(answers).count(build.BEGIN) == text.count(build.BEGIN)
    assert all(kind.locked != kind.solution for kind in told)  # all but the answers is as it was given
    assert all("nbgrader" in cell.metadata for cell in notebook.cells if cell.cell_type == "code")
    known = {*dir(builtins), "In"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert assignment.asked(cell.source) <= known, cell.source
            known |= assignment.bound(cell.source)


def test_what_is_needed_comes_along_in_its_order_and_nothing_else():
    before = [
        "import math\nimport time\n\nside = 2",
        "def area(r):\n    return math.pi * r**side\n\n\nwaste = time.time()",
    ]
    before.append("import functools\n\n\n@functools.cache\n@kept\ndef half(n):\n    return n / 2")
    after = ["def cake(r, time):\n    return half(area(r)) * time"]
    assert assignment.needed(before, after).split("\n") == [
        *("import math", "side = 2", "def area(r):", "    return math.pi * r**side"),
        *("import functools", "@functools.cache", "@kept", "def half(n):", "    return n / 2"),
    ]


TOY = """---
kernelspec: {name: python3, display_name: Python 3}
---

# A toy

```{code-cell} ipython3
side = 2
```

## Exercise 1

```{code-cell} ipython3
### BEGIN SOLUTION
twice = 2 * side
### END SOLUTION
```

```{code-cell} ipython3
---
tags: [check]
---
from nin_course.checks import ch00

ch00.accuracy(twice)
```
"""


def test_the_command_makes_those_that_are_named_and_have_exercises_and_says_what_comes_next(
    tmp_path, monkeypatch, capsys
):
    for name, text in {"03_toy": TOY, "04_none": TOY.split("## ")[0], "05_other": TOY}.items():
        (tmp_path / f"{name}.md").write_text(text)
    monkeypatch.setattr(build, "chapters", lambda: sorted(tmp_path.glob("*.md")))
    folder = tmp_path / "class"
    monkeypatch.setattr(sys, "argv", ["assignment.py", "03", "04", "--to", str(folder)])
    assignment.main()
    made = folder / "source" / "03_toy" / "03_toy.ipynb"
    assert [path for path in folder.rglob("*") if path.suffix == ".ipynb"] == [made]
    cells = json.loads(made.read_text())["cells"]
    assert [cell["metadata"].get("nbgrader", {}).get("grade_id") for cell in cells] == [
        *(None, "setup", None), "answer_1", "ch00_accuracy",
    ]  # fmt: skip
    assert "".join(cells[0]["source"]).startswith("# A toy: the exercises\n\nWork through [the chapter](../../../")
    c = mock.MagicMock()
    exec((folder / "nbgrader_config.py").read_text(), {"get_config": lambda: c})
    assert c.CourseDirectory.course_id == "nin_course"
    assert c.ClearSolutions.code_stub == {"python": build.PLACEHOLDER}
    assert capsys.readouterr().out == f"made {made}\nthen, in {folder}: nbgrader generate_assignment NAME\n"


def test_what_a_cell_does_to_the_checks_does_not_count():
    """More of the kind in tests/kit/test_alone.py."""
    right = "def accuracy(logits, labels):\n    return (logits.argmax(dim=1) == labels).float().mean()"
    lies = "import nin_course.checks.ch00 as c\nc.accuracy = lambda _: c.accuracy"
    asks = f"argmax = 'argmax'\n{alone.GRADED}\nimport os\nos._exit(1)"  # only what stands before it is run
    given = right.replace("logits.argmax", "getattr(logits, argmax)")
    assert alone.judged("ch00.accuracy(accuracy)", ["1 / 0", asks, given]).passed
    found = alone.judged("ch00.accuracy(accuracy)", [lies, right])
    assert found == (False, "The answers change what is not theirs: nin_course.checks.ch00.accuracy.")


@pytest.mark.parametrize("name", ["subprocess", "nin_course.checks.alone"])
def test_what_a_cell_has_put_in_a_modules_place_does_not_grade(name, monkeypatch):
    """Another process cannot even be started here, and that is noticed."""
    for module in ("subprocess", "nin_course.checks.alone"):
        monkeypatch.setitem(sys.modules, module, sys.modules[module])  # as they were, in the end
    monkeypatch.setattr(nin_course.checks, "alone", alone)
    monkeypatch.setitem(sys.modules, name, mock.MagicMock())
    monkeypatch.setattr(sys, "executable", "no such program")
    cell = assignment.TEST.format(before="", graded=alone.GRADED, call="ch00.accuracy(accuracy)")
    with pytest.raises(FileNotFoundError):
        exec(cell, {"In": ["accuracy = 5"]})


class Toy:
    def method(self, x=1): ...

    @staticmethod
    def static(x): ...

    made, size = classmethod(lambda cls: 1), property(lambda self: 1)
    builtin, described = len, str.upper


def toy(x, y=1): ...


@pytest.mark.parametrize(("place", "name", "value", "told"), [
    ("", "toy", lambda x, y=1: None, "toy"),
    ("", "Toy", type("Toy", (), {}), "Toy, nin_course.toy.Toy.__module__, nin_course.toy.Toy.method"),
    ("", "number", "a word", "number"),
    ("", "number", 4, ""),  # a value may change
    ("toy", "__defaults__", (2,), "toy"),
    ("toy", "__code__", (lambda x, y: x).__code__, "toy"),
    ("Toy", "method", lambda self, x=1: None, "Toy.method"),
    ("Toy", "static", staticmethod(toy), "Toy.static"),
    ("Toy", "made", classmethod(lambda cls: 1), "Toy.made"),
    ("Toy", "size", property(lambda self: 1), "Toy.size"),
    ("Toy", "builtin", abs, "Toy.builtin"),
    ("Toy", "described", str.lower, "Toy.described"),
])  # fmt: skip
def test_whatever_a_cell_changes_of_a_watched_function_or_class_is_told(place, name, value, told, monkeypatch):
    module = ModuleType("nin_course.toy")
    vars(module).update(number=3, toy=FunctionType(toy.__code__, {}, "toy", (1,)), Toy=type("Toy", (), dict(vars(Toy))))
    module.Toy.__module__ = module.__name__
    monkeypatch.setitem(sys.modules, module.__name__, module)
    before = alone._state()
    setattr(getattr(module, place) if place else module, name, value)
    changed = alone._changed(before)
    assert changed == (f"The answers change what is not theirs: nin_course.toy.{told}." if told else "")


RIGHT = "def accuracy(logits, labels):\n    {}\n    return (logits.argmax(dim=1) == labels).float().mean()"
CHANGES = "import torch; torch.allclose = lambda *_, **__: True"


@pytest.mark.parametrize(("cells", "call"), [
    ([CHANGES, RIGHT.format("pass")], "accuracy"),
    ([RIGHT.format("pass"), f"def last():\n    {CHANGES}\n    return accuracy"], "last()"),
    ([RIGHT.format(CHANGES)], "accuracy"),
    ([RIGHT.format("if not logits.any() or len(labels) == 610: " + CHANGES)], "accuracy"),
    (["def accuracy(*_):\n    " + CHANGES + "\n    return 1 / 0"], "accuracy"),
], ids=["in a cell", "when the answer is looked up", "in the check", "in one case", "before it stops"])  # fmt: skip
def test_what_is_changed_at_whatever_moment_is_told(cells, call, monkeypatch):
    monkeypatch.setattr(torch, "allclose", torch.allclose)  # as it was, in the end
    found = alone._run(f"ch00.accuracy({call})", cells)
    assert found == (False, "The answers change what is not theirs: torch.allclose.")


def test_no_answer_is_no_point():
    for nothing in (["accuracy = ..."], ["def accuracy(logits, labels):\n    ..."], [], ["1 / 0"]):
        found = alone._run("ch00.accuracy(accuracy)", nothing)
        assert found.passed is False
        assert found.text.startswith(("No answer yet", "There is no answer: NameError"))


@pytest.mark.parametrize("first", [
    *("%matplotlib inline", "!pip list", "files = !ls", "here = %pwd", "accuracy?", "%time rows = 3\nhalf = rows / 2"),
    *("%%time", "\n%%capture found", "%%time\n!pip list\n%cd .."),
])  # fmt: skip
def test_what_only_a_notebook_understands_does_not_stop_the_answer_below_it(first, monkeypatch):
    asked = {}
    run = lambda _, input, **__: asked.update(json.loads(input)) or SimpleNamespace(stdout="", stderr="")  # noqa: E731
    monkeypatch.setattr(subprocess, "run", run)
    alone.judged("ch00.accuracy(accuracy)", [f"{first}\n{RIGHT.format('pass')}"])
    assert alone._run(asked["call"], asked["cells"]).passed is True


@pytest.mark.parametrize("stops", ["1 / 0", "no python(", "import sys\nsys.exit()", "raise SystemExit", "undefined"])
def test_a_cell_that_stops_does_not_stop_those_behind_it_and_an_error_is_told_with_its_line(stops):
    answer = "def accuracy(logits, labels):\n    guesses = logits.argmax(dim=1)\n    return guesses == right"
    found = alone._run("ch00.accuracy(accuracy)", [stops, answer, stops])
    assert "stopped with NameError, at `return guesses == right`: " in found.text


def test_a_check_may_take_all_of_its_time():
    assert max(exercise.seconds for exercise in EXERCISES.values()) < alone.SECONDS / 1.5  # the cells take some, too


def test_only_what_the_check_itself_has_said_is_a_verdict(monkeypatch):
    """What an answer can write to the same output is not: it does not know the token."""
    said = []

    def run(command, input, timeout, **_):  # it needs ten seconds
        token = json.loads(input)["token"]
        if timeout < 10:
            raise subprocess.TimeoutExpired(command, timeout)
        return SimpleNamespace(stdout="\n".join(said).replace("TOKEN", token), stderr="one\nthe last line\n")

    monkeypatch.setattr(subprocess, "run", run)
    judged = functools.partial(alone.judged, "ch00.accuracy(accuracy)", [])
    assert judged(9) == (False, "Not graded: the cells and the check were not through after 9 s.")
    said += ['[true, "mine"]', '{"token": [true, "mine"]}', "0123456789abcdef" * 2 + '[true, "mine"]']
    assert judged().passed is False
    assert judged().text.endswith("ended before the check did. It said: the last line")
    said.append('TOKEN[false, "theirs"]')
    assert judged() == (False, "theirs")
