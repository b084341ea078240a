"""Chapter 07's demo of one's own photo in a real JupyterLab: a file is taken into the page."""

import io
import json

import nbformat
from conftest import Notebook
from PIL import Image
from playwright.sync_api import expect
from test_chapters import changes, line, picture

CELL = "from nin_course.demos import YourPhoto\n\nYourPhoto()"


def opened(lab, page):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL, id="c0")])
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(book, lab.folder / "notebooks" / "photo.ipynb")
    return Notebook(page, lab, "photo.ipynb")


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


def test_a_photo_is_taken_into_the_page_answered_and_not_kept_in_the_notebook(lab, page):
    notebook = opened(lab, page)
    cell = notebook.run("YourPhoto()")
    choose(cell, "mine.jpg", photograph())
    expect(cell.locator(".jp-OutputArea")).to_contain_text("Read: turned as its EXIF says.", timeout=30_000)
    notebook.screenshot("07_YourPhoto_own")
    before = picture(cell)
    choose(cell, "notes.txt", b"no picture at all")
    expect(cell.locator(".jp-OutputArea")).to_contain_text("This is no picture that can be read here.", timeout=30_000)
    assert changes(cell, before, 5)
    notebook.screenshot("07_YourPhoto_no_picture")
    choose(cell, "mine.jpg", photograph())  # the same file once more
    expect(cell.locator(".jp-OutputArea")).to_contain_text("Read: turned as its EXIF says.", timeout=30_000)
    assert line(cell)
    notebook.save()
    assert len(json.dumps(lab.stored("photo.ipynb"))) < 900_000
