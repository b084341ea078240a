"""The site as a reader has it: from a disk or a server, on a desk or a phone, in the light or in the dark."""

import functools
import hashlib
import http.server
import posixpath
import re
import threading

import numpy as np
import pytest
from conftest import HTML
from in_chinese import NAMES, english
from PIL import Image
from playwright.sync_api import expect

from nin_course.demos import ALL

FOLDERS = [half + kind for half in ("", "zh/") for kind in ("", "chapters/", "solutions/")]
PAGES = sorted(f"{folder}{path.name}" for folder in FOLDERS for path in (HTML / folder).glob("*.html"))
CHAPTERS = [page for page in PAGES if "chapters/" in page]
# What a reader sees, or is told by a screen reader: each text by itself, but for code, formulas, and titles of papers.
TEXTS = """(root) => {
    const seen = [], walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const other = "script, style, noscript, pre, code, mjx-container, em, [lang=en]";
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        if (node.data.trim() && !node.parentElement.closest(other)) seen.push(node.data.trim());
    }
    const words = ["alt", "title", "aria-label", "placeholder"];
    const said = [...root.querySelectorAll("*")].flatMap((e) => words.map((name) => e.getAttribute(name) ?? ""));
    return [...seen, ...said.filter(Boolean)];
}"""
# Names that have small letters in them; PyTorch's words; and what the chapters keep in English themselves.
KEPT = {"Network in Network", "Network In Network", "Dive into Deep Learning", "feature map"}
KEPT |= {"cascaded cross channel parametric pooling", "Vision Transformer", "ller, Kornblith, Hinton"}  # Müller
KEPT |= {"Expected all tensors to be on the same device, but found at least two devices, cuda", "and cpu"}
KEPT |= {"as the notes", "no ReLU on the logits", "width kept", "one cycle", "batch norm"}
NETWORKS = {"alexnet", "googlenet", "small", "wide", "notes", "Kaiming", "one", "cycle"}  # and recipes
PROGRAMS = {"ln", "lr", "kB", "JupyterLab", "PyTorch", "Linear", "EXIF", "JPEG", "PNG", "WebP", "GIF", "BMP"}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def served(site):
    """The site's address on a server of this machine, of no other."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def all_play(page):
    """Waits until every demo of the page plays; how many there are."""
    number, asking = (page.locator(f".nin-demo{more}").count() for more in ("", "[data-megabytes]"))
    expect(page.locator(".nin-demo.plays")).to_have_count(number - asking, timeout=30_000)
    expect(page.locator(".nin-demo .begin")).to_have_count(asking)
    return number


@pytest.mark.parametrize("where", ["disk", "server"])
def test_every_page_loads_without_an_error_and_asks_nobody_else(visit, site, served, where):
    """And a Chinese one has no English left: no two words in a row, but for names."""
    one, demos = visit(site.as_uri() if where == "disk" else served), 0
    for path in PAGES:
        page = one.open(path)
        page.wait_for_load_state("networkidle" if where == "server" else "load")
        demos += all_play(page)
        assert not one.errors, path
        assert not one.away, path
        if path.startswith("zh/") and where == "disk":
            texts = [*page.locator("body").evaluate(TEXTS), page.title()]
            assert sum(bool(re.search(r"[\u4e00-\u9fff]", text)) for text in texts) > 20
            assert not [run for text in texts for run in english(text) if not is_name(run, text)], path
    assert demos == 2 * (2 * len(ALL) + 1)  # in a chapter and its solved copy, and one on the front page; twice


def is_name(run: str, text: str) -> bool:
    """Min Lin is one, and so is Lin, Chen, Yan 2013; but not what stands alone, as on a button."""
    words = re.findall(r"[A-Za-z]+", run.removesuffix(" et al"))
    return run in KEPT or (all(word[0].isupper() for word in words) and run != text)


def other(path: str) -> str:
    """The same page in the other language."""
    return path.removeprefix("zh/") if path.startswith("zh/") else f"zh/{path}"


def test_each_page_leads_to_the_same_page_in_the_other_language(visit):
    assert sorted(map(other, PAGES)) == PAGES
    for path in PAGES:
        page = (HTML / path).read_text(encoding="utf-8")
        (found,) = re.findall(r'class="nin-language" href="([^"]+)" lang="([^"]+)" hreflang="[^"]+">(.+?)<', page)
        assert posixpath.normpath(posixpath.join(posixpath.dirname(path), found[0])) == other(path)
        assert found[1:] == (("en", "English") if path.startswith("zh/") else ("zh-CN", "中文"))
        assert f'<html lang="{found[1]}"' in (HTML / other(path)).read_text(encoding="utf-8")
    one = visit()
    for path in ("index.html", "zh/chapters/09_where_it_went.html", "solutions/03_global_average_pooling.html"):
        page = one.open(path)
        for there in (other(path), path):
            page.locator(".nin-language").click()
            expect(page).to_have_url(f"{one.root}/{there}")
            assert page.evaluate("scrollY") == 0


def test_each_page_has_the_headings_and_cells_of_the_other_language_but_for_one_cell_near_its_start():
    """The cell that says which language. So the way to the other language can count them from the end."""
    for path in PAGES:
        if path.startswith("zh/") or path == "search.html":
            continue
        texts = [(HTML / page).read_text(encoding="utf-8").split("<article ")[1] for page in (path, other(path))]
        here, there = (re.findall(r'<(h[1-6]|div class="cell)[ >]', text) for text in texts)
        assert there[: 2 if "/" in path else 3] + there[3:] == here, path


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
@pytest.mark.parametrize("kind", ["section", "demo"])
def test_the_way_to_the_other_language_and_back_keeps_the_place_on_the_page(visit, size, kind):
    """At the start of a section that has another name there, and at a cell; by mouse and by key."""
    one = visit(viewport=dict(zip(("width", "height"), size, strict=True)))
    path = "chapters/03_global_average_pooling.html"
    page = one.open(path)
    titles = {path: "The votes", other(path): "投票"}
    places = {to: page.get_by_role("heading", name=re.compile(f"^{title}")) for to, title in titles.items()}
    places = places if kind == "section" else dict.fromkeys(places, page.locator(".cell:has(.nin-demo)"))
    all_play(page)
    places[path].evaluate("e => e.scrollIntoView()")
    for to, goes in ((other(path), "click"), (path, "key")):
        switch = page.locator(".nin-language")
        switch.click() if goes == "click" else switch.press("Enter")
        expect(page).to_have_url(f"{one.root}/{to}")
        all_play(page)
        page.wait_for_timeout(300)
        assert 0 <= places[to].bounding_box()["y"] < 100
    assert not one.errors


def test_the_search_keeps_its_words_in_the_other_language(visit):
    one = visit()
    page = one.open("search.html?q=receptive+field")
    page.locator(".nin-language").click()
    expect(page).to_have_url(f"{one.root}/zh/search.html?q=receptive+field")
    expect(page.locator("ul.search > li > a").first).to_be_visible(timeout=20_000)
    assert not one.errors


def test_what_both_languages_have_is_there_once():
    """Pictures without words, the theme, the libraries, the numbers."""
    seen = {}
    for path in (path for folder in FOLDERS[::3] for path in (HTML / folder).glob("_*/**/*") if path.is_file()):
        content = path.read_bytes()
        if content:
            seen.setdefault(hashlib.sha256(content).digest(), set()).add(str(path.relative_to(HTML)))
    twice = [places for places in seen.values() if len({place.startswith("zh/") for place in places}) == 2]
    assert len(seen) > 1000
    assert not twice


def searched(visit, words: str, half: str = "") -> list[str]:
    """The addresses that the search gives, the best first."""
    one = visit()
    page = one.open(f"{half}search.html?q={words.replace(' ', '+')}")
    summary = page.locator("#search-results .search-summary")
    expect(summary).to_contain_text(re.compile("found|匹配"), timeout=20_000)
    results = page.locator("ul.search > li > a")
    expect(results).to_have_count(int(re.search(r"\d+", summary.inner_text())[0]), timeout=20_000)  # one by one
    assert not one.errors
    return [a.get_attribute("href") for a in results.all()]


def test_the_search_finds_the_receptive_field(visit):
    assert searched(visit, "receptive field")[0].startswith("chapters/04_the_whole_network.html")


@pytest.mark.parametrize("words", ["感受野", "票", "NiN 块", "receptive field", "死图"])
def test_the_search_finds_chinese_words(visit, words):
    """Just the pages that have them: their characters in a row; and a word of one character, too."""
    found = searched(visit, words, "zh/")
    assert found[0].startswith("chapters/")
    solved = [address.startswith("solutions/") for address in found]
    assert solved == sorted(solved)
    article = re.compile(r'<article class="bd-article".+?</article>', re.DOTALL)
    pages = {}
    for path in PAGES:
        if path.startswith("zh/") and (text := article.search((HTML / path).read_text(encoding="utf-8"))):
            pages[path.removeprefix("zh/")] = re.sub(r"<[^>]*>", "", text[0]).lower()
    wanted = {path for path, text in pages.items() if all(word.lower() in text for word in words.split())}
    assert {address.split("?")[0].split("#")[0] for address in found} == wanted


@pytest.mark.parametrize(("words", "half"), [("pooling", ""), ("池化", "zh/")])
def test_the_search_finds_the_chapters_before_their_solved_copies(visit, words, half):
    solved = [address.startswith("solutions/") for address in searched(visit, words, half)]
    assert solved.count(False) > 5 < solved.count(True)
    assert solved == sorted(solved)


@pytest.mark.parametrize("half", ["", "zh/"])
def test_formulas_are_set_without_a_network(visit, half):
    one = visit()
    page = one.open(f"{half}chapters/06_why_nin_gets_stuck.html")
    expect(page.locator("mjx-container svg")).to_have_count(9, timeout=20_000)
    assert not one.errors
    assert not one.away


@pytest.mark.parametrize("path", ["index.html", "zh/index.html", *CHAPTERS])
def test_a_phone_shows_a_page_without_scrolling_sideways(visit, path):
    one = visit(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = one.open(path)
    all_play(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    switch = page.locator(".nin-language").bounding_box()  # beside the buttons, whole
    assert switch["y"] >= 0
    assert switch["x"] + switch["width"] <= 390
    assert abs(switch["y"] - page.locator(".theme-switch-button").bounding_box()["y"]) < 20
    small = page.evaluate(
        """[...document.querySelectorAll('.nin-demo *, .nin-bet *')]
            .filter((e) => e.offsetParent && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
            .filter((e) => parseFloat(getComputedStyle(e).fontSize) < 10).map((e) => e.textContent)"""
    )
    assert not small


def test_an_answer_is_folded_until_it_is_asked_for(visit):
    page = visit().open("chapters/03_global_average_pooling.html")
    answer = page.get_by_text("0.04. Every cell gets the same", exact=False)
    expect(answer).to_be_hidden()
    page.get_by_text("Show the answer").first.click()
    expect(answer).to_be_visible()
    expect(page.get_by_text("You made no prediction")).to_have_count(0)
    solution = page.locator("details", has_text="One solution").first
    assert not solution.evaluate("e => e.open")


@pytest.mark.parametrize(("half", "words"), [("", "You said: <a> third."), ("zh/", "你说：<a> third。")])
def test_an_answer_repeats_what_was_bet_on_its_question_alone(visit, half, words):
    """On a page without a demo, whose words are fetched when something is said."""
    one = visit()
    page = one.open(f"{half}solutions/Q_ten_questions.html")
    boxes, said = page.locator(".nin-bet input"), page.locator(".nin-said")
    boxes.nth(1).fill(" <a> third ")
    expect(said.nth(1)).to_have_text(words)
    assert said.all_text_contents() == ["", words, *[""] * 8]
    boxes.nth(1).fill("")
    expect(said.nth(1)).to_have_text("")
    assert not one.errors


def test_every_answer_stands_after_its_own_bet():
    for path in PAGES:
        order = re.findall(r'class="nin-(bet|said)"', (HTML / path).read_text(encoding="utf-8"))
        if not path.endswith("chapters/Q_ten_questions.html"):  # it answers in its solved copy
            assert order == ["bet", "said"] * (len(order) // 2), path


def test_links_lead_from_chapter_to_chapter(visit):
    one = visit()
    page = one.open("chapters/03_global_average_pooling.html")
    page.locator("article").get_by_role("link", name="the whole network").click()
    expect(page.locator("article h1")).to_contain_text("The whole network")
    assert not one.errors


def pictured(demo) -> list[str]:
    """What is to be seen in a demo's canvases and pictures."""
    return demo.evaluate("e => [...e.querySelectorAll('canvas')].map((c) => c.toDataURL())")


def test_a_slider_is_moved_with_the_keyboard_and_the_picture_follows(visit):
    one = visit()
    demo = one.play("BallotBox", "index.html")
    before, line = pictured(demo), demo.locator(".line").inner_text()
    demo.get_by_label("image", exact=True).press("ArrowRight")
    expect(demo.locator(".line")).to_contain_text("Image 37")
    expect(demo.get_by_role("img", name="Image 37")).to_be_visible()
    assert pictured(demo) != before
    demo.get_by_role("button", name="As it was").click()
    expect(demo.locator(".line")).to_have_text(line)
    assert pictured(demo) == before


def test_the_shirt_becomes_a_shirt_when_the_bottom_row_is_not_counted(visit):
    """What the demo asks for, done by keys: the answer's frame moves, the row turns grey."""
    one = visit()
    demo = one.play("BallotBox", "chapters/03_global_average_pooling.html")
    expect(demo.locator(".answer figcaption")).to_have_text("T-shirt")
    demo.get_by_label("rows, to").press("ArrowLeft")
    expect(demo.locator(".line")).to_contain_text("42 of 49 cells counted")
    expect(demo.locator(".answer figcaption")).to_have_text("Shirt")
    colour = "c => [...c.getContext('2d').getImageData(3, 6, 1, 1).data]"
    assert demo.locator(".ballot canvas").first.evaluate(colour) == [207, 207, 207, 255]


def test_the_guessing_game_is_played_by_touch(visit):
    one = visit(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    demo = one.play("GuessingGame", "chapters/00_start_here.html")
    for k in range(12):
        demo.get_by_role("button", name="Bag").tap()
        expect(demo.locator("figure.right, figure.wrong")).to_have_count(k + 1)
    expect(demo.locator(".line")).to_contain_text("of 12, that is")
    demo.get_by_role("button", name="New round").tap()
    expect(demo.locator(".line")).to_have_text("Twelve images, ten buttons.")


def test_play_walks_the_window_and_stops(visit):
    one = visit()
    demo = one.play("SlidingWindow", "chapters/02_the_nin_block.html")
    line = demo.locator(".line").inner_text()
    assert demo.get_by_label("step").get_attribute("max") == "143"  # 12 × 12 outputs
    demo.get_by_role("button", name="Play").click()
    expect(demo.locator(".line")).not_to_have_text(line)
    demo.get_by_role("button", name="Pause").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_in_the_light_and_in_the_dark(visit, scheme):
    """The text of a demo stands out from its ground by 4.5 to 1 at least (WCAG 2.1, 1.4.3)."""
    one = visit(color_scheme=scheme)
    demo = one.play("BallotBox", "chapters/03_global_average_pooling.html")
    ratios = demo.evaluate(
        """(root) => {
            const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
            const light = (c) => rgb(c).slice(0, 3).map((v) => v / 255)
                .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
                .reduce((s, v, k) => s + v * [0.2126, 0.7152, 0.0722][k], 0);
            const ground = (e) => {
                while (e && (rgb(getComputedStyle(e).backgroundColor)[3] ?? 1) === 0) e = e.parentElement;
                return e ? getComputedStyle(e).backgroundColor : "rgb(255, 255, 255)";
            };
            return [...root.querySelectorAll("p, label, figcaption, .name, output, button")].map((e) => {
                const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
                return [(a + 0.05) / (b + 0.05), e.textContent];
            });
        }"""
    )
    assert len(ratios) > 20
    assert min(ratios)[0] >= 4.5, min(ratios)


def test_a_drawn_demo_shows_another_picture_when_a_slider_is_moved(visit):
    one = visit()
    demo = one.play("FewPixels", "chapters/00_start_here.html")
    picture = demo.locator(".picture img")
    expect(picture).to_have_attribute("src", re.compile("webp"))
    before = picture.get_attribute("src")
    demo.get_by_label("pixels a side").press("ArrowRight")
    expect(demo.locator(".line")).to_contain_text("5 × 5 = 25 numbers")
    expect(picture).not_to_have_attribute("src", before)
    assert picture.evaluate("e => e.complete && e.naturalWidth") == 880
    assert not one.errors


def test_what_is_only_a_part_says_so(visit):
    one = visit()
    desk = one.play("TrainingDesk", "chapters/05_training.html")
    expect(desk.locator(".how")).to_have_text("Here the recorded run plays. A run of your own starts in JupyterLab.")
    expect(one.play("FewPixels", "chapters/00_start_here.html").locator(".how")).to_have_count(0)
    expect(one.play("OneCell", "chapters/04_the_whole_network.html").locator(".how")).to_contain_text("Some of its")


@pytest.mark.parametrize("half", ["", "zh/"])
def test_every_demo_of_the_course_moves_in_its_page(visit, half):
    """The first control of each is moved by one: its line changes, and what it shows; in Chinese no word is English."""
    one = visit()
    looks = """e => [
        ...[...e.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL()),
        ...[...e.querySelectorAll(".picture img")].map((image) => image.src),
    ]"""
    moved = 0
    for path in CHAPTERS:
        if path.startswith("zh/") != bool(half):
            continue
        page = one.open(path)
        all_play(page)
        for demo in page.locator(".nin-demo").all():
            if demo.get_attribute("data-megabytes"):
                demo.locator(".begin").click()
                expect(demo).to_have_class(re.compile("plays"), timeout=60_000)
            page.wait_for_timeout(300)  # a drawn picture is decoded before it is shown
            before, line = demo.evaluate(looks), demo.locator(".line").inner_text()
            control = demo.locator(".controls input[type=range], .controls select, .guesses button").first
            if control.evaluate("e => e.type") == "range":
                at_end = control.evaluate("e => e.value === e.max")
                control.press("ArrowLeft" if at_end else "ArrowRight")
            elif control.evaluate("e => e.tagName") == "SELECT":
                control.select_option(index=(control.evaluate("e => e.selectedIndex") + 1) % 2)
            else:
                control.click()
            expect(demo.locator(".line")).not_to_have_text(line, timeout=20_000)
            page.wait_for_timeout(300)
            assert demo.evaluate(looks) != before
            moved += 1
            for text in demo.evaluate(TEXTS) if half else ():
                left = {word for run in english(text, least=1) for word in re.findall(r"[A-Za-z]+", run)}
                assert left <= NAMES | NETWORKS | PROGRAMS, text
    assert moved == len(ALL)
    assert not one.errors


def test_a_photograph_of_ones_own_is_read_and_leaves_the_page_nowhere(visit, served, tmp_path):
    """A bright square on a dark ground, taller than wide; from a server, so that there is somebody to ask."""
    Image.fromarray(np.pad(np.full((300, 200, 3), 220, np.uint8), ((150, 150), (200, 200), (0, 0)))).save(
        tmp_path / "mine.png"
    )
    (tmp_path / "text.png").write_text("no picture")
    one = visit(served)
    demo = one.play("YourPhoto", "chapters/07_inside_a_trained_nin.html")
    expect(demo.locator(".private")).to_contain_text("stays on this device")
    line = demo.locator(".line").inner_text()
    asked = []
    one.page.on("request", lambda request: asked.append(request.url))
    demo.get_by_label("your photo").set_input_files(tmp_path / "mine.png")
    expect(demo.locator(".line")).not_to_have_text(line, timeout=20_000)
    expect(demo.get_by_label("photograph")).to_have_value("3")
    expect(demo.get_by_text("the square, 300 px").or_(demo.get_by_text("the square, 256 px"))).to_be_visible()
    demo.get_by_label("your photo").set_input_files(tmp_path / "text.png")
    expect(demo.locator(".line")).to_contain_text("This is no picture that can be read here")
    assert not [url for url in asked if not url.startswith(("blob:", "data:"))]
    assert not one.errors


def test_the_microscope_follows_the_strongest_cell_until_another_is_chosen(visit):
    one = visit()
    demo = one.play("Microscope", "chapters/07_inside_a_trained_nin.html")
    row = demo.get_by_label("cell: row")
    expect(row).to_have_value("0")
    expect(demo.get_by_label("cell: column")).to_have_value("7")
    demo.get_by_label("image", exact=True).press("ArrowRight")
    expect(demo.locator(".line")).to_contain_text("(its strongest)")
    row.press("ArrowRight")
    expect(demo.get_by_label("its strongest cell")).not_to_be_checked()
    expect(demo.locator(".line")).to_contain_text("(there)")
    demo.get_by_label("layer").select_option(label="class maps")
    expect(demo.get_by_label("channel")).to_have_attribute("max", "9")
    expect(row).to_have_attribute("max", "6")
    assert not one.errors
