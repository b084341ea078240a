"""Writes docs/instructor_guide.md and the demos' pictures in docs/img/: `make demos`."""

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

- **Ask:** {ask}
- **Set:** {set}
- **See:** {see}
"""


def guide(demos) -> str:
    """The page, from the demos' own texts."""
    sections = [
        SECTION.format(
            title=demo.title.rstrip("?"),
            chapter=demo.chapter,
            text=demo.text,
            name=type(demo).__name__,
            ask=demo.ask,
            set=demo.set,
            see=demo.see,
        )
        for demo in demos
    ]
    return HEAD + "".join(sections)


def write(folder: Path) -> None:
    """The page and a picture of each demo, as it is when it opens."""
    demos = [demo() for demo in ALL]
    for demo in demos:
        (folder / "img" / f"{type(demo).__name__}.png").write_bytes(demo.picture.value)
    (folder / "instructor_guide.md").write_text(guide(demos))


if __name__ == "__main__":
    write(DOCS)
