"""Every exercise of every chapter, with its known answers."""

import importlib
import pkgutil

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
