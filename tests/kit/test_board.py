"""The board in Chromium, as it stands on a projector: everything of a demo in view, in letters for the back row.

Needs Voilà, and so an environment of its own: `make test-kit`.
"""

import asyncio
import os
import re
import signal
import socket
import sys
import time
import urllib.request
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

pytest.importorskip("voila")
sys.path.insert(0, str(Path(__file__).parents[1] / "browser"))

import chromium
from playwright.sync_api import expect

from nin_course.demos import ALL
from nin_course.demos.board import KEYS
from nin_course.language import say, speak

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "tests" / "browser" / "screenshots"
NAMES = [demo.__name__ for demo in ALL]
PROJECTORS = {"720p": (1280, 720), "1080p": (1920, 1080)}
# What is wrong with the page, in words. Letters in the picture are as large as those of the page (tests/demos).
WRONG = """async high => {
  const stage = document.querySelector(".board-stage"), found = []
  const there = () => { const picture = stage.querySelector("img"); return picture.complete && picture.naturalWidth }
  while (!there()) await new Promise(requestAnimationFrame)  // it is exchanged at every move
  const zoom = Number(getComputedStyle(stage).zoom), letters = 24 * high / 1080
  const bar = document.querySelector(".board-bar").getBoundingClientRect()
  const notes = document.querySelector(".board-notes").getBoundingClientRect()
  const right = notes.width ? notes.left : bar.left
  for (const e of stage.querySelectorAll("button, input, select, img, .noUi-handle, .widget-readout, .widget-label, " +
                                         ".widget-html-content, .widget-html-content span")) {
    const box = e.getBoundingClientRect(), name = `${e.className || e.tagName} ${e.innerText || ""}`
    if (!box.width || e.type == "file") continue
    if (box.left < 0 || box.top < 0 || box.right > right + 1 || box.bottom > innerHeight) found.push(`outside: ${name}`)
    if (e.matches("button, .widget-readout, .widget-label") && e.scrollWidth > e.clientWidth) found.push(`cut: ${name}`)
    if (!notes.width && e.innerText && parseFloat(getComputedStyle(e).fontSize) * zoom < letters - 0.1)
      found.push(`small: ${name}`)
  }
  const picture = stage.querySelector("img")
  if (Math.abs(picture.clientWidth / picture.naturalWidth - 110 / 204) > 0.002) found.push("shrunk: the picture")
  if (notes.width && (notes.bottom > innerHeight || notes.right > bar.left)) found.push("outside: the notes")
  return found
}"""


PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"  # and so resized


class Server:
    """The board as `make board` serves it, here with one kernel that stands ready; what it wrote is in `log`."""

    def __init__(self, folder: Path, language: str = "en"):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = folder / "board.log"
        command = [sys.executable, ROOT / "board" / "serve.py", "--no-browser", f"--port={self.port}", "--pool_size=1"]
        env = os.environ | {"NIN_COURSE_LANGUAGE": language}
        with self.log.open("w") as log:
            self.process = psutil.Popen(command, cwd=folder, stdout=log, stderr=log, env=env)
        self.url = f"http://127.0.0.1:{self.port}/"

    def kernels(self) -> list[psutil.Process]:
        return [p for p in self.process.children() if "ipykernel_launcher" in p.cmdline()]

    def wait_for_kernels(self, number: int, seconds: float) -> None:
        """Until so many kernels are there, and none has anything to do."""
        deadline = time.monotonic() + seconds
        while True:
            kernels = self.kernels()
            before = [sum(k.cpu_times()[:2]) for k in kernels]
            time.sleep(3)
            if self.kernels() == kernels and len(kernels) == number:
                used = [sum(k.cpu_times()[:2]) - b for k, b in zip(kernels, before, strict=True)]
                if max(used) < 0.2 and min(before) > 2:
                    return
            alive = self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE
            assert alive, self.log.read_text(errors="replace")
            assert time.monotonic() < deadline, f"{len(kernels)} kernels"


@contextmanager
def served(folder: Path, language: str = "en"):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored, and stays so
    server = Server(folder, language)
    signal.signal(signal.SIGINT, before)
    server.wait_for_kernels(1, seconds=240)
    yield server
    server.process.send_signal(signal.SIGINT)
    server.process.wait(timeout=60)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("board")) as server:
        yield server


