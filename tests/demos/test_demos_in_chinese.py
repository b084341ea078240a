"""A demo in Chinese: every word that the page gets, with glyphs for it, and room for it in the picture."""

import os
import re
import warnings

import ipywidgets as widgets
import pytest
from in_chinese import NAMES as EVERYWHERE
from in_chinese import english, marks
from matplotlib.text import Text
from test_bench import MADE

from nin_course.demos import ALL, Bets, FamilyTree, FewPixels, LivePicture, Predict
from nin_course.demos.board import Board
from nin_course.history import History
from nin_course.language import say, speak

# Networks, recipes and units that are called so in Chinese, too; and what matplotlib writes for a power of ten.
NAMES = {
    "alexnet",
    "googlenet",
    "small",
    "wide",
    "notes",
    "Kaiming",
    "one cycle",
    "kB",
    "ln",
    "EXIF",
    "HEIC",
    "JPEG",
    "lr",
}
KEYS = r"Page (Down|Up)|Escape"
HEALTH = "dead classes 0, silent units 12% at most, gradient norms 1.0e-01 to 2.0e+00"
NAMES |= {"mathdefault", "cpu", "floor", "PyTorch", "Conv2d", "Linear", "DejaVu"}


@pytest.fixture(autouse=True)
def chinese():
    speak("zh")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Glyph")  # is missing
        yield
    speak("en")
    del os.environ["NIN_COURSE_LANGUAGE"]


def on_the_page(view) -> list[str]:
    """Every text that the page gets of a widget and of what it holds."""
    found, waiting = [], [view]
    for widget in waiting:
        state = widget.get_state()
        found += [state.get(name) or "" for name in ("description", "tooltip", "placeholder")]
        found += state.get("_options_labels", ())
        if isinstance(widget, widgets.HTML):
            found.append(re.sub(r"<[^>]*>", "·", state["value"]))
        for value in widget.trait_values().values():
            parts = value if isinstance(value, tuple) else (value,)
            waiting += [part for part in parts if isinstance(part, widgets.Widget) and part not in waiting]
    return found


def left(texts) -> list[str]:
    """Those in which something is English, be it one word or one mark."""
    return [text for text in texts if marks(text) or set(english(text, least=1)) - NAMES - EVERYWHERE]


@pytest.mark.parametrize("demo", ALL)
def test_a_demo_is_chinese_on_the_page_and_in_its_picture_and_its_words_have_room(demo, monkeypatch):
    monkeypatch.setattr("nin_course.demos.bench.runs", lambda: MADE)
    played = demo()
    figure, renderer = played.figure, played.figure.canvas.get_renderer()
    written = [text for text in figure.findobj(Text) if text.get_text()]
    assert not left([*on_the_page(played.view), repr(played), *(text.get_text() for text in written)])
    for text in written:
        if text.get_visible() and (text in figure.texts or (text.axes and text in (text.axes.title, *text.axes.texts))):
            box = text.get_window_extent(renderer)
            assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1, text
            assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1, text


def test_the_board_has_its_tiles_its_three_lines_and_its_buttons_in_chinese():
    board = Board((FewPixels, FamilyTree))
    for demo in ("FewPixels", "FamilyTree"):
        board.show(demo)
        assert not left(re.sub(KEYS, "", text) for part in board.view.children for text in on_the_page(part))
    ask, words = FamilyTree.ask, re.findall(r"<b>(.)</b> (.*?)</p>", board.notes.get_state()["value"])
    assert [sign for sign, _ in words] == ["问", "调", "看"]
    assert words[0][1] == say(ask) != ask
    assert re.findall("<b>(.*?)</b> (.*?)</a>", board.tiles.get_state()["value"]) == [
        (say(demo.title), f"第 {demo.chapter} 章") for demo in (FewPixels, FamilyTree)
    ]
    board.show("tiles")


def test_a_prediction_is_asked_and_told_in_chinese():
    bet, bets = Predict("多少？"), Bets("哪个？", ["一"])
    assert not left([*on_the_page(bet.view), repr(bet), *on_the_page(bets.view)])
    told = [repr(bet.reveal(4, "三加一。")), repr(bets.reveal([4]))]
    for typed in ("4", "5", "4.1", "-1"):
        bet.control.value = bets.controls[0].value = typed
        told += [repr(bet.reveal(4)), bet.reveal(4)._repr_html_(), repr(bets.reveal([4.0]))]
    assert not left(re.sub(r"<[^>]*>", "", text) for text in told)
    assert "4。三加一。\n这次你没有猜。" in told[0]


def test_a_run_is_watched_in_chinese():
    live = LivePicture()
    history = History("cpu", 0, loss=[1.0], train_acc=[0.5], step=[50], step_loss=[1.0], health=[HEALTH])
    live._draw(history)
    figure = live.figure
    words = [text.get_text() for text in figure.findobj(Text)]
    assert not left([*on_the_page(live.view), *words, live.text(history)])
