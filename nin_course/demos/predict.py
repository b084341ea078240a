"""A prediction before every surprising number: commit to an answer, run the cell, then see."""

import html
from collections.abc import Sequence

import ipywidgets as widgets
from IPython.core.formatters import format_display_data


class Predict:
    """A question with a box for a number, or with a button for each of `choices`; `reveal(truth)` answers it.

    guess = Predict("How many weights has it?")     # in a later cell: guess.reveal(3 * 4)
    """

    def __init__(self, question: str, choices: Sequence[str] | None = None):
        self.question = question
        if choices:
            self.control = widgets.ToggleButtons(options=choices, value=None, style={"button_width": "auto"})
        else:
            self.control = widgets.Text(placeholder="a number, then Enter", layout={"width": "200px"})
        text = widgets.HTML(f"<b>Your prediction.</b> {question}")
        self.view = widgets.VBox([text, self.control], layout={"border": "1px solid #bbb", "padding": "8px"})

    @property
    def answer(self) -> str | float | None:
        """What was chosen or typed (numbers may be written 1,024 or 1e3), or None."""
        value = self.control.value
        if isinstance(self.control, widgets.Text):
            try:
                return float(value.replace(",", "").replace("_", ""))
            except ValueError:
                return None
        return value

    def reveal(self, truth, because: str = "") -> "Reveal":
        """The truth beside the prediction; `because` says why in one sentence."""
        shown = (
            f"{truth:,}"
            if isinstance(truth, int)
            else f"{truth:.4g}"
            if isinstance(truth, float)
            else truth[0].upper() + truth[1:]
        )
        answer = self.answer
        if answer is None:
            verdict = "You made no prediction this time."
        elif answer == truth:
            verdict = "Just as you said."
        elif isinstance(truth, str):
            verdict = f"You said: {answer}."
        elif answer and truth and answer * truth > 0:
            ratio = max(answer / truth, truth / answer)
            verdict = f"You said {answer:,.4g}: {'close.' if ratio < 1.1 else f'a factor of {ratio:.3g} off.'}"
        else:
            verdict = f"You said {answer:,.4g}."
        return Reveal(self.question, f"{shown}. {because}" if because else shown, verdict)

    def __repr__(self) -> str:
        return f"Your prediction: {self.question}"

    def _repr_mimebundle_(self, **_) -> dict:
        widget, _metadata = format_display_data(self.view, include=["application/vnd.jupyter.widget-view+json"])
        return {**widget, "text/plain": repr(self)}


class Reveal:
    """The answer, its question first, so that a collapsed output previews the question and not the answer."""

    def __init__(self, question: str, answer: str, verdict: str):
        self.question, self.answer, self.verdict = question, answer, verdict

    def __repr__(self) -> str:
        return f"{self.question}\n{self.answer}\n{self.verdict}"

    def _repr_html_(self) -> str:
        question, answer, verdict = (html.escape(t, quote=False) for t in (self.question, self.answer, self.verdict))
        return f"{question}\n<p style='font-size:1.15em'><b>{answer}</b></p>\n<p><i>{verdict}</i></p>"
