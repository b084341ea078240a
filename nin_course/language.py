"""The course in another language: what the package says in English is said in Chinese where it reaches a person.

The package is written in English, with no sign at its strings. `speak("zh")` changes what leaves it, by a catalogue
(`assets/zh.json`): the Chinese of each template, an English text whose places are held open, `{}`. What is said is
taken apart again: which template is it, or which ones, joined by what, and what stands in their places? Nothing else
changes: numbers, verdicts and keys are the same in both languages. Why so: docs/decisions/0023.
"""

import builtins
import html
import json
import os
import re
from functools import lru_cache
from traceback import walk_tb

from nin_course import fetch, train
from nin_course.budget import Summary
from nin_course.files import SAMPLE_DIR
from nin_course.history import History

ASSETS = SAMPLE_DIR.parent
# What is no language: `code`, 'quoted', and names that are called, dotted, or hold a digit or a _.
CODE = re.compile(r"`[^`]*`|'[^']*'|\w+\([^()]*(?:\([^()]*\)[^()]*)*\)|\w*[\d_.×]\w*(?:\.\w+)*|\w+(?:\.\w+)+")
BRACKETS = re.compile(r"`[^`]*`|\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\]")  # nothing is taken apart in there
WORD, NAME = re.compile(r"[A-Za-z]{2,}"), re.compile(r"[A-Z][a-z-]+(?: [a-z]+)?")
PLACES, PLACE = re.compile(r"(?:\{\})+"), re.compile(r"\{(\d+)\}")
FOREIGN = 4  # so many words and more are no name: they are PyTorch's, or a student's
# Between Chinese characters, and round their full stops, there is no space; a sentence that Chinese follows ends in 。
SPACE = re.compile(r"(?<=[\u2e80-\u9fff\uff00-\uff60]) (?=[\u2e80-\u9fff])|(?<=[，。：；？！、）]) (?=\S)|(?<=\S) (?=[，。：；？！、（）])")
STOP = re.compile(r"(?<=\w)\. (?=[\u2e80-\u9fff])")

_said: dict[str, str] = {}  # what has no place -> its translation
_open: list[tuple[list[str], re.Pattern, str]] = []  # (the pieces between places, the template, its translation)
_joints: list[tuple[re.Pattern, str, bool]] = []  # (between two parts, in translation, are these sentences?)


def speak(language: str) -> None:
    """From now on the package speaks "zh" or "en", also in the processes that this one starts."""
    from matplotlib import font_manager, rcParams

    book = json.loads((ASSETS / f"{language}.json").read_text(encoding="utf-8")) if language != "en" else {}
    os.environ["NIN_COURSE_LANGUAGE"] = language
    for held in (_said, _open, _joints):
        held.clear()
    _best.cache_clear(), _whole.cache_clear()
    _joints.extend((re.compile(between), *rest) for between, *rest in book.get("joints", ()))
    for english, words in book.get("templates", {}).items():
        pieces = PLACES.split(english)  # places side by side are one: what fills them is taken apart together
        if len(pieces) == 1:
            _said[english] = words
            continue
        runs = enumerate(PLACES.findall(english))
        now = [f"{{{n}}}" if not i else "" for n, run in runs for i in range(len(run) // 2)]  # their new numbers
        words = PLACE.sub(lambda place, now=now: now[int(place[1])], words)
        _open.append((pieces, re.compile("(.*?)".join(map(re.escape, pieces)), re.DOTALL), words))
    _open.sort(key=lambda one: -sum(map(len, one[0])))
    rcParams["font.family"] = ["DejaVu Sans", *book.get("fonts", {})]
    for file in book.get("fonts", {}).values():
        font_manager.fontManager.addfont(ASSETS / file)
    if book and not hasattr(train, "print"):
        _listen()


def say(text: str) -> str:
    """The text in the language that is spoken; what is in no catalogue (code, numbers, PyTorch's words) stays."""
    if not _said:
        return text
    return STOP.sub("。", SPACE.sub("", _best(text)[1] if WORD.search(text) else text))


@lru_cache(maxsize=10_000)
def _best(text: str) -> tuple[float, str]:
    """(how many words are left in English, the text in translation), as one template or as several, joined."""
    if (bare := text.strip()) != text:
        cost, words = _best(bare)
        return cost, text.replace(bare, words, 1) if bare else text
    best = _whole(text)
    inside = [found.span() for found in BRACKETS.finditer(text)] if best[0] else []
    for joint, between, sentences in _joints if best[0] else ():
        for found in joint.finditer(text):
            limit = best[0] if sentences else min(best[0], FOREIGN)
            left = _whole(text[: found.start()])
            if left[0] < limit and not any(start <= found.start() < end - 1 for start, end in inside):
                right = _best(text[found.end() :])
                if left[0] + right[0] < limit:
                    best = left[0] + right[0], left[1] + (between or found[0]) + right[1]
    return best


@lru_cache(maxsize=10_000)
def _whole(text: str) -> tuple[float, str]:
    """The same, as one template or none."""
    if text in _said:
        return 0, _said[text]
    words = len(WORD.findall(CODE.sub("", text)))
    best = (words + FOREIGN if words > 1 else words / 10), NAME.sub(lambda name: _said.get(name[0], name[0]), text)
    for pieces, template, translated in _open if words else ():
        if not all(piece in text for piece in pieces) or not (found := template.fullmatch(text)):
            continue
        filled = [_best(part) for part in found.groups()]
        cost = sum(part[0] for part in filled)
        if cost < best[0] and (cost < FOREIGN or len(WORD.findall("".join(pieces))) > 1):
            best = cost, PLACE.sub(lambda place, filled=filled: filled[int(place[1])][1], translated)
            if not cost:
                break
    return best


def _listen() -> None:
    """Where words leave: what is printed, drawn, put on a widget, or told of an error."""
    import ipywidgets
    from IPython import get_ipython
    from matplotlib.text import Text

    for module in (train, fetch):
        module.print = lambda *words, **how: builtins.print(say(" ".join(map(str, words))), **how)
    for kind in (History, Summary):
        kind.__str__ = lambda self, plain=kind.__str__: "\n".join(map(say, plain(self).split("\n")))
    drawn, state = Text.set_text, ipywidgets.Widget.get_state
    Text.set_text = lambda self, words: drawn(self, say(words) if isinstance(words, str) else words)
    ipywidgets.Widget.get_state = lambda self, *some, **how: _worded(self, state(self, *some, **how))
    if shell := get_ipython():
        shell.set_custom_exc((Exception,), _told)


def _worded(widget, state: dict) -> dict:
    """A widget's state as the page gets it; in the kernel its words stay English."""
    state |= {name: say(state[name]) for name in ("description", "tooltip", "placeholder") if state.get(name)}
    state |= {name: [*map(say, state[name])] for name in ("_options_labels",) if name in state}
    if "value" in state and widget._model_name == "HTMLModel":
        parts = re.split(r"(<[^>]*>)", state["value"])
        state["value"] = "".join(p if p[:1] == "<" else html.escape(say(html.unescape(p)), quote=False) for p in parts)
    return state


def _told(shell, kind, error, trace, tb_offset=None) -> None:
    """An error that the package raised, its first argument in translation."""
    *_, (frame, _line) = walk_tb(trace)
    if frame.f_globals.get("__name__", "").startswith("nin_course") and error.args and isinstance(error.args[0], str):
        error.args = (say(error.args[0]), *error.args[1:])
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
