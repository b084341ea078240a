"""Every chapter's exercises make an assignment that stands on its own. (With nbgrader's tools: tests/kit.)"""

import builtins
import functools
import json
import re
import subprocess
from types import SimpleNamespace

import assignment
import build
import pytest

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
    assert not any(kind.locked for kind in told if kind.solution)
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
    after = ["def cake(r, time):\n    return area(r) * time"]
    assert assignment.needed(before, after) == ("import math\nside = 2\ndef area(r):\n    return math.pi * r**side")


def test_what_a_cell_does_to_the_checks_does_not_count():
    """More of the kind in tests/kit/test_alone.py."""
    right = "def accuracy(logits, labels):\n    return (logits.argmax(dim=1) == labels).float().mean()"
    lies = "import nin_course.checks.ch00 as c\nc.accuracy = lambda _: c.accuracy"
    asks = f"argmax = 'argmax'\n{alone.GRADED}\nimport os\nos._exit(1)"  # only what stands before it is run
    given = right.replace("logits.argmax", "getattr(logits, argmax)")
    assert alone.judged("ch00.accuracy(accuracy)", ["1 / 0", asks, given]).passed
    found = alone.judged("ch00.accuracy(accuracy)", [lies, right])
    assert found == (False, "The answers change what is not theirs: nin_course.checks.ch00.accuracy.")


def test_no_answer_is_no_point():
    for nothing in (["accuracy = ..."], ["def accuracy(logits, labels):\n    ..."], [], ["1 / 0"]):
        found = alone._run("ch00.accuracy(accuracy)", nothing)
        assert found.passed is False
        assert found.text.startswith(("No answer yet", "There is no answer: NameError"))


def test_only_what_the_check_itself_has_said_is_a_verdict(monkeypatch):
    """What an answer can write to the same output is not: it does not know the token."""
    said = []

    def run(command, input, **_):
        token = json.loads(input)["token"]
        if not said:
            raise subprocess.TimeoutExpired(command, 9)
        return SimpleNamespace(stdout="\n".join(said).replace("TOKEN", token), stderr="one\nthe last line\n")

    monkeypatch.setattr(subprocess, "run", run)
    judged = functools.partial(alone.judged, "ch00.accuracy(accuracy)", [], 9)
    assert judged() == (False, "Not graded: the cells and the check were not through after 9 s.")
    said += ['[true, "mine"]', '{"token": [true, "mine"]}', "0123456789abcdef" * 2 + '[true, "mine"]']
    assert judged().passed is False
    assert judged().text.endswith("ended before the check did. It said: the last line")
    said.append('TOKEN[false, "theirs"]')
    assert judged() == (False, "theirs")
