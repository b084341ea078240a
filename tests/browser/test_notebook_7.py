"""A chapter in Notebook 7, with the full set in a folder of its own that is only there to be read."""

import json
import shutil

import pytest
from conftest import Notebook7
from test_chapters import Chapter, changes, settled, shows_a_picture

from nin_course import files

CHAPTER = "00_start_here.ipynb"
LOAD = """from nin_course import files

train_iter, test_iter = d2l.load_data_fashion_mnist(256)
print(len(train_iter.dataset), files.find_full())"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The full set in a folder without any right to write."""
    folder = tmp_path_factory.mktemp("data") / "full"
    shutil.copytree(files.find_full(), folder)
    for path in (*folder.iterdir(), folder):
        path.chmod(0o555)
    yield folder
    folder.chmod(0o755)  # so that it can be deleted


@pytest.fixture(scope="module")
def chapter(tmp_path_factory, context, data):
    """Chapter 00, with a cell more that loads the full set."""
    lab = Notebook7(tmp_path_factory.mktemp("home"))
    notebook = lab.stored(CHAPTER)
    notebook["cells"].append(
        {"cell_type": "code", "id": "load", "metadata": {}, "source": LOAD, "outputs": [], "execution_count": None}
    )
    (lab.folder / "notebooks" / CHAPTER).write_text(json.dumps(notebook), encoding="utf-8")
    lab.start(NIN_COURSE_DATA=str(data))
    chapter = Chapter(lab, context.new_page(), CHAPTER)
    yield chapter
    chapter.page.close()
    lab.stop()


def drag(handle):
    """Pulls a slider with the mouse. Notebook 7 keeps the arrow keys for itself: next heading, not next step."""
    handle.hover()
    box = handle.bounding_box()
    handle.page.mouse.down()
    handle.page.mouse.move(box["x"] + 60, box["y"] + box["height"] / 2, steps=5)
    handle.page.mouse.up()


def marks(folder):
    """What any writing, by root too, would change: of the folder itself when a file comes or goes, else of the file."""
    return {
        path: (path.stat().st_ino, path.stat().st_size, path.stat().st_mtime_ns) for path in (folder, *folder.iterdir())
    }


def test_it_shows_its_pictures_answers_the_mouse_runs_whole_and_writes_nothing_to_the_data(chapter, data):
    before = marks(data)
    assert len(before) == 5
    for demo in chapter.demos:
        assert shows_a_picture(chapter.notebook, demo)
    cell = chapter.notebook.run("FewPixels()")
    picture = settled(cell)
    drag(cell.locator(".noUi-handle"))
    assert changes(cell, picture)
    chapter.notebook.restart_and_run_all()
    cells = [c for c in chapter.lab.stored(CHAPTER)["cells"] if c["cell_type"] == "code"]
    assert all(c["execution_count"] for c in cells)
    assert not [o for c in cells for o in c["outputs"] if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert "".join(cells[-1]["outputs"][0]["text"]) == f"60000 {data}\n"
    chapter.notebook.nothing_is_broken()
    chapter.screenshot("in_notebook_7")
    assert marks(data) == before
