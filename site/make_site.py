"""Builds the site into site/built/html: `make site`. It loads nothing from elsewhere, and reads from a disk."""

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

from nin_course.demos import BallotBox

SITE = Path(__file__).parent
ROOT = SITE.parent
BUILD = SITE / "built"
SOURCE, HTML, PLAY = BUILD / "source", BUILD / "html", BUILD / "play"
FRONT = (SITE / "index.md").read_text(encoding="utf-8")


def notebooks(folder: str = "") -> list[Path]:
    return sorted((ROOT / "notebooks" / folder).glob("*.ipynb"))


def write_pages(to: Path, megabytes: dict[str, int]) -> None:
    """The front page, each chapter and each solved copy, as Sphinx reads them; megabytes: see playable.py."""
    shutil.rmtree(to, ignore_errors=True)
    for name, paths in (("chapters", notebooks()), ("solutions", notebooks("solutions"))):
        (to / name).mkdir(parents=True)
        for path in paths:
            page = pages.page(nbformat.read(path, as_version=4), playable.TITLES, megabytes)
            if name == "solutions":  # the search shows titles, and so does the browser
                page.cells[1].source = re.sub(r"^(# .+)", r"\1 (solved)", page.cells[1].source)
            elif build.address():
                page.cells.insert(1, pages.badges(build.address(), path.name))
            nbformat.write(page, to / name / path.name)
    listed = menu("solutions", notebooks("solutions"))
    (to / "solved.md").write_text(SOLVED.format(listed=listed), encoding="utf-8")
    (to / "index.md").write_text(front(), encoding="utf-8")


def menu(folder: str, paths: list[Path]) -> str:
    """A line for each notebook: its number, its title and where it is."""
    lines = []
    for path in paths:
        text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
        title = re.search(r"^# (.+)", text, re.M)[1]
        lines.append(f"{path.stem.split('_')[0]} · {title} <{folder}/{path.stem}>")
    return "\n".join(lines)


def front() -> str:
    """index.md with what the README says first, its commands, its table of chapters, and the list that makes the menu.

    The ballot box opens it.
    """
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = re.search(r"^\|  \|  \|.+?(?=\n\n)", readme, re.M | re.S)[0]
    parts = {
        "about": re.search(r"^# .+?\n\n(.+?)\n\n", readme, re.S)[1],
        "commands": re.search(r"^```\n.+?\n```\n\n.+?(?=\n\n)", readme, re.M | re.S)[0],
        "table": table.replace("](notebooks/solutions/", "](solutions/").replace("](notebooks/", "](chapters/"),
        "chapters": menu("chapters", notebooks()),
        "demo": pages.demo_of(nbformat.read(notebooks()[3], as_version=4), BallotBox.title, playable.TITLES, {}),
    }
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: parts[found[1]], FRONT)


SOLVED = """\
# Solved copies

The chapters with their exercises solved. Try first: in the chapter itself, three hints are yours, and one solution
stands behind a fold.

```{{toctree}}
:maxdepth: 1

{listed}
```
"""


def main() -> int:
    fetch(BUILD / "npm")
    playable.write(PLAY, BUILD / "drawn", BUILD / "npm")
    write_pages(SOURCE, playable.megabytes(PLAY))
    shutil.rmtree(HTML, ignore_errors=True)
    sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", str(SITE), "-d", str(BUILD / "read")]
    status = subprocess.run([*sphinx, str(SOURCE), str(HTML)]).returncode
    if not status:
        print(f"The site is built: open {HTML / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main())
