"""Every exercise of every chapter, with its known answers, and the judges of those that have one."""

import importlib
import inspect
import pkgutil
from dataclasses import fields

import pytest

import nin_course.checks
from nin_course.checks._cases import Judge
from nin_course.checks._ladder import Exercise
from nin_course.recipe import Recipe

MODULES = [m.name for m in pkgutil.iter_modules(nin_course.checks.__path__) if m.name.startswith("ch")]
for name in MODULES:
    importlib.import_module(f"nin_course.checks.cases.{name}")  # every chapter's checks have cases
EXERCISES = {
    f"{module}.{name}": value
    for module in MODULES
    for name, value in vars(importlib.import_module(f"nin_course.checks.{module}")).items()
    if isinstance(value, Exercise)
}
RIGHT = [next(iter(e.right.values()))[0] for e in EXERCISES.values()]
OWN = {name.split(".")[1] for name in EXERCISES}  # what it calls its function, the arguments, a recipe's fields
OWN |= {field.name for field in fields(Recipe)}
OWN |= {a for right in RIGHT if inspect.isfunction(right) for a in inspect.signature(right).parameters}
JUDGED = [
    *("ch00.accuracy", "ch01.conv1x1_stride2", "ch01.cost", "ch01.notices", "ch02.unseen", "ch02.fold"),
    *("ch03.pooling_matrix", "ch03.head_costs", "ch04.block_parameters", "ch05.seconds_a_step", "ch06.never_said"),
    *("ch06.bias_gradient", "ch07.favourites", "ch07.overlap", "ch07.even_error"),
    *("ch08.paired_difference", "ch08.equal_width", "ch09.on_patches", "ch09.hidden_width"),
]


def judged(name, answer=None):
    """(the verdict on an answer, by default the first right one; the judge that was asked)."""
    judges = []

    right = next(iter(EXERCISES[name].right.values()))
    with pytest.MonkeyPatch.context() as patch:
        look = Judge.__call__
        patch.setattr(Judge, "__call__", lambda judge, answer: judges.append(judge) or look(judge, answer))
        verdict = EXERCISES[name](*((answer, *right[1:]) if answer else right))
    return verdict, judges[0] if judges else None
