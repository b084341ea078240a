"""A stored notebook as a page of the site: bets to write down, demos to play with, answers folded, no widget left."""

import copy
import html
import re

WIDGET = "application/vnd.jupyter.widget-view+json"
NO_BET = "You made no prediction this time."  # what a stored answer says to its bet
DEMO = re.compile(r"(?P<title>.+?) \(run this cell to play\): (?P<line>.+)", re.S)
BET = "Your prediction: "
ALT = "What the cell above draws; the text says what is to be seen in it."
LINKS = {  # what lies elsewhere on the site than in the repository; appendix A has no solved copy
    "../README.md": "../index.md",
    "A_the_original_notes.ipynb": "../chapters/A_the_original_notes.ipynb",
}
HOW = "This one needs a kernel: run this cell in JupyterLab, and play."


def page(notebook, playable: dict[str, str]):
    """A copy of a notebook for the site, one folder below the front page; playable: title -> name of such demos."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            if cell.metadata.get("jupyter", {}).get("outputs_hidden"):
                cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-output"]
            cell.metadata["mystnb"] = {"image": {"alt": ALT}}
            for output in cell.outputs:
                show(output.get("data", {}), playable)
        else:
            for link, here in LINKS.items():
                cell.source = cell.source.replace(f"]({link})", f"]({here})")
    return notebook


def show(data, playable: dict[str, str]) -> None:
    """Turns an output's data into what a page can show without a kernel behind it."""
    text = data.get("text/plain", "")
    if WIDGET in data:
        data.pop(WIDGET)
        if found := DEMO.fullmatch(text):
            data["text/html"] = demo(found["title"], found["line"], data.pop("image/png"), playable)
        elif text.startswith(BET):
            data["text/html"] = bet(text.removeprefix(BET))
    elif NO_BET in data.get("text/html", ""):
        data["text/html"] = re.sub(f"<p><i>{NO_BET}</i></p>|{NO_BET}", "", data["text/html"])


def demo(title: str, line: str, png: str, playable: dict[str, str]) -> str:
    """The stored picture of a demo, and around it what play.js needs to put the demo itself there."""
    words = html.escape(line)
    picture = f'<img src="data:image/png;base64,{png.strip()}" alt="{html.escape(title)}: {words}">'
    picture += f'<p class="line">{words}</p>'
    if title in playable:
        return f'<div class="nin-demo" data-demo="{playable[title]}">{picture}</div>'
    return f'<div class="nin-still">{picture}<p class="how">{HOW}</p></div>'


def demo_of(notebook, title: str, playable: dict[str, str]) -> str:
    """The same of the demo with this title in a notebook."""
    for data in (output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])):
        found = DEMO.fullmatch(data.get("text/plain", ""))
        if found and found["title"] == title:
            return demo(title, found["line"], data["image/png"], playable)
    raise ValueError(f"no cell of this notebook shows the demo {title!r}")


def bet(question: str) -> str:
    """A place to write a prediction down before the answer is unfolded."""
    asked = html.escape(question, quote=False)
    box = '<input type="text" autocomplete="off" placeholder="your bet">'
    return f'<label class="nin-bet"><b>Your prediction.</b> {asked} {box}</label>'
