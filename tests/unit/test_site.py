"""What the site makes of a notebook, and of the README, before Sphinx has it."""

import base64
import gzip
import io
import json
import re
import sys
from itertools import product

import drawn
import fetched
import make_site
import matplotlib
import nbformat
import network
import numpy as np
import pages
import playable
import pytest
import torch
import words
from in_chinese import english
from PIL import Image

from nin_course.demos import (
    ALL,
    BallotBox,
    Bench,
    ChannelMixer,
    FewPixels,
    GuessingGame,
    SlidingWindow,
    YourPhoto,
    inside,
)
from nin_course.demos._base import sample_test_images
from nin_course.demos.ballot_box import voters
from nin_course.demos.few_pixels import one_of_each
from nin_course.language import say

WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}}
PLAYABLE = {"Ballot box": "BallotBox", "投票箱": "BallotBox"}


def notebook(*outputs, hidden=False, tags=()):
    """One cell with these outputs, each a dictionary of data."""
    found = [nbformat.v4.new_output("execute_result", data) for data in outputs]
    metadata = {"tags": list(tags)} | ({"jupyter": {"outputs_hidden": True}} if hidden else {})
    cells = [nbformat.v4.new_code_cell("1", outputs=found, metadata=metadata)]
    return nbformat.v4.new_notebook(cells=cells, metadata={"widgets": {"state": {}}})


def shown(data, language="en") -> dict:
    return pages.page(notebook(data), PLAYABLE, {}, language).cells[0].outputs[0].data


def test_a_demo_becomes_a_place_to_play_with_its_stored_picture_in_it():
    text = "Ballot box (run this cell to play): Image 36 <b>: T-shirt."
    data = shown({**WIDGET, "image/png": "iVBOR\n", "text/plain": text})
    assert set(data) == {"text/plain", "text/html"}
    assert data["text/html"].startswith(
        '<div class="nin-demo" data-demo="BallotBox"><img src="data:image/png;base64,iVBOR"'
    )
    assert 'alt="Ballot box: Image 36 &lt;b&gt;: T-shirt."' in data["text/html"]
    assert "JupyterLab" not in data["text/html"]


def test_a_demo_that_fetches_much_says_how_much():
    data = {**WIDGET, "image/png": "iVBOR", "text/plain": "Ballot box (run this cell to play): one."}
    page = pages.page(notebook(data), PLAYABLE, {"BallotBox": 9, "Other": 8})
    assert (
        '<div class="nin-demo" data-demo="BallotBox" data-megabytes="9">' in page.cells[0].outputs[0].data["text/html"]
    )


def test_a_demo_that_cannot_play_keeps_its_picture_and_says_where_it_plays():
    data = shown({**WIDGET, "image/png": "iVBOR", "text/plain": "Quiz? (run this cell to play): one.\nTwo."})
    assert "nin-demo" not in data["text/html"]
    assert "data:image/png;base64,iVBOR" in data["text/html"]
    assert '<p class="line">one.\nTwo.</p>' in data["text/html"]
    assert "run this cell in JupyterLab" in data["text/html"]


def test_a_bet_is_a_question_with_a_box_and_its_answer_does_not_scold_who_could_not_bet():
    asked = shown({**WIDGET, "text/plain": "Your prediction: Is 1 < 2?"})["text/html"]
    assert "Is 1 &lt; 2?" in asked
    assert "<input" in asked
    told = "Is 1 < 2?\n<p><b>1.</b></p>\n<p><i>You made no prediction this time.</i></p>"
    assert shown({"text/html": told, "text/plain": told})["text/html"] == "Is 1 < 2?\n<p><b>1.</b></p>\n" + pages.SAID
    several = "<p><i>41%. You made no prediction this time.</i></p>"
    assert shown({"text/html": several, "text/plain": several})["text/html"] == "<p><i>41%. </i></p>" + pages.SAID


