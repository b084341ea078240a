"""All demos on one page, for whoever stands in front of a class; docs/board.md tells how it is opened."""

import base64
import html

import ipywidgets as widgets

from nin_course.demos import ALL
from nin_course.demos._base import Demo

KEYS = {  # what the page's bar does
    "next": "next: n or Page Down",
    "previous": "previous: p or Page Up",
    "reset": "reset: r",
    "notes": "ask, set, see: i",
    "full": "full screen: f",
    "tiles": "all demos: Escape",
}
QUICK = 1  # a slider answers a sixth sooner, with a seventh more bytes
SHARP = 204  # dots an inch: a projector of 1920 × 1080 shows a picture 1.85 times as large as a notebook does


class Board:
    """The demos as tiles, or one of them with what to ask, to set and to see.

    Its page (board/voila/templates) has the words of its buttons from `keys`, and says by `wish` what it wants: a demo,
    by its class's name, and how many wishes there were before, so that the same may be wished again, which puts it back
    to its start.
    """

    def __init__(self, demos: tuple[type[Demo], ...] = ALL):
        self.demo = None
        self.demos = {demo.__name__: type(demo.__name__, (demo,), {"dpi": SHARP, "packing": QUICK}) for demo in demos}
        self.tiles = widgets.HTML("".join(map(tile, demos)))
        self.keys = widgets.HTML("".join(f'<i class="{name}">{words}</i>' for name, words in KEYS.items()))
        self.stage, self.notes, self.wish = widgets.VBox(), widgets.HTML(), widgets.Text()
        self.wish.observe(lambda change: self.show(change["new"].partition(" ")[0]), names="value")
        self.view = widgets.VBox([self.tiles, self.stage, self.notes, self.keys, self.wish])
        names = ("", "-tiles", "-stage", "-notes", "-keys", "-wish")
        for part, name in zip((self.view, *self.view.children), names, strict=True):
            part.add_class(f"board{name}")

    def show(self, name: str) -> None:
        """One of the demos, by its class's name, as it starts; any other name: the tiles alone."""
        before, self.demo = self.demo, self.demos[name]() if name in self.demos else None
        if self.demo:
            lines = (("Ask", self.demo.ask), ("Set", self.demo.set), ("See", self.demo.see))
            self.notes.value = "".join(f"<p><b>{what}</b> {html.escape(text)}</p>" for what, text in lines)
        self.stage.children = [self.demo.view] if self.demo else []
        if before:
            before.close()


def tile(demo: type[Demo]) -> str:
    """A demo's first picture and its name: a link to its address. What a demo reads once is read here."""
    shown = demo()
    picture = base64.b64encode(shown.picture.value).decode()
    shown.close()
    title, chapter = html.escape(demo.title), f"chapter {demo.chapter}"
    return f'<a href="#{demo.__name__}"><img alt="" src="data:image/png;base64,{picture}"><b>{title}</b> {chapter}</a>'
