"""The chapters in a real JupyterLab, as a student, an instructor and a visitor meet them."""

import io
import json
import re
import time

import pytest
from conftest import LEAVE, ROOT, SCREENSHOTS, Lab, Notebook
from PIL import Image
from playwright.sync_api import Page, TimeoutError, expect

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
    "07_inside_a_trained_nin.ipynb": ["Microscope()", "FindTheShoes()", "YourPhoto()"],
    "08_the_ablation_lab.ipynb": ["Bench()"],
    "09_where_it_went.ipynb": ["FamilyTree()"],
}


def picture(cell) -> str:
    """The source of a demo's picture: changes whenever it is redrawn."""
    return cell.locator(".jp-OutputArea img").first.get_attribute("src")


def shows_a_picture(notebook, demo: str) -> bool:
    """JupyterLab keeps in its page only what is near the window, and what loads above a cell can push it out again."""
    for patience in (3_000, 5_000, 10_000, 30_000):
        image = notebook.cell(demo).locator(".jp-OutputArea img").first
        try:
            image.wait_for(timeout=patience)
            break
        except TimeoutError:
            notebook.page.screenshot(path=SCREENSHOTS / "waiting_for_a_picture.png")
            notebook.page.locator(".jp-WindowedPanel-outer").first.evaluate("e => e.scrollTo(0, 0)")
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


def line(cell):
    return cell.locator(".widget-html-content span").last


class Chapter:
    """A chapter as it is in a fresh clone. The tests below take it from there to its answers, in this order."""

    def __init__(self, lab: Lab, page: Page, name: str):
        self.lab, self.page, self.name, self.demos = lab, page, name, DEMOS[name]
        self.notebook = Notebook(page, lab, name)

    def as_built(self, folder: str = "") -> dict:
        return json.loads((ROOT / "notebooks" / folder / self.name).read_text(encoding="utf-8"))

    def screenshot(self, what: str) -> None:
        self.notebook.screenshot(f"{self.name[:2]}_{what}")


@pytest.fixture(scope="module")
def page(context):
    """One for all chapters: to load JupyterLab takes longer than to open a notebook in it."""
    return context.new_page()


@pytest.fixture(scope="module", params=DEMOS)
def chapter(request, lab, page):
    chapter = Chapter(lab, page, request.param)
    yield chapter
    page.evaluate(LEAVE)
    lab.shut_down_kernels()


def test_a_fresh_clone_shows_each_demos_picture_and_hides_each_answer(chapter):
    for demo in chapter.demos:
        assert shows_a_picture(chapter.notebook, demo)
        chapter.screenshot(f"{demo[:-2]}_fresh")
    chapter.notebook.nothing_is_broken()
    cells = chapter.lab.stored(chapter.name)["cells"]
    hidden = [c for c in cells if c["metadata"].get("jupyter", {}).get("outputs_hidden")]
    assert hidden
    for cell in hidden:
        shown = chapter.notebook.cell("".join(cell["source"]).splitlines()[-1])
        question = "".join(cell["outputs"][-1]["data"]["text/plain"]).splitlines()[0]
        expect(shown.locator(".jp-Cell-outputWrapper")).to_have_text(question)


def said(cell: dict) -> list[tuple[str, str]]:
    """What a cell's outputs say: each stream whole, then each result's text. (What is drawn is for other tests.)"""
    found: dict[tuple[int, str], str] = {}
    for i, output in enumerate(cell["outputs"]):
        stream = output["output_type"] == "stream"
        key = (-1, output["name"]) if stream else (i, output["output_type"])
        text = output["text"] if stream else output.get("data", {}).get("text/plain", "")
        found[key] = found.get(key, "") + "".join(text)
    return [(kind, text) for (_, kind), text in sorted(found.items())]


def code(notebook: dict) -> list[dict]:
    """The code cells, each source in one piece."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [cell | {"source": "".join(cell["source"])} for cell in cells]


def strict(cell: dict) -> bool:
    return "nbval-ignore-output" not in cell["metadata"].get("tags", [])


def says_the_same(now: list[dict], stored: list[dict]) -> None:
    """nbval's comparison, in the page where the chapter is read."""
    pairs = [(a, b) for a, b in zip(now, stored, strict=True) if strict(b)]
    assert len(pairs) > 0.8 * len(now)
    assert [said(a) for a, _ in pairs] == [said(b) for _, b in pairs]


