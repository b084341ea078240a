"""The live picture of a training run in a real JupyterLab: drawn in place, ended by button or stop square."""

import nbformat
import pytest
from conftest import Notebook
from playwright.sync_api import expect

SET_UP = """
import nin_course as d2l
from nin_course.demos import LivePicture
from nin_course.recipe import load, prepare, preset

net, _, settings = prepare(preset("laptop", size=16, epochs=200))
settings["seed"] = None
train_iter, valid_iter = load(preset("laptop", size=16), held_out=100)
"""
START = "live = LivePicture().start(net, train_iter, valid_iter, **settings)"
WAIT = 'print("over:", live.wait().stopped, "epochs:", len(live.history.loss))'
CALL = """
history = d2l.fit(net, train_iter, valid_iter, **settings, progress=False, callbacks=[LivePicture()])
print("over:", history.stopped)
"""
CELLS = [SET_UP, START, "print('the notebook is', 'usable')", CALL, START, WAIT]


@pytest.fixture(scope="module")
def notebook(context, lab):
    """One notebook and kernel for all; each test runs its cells, which are taken by their places."""
    cells = [nbformat.v4.new_code_cell(source.strip(), id=f"c{i}") for i, source in enumerate(CELLS)]
    book = nbformat.v4.new_notebook(cells=cells)
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(book, lab.folder / "notebooks" / "live.ipynb")
    notebook = Notebook(context.new_page(), lab, "live.ipynb")
    notebook.enter(0)
    return notebook


def is_redrawn(picture):
    first = picture.get_attribute("src", timeout=90_000)
    expect(picture).not_to_have_attribute("src", first, timeout=90_000)


def is_a_picture(picture):
    """Not a widget any more, which would be gone when the notebook is opened again."""
    expect(picture).to_have_count(1)
    assert picture.get_attribute("src").startswith("data:image/png")
    assert picture.evaluate("image => image.naturalWidth") == 800


def test_a_run_in_the_background_ends_at_a_click_on_stop(notebook):
    cell = notebook.enter(1)
    picture, stop = cell.locator(".jp-OutputArea img"), cell.get_by_role("button", name="Stop")
    expect(notebook.enter(2).locator(".jp-OutputArea")).to_have_text("the notebook is usable", timeout=90_000)
    is_redrawn(picture)
    is_redrawn(picture)
    notebook.screenshot("live_running")
    stop.click()
    expect(stop).to_have_count(0, timeout=30_000)
    is_a_picture(picture)
    notebook.screenshot("live_stopped")


@pytest.mark.parametrize("places", [[3], [4, 5]], ids=["a callback of fit", "wait"])
def test_the_stop_square_ends_a_run_with_what_it_has(notebook, places):
    cells = [notebook.enter(place) for place in places]
    picture = cells[0].locator(".jp-OutputArea img")
    is_redrawn(picture)
    notebook.page.get_by_role("button", name="Interrupt the kernel").click()
    expect(cells[-1].get_by_text("over: True")).to_be_visible(timeout=30_000)
    is_a_picture(picture)
