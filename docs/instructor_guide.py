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
POOL = """
## A class pools its runs (chapter 08)

Chapter 08 ends in a contest: a recipe of one's own, above the course's curve. Each student trains with
`python -m nin_course train … --out runs/NAME` and hands in that folder; `card.json` and `weights.pt` are all that is
needed of it, 2 MB for `nin_small`. Put a folder for each student into one folder, however deep, and let it be measured:

```
class/ana/first/       class/ana/wider/       class/ben/first/
python -m nin_course compare class --to class
```

It prints a table, the best run first, and writes `class/comparison.png` for the projector: every run by its number,
over the course's own points. `--cost macs`, `to_train` or `to_predict` asks for another price than parameters. Two runs
of one name are told apart by the folder above. A run takes about three seconds on the sample, fifteen on the full set.

- **Nobody has to be believed.** All weights are measured again. A card that says another accuracy, a damaged or missing
  file, a run that was measured on held-out images: each is named with its reason and not drawn, and the command ends
  with status 1. Weights are read as tensors and nothing else, so no code in a stranger's file is run. Only what a run
  was trained on has to be taken from its card.
- **Ask before you show it:** the winner of thirty is in front by 0.3 points. Would she win again, with another seed?
  With 2,000 test images luck alone is worth two thirds of a point (one standard error), and the best of thirty has had
  more of it than most. Let the first three train twice more, with `--seed 1` and `--seed 2`, and compare the means.
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
    return HEAD + "".join(sections) + POOL


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