def test_restart_and_run_all_says_again_what_is_stored_and_folds_open_what_was_hidden(chapter):
    """The student's chapter from a fresh kernel."""
    chapter.notebook.restart_and_run_all()
    before, cells = code(chapter.as_built()), code(chapter.lab.stored(chapter.name))
    assert [c["source"] for c in cells] == [c["source"] for c in before]
    assert all(c["execution_count"] for c in cells)
    assert not [o for c in cells for o in c["outputs"] if o["output_type"] == "error"]
    says_the_same(cells, before)
    assert all(not c["metadata"].get("jupyter", {}).get("outputs_hidden") for c in cells)
    expect(chapter.page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    chapter.notebook.nothing_is_broken()
    chapter.screenshot("run_all_end")


def test_with_the_answers_typed_in_it_says_what_the_solved_chapter_stores(chapter):
    """As a student goes on: every answer into its cell, run, then its check. All other cells say the same in both."""
    built, solved = chapter.as_built(), code(chapter.as_built("solutions"))
    now, places = code(built), [i for i, c in enumerate(built["cells"]) if c["cell_type"] == "code"]
    changed = [i for i, (a, b) in enumerate(zip(now, solved, strict=True)) if a["source"] != b["source"]]
    told = [i for i, (a, b) in enumerate(zip(now, solved, strict=True)) if strict(b) and said(a) != said(b)]
    assert changed
    for i in sorted({*changed, *told}):
        chapter.notebook.enter(places[i], solved[i]["source"] if i in changed else None)
    chapter.notebook.idle(seconds=120)
    chapter.notebook.save()
    cells = code(chapter.lab.stored(chapter.name))
    assert [c["source"] for c in cells] == [c["source"] for c in solved]
    assert all(c["execution_count"] > len(cells) for i, c in enumerate(cells) if i in changed)
    says_the_same(cells, solved)
    chapter.screenshot("solved")


@pytest.mark.parametrize("chapter", ["00_start_here.ipynb"], indirect=True)
def test_the_guessing_game_can_be_played_through(chapter):
    cell = chapter.notebook.run("GuessingGame()")
    buttons = cell.get_by_role("button")
    for i in range(ROUND):
        before = picture(cell)
        buttons.filter(has_text=["Shirt", "Ankle boot", "Bag"][i % 3]).last.press("Enter")
        assert changes(cell, before), f"guess {i + 1} changed nothing"
    expect(line(cell)).to_have_text(re.compile(rf"\d+ of {ROUND}, that is \d\.\d{{3}}\..* 0\.835 "))
    chapter.screenshot("GuessingGame_over")
    before = picture(cell)
    buttons.filter(has_text="New round").press("Enter")
    assert changes(cell, before)
    expect(line(cell)).to_have_text("Twelve images, ten buttons.")


@pytest.mark.parametrize("chapter", ["00_start_here.ipynb"], indirect=True)
def test_a_prediction_is_taken_and_told_beside_the_answer(chapter):
    box = chapter.notebook.cell("bet = Predict(").locator("input[type=text]")
    box.fill("0.4")
    box.press("Enter")
    cell = chapter.notebook.cell("class NearestGhost")
    cell.locator(".cm-content").click()
    chapter.page.keyboard.press("Shift+Enter")
    expect(cell.locator(".jp-OutputArea")).to_contain_text("You said 0.4: a factor of")
    chapter.screenshot("prediction")


def choose(cell, name, content):
    with cell.page.expect_file_chooser() as chooser:
        cell.get_by_role("button", name="Your photo").click()
    chooser.value.set_files({"name": name, "mimeType": "", "buffer": content})


def photograph() -> bytes:
    """A dark rectangle on a light ground, lying; its EXIF says that it stands. And a megabyte of it."""
    image, stream, exif = Image.new("RGB", (1600, 1200), (200, 190, 180)), io.BytesIO(), Image.Exif()
    image.paste((40, 40, 60), (300, 400, 1300, 700))
    exif[0x0112] = 6
    image.save(stream, "JPEG", exif=exif)
    return stream.getvalue() + bytes(10**6)


@pytest.mark.parametrize("chapter", ["07_inside_a_trained_nin.ipynb"], indirect=True)
def test_a_photo_is_taken_into_the_page_answered_and_not_kept_in_the_notebook(chapter):
    cell, kept = chapter.notebook.run("YourPhoto()"), len(json.dumps(chapter.lab.stored(chapter.name)))
    choose(cell, "mine.jpg", photograph())
    expect(cell.locator(".jp-OutputArea")).to_contain_text("Read: turned as its EXIF says.", timeout=30_000)
    chapter.screenshot("YourPhoto_own")
    before = picture(cell)
    choose(cell, "notes.txt", b"no picture at all")
    expect(cell.locator(".jp-OutputArea")).to_contain_text("This is no picture that can be read here.", timeout=30_000)
    assert changes(cell, before, 5)
    chapter.screenshot("YourPhoto_no_picture")
    choose(cell, "mine.jpg", photograph())  # the same file once more
    expect(cell.locator(".jp-OutputArea")).to_contain_text("Read: turned as its EXIF says.", timeout=30_000)
    assert line(cell)
    chapter.notebook.save()
    assert len(json.dumps(chapter.lab.stored(chapter.name))) < kept + 500_000


def test_every_chapter_and_every_demo_of_the_package_is_opened_here():
    """Two notebooks are not, which have no demo and no exercise: `make test` runs A under nbval, and Q in a test."""
    others = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} - set(DEMOS)
    assert others == {"A_the_original_notes.ipynb", "Q_ten_questions.ipynb"}
    assert {demo for demos in DEMOS.values() for demo in demos} == {f"{demo.__name__}()" for demo in ALL}
