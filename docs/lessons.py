"""The lessons: docs/teaching/NN_name.md, from docs/teaching/source/, the demos, and the bets of the chapters.

In a source, `Demo(control=value, …): words` becomes these settings and what the demo then says of itself (the sentence
that begins with these words, or all), and `bet: words` the number and the answer of the chapter's bet that begins with
these words. A source ends in a reason for each bet.
"""

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import ipywidgets as widgets
import mdformat
from mdformat.plugins import PARSER_EXTENSIONS

from nin_course.demos import ALL

DOCS = Path(__file__).parent
NOTEBOOKS = DOCS.parent / "notebooks"
SOURCES = DOCS / "teaching" / "source"
WRAP = {"wrap": 120, "number": True, "plugin": {"tables": {"compact_tables": True}}}  # as .mdformat.toml has it
VIEW, STATE = "application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json"
DEMO = re.compile(rf"`((?:{'|'.join(demo.__name__ for demo in ALL)})\([^`]*?\))(?:: ([^`]+))?`")
BET = re.compile(r"`bet: ([^`]+)`")
REASON = re.compile(r"^- \*(.+?) …\* (.+?)(?=^- |\Z)", re.MULTILINE | re.DOTALL)


@dataclass
class Bet:
    """A question of a chapter, and what the chapter's solved notebook says of it."""

    question: str
    choices: list[str]  # the words on its buttons, if it has some
    truths: list[tuple[str, str]]  # (what was asked for, the answer); a single one has no name
    because: str  # what the chapter adds to its answer
    steady: bool  # the same on every machine


def stems() -> list[str]:
    """The chapters that have a lesson."""
    return sorted(source.stem for source in SOURCES.glob("*.md"))


def notebook(stem: str) -> dict:
    """The solved notebook of a chapter; of one without exercises, the only one."""
    solved = NOTEBOOKS / "solutions" / f"{stem}.ipynb"
    return json.loads((solved if solved.exists() else NOTEBOOKS / f"{stem}.ipynb").read_text(encoding="utf-8"))


def bets(stem: str) -> list[Bet]:
    """All bets of a chapter, in their order."""
    book, found = notebook(stem), {}
    models = book["metadata"]["widgets"][STATE]["state"]
    for cell in book["cells"]:
        for data in (output["data"] for output in cell.get("outputs", ()) if "data" in output):
            first, *rest = "".join(data.get("text/plain", "")).split("\n")
            question = first.removeprefix("Your prediction: ")
            if question != first:
                found[question] = Bet(question, choices(models, data[VIEW]["model_id"]), [], "", True)
            elif question in found and rest:
                bet = found[question]
                bet.truths, bet.because = told(rest)
                bet.steady = "nbval-ignore-output" not in cell["metadata"].get("tags", [])
    return list(found.values())


def choices(models: dict, view: str) -> list[str]:
    """The words on the buttons of a question, or none if it asks for numbers."""
    children = [models[child.removeprefix("IPY_MODEL_")]["state"] for child in models[view]["state"]["children"]]
    return [words for child in children for words in child.get("_options_labels", ())]


def told(lines: list[str]) -> tuple[list[tuple[str, str]], str]:
    """What a `Reveal` or `Reveals` says below its question -> the truths, and what it adds."""
    if lines[0].split() == ["you", "said", "it", "is"]:
        *rows, verdict = lines[1:]
        truths = [re.fullmatch(r"(.*?) +– +(\S+)", row).groups() for row in rows]
        return truths, verdict.removesuffix("You made no prediction this time.").strip()
    answer, _, because = lines[0].partition(". ")
    return [("", answer)], because


def the(found: list[Bet], beginning: str) -> int:
    """The number, from 0, of the only bet whose question begins so."""
    numbers = [i for i, bet in enumerate(found) if bet.question.startswith(" ".join(beginning.split()))]
    if len(numbers) != 1:
        raise ValueError(f"{len(numbers)} bets begin with {beginning!r}; one should.")
    return numbers[0]


