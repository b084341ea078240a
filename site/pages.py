"""A stored notebook as a page of the site: bets to write down, demos to play with, answers folded, no widget left."""

import copy
import html
import re

import nbformat
from words import say

WIDGET = "application/vnd.jupyter.widget-view+json"
NO_BET = "You made no prediction this time."  # what a stored answer says to its bet
DEMO = "{0} (run this cell to play): {1}"  # a demo's title, and its line
BET = "Your prediction:"
ALT = "What the cell above draws; the text says what is to be seen in it."
LINKS = {  # what lies elsewhere on the site than in the repository
    r"(?:\.\./)+README(?:\.zh)?\.md": "../index.md",
    r"\.\./(\w+\.ipynb)": r"../chapters/\1",  # out of a solved copy
}
SAID = '<p class="nin-said"></p>'  # in which play.js repeats the bet
HOW = "This one needs a kernel: run this cell in JupyterLab, and play."


def played(text: str, language: str) -> re.Match | None:
    """(a demo's title, its line), if this is what a demo leaves in a stored output."""
    said = re.escape(say(DEMO, language))
    return re.fullmatch(re.sub(r"\\\{\d\\\}", "(.+?)", said), text, re.S)


def page(notebook, playable: dict[str, str], megabytes: dict[str, int], language: str = "en"):
    """A copy of a notebook for the site, one folder below the front page; playable: title -> name of such demos.

    megabytes: name -> how much a page fetches before this demo plays, if that is so much that it is asked first.
    """
    notebook = copy.deepcopy(notebook)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata["mystnb"] = {"image": {"alt": say(ALT, language)}}
            if cell.metadata.get("jupyter", {}).get("outputs_hidden"):
                cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-output"]
                show, hide = (say(words, language) for words in ("Show the answer", "Fold it again"))
                cell.metadata["mystnb"] |= {"code_prompt_show": show, "code_prompt_hide": hide}
            for output in cell.outputs:
                still(output.get("data", {}), playable, megabytes, language)
        else:
            for link, here in LINKS.items():
                cell.source = re.sub(rf"\]\({link}\)", f"]({here})", cell.source)
    return notebook


def still(data, playable: dict[str, str], megabytes: dict[str, int], language: str) -> None:
    """Turns an output's data into what a page can show without a kernel behind it."""
    text = data.get("text/plain", "")
    if WIDGET in data:
        data.pop(WIDGET)
        if found := played(text, language):
            data["text/html"] = demo(*found.groups(), data.pop("image/png"), playable, megabytes, language)
        elif text.startswith(asked := say(BET, language)):
            data["text/html"] = bet(text.removeprefix(asked).strip(), language)
    elif (none := say(NO_BET, language)) in data.get("text/html", ""):
        data["text/html"] = re.sub(f"<p><i>{none}</i></p>|{none}", "", data["text/html"]) + SAID


def demo(
    title: str, line: str, png: str, playable: dict[str, str], megabytes: dict[str, int], language: str = "en"
) -> str:
    """The stored picture of a demo, and around it what play.js needs to put the demo itself there."""
    words = html.escape(line)
    picture = f'<img src="data:image/png;base64,{png.strip()}" alt="{html.escape(title)}: {words}">'
    picture += f'<p class="line">{words}</p>'
    if title in playable:
        name = playable[title]
        weight = f' data-megabytes="{megabytes[name]}"' if name in megabytes else ""
        return f'<div class="nin-demo" data-demo="{name}"{weight}>{picture}</div>'
    return f'<div class="nin-still">{picture}<p class="how">{say(HOW, language)}</p></div>'


def demo_of(notebook, title: str, playable: dict[str, str], megabytes: dict[str, int], language: str = "en") -> str:
    """The same of the demo with this English title in a notebook."""
    wanted = say(title, language)
    for data in (output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])):
        found = played(data.get("text/plain", ""), language)
        if found and found[1] == wanted:
            return demo(wanted, found[2], data["image/png"], playable, megabytes, language)
    raise ValueError(f"no cell of this notebook shows the demo {wanted!r}")


def bet(question: str, language: str = "en") -> str:
    """A place to write a prediction down before the answer is unfolded."""
    asked = html.escape(question, quote=False)
    box = f'<input type="text" autocomplete="off" placeholder="{say("your bet", language)}">'
    return f'<label class="nin-bet"><b>{say("Your prediction.", language)}</b> {asked} {box}</label>'


def badges(address: str, name: str, language: str = "en"):
    """A cell with two links that open a chapter where it runs; address: https://github.com/OWNER/NAME.

    name: its path below notebooks/.
    """
    repository = address.removeprefix("https://github.com/")
    colab = f"https://colab.research.google.com/github/{repository}/blob/main/notebooks/{name}"
    binder = f"https://mybinder.org/v2/gh/{repository}/main?urlpath=lab/tree/notebooks/{name}"
    places = {"Open in Colab": colab, "Open in Binder": binder}
    links = " ".join(f'<a href="{there}">{say(words, language)}</a>' for words, there in places.items())
    return nbformat.v4.new_markdown_cell(f'<p class="nin-badges">{links}</p>')
