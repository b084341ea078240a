"""A Chinese chapter in a real JupyterLab: opened fresh, run, moved, and opened again."""

import json

import pytest
from conftest import ROOT, Notebook
from in_chinese import CHINESE
from playwright.sync_api import expect
from test_chapters import changes, code, line, picture, says_the_same, settled, shows_a_picture
from test_in_one_window import BYTES

from nin_course.demos import ChannelMixer

NAME, DEMO = "zh/01_one_by_one_convolution.ipynb", "ChannelMixer()"


@pytest.fixture(scope="module")
def chapter(lab, context):
    return Notebook(context.new_page(), lab, NAME)


def test_a_fresh_clone_shows_the_demos_picture(chapter):
    assert shows_a_picture(chapter, DEMO)
    chapter.nothing_is_broken()


def test_restart_and_run_all_says_again_what_is_stored(chapter):
    chapter.restart_and_run_all()
    cells = code(chapter.lab.stored(NAME))
    built = code(json.loads((ROOT / "notebooks" / NAME).read_text(encoding="utf-8")))
    assert [cell["source"] for cell in cells] == [cell["source"] for cell in built]
    assert not [o for cell in cells for o in cell["outputs"] if o["output_type"] == "error"]
    says_the_same(cells, built)
    chapter.nothing_is_broken()


def test_a_slider_with_a_chinese_name_moves_the_picture_and_its_line_says_so_in_chinese(chapter):
    cell = chapter.run(DEMO)
    expect(
        cell.locator(".jupyter-widgets").get_by_text(CHINESE.translate(ChannelMixer.title), exact=True)
    ).to_have_count(1)
    expect(cell.locator(".widget-label", has_text=CHINESE.translate("bias")).first).to_be_visible()
    before, words = picture(cell), line(cell).inner_text()
    cell.locator(".noUi-handle").first.press("ArrowRight")
    assert changes(cell, before)
    settled(cell)
    chapter.screenshot("zh_01_ChannelMixer")
    assert line(cell).inner_text() != words
    assert line(cell).inner_text().startswith("权重 (")


def test_closed_and_opened_again_without_its_kernel_it_shows_the_last_picture_and_its_words(chapter):
    cell = chapter.cell(DEMO)
    last, words = cell.locator(".jp-OutputArea img").first.evaluate(BYTES), line(cell).inner_text()
    chapter.save()
    chapter.reopen()
    assert shows_a_picture(chapter, DEMO)
    cell = chapter.cell(DEMO)
    assert cell.locator(".jp-OutputArea img").first.evaluate(BYTES) == last
    assert line(cell).inner_text() == words
    chapter.nothing_is_broken()
