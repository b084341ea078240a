"""Every demo in JupyterLab on a small laptop, the file browser open: all of it in one window, whatever is clicked."""

import hashlib
import json
from random import Random

import nbformat
import pytest
from conftest import ROOT, Notebook
from playwright.sync_api import expect
from test_chapters import changes, line, picture, settled, shows_a_picture

from nin_course.demos import ALL

SCREEN = {"width": 1366, "height": 768}
NAMES = [demo.__name__ for demo in ALL]
CELLS = [f"from nin_course.demos import {name}\n\n{name}()" for name in NAMES]  # as they stand in the chapters
HANDLES = {"FewPixels": 1, "GuessingGame": 0, "ChannelMixer": 7, "SlidingWindow": 8, "BallotBox": 5}  # a range has two
HANDLES |= {"WalkThrough": 3, "OneCell": 4, "TrainingDesk": 2, "Autopsy": 3, "Microscope": 5, "FindTheShoes": 3}
HANDLES |= {"YourPhoto": 4, "Bench": 1, "FamilyTree": 3}
FIND = """import hashlib

from nin_course.demos._base import Demo

demos = {type(shown).__name__: shown for shown in Out.values() if isinstance(shown, Demo)}"""
LONGEST = """for demo in demos.values():
    for control in demo.controls.values():
        if control._model_name == "SelectionSliderModel":
            control.index = max(range(len(control.options)), key=lambda k: len(control.options[k][0]))"""
LAST = "for name, demo in demos.items():\n    print(name, hashlib.sha256(demo.picture.value).hexdigest(), demo.text)"
# What is not seen of a demo, in words: it is outside of the notebook's window, cut, or smaller than it was drawn.
UNSEEN = """async view => {
  view.scrollIntoView({block: "center"})
  await view.querySelector("img").decode().catch(() => {})  // a picture that has just changed has no width yet
  const found = [], room = document.querySelector(".jp-WindowedPanel-outer").getBoundingClientRect()
  for (const e of view.querySelectorAll("button, input, select, img, .noUi-handle, .widget-readout, .widget-label, " +
                                        ".widget-html-content, .widget-html-content span")) {
    const box = e.getBoundingClientRect(), name = `${e.className || e.tagName} ${e.innerText || ""}`
    if (!box.width || e.type == "file") continue
    if (box.left < room.left || box.right > room.right || box.top < room.top || box.bottom > room.bottom)
      found.push(`outside: ${name}`)
    if (e.matches("button, select, .widget-readout, .widget-label") && e.scrollWidth > e.clientWidth)
      found.push(`cut: ${name}`)
  }
  const picture = view.querySelector("img")
  if (picture.clientWidth != picture.naturalWidth) found.push(`drawn anew, ${picture.clientWidth} pixels wide`)
  return found
}"""
BYTES = "async image => Array.from(new Uint8Array(await (await fetch(image.src)).arrayBuffer()))"
CHOOSE = """(list, share) => {
  if (list.disabled || !list.options.length) return  // nothing fits what was chosen elsewhere, a moment ago perhaps
  list.selectedIndex = Math.floor(share * list.options.length)
  for (const name of ["input", "change"]) list.dispatchEvent(new Event(name, {bubbles: true}))
}"""
LEAVE_ALONE = "Start", "Your photo"  # a training of minutes, and a file


@pytest.fixture(scope="module")
def notebook(browser, lab):
    """All demos in one notebook, and so in one kernel."""
    cells = [*CELLS, f"{FIND}\n{LONGEST}", LAST]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c, id=f"c{i}") for i, c in enumerate(cells)])
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(book, lab.folder / "notebooks" / "demos.ipynb")
    context = browser.new_context(viewport=SCREEN)
    notebook = Notebook(context.new_page(), lab, "demos.ipynb")
    notebook.errors = []
    notebook.page.on("pageerror", lambda error: notebook.errors.append(str(error)))
    yield notebook
    context.close()


