"""Grades an answer in a process of its own: what a student's notebook has done to its kernel does not count there.

`judged("ch03.head_costs(head_costs)", In)` is what a graded assignment asks (`notebooks/source/assignment.py`). The
other process runs the notebook's cells as they were typed, then the check; a check, or PyTorch, that the cells changed
is noticed. That much can be known of code in one's own process: who wants to deceive it with great effort, will.
"""

import contextlib
import importlib
import io
import json
import linecache
import os
import re
import secrets
import subprocess
import sys
import types
from collections.abc import Sequence
from typing import NamedTuple

from nin_course.language import speak_as_told

SECONDS = 300
GRADED = "# One point."  # from this comment on a cell asks for a grade
WATCHED = re.compile(r"nin_course(\..*)?|torch(\.functional|\.nn(\..*)?)?|builtins")  # modules to be left alone
CHANGES = {("torch", "manual_seed")}  # by PyTorch itself, when it is first asked for
AROUND = ("time", "capture")  # magics before what runs as it would without
CALL = re.compile(r"(ch\w\w)\.(\w+)\((.*)\)")


class Judged(NamedTuple):
    """A verdict, without its looks."""

    passed: bool
    text: str


def judged(call: str, cells: Sequence[str], seconds: float = SECONDS) -> Judged:
    """What the check says of `call`, as the chapter writes it, after `cells` (sources, as in IPython's `In`) ran anew.

    What asks for a grade is left out (GRADED). A cell that stops does not stop those behind it.
    """
    own = [_plain(cell.partition(GRADED)[0]) for cell in cells]
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "nin_course.checks.alone"]
    asked = json.dumps({"token": token, "call": call, "cells": own})
    try:
        done = subprocess.run(command, input=asked, capture_output=True, encoding="utf-8", timeout=seconds)
    except subprocess.TimeoutExpired:
        return Judged(False, f"Not graded: the cells and the check were not through after {seconds:g} s.")
    for line in done.stdout.splitlines():
        if line.startswith(token):
            return Judged(*json.loads(line.removeprefix(token)))
    last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
    return Judged(False, f"Not graded: the process of the answers ended before the check did. It said: {last}")


def _plain(cell: str) -> str:
    """A cell with its magics and commands as calls of Python."""
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(cell)


def _state() -> dict:
    """Of every function and class in the watched modules: which object it is, and which code it has."""
    found = {}
    for name, module in list(sys.modules.items()):
        if WATCHED.fullmatch(name) and isinstance(module, types.ModuleType):
            for key, value in list(vars(module).items()):
                found[name, key] = _identity(value)
                if isinstance(value, type) and value.__module__ == name:
                    found |= {(name, key, k): _identity(v) for k, v in list(vars(value).items())}
    return found


def _identity(value):
    """What tells one function or class from another; of other values, which may change, only their type."""
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    if isinstance(value, types.FunctionType):
        return id(value), id(value.__code__), value.__defaults__
    fixed = isinstance(value, (type, property, types.BuiltinFunctionType, types.MethodDescriptorType))
    return id(value) if fixed else type(value)


def _changed(before: dict) -> str:
    now = _state()
    changed = [".".join(key) for key, was in before.items() if key not in CHANGES and now.get(key) != was]
    return f"The answers change what is not theirs: {', '.join(changed[:3])}." if changed else ""


def _run(call: str, cells: Sequence[str]) -> Judged:
    chapter, name, arguments = CALL.fullmatch(call).groups()
    check = getattr(importlib.import_module(f"nin_course.checks.{chapter}"), name)
    nothing = lambda *_, **__: None  # noqa: E731
    ipython = types.SimpleNamespace(system=nothing, getoutput=nothing)
    ipython.run_cell_magic = lambda name, _, cell: ipython.run_line_magic(name, cell)
    ipython.run_line_magic = lambda name, line, **_: name in AROUND and run(_plain(line), f"{number}, %{name}")
    before, space = _state(), {"__name__": "__main__", "get_ipython": lambda: ipython}

    def run(cell: str, name: object) -> None:
        file = f"<cell {name}>"
        linecache.cache[file] = (len(cell), None, cell.splitlines(keepends=True), file)  # for a verdict that quotes
        exec(compile(cell, file, "exec"), space)

    for number, cell in enumerate(cells):
        with contextlib.suppress(Exception, SystemExit):
            run(cell, number)
    try:
        answers = eval(f"[{arguments}]", space)
    except Exception as error:
        return Judged(False, f"There is no answer: {type(error).__name__}, {error}.")
    verdict = None if _changed(before) else check(*answers)
    return Judged(False, words) if (words := _changed(before)) else Judged(verdict.passed is True, verdict.text)


def main() -> None:
    speak_as_told()
    asked, out = json.load(sys.stdin), os.dup(1)
    token = asked.pop("token")
    with contextlib.redirect_stdout(io.StringIO()):
        found = _run(**asked)
    os.write(out, f"\n{token}{json.dumps(found)}\n".encode())


if __name__ == "__main__":
    main()
