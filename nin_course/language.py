"""The course in another language: what the package says in English is said in Chinese where it reaches a person.

The package is written in English, with no sign at its strings. `speak("zh")` changes what leaves it, by the catalogue
in `assets/zh.json`. Nothing else changes: numbers, verdicts and keys are the same in both languages. Why so, and not by
gettext: docs/decisions/0023.
"""

import builtins
import html
import json
import os
import re
import sys
from dataclasses import replace
from functools import wraps
from pathlib import Path
from traceback import walk_tb

import nin_course
from nin_course import fetch, plots, train
from nin_course.budget import Summary
from nin_course.catalogue import CHINESE, Catalogue
from nin_course.files import SAMPLE_DIR
from nin_course.history import History
from nin_course.lab import Variant

ASSETS = SAMPLE_DIR.parent
_spoken: list[Catalogue] = []  # empty in English


def speak(language: str) -> None:
    """From now on the package speaks "zh" or "en", also in the processes that this one starts."""
    from matplotlib import font_manager, rcParams

    book = json.loads((ASSETS / f"{language}.json").read_text(encoding="utf-8")) if language != "en" else {}
    os.environ["NIN_COURSE_LANGUAGE"] = language
    _spoken[:] = [Catalogue(book)] if book else []
    rcParams["font.family"] = ["DejaVu Sans", *book.get("fonts", ())]
    for file in book.get("fonts", {}).values():
        fonts = font_manager.fontManager
        fonts.addfont(ASSETS / file)
        fonts.ttflist.append(replace(fonts.ttflist[-1], weight=700))  # it is bold, too, or matplotlib warns
    if book and not hasattr(train, "print"):
        _listen()


def speak_as_told() -> None:
    """Speaks the language that the environment names, where it names one: for a process of its own."""
    if language := os.environ.get("NIN_COURSE_LANGUAGE"):
        speak(language)


def say(text: str) -> str:
    """The text in the language that is spoken; what is in no catalogue (code, numbers, PyTorch's words) stays."""
    return _spoken[0].translate(text) if _spoken else text


class Word(str):
    """A text that is said where it fills a column, `f"{word:10}"`, and the column stays as wide as it is."""

    def __format__(self, spec: str) -> str:
        words = say(self) if spec else self
        text, wide = str.__format__(words, spec), sum(letter > "\u2e80" for letter in words)  # these are as wide as two
        return text[: max(len(text) - wide, len(text.rstrip(" ")))]


def say_table(text: str) -> str:
    """The same for a table, cell by cell; what is cut off by two spaces begins where it did."""
    cell = lambda found: format(Word(found[1]), f"{len(found[0])}")  # noqa: E731
    return re.sub(r"(\S+(?: \S+)*) *(?=\s|$)", cell, text) if _spoken else text


def _listen() -> None:
    """Where words leave: what is printed, drawn, put on a widget, told of an error, or asked for as words."""
    import ipywidgets
    from IPython import get_ipython
    from matplotlib.text import Text

    for module in (train, fetch):
        module.print = lambda *words, **how: builtins.print(say(" ".join(map(str, words))), **how)
    for kind, words in ((History, say), (Summary, say_table)):
        kind.__str__ = lambda self, plain=kind.__str__, words=words: words(plain(self))
    drawn, state = Text.set_text, ipywidgets.Widget.get_state
    Text.set_text = lambda self, words: drawn(self, say(words) if isinstance(words, str) else words)
    ipywidgets.Widget.get_state = lambda self, *some, **how: _worded(self, state(self, *some, **how))
    names, attribute = plots.get_fashion_mnist_labels, Variant.__getattribute__
    for module in (nin_course, plots):
        module.get_fashion_mnist_labels = wraps(names)(lambda labels: [Word(say(name)) for name in names(labels)])
    said = lambda name, value: Word(value) if name == "what" else value  # noqa: E731
    Variant.__getattribute__ = lambda self, name: said(name, attribute(self, name))
    if shell := get_ipython():
        shell.set_custom_exc((Exception,), _told)


def _worded(widget, state: dict) -> dict:
    """A widget's state as the page gets it; in the kernel its words stay English."""
    state |= {name: say(state[name]) for name in ("description", "tooltip", "placeholder") if state.get(name)}
    if "_options_labels" in state:
        state["_options_labels"] = [*map(say, state["_options_labels"])]
    if "value" in state and widget._model_name == "HTMLModel":
        parts = re.split(r"(<[^>]*>)", state["value"])
        state["value"] = "".join(p if p[:1] == "<" or CHINESE.search(p) else _within(p) for p in parts)
    return state


def _within(part: str) -> str:
    """A text between two tags. One that stays as it is stays letter by letter."""
    words = html.unescape(part)
    return html.escape(say(words), quote=False) if say(words) != words else part


def _told(shell, kind, error, trace, tb_offset=None) -> None:
    """An error that the package raised, its words in translation."""
    *_, (frame, _line) = walk_tb(trace)
    if frame.f_globals.get("__name__", "").startswith("nin_course") and error.args and isinstance(error.args[0], str):
        error.args = (say(error.args[0]),)
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


if "ipykernel" in sys.modules and Path.cwd().name == "zh":  # a kernel of a Chinese chapter, whichever cell is run first
    speak("zh")
