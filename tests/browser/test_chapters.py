"""The chapters in a real JupyterLab, as a student, an instructor and a visitor meet them."""

import re
import time

import pytest
from conftest import Lab, Notebook
from playwright.sync_api import expect

from nin_course.demos import ALL
from nin_course.demos.guessing_game import ROUND

DEMOS = {
    "00_start_here.ipynb": ["FewPixels()", "GuessingGame()"],
    "01_one_by_one_convolution.ipynb": ["ChannelMixer()"],
    "02_the_nin_block.ipynb": ["SlidingWindow()"],
    "03_global_average_pooling.ipynb": ["BallotBox()"],
    "04_the_whole_network.ipynb": ["WalkThrough()", "OneCell()"],
    "05_training.ipynb": ["TrainingDesk()"],
    "06_why_nin_gets_stuck.ipynb": ["Autopsy()"],
}
HANDLES = {"FewPixels()": 1, "ChannelMixer()": 7, "SlidingWindow()": 8, "BallotBox()": 5}  # a range has two
HANDLES |= {"WalkThrough()": 3, "OneCell()": 4, "TrainingDesk()": 2, "Autopsy()": 3}
PLACES = [(name, demo) for name, demos in DEMOS.items() for demo in demos]


def picture(cell) -> str:
    """The source of a demo's picture: changes whenever it is redrawn."""
    return cell.locator(".jp-OutputArea img").first.get_attribute("src")


def shows_a_picture(cell) -> bool:
    image = cell.locator(".jp-OutputArea img").first
    image.wait_for()
    return image.evaluate("e => e.complete && e.naturalWidth > 100 && e.getBoundingClientRect().width > 100")


