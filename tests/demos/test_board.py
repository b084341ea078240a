"""The board: which demo it shows, with which words, and what is left of one that it has shown. Its page: tests/kit."""

import base64
import gc
import re
import weakref
from pathlib import Path
from threading import Event

import pytest
from ipywidgets.widgets.widget import Widget, _instances

from nin_course.demos import ALL, FewPixels, SlidingWindow, TrainingDesk
from nin_course.demos.board import KEYS, Board
from nin_course.plots import png

SOME = FewPixels, SlidingWindow, TrainingDesk


@pytest.fixture(scope="module")
def board():
    before, board = set(_instances), Board(SOME)
    board.made = set(_instances) - before
    return board


def texts(widget) -> str:
    """All that is written in it."""
    return " ".join([getattr(widget, "value", "") or "", *map(texts, getattr(widget, "children", ()))])


def stage(board) -> str:
    """What the page shows as the demo."""
    (part,) = [part for part in board.view.children if "board-stage" in part._dom_classes]
    return "".join(texts(child.children[0]) for child in part.children)


def test_a_tile_is_a_link_with_the_demos_name_chapter_and_first_picture(board):
    tiles = re.findall(
        r'<a href="#(\w+)"><img [^>]*base64,([^"]+)"><b>([^<]+)</b> chapter (\d\d)</a>', board.tiles.value
    )
    assert [(name, title, chapter) for name, _, title, chapter in tiles] == [
        (demo.__name__, demo.title, demo.chapter) for demo in SOME
    ]
    assert base64.b64decode(tiles[1][1]) == bytes(SlidingWindow().picture.value)


def test_of_the_demos_that_were_drawn_for_the_tiles_nothing_is_left(board):
    parts = [widget for part in (board.view, *board.view.children) for widget in (part, *part.trait_values().values())]
    assert board.made == {part.model_id for part in parts if isinstance(part, Widget)}


def test_every_demo_has_a_tile_unless_some_are_asked_for():
    assert Board.__init__.__defaults__ == (ALL,)


def test_a_wish_shows_a_demo_its_three_lines_and_the_same_wish_again_puts_it_to_its_start(board):
    board.wish.value = "SlidingWindow 0"
    assert "Sliding window" in stage(board)
    words = re.findall(r"<p><b>(\w+)</b> (.*?)</p>", board.notes.value)
    assert words == [("Ask", SlidingWindow.ask), ("Set", SlidingWindow.set), ("See", SlidingWindow.see)]
    first, text = board.demo, board.demo.text
    first.controls["stride"].value = 5
    board.wish.value = "SlidingWindow 1"
    assert board.demo is not first
    assert (board.demo.text, board.demo.state["stride"]) == (text, 2)
    board.wish.value = "tiles 2"
    assert stage(board) == ""


def test_a_picture_is_drawn_as_sharp_as_a_projector_shows_it_and_packed_quickly(board):
    board.wish.value = "FewPixels 3"
    wide, high = (int.from_bytes(board.demo.picture.value[i : i + 4], "big") for i in (16, 20))
    assert (wide, high) == (round(8.0 * 204), round(3.5 * 204))
    assert board.demo.picture.layout.width == "880px"
    assert board.demo.picture.value == png(board.demo.figure, 1) != png(board.demo.figure)
    board.wish.value = "tiles 4"


def test_the_bar_names_the_keys_that_the_page_hears():
    page = Path(__file__).parents[2] / "board" / "voila" / "templates" / "board" / "static" / "board.js"
    heard = re.findall(r'^ +(\w+): \[".", \[(.*?)\]', page.read_text(encoding="utf-8"), re.MULTILINE)
    named = {name: words.split(": ")[1].replace(" ", "").split("or") for name, words in KEYS.items()}
    assert {name: re.findall(r"\w+", keys) for name, keys in heard} == named


@pytest.mark.parametrize("demo", SOME)
def test_nothing_is_left_of_a_demo_that_was_shown(board, demo):
    before = set(_instances)
    board.wish.value = f"{demo.__name__} 5"
    shown = weakref.ref(board.demo)
    assert len(set(_instances) - before) > 10
    board.wish.value = "tiles 6"
    gc.collect()
    assert set(_instances) == before
    assert shown() is None


def test_a_run_ends_when_another_demo_is_shown(board):
    class Going:
        over, ended = Event(), False

        def end(self):
            self.ended = True

    board.wish.value = "TrainingDesk 7"
    board.demo.run = run = Going()
    board.wish.value = "FewPixels 8"
    assert run.ended
    board.wish.value = "tiles 9"
