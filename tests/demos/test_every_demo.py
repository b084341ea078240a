"""What holds for every demo: its first look is the published one, each control is heard, and nothing stale remains."""

import base64
import gc
import html
import io
import json
import sys
from pathlib import Path
from random import Random

import build
import ipywidgets as widgets
import numpy as np
import psutil
import pytest
import torch
from in_chinese import CHINESE, english
from ipywidgets.embed import dependency_state
from matplotlib import __version__ as matplotlib_version
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text
from matplotlib.textpath import TextPath
from seeing import NAMES, Watched, differ, seen, words_have_room
from test_bench import MADE
from test_left_alone import numbers_drawn, process

from nin_course import demos
from nin_course.demos import ALL, FamilyTree, FewPixels, FindTheShoes, WalkThrough, YourPhoto
from nin_course.demos.run import Run

ROOT = Path(__file__).parents[2]
VIEW, STATE = "application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json"
ACTIONS = {YourPhoto: 50, FamilyTree: 30, FindTheShoes: 80}  # else 200; in these, most take a network to be run
READS, BUILDS, RUNS = ("io.open", "builtins.open"), ("torch.nn.Module.__init__",), ("torch.nn.Module.__call__",)
ANEW = {WalkThrough: READS, YourPhoto: READS + BUILDS}  # what may not come again; else neither of the three


WIDE, HIGH = 934, 584  # pixels that the board has for a demo (board/voila/templates/board/static/board.js)