def test_a_chinese_page_is_made_of_what_a_chinese_notebook_stores():
    demo = {**WIDGET, "image/png": "iVBOR", "text/plain": "投票箱（运行这一格就能玩）：图像 36：\nT恤。"}
    assert '<div class="nin-demo" data-demo="BallotBox">' in shown(demo, "zh")["text/html"]
    assert '<p class="line">图像 36：\nT恤。</p>' in shown(demo, "zh")["text/html"]
    other = shown(demo | {"text/plain": "别的（运行这一格就能玩）：一。"}, "zh")["text/html"]
    assert "在 JupyterLab 里运行这一格" in other
    asked = shown({**WIDGET, "text/plain": "你的猜测：1 < 2 吗？"}, "zh")["text/html"]
    assert asked.startswith('<label class="nin-bet"><b>你的猜测。</b> 1 &lt; 2 吗？ <input')
    assert 'placeholder="你猜"' in asked
    told = "多少？\n<p><b>1。</b></p>\n<p><i>这次你没有猜。</i></p>"
    kept = shown({"text/html": told, "text/plain": told}, "zh")["text/html"]
    assert kept == "多少？\n<p><b>1。</b></p>\n" + pages.SAID
    (cell,) = pages.page(notebook({"text/plain": "1"}, hidden=True), PLAYABLE, {}, "zh").cells
    about = cell.metadata["mystnb"]
    assert (about["code_prompt_show"], about["code_prompt_hide"]) == ("看答案", "再折起来")
    assert not english(about["image"]["alt"], least=1)


def test_what_has_no_widget_stays():
    for data in ({"text/plain": "Your prediction: 1"}, {"image/png": "iVBOR", "text/plain": "<Figure>"}):
        assert shown(data) == data


def test_a_widget_that_is_neither_demo_nor_bet_leaves_its_words():
    assert shown({**WIDGET, "text/plain": "IntSlider(value=3)"}) == {"text/plain": "IntSlider(value=3)"}


@pytest.mark.parametrize(("hidden", "tags"), [(True, ["reveal", "hide-output"]), (False, ["reveal"])])
def test_an_output_that_is_stored_folded_is_folded(hidden, tags):
    before = notebook({"text/plain": "1"}, hidden=hidden, tags=["reveal"])
    after = pages.page(before, PLAYABLE, {})
    assert after.cells[0].metadata["tags"] == tags
    assert ("code_prompt_show" in after.cells[0].metadata["mystnb"]) == hidden
    assert "widgets" not in after.metadata
    assert before == notebook({"text/plain": "1"}, hidden=hidden, tags=["reveal"]) | {"cells": before.cells}


def test_a_link_out_of_the_notebooks_leads_to_a_page_of_the_site():
    text = "[one](../../README.md), [two](../A_the_original_notes.ipynb), [three](03_global_average_pooling.ipynb)"
    text += ", [four](../02_the_nin_block.ipynb), [five](../../README.zh.md)"
    cells = [nbformat.v4.new_markdown_cell(text)]
    (cell,) = pages.page(nbformat.v4.new_notebook(cells=cells), PLAYABLE, {}).cells
    here = "[one](../index.md), [two](../chapters/A_the_original_notes.ipynb), [three](03_global_average_pooling.ipynb)"
    here += ", [four](../chapters/02_the_nin_block.ipynb), [five](../index.md)"
    assert cell.source == here


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The pages of a repository that says where it lies, in both languages."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make_site.build, "address", lambda: "https://github.com/someone/nin")
        for language in words.LANGUAGES:
            make_site.write_pages(folder / language, {}, language)
    return folder


def test_every_page_is_made_in_both_languages_with_nothing_left_that_needs_a_kernel(written):
    names = [path.name for path in make_site.notebooks()]
    assert len(names) == 12
    for language in words.LANGUAGES:
        assert sorted(path.name for path in (written / language / "chapters").iterdir()) == names
        assert len(list((written / language / "solutions").iterdir())) == 11
    for path in written.rglob("*.ipynb"):
        assert "jupyter.widget" not in path.read_text(encoding="utf-8"), path.name


def titles(folder) -> list[str]:
    """The first line of each solved copy's second cell."""
    return [nbformat.read(path, as_version=4).cells[1].source.splitlines()[0] for path in sorted(folder.iterdir())]


def test_a_solved_copy_says_so_in_its_title(written):
    english, chinese = (titles(written / language / "solutions") for language in words.LANGUAGES)
    for en, zh in zip(english, chinese, strict=True):
        assert en.startswith("# ")
        assert en.endswith(" (solved)")
        assert zh.startswith("# ")
        assert zh.endswith("（带答案）")
    assert chinese[3] == "# 用全局平均池化代替全连接层（带答案）"


