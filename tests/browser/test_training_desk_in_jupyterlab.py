"""The training desk in a real JupyterLab: started, paused, stopped, and left alone."""

import re

import nbformat
import pytest
from conftest import Notebook
from playwright.sync_api import expect

DESK = """from nin_course.demos import TrainingDesk, run, training_desk

run.LOOK, training_desk.PATIENCE = 5, 5  # both less than what a user waits
desk = TrainingDesk()
desk"""
ASK = 'print("answer:", 6 * 7, "running:", desk.running)'


@pytest.fixture(scope="module")
def opened(context, lab):
    """A notebook with a desk and a cell that asks after it, and the desk's cell; one test goes on after the other."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c, id=f"c{i}") for i, c in enumerate((DESK, ASK))])
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(book, lab.folder / "notebooks" / "desk.ipynb")
    notebook = Notebook(context.new_page(), lab, "desk.ipynb")
    cell = notebook.enter(0)
    key(cell, "Start").wait_for(timeout=90_000)
    return notebook, cell


def key(cell, name):
    return cell.get_by_role("button", name=name, exact=True)


def line(cell):
    return cell.locator(".widget-html-content span").last


def step(cell):
    return re.search(r"step (\d+) of", line(cell).inner_text())[1]


def ask(notebook, answer):
    expect(notebook.enter(1).locator(".jp-OutputArea")).to_contain_text(answer, timeout=20_000)


def test_a_run_is_started_paused_and_stopped_and_the_notebook_stays_usable(opened):
    (notebook, cell), page = opened, opened[0].page
    expect(line(cell)).to_contain_text("The recorded run, step 1256 of 1256")
    key(cell, "Start").click()
    expect(line(cell)).to_contain_text("Your run, with batch norm, step 10 of 10", timeout=240_000)
    ask(notebook, "answer: 42 running: True")
    notebook.screenshot("05_desk_running")
    key(cell, "Pause").click()
    expect(key(cell, "Go on")).to_be_visible()
    page.wait_for_timeout(3000)  # the look that was under way
    held = step(cell)
    page.wait_for_timeout(4000)
    assert step(cell) == held
    key(cell, "Go on").click()
    expect(line(cell)).not_to_contain_text(f"step {held} of", timeout=120_000)
    key(cell, "Stop").click()
    expect(key(cell, "Start")).to_be_enabled(timeout=30_000)
    ask(notebook, "answer: 42 running: False")
    key(cell, "Recorded run").click()
    expect(line(cell)).to_contain_text("The recorded run, step 1256 of 1256")


def test_a_closed_page_leaves_nothing_running(opened, lab, context):
    notebook, cell = opened
    key(cell, "Start").click()
    expect(line(cell)).to_contain_text("step 5 of 5", timeout=240_000)
    notebook.page.wait_for_timeout(8_000)  # longer than the desk's patience: while the page is open, the run goes on
    ask(notebook, "running: True")
    notebook.save()
    notebook.page.close()
    later = context.new_page()
    later.wait_for_timeout(9_000)
    ask(Notebook(later, lab, "desk.ipynb"), "answer: 42 running: False")