def changes(cell, before: str, seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if picture(cell) != before:
            return True
        cell.page.wait_for_timeout(50)
    return False


def settled(cell) -> str:
    """The picture once it has stopped changing: every key that was pressed has been answered."""
    now, since = picture(cell), time.monotonic()
    while time.monotonic() < since + 0.4:
        cell.page.wait_for_timeout(50)
        if picture(cell) != now:
            now, since = picture(cell), time.monotonic()
    return now


def line(cell) -> str:
    return cell.locator(".widget-html-content span").last.inner_text()


@pytest.mark.parametrize("name", DEMOS)
def test_run_all_raises_nothing_and_folds_open_what_was_hidden(lab, page, name):
    notebook = Notebook(page, lab, name)
    notebook.run_all()
    cells = [c for c in lab.stored(name)["cells"] if c["cell_type"] == "code"]
    assert not [o for c in cells for o in c["outputs"] if o["output_type"] == "error"]
    assert all(not c["metadata"].get("jupyter", {}).get("outputs_hidden") for c in cells)
    expect(page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    notebook.screenshot(f"{name[:2]}_run_all_end")


@pytest.mark.parametrize(("name", "demo"), [place for place in PLACES if "Guessing" not in place[1]])
def test_every_control_of_a_demo_answers_the_keyboard(lab, page, name, demo):
    notebook = Notebook(page, lab, name)
    cell = notebook.run(demo)
    handles = cell.locator(".noUi-handle")
    handles.first.wait_for()
    cell.locator(".jp-OutputArea img").first.scroll_into_view_if_needed()
    notebook.screenshot(f"{name[:2]}_{demo[:-2]}_before")
    assert handles.count() == HANDLES[demo]
    for i in range(handles.count()):
        before, text = settled(cell), line(cell)
        at_the_end = handles.nth(i).get_attribute("aria-valuenow") == handles.nth(i).get_attribute("aria-valuemax")
        for _ in range(3):
            handles.nth(i).press("ArrowLeft" if at_the_end else "ArrowRight")
        assert changes(cell, before), f"slider {i} of {demo} moved no picture"
        settled(cell)
        assert line(cell) != text, f"slider {i} of {demo} changed no number"
    for toggle in cell.locator("input[type=checkbox]").all():
        before = settled(cell)
        toggle.press(" ")
        assert changes(cell, before)
    assert cell.locator(".jp-OutputArea img").count() == 1
    notebook.screenshot(f"{name[:2]}_{demo[:-2]}_after")


def test_the_guessing_game_can_be_played_through(lab, page):
    notebook = Notebook(page, lab, "00_start_here.ipynb")
    notebook.run_all()
    cell = notebook.cell("GuessingGame()")
    buttons = cell.get_by_role("button")
    for i in range(ROUND):
        before = picture(cell)
        buttons.filter(has_text=["Shirt", "Ankle boot", "Bag"][i % 3]).last.press("Enter")
        assert changes(cell, before), f"guess {i + 1} changed nothing"
    text = line(cell)
    assert re.search(rf"\d+ of {ROUND}, that is \d\.\d{{3}}\..* 0\.835 ", text), text
    notebook.screenshot("00_GuessingGame_over")
    before = picture(cell)
    buttons.filter(has_text="New round").press("Enter")
    assert changes(cell, before)
    assert line(cell) == "Twelve images, ten buttons."


def test_a_prediction_is_taken_and_told_beside_the_answer(lab, page):
    notebook = Notebook(page, lab, "00_start_here.ipynb")
    notebook.run_all()
    box = notebook.cell("bet = Predict(").locator("input[type=text]")
    box.fill("0.4")
    box.press("Enter")
    cell = notebook.cell("class NearestGhost")
    cell.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    expect(cell.locator(".jp-OutputArea")).to_contain_text("You said 0.4: a factor of")
    notebook.screenshot("00_prediction")


@pytest.mark.parametrize("name", DEMOS)
def test_a_fresh_clone_shows_each_demos_picture_and_hides_each_answer(lab, page, name):
    notebook = Notebook(page, lab, name)
    for demo in DEMOS[name]:
        cell = notebook.cell(demo)
        assert shows_a_picture(cell)
        notebook.screenshot(f"{name[:2]}_{demo[:-2]}_fresh")
    nothing_is_broken(page)
    hidden = [c for c in lab.stored(name)["cells"] if c["metadata"].get("jupyter", {}).get("outputs_hidden")]
    assert hidden
    for cell in hidden:
        shown = notebook.cell("".join(cell["source"]).splitlines()[-1])
        question = "".join(cell["outputs"][-1]["data"]["text/plain"]).splitlines()[0]
        expect(shown.locator(".jp-Cell-outputWrapper")).to_have_text(question)


@pytest.mark.parametrize("name", DEMOS)
def test_run_save_restart_reopen_still_shows_the_pictures(tmp_path, browser, name):
    lab = Lab(tmp_path)
    lab.start()
    page = browser.new_context(viewport={"width": 1366, "height": 900}).new_page()
    try:
        notebook = Notebook(page, lab, name)
        for demo in DEMOS[name]:
            notebook.run(demo)
        notebook.save()
        lab.stop()
        lab.start()
        page.context.close()
        page = browser.new_context(viewport={"width": 1366, "height": 900}).new_page()
        notebook = Notebook(page, lab, name)
        for demo in DEMOS[name]:
            assert shows_a_picture(notebook.cell(demo))
            notebook.screenshot(f"{name[:2]}_{demo[:-2]}_reopened")
        nothing_is_broken(page)
    finally:
        page.context.close()
        lab.stop()


def nothing_is_broken(page) -> None:
    for words in ("Error displaying widget", "model not found", "Loading widget"):
        expect(page.get_by_text(words)).to_have_count(0)


def test_jupyterlab_asks_about_no_news(lab, page):
    Notebook(page, lab, "00_start_here.ipynb")
    page.wait_for_timeout(2000)
    expect(page.get_by_text("Would you like to get notified")).to_have_count(0)


def test_every_demo_of_the_package_is_opened_here():
    assert {demo for _, demo in PLACES} == {f"{demo.__name__}()" for demo in ALL}
