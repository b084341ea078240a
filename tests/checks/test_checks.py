"""Every exercise's check takes each right answer, names each wrong one, and is calm about none."""

import importlib
import pkgutil

import pytest

import nin_course.checks
from nin_course.checks._ladder import Exercise

MODULES = [m.name for m in pkgutil.iter_modules(nin_course.checks.__path__) if m.name.startswith("ch")]
for name in MODULES:
    importlib.import_module(f"nin_course.checks.cases.{name}")  # every chapter's checks have cases
EXERCISES = {
    f"{module}.{name}": value
    for module in MODULES
    for name, value in vars(importlib.import_module(f"nin_course.checks.{module}")).items()
    if isinstance(value, Exercise)
}
FUNCTIONS = [name for name, e in EXERCISES.items() if callable(next(iter(e.right.values()))[0])]  # not a chosen letter
RIGHT = [(name, kind) for name, e in EXERCISES.items() for kind in e.right]
WRONG = [(name, kind) for name, e in EXERCISES.items() for kind in e.wrong]


@pytest.mark.parametrize(("name", "kind"), RIGHT)
def test_a_right_answer_passes_however_it_is_written(name, kind):
    verdict = EXERCISES[name](*EXERCISES[name].right[kind])
    assert verdict.passed is True, verdict


@pytest.mark.parametrize(("name", "kind"), WRONG)
def test_a_wrong_answer_is_named(name, kind):
    answer, words = EXERCISES[name].wrong[kind]
    verdict = EXERCISES[name](*answer)
    assert verdict.passed is False, verdict
    assert words in verdict.text


@pytest.mark.parametrize("name", EXERCISES)
def test_an_exercise_knows_at_least_four_wrong_answers_and_says_something_else_to_each(name):
    exercise = EXERCISES[name]
    messages = {exercise(*answer).text for answer, _ in exercise.wrong.values()}
    assert len(exercise.wrong) >= 4
    assert len(messages) == len(exercise.wrong)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_placeholder_is_met_calmly(name):
    exercise = EXERCISES[name]
    arguments = len(next(iter(exercise.right.values())))
    for unanswered in (..., None):
        assert exercise(*[unanswered] * arguments).passed is None
    assert exercise().passed is None
    if name in FUNCTIONS:
        untouched = (lambda *_: ..., *next(iter(exercise.right.values()))[1:])
        assert exercise(*untouched).passed is None


@pytest.mark.parametrize("name", EXERCISES)
def test_three_hints_come_one_at_a_time_and_the_last_one_stays(name):
    exercise = EXERCISES[name]
    exercise.given = 0
    said = [exercise.hint().text for _ in range(4)]
    assert [text[:11] for text in said] == ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "Hint 3 of 3"]
    assert len(set(said)) == 3


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_bug_in_the_answer_is_reported_with_its_line_and_stops_nothing(name):
    def broken(*_):
        return undefined_name  # noqa: F821

    rest = next(iter(EXERCISES[name].right.values()))[1:]
    verdict = EXERCISES[name](broken, *rest)
    assert verdict.passed is False
    assert "NameError" in verdict.text
    assert "return undefined_name" in verdict.text


def test_a_verdict_shows_in_a_notebook_and_in_plain_text():
    verdict = EXERCISES["ch00.accuracy"](lambda logits, labels: "<b>")
    assert repr(verdict).startswith("[not yet] ")
    assert "&lt;" not in repr(verdict)
    assert "<div" in verdict._repr_html_()
