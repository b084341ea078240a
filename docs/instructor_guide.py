"""Writes docs/instructor_guide.md and the demos' pictures in docs/img/: `make demos`."""

import textwrap
from pathlib import Path

from nin_course.demos import ALL

DOCS = Path(__file__).parent
HEAD = """\
# Instructor guide

For whoever stands in front of a class: every demo with what to ask, what to set, and what the class will see. Ask
first, let people commit (hands up, or a number on paper), then move the slider. Each demo redraws one picture in place
and needs no network. `make demos` writes this page from the demos themselves.

Run the chapter once from top to bottom before the lesson (Run, Run All Cells): the first cell takes the longest, and a
stored picture becomes a live demo only when its cell has been run.
"""
SECTION = """
## {title} (chapter {chapter})

![{title}: {text}](img/{name}.png)

{ask}
{set}
{see}
"""


def guide(demos) -> str:
    """The page, from the demos' own texts."""
    sections = [
        SECTION.format(
            title=demo.title.rstrip("?"),
            chapter=demo.chapter,
            text=demo.text,
            name=type(demo).__name__,
            ask=item("Ask", demo.ask),
            set=item("Set", demo.set),
            see=item("See", demo.see),
        )
        for demo in demos
    ]
    return HEAD + "".join(sections)


def item(what: str, text: str) -> str:
    """One line of a demo's list, broken where mdformat would break it."""
    return textwrap.fill(
        f"- **{what}:** {text}", 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def write(folder: Path) -> None:
    """The page and a picture of each demo, as it is when it opens."""
    demos = [demo() for demo in ALL]
    for demo in demos:
        (folder / "img" / f"{type(demo).__name__}.png").write_bytes(demo.picture.value)
    (folder / "instructor_guide.md").write_text(guide(demos), encoding="utf-8")


if __name__ == "__main__":
    write(DOCS)