@pytest.fixture(scope="module")
def browser():
    with chromium.started() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(server, browser):
    """One page, on the tiles; `asked` are the addresses that it loaded from, `errors` what went wrong in it."""
    page = browser.new_page()
    page.asked, page.errors = set(), []
    page.on("request", lambda request: page.asked.add(request.url.split("/")[2] if "//" in request.url[:8] else ""))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(server.url)
    expect(page.locator(".board-tiles a")).to_have_count(len(ALL), timeout=120_000)
    return page


def shows(page, demo) -> None:
    """Waits until the demo is there, in its first state."""
    expect(page).to_have_url(re.compile(f"#{demo.__name__}$"))
    expect(page.locator(".board-stage b").first).to_have_text(demo.title, timeout=60_000)


def test_a_kernel_that_stood_ready_for_long_has_its_time_from_when_a_page_has_it(monkeypatch):
    """First, while no browser has an event loop here."""
    sys.path.insert(0, str(ROOT / "board"))
    import kernels

    asked = []

    async def ask(self, kernel_id):
        asked.append(kernel_id)

    monkeypatch.setattr(kernels.AsyncMappingKernelManager, "cull_kernel_if_idle", ask)
    kernel = SimpleNamespace(last_activity=datetime(2026, 1, 1, tzinfo=timezone.utc))
    monkeypatch.setattr(kernels.Kernels, "get_kernel", lambda self, kernel_id: kernel)
    ready = kernels.Kernels()
    asyncio.run(ready.cull_kernel_if_idle("one"))
    assert (datetime.now(timezone.utc) - kernel.last_activity).total_seconds() < 60
    assert asked == []
    asyncio.run(ready.cull_kernel_if_idle("one"))
    asyncio.run(ready.cull_kernel_if_idle("two"))
    assert asked == ["one"]


def test_the_tiles_link_to_each_demo(page):
    assert page.locator(".board-tiles a").evaluate_all("all => all.map(a => a.hash.slice(1))") == NAMES
    assert page.locator(".board-tiles img").evaluate_all("all => all.every(i => i.naturalWidth > 800)")
    page.locator(".board-tiles a").nth(3).click()
    shows(page, ALL[3])
    titles = page.locator(".board-bar button").evaluate_all("all => all.map(button => button.title)")
    assert titles == list(KEYS.values())
    expect(page.locator(".board-keys")).to_be_hidden()
    expect(page.locator(".board-tiles")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator(".board-tiles")).to_be_visible()
    expect(page.locator(".board-stage img")).to_have_count(0)


@pytest.mark.parametrize("demo", ALL)
def test_all_of_a_demo_is_in_view_in_letters_for_the_back_row(page, server, demo):
    page.goto(f"{server.url}#{demo.__name__}")
    shows(page, demo)
    for name, (wide, high) in PROJECTORS.items():
        page.set_viewport_size({"width": wide, "height": high})
        page.evaluate(PAINTED)
        assert page.evaluate(WRONG, high) == [], name
        for handle in page.locator(".board-stage .noUi-handle").all():
            handle.press("End" if name == "720p" else "Home")
        assert page.evaluate(WRONG, high) == [], name
        expect(page.get_by_text(demo.ask)).to_be_hidden()
        page.keyboard.press("i")
        for line in (demo.ask, demo.set, demo.see):
            expect(page.get_by_text(line)).to_be_visible()
        assert page.evaluate(WRONG, high) == [], name
        page.screenshot(path=SCREENSHOTS / f"board_{demo.__name__}_{name}.png")
        page.keyboard.press("i")
    assert page.errors == []


def test_keys_go_on_and_back_and_put_a_demo_to_its_start(page, server):
    page.goto(f"{server.url}#{NAMES[-1]}")
    shows(page, ALL[-1])
    page.keyboard.press("n")
    shows(page, ALL[0])
    page.keyboard.press("PageUp")
    shows(page, ALL[-1])
    page.keyboard.press("p")
    shows(page, ALL[-2])
    page.goto(f"{server.url}#OneCell")
    line, readout = page.locator(".board-stage .widget-html-content span").last, page.locator(".widget-readout").nth(2)
    expect(line).to_contain_text("Cell (3, 3)")
    page.locator(".board-stage .noUi-handle").nth(2).press("Home")
    expect(line).to_contain_text("Cell (0, 3)")
    page.keyboard.press("r")  # with the slider still in focus
    expect(line).to_contain_text("Cell (3, 3)")
    expect(readout).to_have_text("3")