@pytest.mark.parametrize(
    ("language", "folder", "words"), [("en", "", ["Open in ", ""]), ("zh", "zh/", ["在 ", " 里打开"])]
)
def test_with_an_address_each_chapter_opens_where_it_runs(written, language, folder, words):
    opened = {path for path in (written / language).rglob("*.ipynb") if "mybinder" in path.read_text(encoding="utf-8")}
    assert opened == set((written / language / "chapters").iterdir())
    name = "03_global_average_pooling.ipynb"
    title, badges = nbformat.read(written / language / "chapters" / name, as_version=4).cells[:2]
    assert title.source.startswith("# ")
    colab = f"https://colab.research.google.com/github/someone/nin/blob/main/notebooks/{folder}{name}"
    assert f'<a href="{colab}">{"Colab".join(words)}</a>' in badges.source
    binder = f"https://mybinder.org/v2/gh/someone/nin/main?urlpath=lab/tree/notebooks/{folder}{name}"
    assert f'<a href="{binder}">{"Binder".join(words)}</a>' in badges.source


def test_without_an_address_no_link_leads_nowhere(tmp_path, monkeypatch):
    one = make_site.notebooks()[-1:]
    monkeypatch.setattr(make_site, "notebooks", lambda language, kind="": [] if kind else one)
    monkeypatch.setattr(make_site, "front", lambda language: "")
    monkeypatch.setattr(make_site.build, "address", lambda: None)
    make_site.write_pages(tmp_path, {})
    (path,) = tmp_path.rglob("*.ipynb")
    assert "Open in" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("language", "readme", "make", "third"),
    [
        ("en", "README.md", "make lab     # ", "Global average pooling instead of dense layers"),
        ("zh", "README.zh.md", "make lab LANGUAGE=zh     # ", "用全局平均池化代替全连接层"),
    ],
)
def test_the_front_page_opens_with_the_ballot_box_and_has_the_readmes_words(language, readme, make, third):
    front = make_site.front(language)
    assert front.count('data-demo="BallotBox"') == 1
    title, about = (make_site.ROOT / readme).read_text(encoding="utf-8").splitlines()[0:5:4]
    assert title in front
    assert about in front
    assert make in front
    assert "README" not in front
    assert front.count("](chapters/") == 12
    assert "](solutions/Q_ten_questions.ipynb)" in front
    assert "notebooks/" not in front.rpartition("\n## ")[2].split("```")[0]
    assert f"\n03 · {third} <chapters/03_global_average_pooling>\n" in front
    assert "{{" not in front


