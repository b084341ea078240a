"""A prediction before every surprising number: commit to an answer, run the cell, then see."""

import html
from collections.abc import Sequence

import ipywidgets as widgets
from IPython.core.formatters import format_display_data

from nin_course.language import say

BOX = {"placeholder": "a number, then Enter"}


class _Question:
    """What a question looks like: its words, and below them the `asked` widgets, in a frame."""

    def __init__(self, question: str, asked: Sequence[widgets.Widget]):
        self.question = question
        text = widgets.HTML(f"<b>{say('Your prediction.')}</b> {question}")
        self.view = widgets.VBox([text, *asked], layout={"border": "1px solid #bbb", "padding": "8px"})

    def __repr__(self) -> str:
        return say("Your prediction: ") + self.question

    def _repr_mimebundle_(self, **_) -> dict:
        widget, _metadata = format_display_data(self.view, include=["application/vnd.jupyter.widget-view+json"])
        return {**widget, "text/plain": repr(self)}


class Predict(_Question):
    """A question with a box for a number, or with a button for each of `choices`; `reveal(truth)` answers it.

    guess = Predict("How many weights has it?")     # in a later cell: guess.reveal(3 * 4)
    """

    def __init__(self, question: str, choices: Sequence[str] | None = None):
        if choices:
            self.control = widgets.ToggleButtons(options=choices, value=None, style={"button_width": "auto"})
        else:
            self.control = widgets.Text(**BOX, layout={"width": "200px"})
        super().__init__(question, [self.control])

    @property
    def answer(self) -> str | float | None:
        """What was chosen or typed (numbers may be written 1,024 or 1e3), or None."""
        value = self.control.value
        return _number(value) if isinstance(self.control, widgets.Text) else value

    def reveal(self, truth, because: str = "") -> "Reveal":
        """The truth beside the prediction; `because` says why in one sentence."""
        answer, shown = self.answer, _shown(truth)
        if answer is None:
            verdict = "You made no prediction this time."
        elif answer == truth:
            verdict = "Just as you said."
        elif isinstance(truth, str):
            verdict = f"You said: {answer}."
        elif answer and truth and answer * truth > 0:
            ratio = max(answer / truth, truth / answer)
            verdict = f"You said {_shown(answer)}: {'close.' if ratio < 1.1 else f'a factor of {ratio:.3g} off.'}"
        else:
            verdict = f"You said {_shown(answer)}."
        return Reveal(self.question, f"{shown}. {because}" if because else shown, verdict)


class Bets(_Question):
    """One question about several things, with a box for a number each; `reveal(truths)` answers all of them.

    bets = Bets("How many weights?", ["first layer", "second layer"])     # later: bets.reveal([12, 108])
    """

    def __init__(self, question: str, names: Sequence[str]):
        self.names = list(names)
        width = f"{max(map(_wide, self.names)) + 1:.0f}em"
        style = {"description_width": width}
        self.controls = [
            widgets.Text(**BOX, description=name, style=style, layout={"width": f"calc({width} + 180px)"})
            for name in self.names
        ]
        super().__init__(question, self.controls)

    @property
    def answers(self) -> list[float | None]:
        """The number in each box, or None where there is none."""
        return [_number(control.value) for control in self.controls]

    def reveal(self, truths: Sequence[float], because: str = "") -> "Reveals":
        """Every truth beside its bet. A truth that is no whole number is met within a tenth."""
        rows = [
            (say(name), "–" if answer is None else _shown(answer), _shown(truth))
            for name, answer, truth in zip(self.names, self.answers, truths, strict=True)
        ]
        if all(answer is None for answer in self.answers):
            verdict = "You made no prediction this time."
        else:
            right = sum(_right(answer, truth) for answer, truth in zip(self.answers, truths, strict=True))
            verdict = f"You had {right} of {len(rows)} right."
        return Reveals(self.question, rows, f"{because} {say(verdict)}".strip())


def _wide(name: str) -> float:
    """How wide a name is, in em: a Chinese letter is as wide as it is high."""
    return sum(0.62 if letter < "\u2e80" else 1 for letter in name)


class Reveal:
    """The answer, its question first, so that a collapsed output previews the question and not the answer."""

    def __init__(self, question: str, answer: str, verdict: str):
        self.question, self.answer, self.verdict = question, say(answer), say(verdict)

    def __repr__(self) -> str:
        return f"{self.question}\n{self.answer}\n{self.verdict}"

    def _repr_html_(self) -> str:
        question, answer, verdict = (html.escape(t, quote=False) for t in (self.question, self.answer, self.verdict))
        return f"{question}\n<p style='font-size:1.15em'><b>{answer}</b></p>\n<p><i>{verdict}</i></p>"


class Reveals:
    """The answers to several bets, their question first: rows of (name, bet, truth)."""

    def __init__(self, question: str, rows: Sequence[tuple[str, str, str]], verdict: str):
        self.question, self.rows = question, [("", say("you said"), say("it is")), *rows]
        self.verdict = say(verdict)

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=True)]
        lines = [f"{a:{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}".rstrip() for a, b, c in self.rows]
        return "\n".join([self.question, *lines, self.verdict])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:left'>{html.escape(a)}</td><td>{b}</td><td><b>{c}</b></td></tr>"
            for a, b, c in self.rows
        )
        question, verdict = (html.escape(t, quote=False) for t in (self.question, self.verdict))
        return f"{question}\n<table style='font-size:1.05em'>{rows}</table>\n<p><i>{verdict}</i></p>"


def _number(text: str) -> float | None:
    try:
        number = float(text.replace(",", "").replace("_", ""))
    except ValueError:
        return None
    return int(number) if number.is_integer() else number


def _right(answer: float | None, truth: float) -> bool:
    return answer is not None and abs(answer - truth) <= (0.1 * abs(truth) if isinstance(truth, float) else 0)


def _shown(truth: str | float) -> str:
    if isinstance(truth, int):
        return f"{truth:,}"
    return f"{truth:.4g}" if isinstance(truth, float) else say(truth)[0].upper() + say(truth)[1:]