def costs(server, what) -> float:
    """Seconds of a core that the server and its kernels spend on it: what it takes on a machine that is idle."""
    spent = lambda: sum(sum(p.cpu_times()[:2]) for p in (server.process, *server.kernels()))  # noqa: E731
    before = spent()
    what()
    return spent() - before


def test_a_sliders_answer_takes_less_than_a_quarter_of_a_second(page, server):
    """In the large network of what one cell sees, which is slowest; a tenth of ten answers."""
    server.wait_for_kernels(2, seconds=240)
    page.goto(f"{server.url}#OneCell")
    expect(page.locator(".board-stage b").first).to_have_text("What one cell sees")
    picture, handles, took = page.locator(".board-stage img"), page.locator(".board-stage .noUi-handle"), []
    handles.first.press("End")
    expect(page.locator(".board-stage .widget-html-content span").last).to_contain_text("untrained")

    def ten_answers():
        for key in ["ArrowLeft", "ArrowRight"] * 5:
            before, since = picture.get_attribute("src"), time.monotonic()
            handles.nth(2).press(key)
            page.wait_for_function("before => document.querySelector('.board-stage img').src != before", arg=before)
            took.append(time.monotonic() - since)

    cost = costs(server, ten_answers) / 10
    print(f"{1000 * cost:.0f} ms of a core an answer; here {sorted(round(1000 * t) for t in took)} ms")
    assert cost < 0.25


def test_the_first_picture_takes_less_than_two_seconds_after_a_click(page, server):
    """One demo after the other, from the tiles."""
    took = []
    for name in NAMES:
        page.keyboard.press("Escape")
        expect(page.locator(".board-stage img")).to_have_count(0)

        def click(name=name):
            since = time.monotonic()
            page.locator(f".board-tiles a[href='#{name}']").click()
            page.locator(".board-stage img").wait_for()
            took.append(time.monotonic() - since)

        assert costs(server, click) < 2, name
    print(f"here {[round(1000 * t) for t in took]} ms")


def test_nothing_is_loaded_from_elsewhere_and_the_board_is_for_this_machine_alone(page, server):
    assert page.asked == {server.url.split("/")[2]} | ({""} & page.asked)
    listens = {
        c.laddr.ip for c in server.process.net_connections() if c.status == "LISTEN" and c.laddr.port == server.port
    }
    assert listens == {"127.0.0.1"}


def test_half_a_minute_after_a_page_was_closed_its_kernel_is_gone_and_one_stands_ready(page, server):
    server.wait_for_kernels(2, seconds=240)
    mine = server.kernels()[0]
    page.close()
    gone = time.monotonic() + 35
    while mine.is_running() and time.monotonic() < gone:
        time.sleep(0.5)
    assert not mine.is_running()
    server.wait_for_kernels(1, seconds=60)
    assert urllib.request.urlopen(server.url, timeout=60).status == 200


def test_in_chinese_it_speaks_chinese_and_all_is_in_view(browser, tmp_path):
    speak("zh")
    with served(tmp_path, "zh") as server:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(server.url)
        expect(page.locator(".board-tiles b")).to_have_text([say(demo.title) for demo in ALL], timeout=120_000)
        page.screenshot(path=SCREENSHOTS / "board_zh.png")
        for demo in ALL:
            page.goto(f"{server.url}#{demo.__name__}")
            expect(page.locator(".board-stage b").first).to_have_text(say(demo.title), timeout=60_000)
            page.evaluate(PAINTED)
            assert page.evaluate(WRONG, 720) == [], demo
            page.keyboard.press("i")
            for line in (demo.ask, demo.set, demo.see):
                expect(page.get_by_text(say(line))).to_be_visible()
            assert page.evaluate(WRONG, 720) == [], demo
            page.screenshot(path=SCREENSHOTS / f"board_zh_{demo.__name__}.png")
            page.keyboard.press("i")
        titles = page.locator(".board-bar button").evaluate_all("all => all.map(button => button.title)")
        assert titles == [say(words) for words in KEYS.values()]
    speak("en")