def test_a_file_that_both_halves_have_is_kept_once_and_each_page_leads_to_the_one_there_is(tmp_path):
    page = """<a href="{0}_static/same.css?v=1">a _static/gone.js</a><img src="{0}_images/other.png">
        <script src="{0}_static/whole.js"></script><i title="Color mode">System Settings</i> in Color mode"""
    files = {"html/_static/same.css": "1", "zh/_static/same.css": "1", "html/_static/whole.js": "2"}
    files |= {"html/_images/other.png": "3", "zh/_images/other.png": "4"}
    files |= {"zh/index.html": page.format(""), "zh/chapters/00.html": page.format("../"), "html/index.html": "5"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    make_site.join(tmp_path / "zh", tmp_path / "html")
    zh = tmp_path / "html" / "zh"
    assert sorted(path.name for path in zh.rglob("*") if path.is_file()) == ["00.html", "index.html", "other.png"]
    for name, up in (("index.html", ""), ("chapters/00.html", "../")):
        wanted = page.format(up).replace('title="Color mode">System Settings', 'title="颜色模式">跟随系统')
        for shared in ("same", "whole"):
            wanted = wanted.replace(f'"{up}_static/{shared}', f'"{up}../_static/{shared}')
        assert (zh / name).read_text(encoding="utf-8") == wanted
    assert not (tmp_path / "zh").exists()


# ---- its words ------------------------------------------------------------------------------------------------------


def test_what_a_script_says_is_found_with_its_places_numbered():
    script = """say`one`; nin.say`${a[1]} of ${b.c(", ")}: the
        rest`; essay`no`; `${n} words`"""
    assert words.templates(script) == ["one", "{0} of {1}: the rest"]


def test_what_the_scripts_say_is_said_in_chinese_with_each_place_once_and_no_word_is_kept_that_nobody_says():
    sources = [path.read_text(encoding="utf-8") for path in make_site.SITE.rglob("*.js") if "built" not in path.parts]
    said = [text for source in sources for text in words.templates(source)]
    assert len(said) == sum(len(re.findall(r"\bsay`", source)) for source in sources) > 50
    for text in said:
        chinese = words.spoken("zh")["words"][text]
        assert not english(chinese, least=1) or "JPEG" in text, chinese
        assert sorted(re.findall(r"\{\d\}", chinese)) == sorted(re.findall(r"\{\d\}", text)), text
    python = "".join(path.read_text(encoding="utf-8") for path in make_site.SITE.glob("*.py"))
    plain = {re.sub(r"\{\d\}", "{}", text) for text in said}
    for text in json.loads(words.OWN.read_text(encoding="utf-8")):
        assert text in plain or text.format(*("{0}" for _ in range(text.count("{}")))) in python, text


def test_a_demos_texts_are_said_in_the_language_of_the_page():
    photo = {name: playable.described(control) for name, control in YourPhoto().controls.items()}
    said = playable.texts(YourPhoto, photo, "zh")
    assert (said["title"], said["controls"]["invert"]["text"]) == ("你自己的照片", "反色")
    assert said["controls"]["invert"]["values"] == ("if darker", "always", "never")
    assert said["controls"]["invert"]["names"] == ["更暗时", "总是", "从不"]
    assert said["done"]["boot_on_the_floor"] == "按它的 EXIF 转正"
    assert playable.texts(YourPhoto, photo, "en")["done"]["boot_on_the_floor"] == "turned as its EXIF says"
    assert playable.texts(ChannelMixer, {}, "zh")["short"] == ["亮度", "竖直", "水平"]
    assert playable.shared("zh")["labels"][0] == "T恤"
    assert playable.shared("en")["words"] == {}


def test_a_demo_is_found_by_its_title():
    with pytest.raises(ValueError, match="Ballot"):
        pages.demo_of(notebook({"text/plain": "1"}), BallotBox.title, PLAYABLE, {})


def test_a_control_that_the_page_does_not_know_is_an_error():
    import ipywidgets

    with pytest.raises(TypeError, match="Text: "):
        playable.described(ipywidgets.Text())


def test_every_demo_of_the_course_plays_in_a_page():
    titles = {words.say(demo.title, language): demo.__name__ for demo in ALL for language in words.LANGUAGES}
    assert titles == playable.TITLES
    assert len(titles) == 2 * len(ALL)


# ---- drawn beforehand -----------------------------------------------------------------------------------------------


@pytest.fixture
def small_part(monkeypatch):
    """Four states of one demo."""
    monkeypatch.setattr(drawn, "PARTS", {FewPixels: {"size": (4, 28), "names": (False, True)}})


def test_a_part_is_drawn_once_and_again_when_what_it_depends_on_has_changed(small_part, tmp_path, monkeypatch):
    computed = []
    compute = FewPixels.compute
    monkeypatch.setattr(FewPixels, "compute", staticmethod(lambda state: computed.append(state) or compute(state)))
    told = drawn.kept(FewPixels, tmp_path)
    assert say("Ballot box") == "Ballot box"  # Chinese is spoken while it is drawn, and no longer
    first, *others = drawn.states(FewPixels())  # the first is computed whenever the demo is made
    assert [state for state in computed if state != first] == others
    assert [line.split(" numbers")[0] for line in told["lines"]] == ["4 × 4 = 16"] * 2 + ["28 × 28 = 784"] * 2
    en, zh = (told["pictures"][language] for language in words.LANGUAGES)
    assert [here == there for here, there in zip(en, zh, strict=True)] == [True, False, True, False]  # no words, names
    names = {*en, *zh}
    assert len(names) == 6
    assert {path.stem for path in (tmp_path / "FewPixels").glob("*.webp")} == names
    (tmp_path / "FewPixels" / "old.webp").touch()
    assert drawn.kept(FewPixels, tmp_path) == told
    assert (tmp_path / "FewPixels" / "old.webp").exists()  # nothing was drawn
    monkeypatch.setattr(drawn, "stamp", lambda kind: "another")
    assert drawn.kept(FewPixels, tmp_path) == told
    assert not (tmp_path / "FewPixels" / "old.webp").exists()


def test_a_drawn_part_has_the_demos_own_controls_and_opens_as_the_demo_does(small_part):
    size, names = drawn.controls(FewPixels()).values()
    assert (size["kind"], size["text"], size["names"], size["value"]) == ("steps", "pixels a side", ["4", "28"], 4)
    assert (names["kind"], names["values"], names["value"]) == ("check", [False, True], False)


def test_a_part_is_drawn_anew_if_the_package_what_draws_it_the_part_or_matplotlib_has_changed(tmp_path, monkeypatch):
    for name in ("course/demos/__pycache__", "site"):
        (tmp_path / name).mkdir(parents=True)
    package, own, cached = (
        tmp_path / f for f in ("course/demos/one.py", "site/drawn.py", "course/demos/__pycache__/one")
    )
    for file in (package, own, cached):
        file.write_text("before")
    monkeypatch.setattr(drawn, "COURSE", tmp_path / "course")
    monkeypatch.setattr(drawn, "__file__", str(own))
    stamps = [drawn.stamp(FewPixels)]
    cached.write_text("after")
    assert drawn.stamp(FewPixels) == stamps[0]
    for file in (package, own):
        file.write_text("after")
        stamps.append(drawn.stamp(FewPixels))
    monkeypatch.setattr(matplotlib, "__version__", "another")
    stamps.append(drawn.stamp(FewPixels))
    monkeypatch.setattr(drawn, "PARTS", {FewPixels: {"size": (4,), "names": (False,)}})
    stamps.append(drawn.stamp(FewPixels))
    assert len(set(stamps)) == 5


def test_what_a_part_leaves_out_is_as_the_demo_has_it_and_the_last_control_changes_fastest(monkeypatch):
    part = {"size": (4, 28), "called": {"as they are": {}, "by name": {"names": True}}}
    monkeypatch.setattr(drawn, "PARTS", {FewPixels: part})
    wanted = [(size, names) for size in (4, 28) for names in (False, True)]
    assert drawn.states(FewPixels()) == [{"size": size, "names": names} for size, names in wanted]


# ---- computed in the page -------------------------------------------------------------------------------------------


def numbers(text: str, *shape: int, kind=np.float32, packed=lambda content: content) -> np.ndarray:
    """What a page makes of packed numbers."""
    return np.frombuffer(packed(base64.b64decode(text)), kind).reshape(shape)


def test_a_page_computes_with_the_demos_own_images_maps_and_truths():
    images, labels, maps = voters()
    given = playable.ballot_box()
    assert np.array_equal(numbers(given["maps"], 60, 10, 7, 7), maps)
    assert np.allclose(numbers(given["images"], 60, 28, 28, kind=np.uint8) / 255, images)
    assert given["truth"] == labels.tolist()
    rounds = [GuessingGame.compute({"round": k, "guesses": ()}) for k in range(20)]
    given = playable.guessing_game()
    assert given["truth"] == [one["truth"] for one in rounds]
    assert np.allclose(
        numbers(given["images"], 20, 12, 28, 28, kind=np.uint8) / 255, [one["images"].numpy() for one in rounds]
    )
    mixed = ChannelMixer.compute(ChannelMixer().state | {"image": 4})["channels"]
    assert np.array_equal(numbers(playable.channel_mixer()["channels"], 10, 3, 28, 28)[4], mixed)
    assert np.allclose(
        numbers(playable.sliding_window()["images"], 10, 28, 28, kind=np.uint8) / 255, one_of_each()[:, 0]
    )
    ends = [255 * np.array(matplotlib.colormaps["magma"](end))[:3] for end in (0, 255)]
    assert np.allclose(numbers(playable.colours("magma"), 256, 3, kind=np.uint8)[[0, 255]], ends, atol=1)
    shown = torch.randint(256, (5, 7, 3), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    address = playable.picture(shown / 255).removeprefix("data:image/webp;base64,")
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(address)))), shown)


