"""The built site in a real Chromium: `make test-site` builds it first."""

from pathlib import Path

import chromium
import pytest

HTML = Path(__file__).parents[2] / "site" / "built" / "html"


@pytest.fixture(scope="session")
def site():
    """The folder with the pages."""
    if not (HTML / "index.html").exists():
        pytest.fail("There is no site yet: make site")
    return HTML


@pytest.fixture(scope="session")
def browser():
    with chromium.started() as browser:
        yield browser


class Visit:
    """A page of the site, and what went wrong in it: errors, and requests that leave the folder."""

    def __init__(self, browser, root: str, **options):
        self.root, self.errors, self.away = root, [], []
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("requestfailed", lambda request: self.errors.append(f"failed: {request.url[:200]}"))
        self.page.on("request", lambda request: self._asked(request.url))

    def _asked(self, url: str) -> None:
        if not url.startswith((self.root, "data:", "blob:")):
            self.away.append(url)

    def open(self, path: str):
        self.page.goto(f"{self.root}/{path}")
        return self.page

    def play(self, name: str, path: str):
        """The demo of this name on a page, once it plays; one that asks before it fetches the network may."""
        demo = self.open(path).locator(f".nin-demo[data-demo={name}]")
        if demo.get_attribute("data-megabytes"):
            demo.locator(".begin").click()
        demo.and_(self.page.locator(".plays")).wait_for(timeout=60_000)
        return demo


@pytest.fixture
def visit(browser, site):
    """Opens pages from the disk, as a reader would who has the folder and nothing else."""
    visits = []

    def start(root=None, **options):
        visits.append(Visit(browser, root or site.as_uri(), **options))
        return visits[-1]

    yield start
    for one in visits:
        one.context.close()
