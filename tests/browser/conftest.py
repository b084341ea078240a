"""A real JupyterLab on a copy of the notebooks, and a real Chromium to look at it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import chromium
import pytest
from playwright.sync_api import Page, expect

ROOT = Path(__file__).parents[2]
SCREENSHOTS = Path(__file__).parent / "screenshots"
TOKEN = "browser-tests"
STATUS = ".jp-Notebook-ExecutionIndicator"
BROKEN = "Error displaying widget", "model not found", "Loading widget"  # instead of an output
OPEN = "path => { jupyterapp.commands.execute('docmanager:open', {path}) }"
LEAVE = "() => [...jupyterapp.shell.widgets('main')].forEach(tab => tab.dispose())"  # without asking: "Save?"


class Lab:
    """JupyterLab as `make lab` starts it, with a user's folders of its own: nothing is trusted, nothing remembered."""

    app, place, ready = "jupyterlab", "lab/tree", "Python 3 (ipykernel) | Idle"
    options = ("--LabApp.expose_app_in_browser=True",)  # for OPEN and LEAVE

    def __init__(self, home: Path):
        self.home, self.folder, self.process = home, home / "clone", None
        ignore = shutil.ignore_patterns(".ipynb_checkpoints")
        shutil.copytree(ROOT / "notebooks", self.folder / "notebooks", ignore=ignore)

    def start(self, **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        folders = {f"JUPYTER_{kind}_DIR": str(self.home / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
        command = [sys.executable, "-m", self.app, "--no-browser", f"--port={self.port}", "--port-retries=0"]
        command += self.options
        # Half a second for a kernel to leave by itself: what it then still frees, its end frees, too.
        command += [f"--IdentityProvider.token={TOKEN}", "--KernelManager.shutdown_wait_time=1"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")
        log = (self.home / "lab.log").open("a")
        environment = os.environ | folders | environment
        self.process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                self.ask("status")
                return
            except OSError:
                time.sleep(0.2)
        raise TimeoutError((self.home / "lab.log").read_text())

    def shut_down_kernels(self) -> None:
        for session in self.ask("sessions"):
            self.ask(f"sessions/{session['id']}", method="DELETE")

    def ask(self, path: str, method: str = "GET"):
        request = urllib.request.Request(f"{self.url}/api/{path}?token={TOKEN}", method=method)
        return json.loads(urllib.request.urlopen(request, timeout=30).read() or "null")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stored(self, name: str) -> dict:
        return json.loads((self.folder / "notebooks" / name).read_text())


class Notebook7(Lab):
    """The same server with Notebook 7's pages, each of one notebook."""

    app, place, ready, options = "notebook", "notebooks", "Python 3 (ipykernel)", ()


class Notebook:
    """One notebook open in JupyterLab or Notebook 7, used as a student would: by menu, keyboard and mouse."""

    def __init__(self, page: Page, lab: Lab, name: str):
        self.page, self.lab, self.name = page, lab, name
        self.open()

    def open(self) -> None:
        """By its address; in a page that has JupyterLab already, as a double click in the file browser does."""
        if self.page.url.startswith(self.lab.url):
            self.page.evaluate(OPEN, f"notebooks/{self.name}")
        else:
            self.page.goto(f"{self.lab.url}/{self.lab.place}/notebooks/{self.name}?token={TOKEN}&reset")
        self.page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=60_000)
        expect(self.page.get_by_text(self.lab.ready)).to_be_visible(timeout=60_000)

    def reopen(self) -> None:
        """Closes the page, shuts the kernel down and opens the notebook as it was saved; once more if that is needed.

        ipywidgets 8.1.9 looks for a widget for two seconds. Where a kernel takes just as long to start, the saved ones
        come while it gives up, and it says "model not found" until the page is loaded again (decision 0002).
        """
        context = self.page.context
        self.page.close()
        self.lab.shut_down_kernels()
        self.page = context.new_page()
        for _ in range(3):
            self.open()
            expect(self.page.get_by_text("Loading widget")).to_have_count(0, timeout=60_000)
            if not self.page.get_by_text("model not found").count():
                break

    def menu(self, menu: str, item: str) -> None:
        self.page.locator(".lm-MenuBar-itemLabel", has_text=menu).first.click()
        self.page.locator(".lm-Menu-itemLabel").get_by_text(item, exact=True).click()

    def restart_and_run_all(self, seconds: float = 240) -> None:
        self.menu("Run", "Restart Kernel and Run All Cells…")
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()
        expect(self.page.locator(STATUS)).to_have_attribute("data-status", "busy", timeout=60_000)
        self.idle(seconds)
        self.save()

    def idle(self, seconds: float) -> None:
        """Waits until nothing runs any more."""
        deadline, quiet = time.monotonic() + seconds, 0
        while quiet < 4:  # one second without work: between two cells it is shorter
            self.page.wait_for_timeout(250)
            quiet = quiet + 1 if self.page.locator(STATUS).get_attribute("data-status") == "idle" else 0
            assert time.monotonic() < deadline, f"{self.name} was still running after {seconds} s"

    def run(self, source: str):
        """Runs one cell alone, the one with this text; returns it."""
        cell = self.cell(source)
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")
        cell.locator(".jp-OutputArea .jupyter-widgets").first.wait_for(timeout=90_000)
        return cell

    def enter(self, place: int, source: str | None = None):
        """Writes this, if it is given, into the cell at a place of the notebook, and runs the cell; returns it."""
        cell = self.shown(self.page.locator(f".jp-Cell[data-windowed-list-index='{place}']"))
        cell.locator(".cm-content").click()
        if source is not None:
            self.page.keyboard.press("Control+a")
            self.page.keyboard.insert_text(source)
        number = cell.locator(".jp-InputPrompt")
        before = number.inner_text()
        self.page.keyboard.press("Control+Enter")
        expect(number).not_to_have_text(before, timeout=30_000)  # it is waiting, running or done
        return cell

    def save(self) -> None:
        self.page.locator(".jp-Notebook").click(position={"x": 3, "y": 3})
        self.page.keyboard.press("Control+s")
        self.page.wait_for_timeout(300)
        expect(self.page.locator(".jp-mod-dirty")).to_have_count(0, timeout=60_000)

    def cell(self, source: str):
        """The code cell with this text, scrolled into view."""
        return self.shown(self.page.locator(".jp-CodeCell", has_text=source).first)

    def shown(self, cell):
        """Scrolls a cell into view: JupyterLab keeps in its page only those that are near."""
        for _ in range(40):
            if cell.count():
                break
            self.page.locator(".jp-WindowedPanel-outer").first.evaluate("e => e.scrollBy(0, 400)")
            self.page.wait_for_timeout(100)
        cell.scroll_into_view_if_needed()
        return cell

    def nothing_is_broken(self) -> None:
        for words in BROKEN:
            expect(self.page.locator(".jp-OutputArea").get_by_text(words)).to_have_count(0)
        expect(self.page.get_by_text("Would you like to get notified")).to_have_count(0)

    def screenshot(self, name: str) -> Path:
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path


@pytest.fixture(scope="session")
def browser():
    with chromium.started() as browser:
        yield browser


@pytest.fixture(scope="session")
def context(browser):
    """One for all: what a page has fetched and compiled, the next one need not."""
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    yield context
    context.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """One for all; each file opens notebooks of its own."""
    lab = Lab(tmp_path_factory.mktemp("home"))
    lab.start()
    yield lab
    lab.stop()


@pytest.fixture(scope="module", autouse=True)
def nothing_left_open(lab, context):
    """What a file has opened is closed at its end: pages and kernels."""
    yield
    for page in context.pages:
        page.close()
    lab.shut_down_kernels()