def test_a_page_counts_among_the_peaks_of_each_channel_and_shows_the_images_of_the_eight_strongest(monkeypatch):
    draw = torch.Generator().manual_seed(0)
    sides = [inside.shape(layer) for layer in range(4)]
    found = [
        inside.Peaks(torch.rand(200, c, generator=draw), torch.randint(side**2, (200, c), generator=draw))
        for c, side in sides
    ]
    monkeypatch.setattr(inside, "peaks", lambda: found)
    given = playable.microscope_()
    for layer, ((channels, side), peaks) in enumerate(zip(sides, found, strict=True)):
        descending = -np.sort(-peaks.values.T.numpy(), axis=1)
        assert np.array_equal(numbers(given["peaks"][layer], channels, 200, packed=gzip.decompress), descending)
        cells, first, wide, step = (given["views"][layer][key] for key in ("cells", "first", "side", "step"))
        assert cells == side
        for cell, (start, stop) in enumerate(given["views"][layer]["seen"]):  # what there is of the image
            assert (start, stop) == (max(first + cell * step, 0), min(first + cell * step + wide, 28))
    others, labels = sample_test_images()
    layer, channel = 1, 5
    best = found[layer].values[:, channel].argsort(descending=True)[:8].tolist()
    shown = numbers(given["others"], -1, 28, 28, kind=np.uint8)
    for image, (at, value, row, column) in zip(best, given["most"][layer][channel], strict=True):
        assert np.array_equal(shown[at], others[image, 0])
        assert given["othersTruth"][at] == labels[image]
        assert value == found[layer].values[image, channel]
        assert row * sides[layer][1] + column == found[layer].places[image, channel]