def high(demo, text: str) -> float:
    """Pixels down to the end of a demo's line, as the board lays it out: rows of controls, the picture, the line."""
    rows, row = 1, 0
    for widget in demo.view.children[1].children:
        wide = int((widget.layout.width or "305px").replace("auto", "100px").removesuffix("px")) + 4  # its margins
        rows, row = (rows, row + wide) if row + wide <= WIDE else (rows + 1, wide)
    lines = -(-TextPath((0, 0), text, size=14).get_extents().width // (WIDE - 14))
    return 36 + 32 * rows + demo.size[1] * 110 + 4 + max(44, 20 * lines)


def hands_on(widget) -> list:
    """All that a hand can move in a widget, in its order."""
    if isinstance(widget, widgets.Box):
        return [inner for child in widget.children for inner in hands_on(child)]
    kinds = widgets.IntSlider, widgets.FloatSlider, widgets.IntRangeSlider, widgets.Checkbox, widgets.Button
    return [widget] if isinstance(widget, (*kinds, widgets.SelectionSlider, widgets.Dropdown)) else []


def a_control(demo, random: Random):
    """One of those that a hand could move now."""
    return random.choice([w for w in hands_on(demo.view) if not w.disabled and getattr(w, "options", True)])


def move(widget, random: Random) -> None:
    """Something that a hand can do with it."""
    if isinstance(widget, widgets.Button):
        widget.click()
    elif isinstance(widget, widgets.Checkbox):
        widget.value = not widget.value
    elif isinstance(widget, (widgets.SelectionSlider, widgets.Dropdown)):
        widget.index = random.randrange(len(widget.options))
    elif isinstance(widget, widgets.IntRangeSlider):
        widget.value = sorted(random.choices(range(widget.min, widget.max + 1), k=2))
    else:
        widget.value = widget.min + widget.step * random.randint(0, round((widget.max - widget.min) / widget.step))


@pytest.mark.parametrize("demo", ALL)
def test_a_demo_shows_a_widget_a_picture_and_one_plain_line(demo):
    played = demo()
    bundle = played._repr_mimebundle_()
    assert set(bundle) == {VIEW, "image/png", "text/plain"}
    assert bundle[VIEW]["model_id"] == played.view.model_id
    assert base64.b64decode(bundle["image/png"]) == bytes(played.picture.value)
    assert bundle["text/plain"] == f"{demo.title} (run this cell to play): {played.text}"
    assert "\n" not in bundle["text/plain"]


@pytest.mark.parametrize("demo", ALL)
def test_a_demos_first_picture_is_the_one_in_the_guide(demo):
    kept = (ROOT / "docs" / "img" / f"{demo.__name__}.png").read_bytes()
    then, now = imread(io.BytesIO(kept)), imread(io.BytesIO(bytes(demo().picture.value)))
    assert abs(then.shape[0] - now.shape[0]) <= 1 >= abs(then.shape[1] - now.shape[1]), "make demos"
    if f"Matplotlib version{matplotlib_version}".encode() in kept:  # another version draws its letters otherwise
        assert (np.abs(then - now).max(axis=2) > 0.05).mean() < 1e-4, "make demos"


@pytest.mark.parametrize("demo", ALL)
def test_a_demos_picture_finds_room_beside_the_file_browser_and_its_words_are_no_smaller_than_the_pages(demo):
    """924 of the 934 pixels that a small laptop leaves it, and letters of 13 pixels."""
    figure = demo().figure
    assert figure.bbox.width <= 924
    words_have_room(figure)


@pytest.mark.parametrize("demo", ALL)
def test_a_demos_widgets_are_those_that_its_chapter_has_stored(demo):
    played = demo()
    (chapter,) = [c for c in build.chapters() if c.stem.startswith(demo.chapter)]
    book = json.loads((ROOT / "notebooks" / f"{chapter.stem}.ipynb").read_text(encoding="utf-8"))
    (output,) = [o for c in book["cells"] if f"\n{demo.__name__}()" in "".join(c["source"]) for o in c["outputs"]]
    stored = book["metadata"]["widgets"][STATE]["state"]
    now = dependency_state([played.view], drop_defaults=False)
    assert tree(played.view.model_id, now) == tree(output["data"][VIEW]["model_id"], stored)
    assert links(played.view.model_id, now) == links(output["data"][VIEW]["model_id"], stored)


def tree(model, models):
    """A widget with all that it holds, as plain data; what is empty, and the picture's bytes, left out."""

    def plain(value):
        if isinstance(value, str) and value.startswith("IPY_MODEL_"):
            return tree(value.removeprefix("IPY_MODEL_"), models)
        return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value

    state = models[model]["state"]
    kept = {k: plain(v) for k, v in state.items() if v not in (None, [], ()) and "version" not in k}
    if state["_model_name"] == "ImageModel":
        kept.pop("value", None)
    return kept


def links(view, models) -> list:
    """(source, its trait, target, its trait) of what is linked in the browser, the widgets as plain data."""
    inside, waiting = set(), [view]
    while waiting:
        model = waiting.pop()
        inside.add(f"IPY_MODEL_{model}")
        waiting += [child.removeprefix("IPY_MODEL_") for child in models[model]["state"].get("children", ())]
    found = [m["state"] for m in models.values() if m["model_name"] == "LinkModel"]
    ends = [[m["source"], m["target"]] for m in found if m["source"][0] in inside]
    return sorted(repr([(tree(w.removeprefix("IPY_MODEL_"), models), trait) for w, trait in pair]) for pair in ends)


class NoTraining(Run):
    """What the training desk starts, here without a network: a step at once, and its end when it is told."""

    def start(self):
        self.record.loss.append((50, 2.3))
        self.changed()

    def end(self):
        self.over.set()
        self.changed()


@pytest.fixture(scope="module")
def nothing_older():
    """What there is before these demos is looked through once for what nobody holds any more, not at every count."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("nothing_older")
@pytest.mark.parametrize("demo", ALL)
def test_whatever_is_clicked_the_demo_looks_as_if_it_had_started_there(demo, monkeypatch):
    """In a random order: the same picture and line as drawn at once, every control is heard, and no memory is lost.

    Nor is anything else of the process touched, such as the random numbers that a chapter draws next, or whether
    gradients are taken; and what was looked at a moment ago is not read or computed by a network again.

    After each action it is painted in the state that it has; what the picture then shows is looked at after every
    twentieth action, and after each control's first that changes something. What is lost is lost each time that one
    plays, and what an allocator keeps for later is taken once: growth counts if it comes three times in a row.
    """
    desk, painted = [], []  # it is not painted, which takes long: the state is kept in which it would have been

    def png(figure, packing):
        painted.extend(played.state for played in desk)
        return b"%d" % len(painted)

    monkeypatch.setattr("nin_course.demos._base.png", png)
    monkeypatch.setattr("nin_course.demos.bench.runs", lambda: MADE)
    monkeypatch.setattr("nin_course.demos.training_desk.Run", NoTraining)
    for once in vars(sys.modules[demo.__module__]).values():
        if getattr(once, "__module__", "") == demo.__module__ and hasattr(once, "cache_clear"):
            once.cache_clear()
    is_set = process()
    random, played, looks = Random(demo.title), demo(), {}
    drawn = numbers_drawn()  # after the networks' own, which are drawn before they take what they have learned
    desk.append(played)
    played.update()
    names = {id(control): name for name, control in played.controls.items()}
    before = memory()
    for action in range(ACTIONS.get(demo, 200)):
        widget = a_control(played, random)
        name = names.get(id(widget), getattr(widget, "description", ""))
        earlier = None if name in looks else seen(played.figure)
        move(widget, random)
        assert painted[-1] == played.state, name
        assert played.picture.value == b"%d" % len(painted)
        if earlier is None and (action + 1) % 20 == 0:
            name = action
        elif earlier is None or not differ(earlier, seen(played.figure)):
            continue
        looks[name] = played.state, seen(played.figure), played.text, played.line.value
        said = [played.text, *(text.get_text() for text in played.figure.findobj(Text))]
        assert not [text for text in said if english(CHINESE.translate(text))]
    for _again in range(2):
        if memory() - before > 50e6:
            before = memory()
            for _action in range(ACTIONS.get(demo, 200)):
                move(a_control(played, random), random)
    assert memory() - before < 50e6
    assert set(played.controls) <= set(looks)
    for name, (state, figure, text, line) in looks.items():
        fresh = Watched(demo)
        with torch.no_grad():
            fresh.at(**state)
        assert not differ(figure, seen(fresh.figure)), name
        assert text == fresh.line
        words_have_room(fresh.figure)
        assert high(played, text) <= HIGH, name
        assert line.endswith(f">{html.escape(fresh.line)}</span>")
    assert (process() == is_set, numbers_drawn() == drawn) == (True, True)  # pytest would compare them for a minute
    with monkeypatch.context() as patch:
        for again in ANEW.get(demo, READS + BUILDS + RUNS):
            patch.delattr(again)
        fresh.at(**state)


def test_a_look_differs_by_what_a_person_could_see_and_not_by_rounding():
    figure = Figure()
    axis = figure.subplots()
    image, (line,), bar = axis.imshow([[0.0, 1.0]]), axis.plot([0, 1], [0, 0.5]), axis.bar(0, 0.5)[0]
    before = seen(figure)
    line.set_ydata([0, 0.5 + 1e-6])
    image.set_data([[1e-6, 1.0]])
    assert not differ(before, seen(figure))
    for change in (
        lambda: line.set_ydata([0, 0.501]),
        lambda: line.set_color("red"),
        lambda: bar.set_height(0.501),
        lambda: image.set_data([[0.1, 1.0]]),
        lambda: image.set_data([[0.1, 1.0], [0.1, 1.0]]),
        lambda: axis.set_title("another"),
        lambda: figure.suptitle("one more"),
        lambda: bar.set_visible(False),
        lambda: axis.set_visible(False),
    ):
        change()
        now = seen(figure)
        assert differ(before, now)
        assert differ(now, before)
        before = now


def test_a_demo_that_failed_once_is_heard_again(monkeypatch):
    played = FewPixels()
    with monkeypatch.context() as patch:
        patch.setattr(played, "follow", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            played.controls["size"].value = 5
    played.controls["size"].value = 6
    assert played.text.startswith("6 × 6 ")


def memory() -> int:
    """Bytes that this process has of the machine, once what nobody holds any more is gone."""
    gc.collect()
    return psutil.Process().memory_info().rss


@pytest.mark.parametrize("demo", ALL)
def test_a_slider_over_garments_has_them_by_name_and_number(demo):
    for control in demo().controls.values():
        if isinstance(control, widgets.SelectionSlider) and len(control.options) == 10:
            assert list(control.options) == list(zip(NAMES, range(10), strict=True))


@pytest.mark.parametrize("demo", ALL)
def test_a_demo_tells_the_instructor_what_to_ask_set_and_see(demo):
    assert "?" in demo.ask
    assert demo.try_this in (text := demo().view.children[0].value)
    assert f"<b>{demo.title}</b>" in text
    assert demo.set
    assert demo.see


def test_the_public_names_are_all_that_chapters_can_use():
    assert {name for name, value in vars(demos).items() if callable(value)} == set(demos.__all__) - {"ALL"}
    assert {demo.__name__ for demo in ALL} < set(demos.__all__)
