"""Finds Chromium for the browser tests, installs it where that is possible, or says how: `make test` runs this."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
HOW = (
    "The browser tests need Chromium: install it (Debian: `sudo apt-get install chromium`) or set CHROMIUM to its path."
)
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-sync"]  # beside Playwright's own


@contextmanager
def started() -> Iterator:
    """A headless browser, which asks nobody on the network for anything by itself. Raises RuntimeError without one."""
    from playwright.sync_api import sync_playwright

    path = find()
    if not path:
        raise RuntimeError(HOW)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield browser
        browser.close()


def find() -> str | None:
    """The path of a Chromium: $CHROMIUM, else on the path, else Playwright's own, or None."""
    given = os.environ.get("CHROMIUM")
    if given and Path(given).exists():
        return given
    return next(filter(None, map(shutil.which, NAMES)), None) or _playwrights_own()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> None:
    """Debian's package where we are root on a machine with apt; else Playwright's download."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update"], **quiet)
        subprocess.run(
            ["apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"], **quiet
        )
    if not find():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], timeout=600)


if __name__ == "__main__":
    if not find():
        install()
    print(find() or HOW)
