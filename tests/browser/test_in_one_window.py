"""Every demo in JupyterLab on a small laptop, the file browser open: all of it in one window, whatever is clicked."""

import hashlib
from random import Random

import nbformat
import pytest
from conftest import Notebook
from playwright.sync_api import expect

from nin_course.demos import ALL

SCREEN = {"width": 1366, "height": 768}
NAMES = [demo.__name__ for demo in ALL]
FIRST = f"import hashlib\n\nfrom nin_course.demos import {', '.join(NAMES)}\n\ndemos = {{}}"
LONGEST = """for demo in demos.values():
    for control in demo.controls.values():
        if control._model_name == "SelectionSliderModel":
            control.index = max(range(len(control.options)), key=lambda k: len(control.options[k][0]))"""
LAST = "for name, demo in demos.items():\n    print(name, hashlib.sha256(demo.picture.value).hexdigest(), demo.text)"
# What is not seen of a demo, in words: it is outside of the notebook's window, cut, or smaller than it was drawn.
UNSEEN = """view => {
  view.scrollIntoView({block: "center"})
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
LEAVE_ALONE = "Start", "Your photo"  # a training of minutes, and a file


@pytest.fixture(scope="module")
def notebook(browser, lab):
    """All demos in one notebook, and so in one kernel."""
    cells = [FIRST, *(f"demos['{name}'] = {name}()\ndemos['{name}']" for name in NAMES), LONGEST, LAST]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c, id=f"c{i}") for i, c in enumerate(cells)])
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(book, lab.folder / "notebooks" / "demos.ipynb")
    context = browser.new_context(viewport=SCREEN)
    notebook = Notebook(context.new_page(), lab, "demos.ipynb")
    notebook.errors = []
    notebook.page.on("pageerror", lambda error: notebook.errors.append(str(error)))
    notebook.enter(0)
    yield notebook
    context.close()
    lab.shut_down_kernels()


def act(view, random: Random) -> None:
    """One thing that a hand may do: a key on a slider, a click on a box or a button, a choice from a list."""
    things = view.locator(".noUi-handle, input[type=checkbox], button, select")
    thing = things.nth(random.randrange(things.count()))
    kind, words = thing.evaluate("e => [e.tagName, e.innerText]")
    if words.startswith(LEAVE_ALONE) or not thing.is_visible() or not thing.is_enabled():
        return
    if kind == "SELECT":
        thing.select_option(index=random.randrange(thing.locator("option").count()))
    elif kind == "DIV":
        thing.press(random.choice(["ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End"]))
    else:
        thing.press(" ")


@pytest.mark.parametrize("place", range(len(ALL)), ids=NAMES)
def test_controls_picture_and_line_are_seen_at_once_whatever_is_clicked(notebook, place):
    view = notebook.enter(place + 1).locator(".jp-OutputArea-output").last
    expect(view.locator("img")).to_have_js_property("complete", True, timeout=90_000)
    assert view.evaluate(UNSEEN) == []
    notebook.screenshot(f"small_{NAMES[place]}")
    random = Random(place)
    for _ in range(15):
        act(view, random)
    assert view.evaluate(UNSEEN) == []
    notebook.screenshot(f"small_{NAMES[place]}_clicked")


def test_what_is_seen_in_the_end_is_what_the_kernel_has_and_the_longest_words_find_room(notebook):
    notebook.enter(len(ALL) + 1)
    notebook.idle(seconds=120)
    told = notebook.enter(len(ALL) + 2).locator(".jp-OutputArea-output")
    expect(told).to_contain_text(NAMES[-1], timeout=30_000)
    for place, said in enumerate(told.inner_text().splitlines()):
        name, digest, text = said.split(" ", 2)
        view = notebook.shown(notebook.page.locator(f".jp-Cell[data-windowed-list-index='{place + 1}']"))
        expect(view.locator(".widget-html-content span").last).to_have_text(text)
        assert hashlib.sha256(bytes(view.locator("img").evaluate(BYTES))).hexdigest() == digest, name
        assert view.locator(".jp-OutputArea-output").last.evaluate(UNSEEN) == []
        assert view.locator("[data-mime-type$=stderr]").count() == 0
    assert notebook.errors == []
