"""A stored notebook as a page of the site: bets to write down, demos to play with, answers folded, no widget left."""

import copy
import html
import re

import nbformat

WIDGET = "application/vnd.jupyter.widget-view+json"
NO_BET = "You made no prediction this time."  # what a stored answer says to its bet
DEMO = re.compile(r"(?P<title>.+?) \(run this cell to play\): (?P<line>.+)", re.S)
BET = "Your prediction: "
ALT = "What the cell above draws; the text says what is to be seen in it."
LINKS = {  # what lies elsewhere on the site than in the repository
    r"(?:\.\./)+README\.md": "../index.md",
    r"\.\./(\w+\.ipynb)": r"../chapters/\1",  # out of a solved copy
}
HOW = "This one needs a kernel: run this cell in JupyterLab, and play."


def page(notebook, playable: dict[str, str], megabytes: dict[str, int]):
    """A copy of a notebook for the site, one folder below the front page; playable: title -> name of such demos.

    megabytes: name -> how much a page fetches before this demo plays, if that is so much that it is asked first.
    """
    notebook = copy.deepcopy(notebook)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata["mystnb"] = {"image": {"alt": ALT}}
            if cell.metadata.get("jupyter", {}).get("outputs_hidden"):
                cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-output"]
                cell.metadata["mystnb"] |= {"code_prompt_show": "Show the answer", "code_prompt_hide": "Fold it again"}
            for output in cell.outputs:
                show(output.get("data", {}), playable, megabytes)
        else:
            for link, here in LINKS.items():
                cell.source = re.sub(rf"\]\({link}\)", f"]({here})", cell.source)
    return notebook


def show(data, playable: dict[str, str], megabytes: dict[str, int]) -> None:
    """Turns an output's data into what a page can show without a kernel behind it."""
    text = data.get("text/plain", "")
    if WIDGET in data:
        data.pop(WIDGET)
        if found := DEMO.fullmatch(text):
            data["text/html"] = demo(found["title"], found["line"], data.pop("image/png"), playable, megabytes)
        elif text.startswith(BET):
            data["text/html"] = bet(text.removeprefix(BET))
    elif NO_BET in data.get("text/html", ""):
        data["text/html"] = re.sub(f"<p><i>{NO_BET}</i></p>|{NO_BET}", "", data["text/html"])


def demo(title: str, line: str, png: str, playable: dict[str, str], megabytes: dict[str, int]) -> str:
    """The stored picture of a demo, and around it what play.js needs to put the demo itself there."""
    words = html.escape(line)
    picture = f'<img src="data:image/png;base64,{png.strip()}" alt="{html.escape(title)}: {words}">'
    picture += f'<p class="line">{words}</p>'
    if title in playable:
        name = playable[title]
        weight = f' data-megabytes="{megabytes[name]}"' if name in megabytes else ""
        return f'<div class="nin-demo" data-demo="{name}"{weight}>{picture}</div>'
    return f'<div class="nin-still">{picture}<p class="how">{HOW}</p></div>'


def demo_of(notebook, title: str, playable: dict[str, str], megabytes: dict[str, int]) -> str:
    """The same of the demo with this title in a notebook."""
    for data in (output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])):
        found = DEMO.fullmatch(data.get("text/plain", ""))
        if found and found["title"] == title:
            return demo(title, found["line"], data["image/png"], playable, megabytes)
    raise ValueError(f"no cell of this notebook shows the demo {title!r}")


def bet(question: str) -> str:
    """A place to write a prediction down before the answer is unfolded."""
    asked = html.escape(question, quote=False)
    box = '<input type="text" autocomplete="off" placeholder="your bet">'
    return f'<label class="nin-bet"><b>Your prediction.</b> {asked} {box}</label>'


def badges(address: str, name: str):
    """A cell with two links that open a chapter where it runs; address: https://github.com/OWNER/NAME."""
    repository = address.removeprefix("https://github.com/")
    colab = f"https://colab.research.google.com/github/{repository}/blob/main/notebooks/{name}"
    binder = f"https://mybinder.org/v2/gh/{repository}/main?urlpath=lab/tree/notebooks/{name}"
    links = f'<a href="{colab}">Open in Colab</a> <a href="{binder}">Open in Binder</a>'
    return nbformat.v4.new_markdown_cell(f'<p class="nin-badges">{links}</p>')