def shown(call: str, beginning: str = "") -> str:
    """A demo's settings in words, and what it then says of itself: the sentence that begins so, or its whole line."""
    node = ast.parse(call, mode="eval").body
    (kind,) = [demo for demo in ALL if demo.__name__ == node.func.id]
    settings = {keyword.arg: ast.literal_eval(keyword.value) for keyword in node.keywords}
    with patch("nin_course.demos._base.png", return_value=b""):  # only its words are wanted
        demo = kind()
        for name, value in settings.items():
            demo.controls[name].value = value
    if refused := [name for name, value in settings.items() if demo.controls[name].value != value]:
        raise ValueError(f"{call}: {', '.join(refused)} cannot be set so.")
    said = [part for part in re.split(r"(?<=[.]) ", demo.text) if part.startswith(beginning)]
    if beginning and len(said) != 1:
        raise ValueError(f"{call} says {demo.text!r}: {len(said)} sentences begin with {beginning!r}.")
    set_to = ", ".join(setting(demo.controls[name]) for name in settings) or "as it opens"
    return f"{set_to} → *{escaped(said[0] if beginning else demo.text)}*"


def setting(control: widgets.Widget) -> str:
    """A control as it is set, in its own words."""
    name, value = control.description, control.value
    if isinstance(control, widgets.Checkbox):
        return f"{name}: **{'yes' if value else 'no'}**"
    if isinstance(control, widgets.IntRangeSlider):
        return f"{name} **{value[0]} to {value[1]}**"
    if hasattr(control, "options"):
        value = next(words for words, of in control.options if of == value)
    return f"{name} **{escaped(str(value))}**"


def escaped(text: str) -> str:
    """As Markdown shows it; a number below zero has a minus."""
    return re.sub(r"(?<![\w)])-(?=\d)", "−", re.sub(r"([*_|<])", r"\\\1", text))


def lesson(stem: str, demos: str) -> str:
    """The page of a chapter: the lesson, the demos' own lines, and the key to the bets."""
    text, reasons = (SOURCES / f"{stem}.md").read_text(encoding="utf-8").split("\n## Reasons\n")
    found = bets(stem)

    def bet(match: re.Match) -> str:
        i = the(found, match[1])
        answer = " · ".join(truth for _, truth in found[i].truths) if found[i].steady else "run it"
        return f"**bet {i + 1}** ({escaped(answer)})"

    text = BET.sub(bet, text)
    text = DEMO.sub(lambda match: f"<br>▸ {shown(match[1], match[2] or '')}", text).replace("| <br>", "| ")
    return tidy(f"{head(stem)}\n{text}\n{demos}\n{key(found, REASON.findall(reasons))}")


def head(stem: str) -> str:
    links = f"[Chapter](../../notebooks/{stem}.ipynb) · [solved](../../notebooks/solutions/{stem}.ipynb)"
    return f"# {title(stem)}\n\n{links} · [all lessons](../instructor_guide.md)\n"


def title(stem: str) -> str:
    """The chapter's number and its own title."""
    lines = (line for cell in notebook(stem)["cells"] for line in "".join(cell["source"]).splitlines())
    return f"{stem[:2]} {next(line for line in lines if line.startswith('# ')).removeprefix('# ')}"


def key(found: list[Bet], reasons: list[tuple[str, str]]) -> str:
    """The answer key. Each bet has a reason, given as (how its question begins, the reason), in the bets' order."""
    numbers = [the(found, beginning) for beginning, _ in reasons]
    if numbers != list(range(len(found))):
        raise ValueError(f"There are {len(found)} bets, and reasons for those with the numbers {numbers}.")
    lines = [entry(bet, reason) for bet, (_, reason) in zip(found, reasons, strict=True)]
    return "## The bets\n\n" + "\n".join(f"1. {line}" for line in lines) + "\n"


def entry(bet: Bet, reason: str) -> str:
    """Question, buttons, answer, reason."""
    offered = f"*({' · '.join(map(escaped, bet.choices))})* " if bet.choices else ""
    if bet.steady:
        answer = " · ".join(f"{name}: {truth}" if name else truth for name, truth in bet.truths)
        told = f"**{escaped(answer)}.** {escaped(bet.because)}"
    else:
        told = "**Run it: no two machines say the same.**"
    return f"{escaped(bet.question)} {offered}{told} {reason.strip()}"


def tidy(text: str) -> str:
    return mdformat.text(text, options=WRAP, extensions=PARSER_EXTENSIONS)