def test_the_network_in_a_page_makes_of_an_image_what_the_demo_makes_of_it():
    X = one_of_each()[:2]
    for ours, theirs in zip(network.Layers()(X), inside.maps_of(X), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_a_page_has_each_demos_own_controls():
    window, box, photo = (
        {name: playable.described(control) for name, control in kind().controls.items()}
        for kind in (SlidingWindow, BallotBox, YourPhoto)
    )
    assert window["size"] == {"text": "size", "value": 28, "kind": "range", "min": 8, "max": 32, "step": 1}
    assert box["rows"] == {"text": "rows", "value": (0, 6), "kind": "span", "min": 0, "max": 6}
    assert box["outside"] == {"text": "count the others instead", "value": False, "kind": "check"}
    assert photo["margin"] == {"text": "margin", "value": 0.0, "kind": "range", "min": 0.0, "max": 0.5, "step": 0.05}
    turns = {"kind": "choice", "names": ("0°", "90°", "180°", "270°"), "values": (0, 1, 2, 3)}
    assert photo["turn"] == turns | {"text": "turn left", "value": 0}


def test_what_is_fetched_before_a_demo_plays_is_told_in_whole_megabytes(tmp_path):
    (tmp_path / "data").mkdir()
    for name, size in {"data/network.js": 1_400_000, "ort.js": 500_000, "data/Microscope.js": 200_000}.items():
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
    (tmp_path / "data" / "YourPhoto.js").touch()
    assert playable.megabytes(tmp_path) == {"Microscope": 3, "YourPhoto": 2}


# ---- from npm -------------------------------------------------------------------------------------------------------

NPM = """#!/bin/sh
echo "$@" >> {log}
mkdir -p package/es5 package/dist
for name in LICENSE es5/tex-svg.js dist/ort.wasm.min.js dist/ort-wasm-simd-threaded.mjs dist/ort-wasm-simd-threaded.wasm
do echo "$3 $name" > package/$name; done
tar czf some.tgz package
{end}
"""


def with_npm(tmp_path, monkeypatch, end=""):
    (tmp_path / "npm").write_text(NPM.format(log=tmp_path / "log", end=end))
    (tmp_path / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


no_shell = pytest.mark.skipif(sys.platform == "win32", reason="this npm is a shell script")


@no_shell
def test_npm_is_asked_for_two_packages_once(tmp_path, monkeypatch):
    with_npm(tmp_path, monkeypatch)
    for _ in range(2):
        fetched.fetch(tmp_path / "libraries")
    assert (tmp_path / "log").read_text().splitlines() == [f"pack --silent {package}" for package in fetched.PACKAGES]
    assert (tmp_path / "libraries" / "mathjax.js").read_text() == "mathjax@^3.2.2 es5/tex-svg.js\n"
    assert (tmp_path / "libraries" / "ort.wasm").read_text().endswith(" dist/ort-wasm-simd-threaded.wasm\n")
    (tmp_path / "libraries" / "ort.wasm").unlink()  # as after a fetch that was broken off
    fetched.fetch(tmp_path / "libraries")
    assert (tmp_path / "libraries" / "ort.wasm").exists()


@no_shell
def test_what_npm_cannot_do_is_said(tmp_path, monkeypatch):
    with_npm(tmp_path, monkeypatch, end="echo no network >&2; exit 1")
    with pytest.raises(RuntimeError, match=r"npm cannot fetch mathjax.*: no network"):
        fetched.fetch(tmp_path / "libraries")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(RuntimeError, match=r"install Node\.js"):
        fetched.fetch(tmp_path / "libraries")


@pytest.mark.parametrize("broken", ["", "en", "zh"])
def test_the_site_is_built_if_both_its_languages_are(broken, tmp_path, monkeypatch, capsys):
    done = []
    html, half = tmp_path / "html", tmp_path / "zh"
    for folder in (html, half):
        folder.mkdir()
        (folder / "before.html").touch()
    for name, place in (("BUILD", tmp_path), ("HTML", html), ("PLAY", tmp_path / "play"), ("SOURCE", tmp_path / "s")):
        monkeypatch.setattr(make_site, name, place)
    monkeypatch.setattr(make_site, "fetch", lambda to: done.append(to.name))
    monkeypatch.setattr(playable, "write", lambda *to: done.append([path.name for path in to]))
    monkeypatch.setattr(playable, "megabytes", lambda folder: {folder.name: 9})
    monkeypatch.setattr(
        make_site, "write_pages", lambda to, weights, language: done.append((to.name, weights, language))
    )
    monkeypatch.setattr(
        make_site, "sphinx", lambda language, to: done.append((language, to.name)) or language == broken
    )
    monkeypatch.setattr(make_site, "join", lambda *halves: done.append(halves))
    assert make_site.main() == bool(broken)
    assert not any(folder.exists() for folder in (html, half))  # of a page that is gone nothing is left
    pages_of = [(language, {"play": 9}, language) for language in ("en", "zh")]
    steps = ["npm", ["play", "drawn", "npm"], *pages_of, ("en", "html"), ("zh", "zh"), (half, html)]
    assert done == steps[: {"": 7, "en": 5, "zh": 6}[broken]]
    assert ("The site is built" in capsys.readouterr().out) == (not broken)


def test_a_page_finds_scripts_pictures_and_libraries_and_nothing_else(tmp_path, monkeypatch):
    for name in ("npm/ort.js", "npm/ort.mjs", "npm/ort.wasm", "npm/mathjax.js", "drawn/A/a.webp", "drawn/A/drawn.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    to = tmp_path / "play"
    to.mkdir()
    (to / "before.js").touch()
    monkeypatch.setattr(playable, "network_", lambda libraries: {"from": libraries.name})
    monkeypatch.setattr(playable, "COMPUTED", {BallotBox: None})
    monkeypatch.setattr(playable, "WITH_NETWORK", {YourPhoto: None})
    monkeypatch.setattr(drawn, "PARTS", {FewPixels: None})
    said = {language: {"in": language} for language in ("en", "zh")}
    monkeypatch.setattr(playable, "parted", lambda kind, pictures: ({"name": kind.__name__, "of": pictures.name}, said))
    playable.write(to, tmp_path / "drawn", tmp_path / "npm")
    demos = ["BallotBox", "YourPhoto", "FewPixels"]
    expected = {f"data/{name}.js" for name in ("shared", "network", *demos)}
    expected |= {f"data/{language}/{name}.js" for language in said for name in ("shared", *demos)}
    found = {path.relative_to(to).as_posix() for path in to.rglob("*") if path.is_file()}
    assert found == expected | {"ort.js", "mathjax.js", "drawn/A/a.webp"}
    assert (to / "data" / "network.js").read_text() == 'nin.give("network", {"from": "npm"});\n'
    assert (
        to / "data" / "FewPixels.js"
    ).read_text() == 'nin.give("FewPixels", {"name": "FewPixels", "of": "drawn"});\n'
    assert (to / "data" / "zh" / "YourPhoto.js").read_text() == 'nin.give("YourPhoto", {"in": "zh"});\n'


def test_each_pair_of_the_bench_that_is_drawn_was_trained_alike():
    parts = drawn.PARTS[Bench]
    assert len(parts["first"]) > 20
    state = Bench().state
    for first, second in product(parts["first"], parts["second"]):
        assert Bench.compute(state | {"first": first, "second": second})["places"], (first, second)
