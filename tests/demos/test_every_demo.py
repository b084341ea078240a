"""What holds for every demo: its first look is the published one, each control is heard, and nothing stale remains."""

import base64
import html
import io
import json
from pathlib import Path
from random import Random

import build
import ipywidgets as widgets
import numpy as np
import pytest
from ipywidgets.embed import dependency_state
from matplotlib import __version__ as matplotlib_version
from matplotlib.image import imread
from seeing import NAMES, Watched, seen
from test_bench import MADE

from nin_course.demos import ALL

ROOT = Path(__file__).parents[2]
VIEW, STATE = "application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json"


@pytest.fixture
def quick(monkeypatch):
    """A picture's bytes are what is seen on the figure, which is quicker than to paint it; and made-up runs."""
    monkeypatch.setattr("nin_course.demos._base.png", lambda figure: repr(seen(figure)).encode())
    monkeypatch.setattr("nin_course.demos.bench.runs", lambda: MADE)


def values(control) -> list:
    """Some values that a control can take: its ends, and one between."""
    if isinstance(control, (widgets.SelectionSlider, widgets.Dropdown)):
        options = offered(control)
        return [options[0], options[len(options) // 2], options[-1]]
    if isinstance(control, widgets.Checkbox):
        return [True, False]
    if isinstance(control, widgets.IntRangeSlider):
        return [(control.min, control.min), (control.min + 2, control.max - 1), (control.max, control.max)]
    return [control.min, control.min + control.step * int((control.max - control.min) / control.step / 2), control.max]


def offered(control) -> list:
    """The values behind the names of a list."""
    return [option[1] if isinstance(option, tuple) else option for option in control.options]


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


@pytest.mark.parametrize("demo", ALL)
def test_whatever_is_moved_the_demo_looks_as_if_it_had_started_there(demo, quick):
    """In any order, each control through its range: the same picture, line and state as drawn at once."""
    played, random = demo(), Random(0)
    moves = [(name, value) for name, control in played.controls.items() for value in values(control)]
    changed = set()
    for name, value in random.sample(moves, len(moves)):
        before = played.picture.value
        if isinstance(played.controls[name], widgets.Dropdown) and value not in offered(played.controls[name]):
            continue  # a control may limit another one
        if isinstance(value, int):
            value = min(value, getattr(played.controls[name], "max", value))
        played.controls[name].value = value
        state = {n: control.value for n, control in played.controls.items()}
        assert played.controls[name].value == value
        assert {n: played.state[n] for n in state} == state
        fresh = Watched(demo)
        fresh.at(**played.state)
        assert bytes(played.picture.value) == repr(seen(fresh.figure)).encode()
        assert played.text == fresh.line
        assert html.escape(fresh.line) in played.line.value
        if played.picture.value != before:
            changed.add(name)
    assert changed == set(played.controls)


@pytest.mark.parametrize("demo", ALL)
def test_a_slider_over_garments_has_them_by_name_and_number(demo, quick):
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
