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


def opened(lab, page, *cells):
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(c.strip(), id=f"c{i}") for i, c in enumerate(cells)]
    )
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(book, lab.folder / "notebooks" / "live.ipynb")
    notebook = Notebook(page, lab, "live.ipynb")
    notebook.menu("Run", "Run All Cells")
    return notebook


def is_redrawn(picture):
    first = picture.get_attribute("src")
    expect(picture).not_to_have_attribute("src", first, timeout=90_000)


def is_a_picture(picture):
    """Not a widget any more, which would be gone when the notebook is opened again."""
    expect(picture).to_have_count(1)
    assert picture.get_attribute("src").startswith("data:image/png")
    assert picture.evaluate("image => image.naturalWidth") == 800


def test_a_run_in_the_background_ends_at_a_click_on_stop(lab, page):
    notebook = opened(lab, page, SET_UP, START, "print('the notebook is', 'usable')")
    cell = notebook.cell(START)
    picture = cell.locator(".jp-OutputArea img")
    expect(page.get_by_text("the notebook is usable")).to_be_visible(timeout=90_000)
    is_redrawn(picture)
    is_redrawn(picture)
    notebook.screenshot("live_running")
    cell.get_by_role("button", name="Stop").click()
    expect(cell.get_by_role("button", name="Stop")).to_have_count(0, timeout=30_000)
    is_a_picture(picture)
    notebook.screenshot("live_stopped")


@pytest.mark.parametrize("cells", [(SET_UP, CALL), (SET_UP, START, WAIT)], ids=["a callback of fit", "wait"])
def test_the_stop_square_ends_a_run_with_what_it_has(lab, page, cells):
    notebook = opened(lab, page, *cells)
    picture = notebook.cell("LivePicture()").locator(".jp-OutputArea img")
    picture.wait_for(timeout=90_000)
    is_redrawn(picture)
    page.get_by_role("button", name="Interrupt the kernel").click()
    expect(page.get_by_text("over: True")).to_be_visible(timeout=30_000)
    is_a_picture(picture)
