"""Writes docs/instructor_guide.md, the lessons in docs/teaching/ and the demos' pictures in docs/img/: `make demos`."""

import textwrap
from pathlib import Path

import lessons

from nin_course.demos import ALL

DOCS = Path(__file__).parent
HEAD = """\
# Instructor guide

For whoever stands in front of a class: for each chapter a lesson of 45 and of 90 minutes on one page, with its demos,
the wrong answers to expect, and a key to all bets. Ask first, let people commit (hands up, or a number on paper), then
run the cell or move the slider. No lesson needs a network.

**Before the lesson** run the chapter from top to bottom (Run, Run All Cells): then you know that all of it works, and
that nothing has to be fetched or read for the first time. Now the answers are open: fold them with View, Collapse All
Outputs. In class go on from the top with Shift + Enter. A cell unfolds when it is run again, a stored picture becomes
a live demo, and each bet gets its answer anew. Run the cells of what you leave out as well, without a word: later ones
use what they made. Keep the cell with an answer at the lower edge of the window, for the text below it tells.

**A lesson** is a table. Its first two columns are minutes, of the short and of the long lesson, and – means: leave out.
Then come the chapter's section and what you do there. **bet 2** (5) is the chapter's second bet, and 5 is what comes
out. ▸ is a demo: what to set, → and what it then says. Below, *Wrong answers*: what stands in “quotes” is the check's
own sentence, or a button. What you say is mostly a question, so that they find it themselves. (Which answers come how
often has not been counted in a class: these are what the checks know, and what the bets offer.)

## The lessons

| chapter | its demos |
| -- | -- |
{chapters}

Settings, what a demo says, and what comes out of a bet are taken from the demos and the solved notebooks, so they are
what the class will see. `make demos` writes these pages anew, from [their sources](teaching/source).
"""
SECTION = """
## {title}

![{title}: {text}](../img/{name}.png)

{ask}
{set}
{see}
"""
COURSES = """
## One day

The short lessons of 00 to 07. (08 and 09 are for those who have caught fire.)

| at | minutes | |
| -- | -- | -- |
{day}

## Four weeks

Two meetings of 90 minutes a week.

| week | meeting | afterwards, at home |
| -- | -- | -- |
{weeks}

## Ten questions, before and after

[Ten questions](../notebooks/Q_ten_questions.ipynb), 15 minutes: once before chapter 00, once after the last lesson.
Their last cell writes a student's answers in one line; collect the lines both times. Each wrong button is a
misconception that a chapter treats, and [the solved copy](../notebooks/solutions/Q_ten_questions.ipynb) says which and
where: so the first lines tell you where to take your time, and the second ones where it was too little. Show the solved
copy after the second time only.

## The original notes

[Chapter A](../notebooks/A_the_original_notes.ipynb) has no lesson: it is for those who ask where the course comes from.
Its one bet:

1. {original}
"""
DAY = [  # lessons by their chapters, and what is between them: minutes
    ("Ten questions", 15),
    *[("00", 45), ("01", 45), ("break", 15), ("02", 45), ("03", 45), ("lunch", 60)],
    *[("04", 45), ("05", 45), ("break", 15), ("06", 45), ("07", 45)],
    ("Ten questions, once more", 15),
]
WEEKS = [  # of each meeting: lessons by their chapters, and what to do after it
    ({"00": 45, "01": 45}, "exercises 1 and 2 of 01"),
    ({"02": 90}, "exercise 3 of 01"),
    ({"03": 90}, "exercise 3 of 03, with another image that is named wrongly"),
    ({"04": 90}, "exercise 3 of 04, the smallest that passes"),
    ({"05": 90}, "train that network with the loop of 05"),
    ({"06": 90}, "exercises 1 and 4 of 06"),
    ({"07": 90}, "exercises 2 and 4 of 07, and a photograph of one's own"),
    ({"08": 45, "09": 45}, "the contest of 08, exercise 2 of 09, and the ten questions once more"),
]
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


def guide() -> str:
    """The index: all lessons, a day, four weeks, the ten questions, and a class's contest."""
    chapters = [
        f"| {link(stem)} | {', '.join(f'[{title(d)}]({page(stem)}#{anchor(title(d))})' for d in demos_of(stem))} |"
        for stem in lessons.stems()
    ]
    (bet,) = lessons.bets("A_the_original_notes")
    original = lessons.entry(bet, "In such a network nearly all parameters are in its dense layers.")
    courses = COURSES.format(day="\n".join(day()), weeks="\n".join(weeks()), original=original)
    return lessons.tidy(HEAD.format(chapters="\n".join(chapters)) + courses + POOL)


def day() -> list[str]:
    """The rows of the day, from nine o'clock on."""
    rows, now = [], 9 * 60
    for what, minutes in [*DAY, ("the end", 0)]:
        lesson = [link(stem) for stem in lessons.stems() if stem.startswith(what)]
        rows.append(f"| {now // 60}:{now % 60:02} | {minutes or ''} | {lesson[0] if lesson else what} |")
        now += minutes
    return rows


def weeks() -> list[str]:
    """The rows of the four weeks."""
    rows = []
    for i, (meeting, afterwards) in enumerate(WEEKS):
        taught = [(link(stem), minutes) for stem in lessons.stems() for minutes in [meeting.get(stem[:2])] if minutes]
        words = ", ".join(f"{lesson} ({minutes})" for lesson, minutes in taught)
        rows.append(f"| {i // 2 + 1} | {words} | {afterwards} |")
    return rows


def page(stem: str) -> str:
    return f"teaching/{stem}.md"


def link(stem: str) -> str:
    return f"[{lessons.title(stem)}]({page(stem)})"


def title(demo) -> str:
    return demo.title.rstrip("?")


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return heading.lower().replace(" ", "-")


def demos_of(stem: str) -> list:
    return [demo for demo in ALL if demo.chapter == stem[:2]]


def section(demo) -> str:
    """A demo's own lines, below its picture."""
    words = {what: item(what.title(), getattr(demo, what)) for what in ("ask", "set", "see")}
    return SECTION.format(title=title(demo), text=demo.text, name=type(demo).__name__, **words)


def item(what: str, text: str) -> str:
    """One line of a demo's list, broken where mdformat would break it."""
    return textwrap.fill(
        f"- **{what}:** {text}", 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def write(folder: Path) -> None:
    """The pages, and a picture of each demo, as it is when it opens."""
    sections = {}
    for demo in (kind() for kind in ALL):
        (folder / "img" / f"{type(demo).__name__}.png").write_bytes(demo.picture.value)
        sections[demo.chapter] = sections.get(demo.chapter, "") + section(demo)
    for stem in lessons.stems():
        (folder / page(stem)).write_text(lessons.lesson(stem, sections[stem[:2]]), encoding="utf-8")
    (folder / "instructor_guide.md").write_text(guide(), encoding="utf-8")


if __name__ == "__main__":
    write(DOCS)