def act(view, random: Random) -> None:
    """One thing that a hand may do: a key on a slider, a click on a box or a button, a choice from a list."""
    things = view.locator(".noUi-handle, input[type=checkbox], button, select")
    thing = things.nth(random.randrange(things.count()))
    kind, words = thing.evaluate("e => [e.tagName, e.innerText]")
    if words.startswith(LEAVE_ALONE) or not thing.is_visible():
        return
    if kind == "SELECT":
        thing.evaluate(CHOOSE, random.random())
    elif kind == "DIV":
        thing.press(random.choice(["ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End"]))
    else:
        thing.press(" ")


def answers_the_keyboard(cell, name: str) -> None:
    """Every slider and every box, alone, draws another picture; a slider tells another line."""
    handles = cell.locator(".noUi-handle")
    assert handles.count() == HANDLES[name]
    for i in range(HANDLES[name]):
        before, text, handle = settled(cell), line(cell).inner_text(), handles.nth(i)
        at_the_end = handle.get_attribute("aria-valuenow") == handle.get_attribute("aria-valuemax")
        for seconds in (2, 2, 15):  # one step may lead to what looks the same
            handle.press("ArrowLeft" if at_the_end else "ArrowRight")
            if changes(cell, before, seconds) and line(cell).inner_text() != text:
                break
        assert picture(cell) != before, f"slider {i} of {name} moved no picture"
        expect(line(cell)).not_to_have_text(text)
    for box in cell.locator("input[type=checkbox]").all():
        before = settled(cell)
        box.press(" ")
        assert changes(cell, before)


@pytest.mark.parametrize("place", range(len(ALL)), ids=NAMES)
def test_controls_picture_and_line_are_seen_at_once_and_answer_whatever_is_clicked(notebook, place):
    cell = notebook.enter(place)
    view = cell.locator(".jp-OutputArea-output").last
    expect(view.locator("img")).to_have_js_property("complete", True, timeout=90_000)
    assert view.evaluate(UNSEEN) == []
    notebook.screenshot(f"small_{NAMES[place]}")
    answers_the_keyboard(cell, NAMES[place])
    random = Random(place)
    for _ in range(15):
        act(view, random)
    assert view.evaluate(UNSEEN) == []
    assert view.locator("img").count() == 1
    notebook.screenshot(f"small_{NAMES[place]}_clicked")


def test_what_is_seen_in_the_end_is_what_the_kernel_has_and_the_longest_words_find_room(notebook):
    notebook.enter(len(ALL))
    notebook.idle(seconds=120)
    told = notebook.enter(len(ALL) + 1).locator(".jp-OutputArea-output")
    expect(told).to_contain_text(NAMES[-1], timeout=30_000)
    for place, said in enumerate(told.inner_text().splitlines()):
        name, digest, text = said.split(" ", 2)
        view = notebook.shown(notebook.page.locator(f".jp-Cell[data-windowed-list-index='{place}']"))
        expect(view.locator(".widget-html-content span").last).to_have_text(text)
        assert hashlib.sha256(bytes(view.locator("img").evaluate(BYTES))).hexdigest() == digest, name
        assert view.locator(".jp-OutputArea-output").last.evaluate(UNSEEN) == []
        assert view.locator("[data-mime-type$=stderr]").count() == 0
    assert notebook.errors == []


def test_saved_and_reopened_without_its_kernel_it_still_shows_the_pictures(notebook):
    notebook.save()
    notebook.reopen()
    for name in NAMES:
        assert shows_a_picture(notebook, f"{name}()")
    notebook.nothing_is_broken()
    notebook.screenshot("small_reopened")


def test_each_demo_stands_in_its_chapter_in_a_cell_that_runs_alone():
    chapters = sorted((ROOT / "notebooks").glob("0*.ipynb"))
    cells = [c for path in chapters for c in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert [sources.count(cell) for cell in CELLS] == [1] * len(ALL)
