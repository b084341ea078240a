"""Builds the site into site/built/html, the Chinese half into zh/ there: `make site`.

It loads nothing from elsewhere, and reads from a disk.
"""

import filecmp
import re
import shutil
import subprocess
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "notebooks" / "source"))

import build
import nbformat
import pages
import playable
from fetched import fetch
from words import LANGUAGES, say

from nin_course.demos import BallotBox

SITE = Path(__file__).parent
ROOT = SITE.parent
BUILD = SITE / "built"
SOURCE, HTML, PLAY = BUILD / "source", BUILD / "html", BUILD / "play"
FOLDERS = {"en": "", "zh": "zh/"}  # where a language has its notebooks, and its pages
WORDS = {"en": "", "zh": ".zh"}  # of the README, and of what surrounds it on the front page
THEME = ("Search...", "Color mode", "System Settings", "Toggle primary sidebar", "Toggle secondary sidebar")
THEME += ("Toggle hidden content",)  # all that the theme and MyST-NB leave in English
LEFT = re.compile(r'(?<=[">])(?:' + "|".join(map(re.escape, THEME)) + r')(?=["<])')
USED = re.compile(r"((?:\.\./)*)((?:_static|_images)/[^\"?#)\s]+)")  # by a page: (the way to the front page)(a file)


def notebooks(language: str = "en", kind: str = "") -> list[Path]:
    return sorted((ROOT / "notebooks" / FOLDERS[language] / kind).glob("*.ipynb"))


def write_pages(to: Path, megabytes: dict[str, int], language: str = "en") -> None:
    """The front page, each chapter and each solved copy, as Sphinx reads them; megabytes: see playable.py."""
    shutil.rmtree(to, ignore_errors=True)
    for name, paths in (("chapters", notebooks(language)), ("solutions", notebooks(language, "solutions"))):
        (to / name).mkdir(parents=True)
        for path in paths:
            page = pages.page(nbformat.read(path, as_version=4), playable.TITLES, megabytes, language)
            if name == "solutions":  # the search shows titles, and so does the browser
                title, *text = page.cells[1].source.split("\n", 1)
                page.cells[1].source = "\n".join([say("{0} (solved)", language).replace("{0}", title), *text])
            elif build.address():
                page.cells.insert(1, pages.badges(build.address(), FOLDERS[language] + path.name, language))
            nbformat.write(page, to / name / path.name)
    solved = (SITE / f"solved{WORDS[language]}.md").read_text(encoding="utf-8")
    (to / "solved.md").write_text(filled(solved, {"listed": menu("solutions", language)}), encoding="utf-8")
    (to / "index.md").write_text(front(language), encoding="utf-8")


def menu(folder: str, language: str) -> str:
    """A line for each notebook: its number, its title and where it is."""
    lines = []
    for path in notebooks(language, folder.removeprefix("chapters")):
        text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
        title = re.search(r"^# (.+)", text, re.M)[1]
        lines.append(f"{path.stem.split('_')[0]} · {title} <{folder}/{path.stem}>")
    return "\n".join(lines)


def front(language: str = "en") -> str:
    """index.md with what the README says first, its commands, its table of chapters, and the list that makes the menu.

    The ballot box opens it.
    """
    readme = (ROOT / f"README{WORDS[language]}.md").read_text(encoding="utf-8")
    table = re.search(r"^\|  \|  \|.+?(?=\n\n)", readme, re.M | re.S)[0]
    here = f"](notebooks/{FOLDERS[language]}"
    third = nbformat.read(notebooks(language)[3], as_version=4)
    parts = {
        "about": re.search(r"^# .+?\n\n\[.+?\n\n(.+?)\n\n", readme, re.S)[1],  # after the link to the other language
        "commands": re.search(r"^```\n.+?\n```\n\n.+?(?=\n\n)", readme, re.M | re.S)[0],
        "table": table.replace(f"{here}solutions/", "](solutions/").replace(here, "](chapters/"),
        "chapters": menu("chapters", language),
        "demo": pages.demo_of(third, BallotBox.title, playable.TITLES, {}, language),
    }
    return filled((SITE / f"index{WORDS[language]}.md").read_text(encoding="utf-8"), parts)


def filled(text: str, parts: dict[str, str]) -> str:
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: parts[found[1]], text)


def sphinx(language: str, to: Path) -> int:
    """Makes pages of the sources in a language; its status is not 0 if there was anything to warn of."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", SITE, "-t", language]
    return subprocess.run([*command, "-d", BUILD / "read" / language, SOURCE / language, to]).returncode


def join(half: Path, site: Path) -> None:
    """Moves the Chinese half into the site; what is there already, byte by byte, its pages take from there.

    The last of its English words become Chinese on the way.
    """
    for path in [path for folder in ("_static", "_images") for path in (half / folder).rglob("*") if path.is_file()]:
        other = site / path.relative_to(half)
        if other.exists() and filecmp.cmp(path, other, shallow=False):
            path.unlink()

    def shared(found: re.Match) -> str:
        up, file = found.groups()
        return found[0] if (half / file).exists() or not (site / file).exists() else f"{up}../{file}"

    for path in half.rglob("*.html"):
        page = LEFT.sub(lambda left: say(left[0], "zh"), path.read_text(encoding="utf-8"))
        path.write_text(USED.sub(shared, page), encoding="utf-8")
    shutil.move(half, site / "zh")


def main() -> int:
    fetch(BUILD / "npm")
    playable.write(PLAY, BUILD / "drawn", BUILD / "npm")
    for language in LANGUAGES:
        write_pages(SOURCE / language, playable.megabytes(PLAY), language)
    half = BUILD / "zh"
    for folder in (HTML, half):
        shutil.rmtree(folder, ignore_errors=True)
    status = sphinx("en", HTML) or sphinx("zh", half)
    if not status:
        join(half, HTML)
        print(f"The site is built: open {HTML / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
