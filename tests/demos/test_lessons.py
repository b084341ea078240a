"""The lessons: their minutes add up, and what they quote, count, bet on and set is what the course says and does."""

import ast
import datetime
import html
import json
import re

import build
import instructor_guide
import lessons
import pytest

ROOT = build.STUDENT.parent
PAGES = [lessons.DOCS / "instructor_guide.md", *sorted((lessons.DOCS / "teaching").glob("*.md"))]
each_lesson = pytest.mark.parametrize("stem", lessons.stems())
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def source(stem):
    return (lessons.SOURCES / f"{stem}.md").read_text(encoding="utf-8")


def page(stem):
    return (lessons.DOCS / "teaching" / f"{stem}.md").read_text(encoding="utf-8")


def table(text, first):
    """The rows of the table whose head begins so, cell by cell."""
    lines = text[text.index(f"| {first} |") :].split("\n\n")[0].splitlines()[2:]
    return [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines]


def book(stem, solved):
    folder = build.SOLVED if solved else build.STUDENT
    return json.loads((folder / f"{stem}.ipynb").read_text(encoding="utf-8"))


def outputs(stem, solved, kind):
    """All outputs of a notebook in one form, as text."""
    cells = [cell for cell in book(stem, solved)["cells"] if cell["cell_type"] == "code"]
    return ["".join(o["data"][kind]) for cell in cells for o in cell["outputs"] if kind in o.get("data", {})]


def headings(stem):
    lines = (build.SOURCE / f"{stem}.md").read_text(encoding="utf-8").splitlines()
    return [line.lstrip("# ") for line in lines if re.match(r"##+ [^#]", line) and "SOLUTION" not in line]


def buttons(stem):
    """The choices of each bet that has some, as the chapter's source has them, and the right one."""
    words = [option for bet in lessons.bets(stem) for option in bet.choices]
    told = outputs(stem, True, "text/html")
    return {word: any(f"<b>{word[0].upper()}{word[1:]}" in answer for answer in told) for word in words}


def test_every_chapter_with_exercises_has_a_lesson_and_nothing_else_has():
    assert lessons.stems() == [chapter.stem for chapter in build.chapters() if build.has_exercises(chapter)]
    assert [path.stem for path in PAGES[1:]] == lessons.stems()
    assert len(PAGES) == 11


@each_lesson
def test_the_minutes_add_up_and_the_long_lesson_takes_its_time(stem):
    rows = table(page(stem), 45)
    short, long = ([0 if row[i] == "–" else int(row[i]) for row in rows] for i in (0, 1))
    assert (sum(short), sum(long)) == (45, 90)
    assert all(0 <= few <= many and many >= 3 for few, many in zip(short, long, strict=True))
    assert min(minutes for minutes in short if minutes) >= 2


@each_lesson
def test_it_follows_the_chapter_section_by_section(stem):
    first, *sections = [section for _, _, section, _ in table(page(stem), 45)]
    assert first == "Open"
    places = [headings(stem).index(section) for section in sections]
    assert places == sorted(set(places))
    assert places[-1] == len(headings(stem)) - 1
    left_out = [section for section in headings(stem) if section not in sections]
    assert all(section.startswith("Exercise") or section == "Counted twice" for section in left_out)


@each_lesson
def test_every_bet_has_its_moment_and_every_demo_is_played(stem):
    tables = source(stem).split("## Wrong answers")[0]
    found = lessons.bets(stem)
    placed = [lessons.the(found, words) for words in lessons.BET.findall(tables)]
    assert placed == list(range(len(found)))
    played = {call.split("(")[0] for call, _ in lessons.DEMO.findall(tables)} | {"GuessingGame"}
    assert {demo.__name__ for demo in instructor_guide.demos_of(stem)} <= played


@each_lesson
def test_a_bet_is_asked_and_answered_as_the_notebooks_do_it(stem):
    """The student's copy asks. What is in bold when the solved one answers stands in the key, in its order."""
    said = [text.removeprefix("Your prediction: ") for text in outputs(stem, False, "text/plain") if "Your pre" in text]
    answers = outputs(stem, True, "text/html")
    entries = re.split(r"^\d+\. ", page(stem).split("## The bets\n")[1], flags=re.MULTILINE)[1:]
    for question, entry in zip(said, entries, strict=True):
        (answer,) = [a for a in answers if html.unescape(re.split("\n|<p", a)[0]) == question]
        rows = re.findall("left'>([^<]+)</td><td>[^<]*</td><td><b>(.+?)</b>", answer)
        rows = [f"{name}: {truth}" for name, truth in rows]
        bold = [html.unescape(words) for words in rows or re.findall("<b>(.+?)</b>", answer)]
        assert plain(entry).startswith(plain(question))
        rest = plain(entry).removeprefix(plain(question))
        if "Run it: no two machines say the same." in rest:
            assert not [words for words in bold if plain(words) in rest.split("same.")[0]]
            continue
        for words in bold:
            assert plain(words) in rest
            rest = rest[rest.index(plain(words)) :]


@each_lesson
def test_beside_a_bet_stands_what_the_key_has_under_its_number(stem):
    before, bets = page(stem).split("## The bets\n")
    keys = [plain(entry) for entry in re.split(r"^\d+\. ", bets, flags=re.MULTILINE)[1:]]
    mentioned = re.findall(r"\*\*bet (\d+)\*\* \((.+?)\)", before)
    assert {int(number) for number, _ in mentioned} == set(range(1, len(keys) + 1))
    for number, answers in mentioned:
        rest = keys[int(number) - 1]
        for answer in answers.split(" · "):
            answer = "Run it" if answer == "run it" else plain(answer)
            assert re.search(rf"(?<![\w.]){re.escape(answer)}(?![\w])", rest), rest
            rest = rest[rest.index(answer) :]


def plain(text):
    """Without what Markdown needs, and with one kind of minus."""
    return " ".join(re.sub(r"[*\\]", "", text).replace("−", "-").split())


@each_lesson
def test_a_quoted_mistake_is_the_checks_own_or_a_button_and_no_wrong_button_is_forgotten(stem):
    quoted = {q for said, _ in table(source(stem), "they say") for q in re.findall("“(.+?)”", said)}
    known = set()
    for path in (f"checks/ch{stem[:2]}.py", f"checks/mistakes/ch{stem[:2]}.py"):
        nodes = ast.walk(ast.parse((ROOT / "nin_course" / path).read_text(encoding="utf-8")))
        known |= {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    wrong = {word for word, right in buttons(stem).items() if not right}
    assert quoted <= known | wrong
    assert wrong <= quoted
    assert quoted


@each_lesson
def test_each_number_that_a_lesson_was_written_with_is_one_of_its_chapters(stem):
    """But for minutes, and the numbers of chapters and exercises."""
    text = re.sub(r"^\| (\d+|–) \| \d+ \|", "", source(stem), flags=re.MULTILINE).replace("| 45 | 90 |", "")
    text = re.sub(r"`[^`]*`|[Cc]hapters? \d\d|[Ee]xercises? \d|[Ww]ith (45|90)( minutes|\b)", "", text)
    cells = ["".join(cell["source"]) for cell in book(stem, True)["cells"]]
    chapter = "\n".join(cells + outputs(stem, True, "text/plain")).replace("_", ",")
    assert set(NUMBER.findall(text)) <= set(NUMBER.findall(chapter))


def test_the_day_is_a_chain_of_hours_and_each_meeting_has_ninety_minutes():
    text = PAGES[0].read_text(encoding="utf-8")
    rows = table(text, "at")
    times = [datetime.datetime.strptime(at, "%H:%M") for at, *_ in rows]
    for start, end, (_, minutes, _) in zip(times, times[1:], rows, strict=False):
        assert end - start == datetime.timedelta(minutes=int(minutes))
    assert (rows[0][0], rows[-1][0], rows[-1][2]) == ("9:00", "17:00", "the end")
    between = [what for *_, what in rows[:-1] if "teaching/" not in what]
    assert between == ["Ten questions", "break", "lunch", "break", "Ten questions, once more"]
    assert all(minutes == "45" for _, minutes, what in rows if "teaching/" in what)
    meetings = table(text, "week")
    assert [week for week, *_ in meetings] == list("11223344")
    assert all(sum(map(int, re.findall(r"\((\d\d)\)", lesson))) == 90 for _, lesson, _ in meetings)


@pytest.mark.parametrize("course", ["at", "week"])
def test_a_course_brings_the_chapters_in_an_order_in_which_each_has_what_it_needs(course):
    rows = table(PAGES[0].read_text(encoding="utf-8"), course)
    taught = re.findall(r"\(teaching/(\w+)\.md\)", "\n".join(" ".join(row) for row in rows))
    assert taught == lessons.stems()[: len(taught)]
    assert len(taught) >= 8
    for i, stem in enumerate(taught):
        contract = (build.SOURCE / f"{stem}.md").read_text(encoding="utf-8").split("you need")[1].split("\n\n")[0]
        assert set(re.findall(r"\((\d\d_\w+)\.ipynb\)", contract)) <= set(taught[:i])


def test_every_link_leads_to_a_file_and_every_anchor_to_a_heading():
    followed = 0
    for path in PAGES:
        for target, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", path.read_text(encoding="utf-8")):
            if target.startswith("http"):
                continue
            there = (path.parent / target).resolve() if target else path
            assert there.exists(), f"{path.name}: {target}"
            if anchor:
                lines = there.read_text(encoding="utf-8").splitlines()
                found = [re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in lines]
                assert anchor in [f for f, line in zip(found, lines, strict=True) if line.startswith("#")]
            followed += 1
    assert followed > 60


def test_what_a_demo_says_is_what_it_says_with_these_settings():
    """The sneaker in its two uppermost rows alone; a bias without a weight; a picture that is too small."""
    assert lessons.shown("BallotBox(image=42, rows=(0, 1))", "The answer") == (
        "image **42**, rows **0 to 1** → *The answer is: Sneaker (as with all 49).*"
    )
    assert lessons.shown("ChannelMixer(image=8, w1=0, w2=0, w3=0, bias=-0.5)") == (
        "image **Bag**, w₁ brightness **0.0**, w₂ vertical **0.0**, w₃ horizontal **0.0**, bias **−0.5** → "
        "*Weights (0.0, 0.0, 0.0): the 1×1 convolution gives −0.500 at (9, 6), and nn.Linear −0.500.*"
    )
    assert lessons.shown("FewPixels(size=2, names=True)", "2 × 2") == (
        "pixels a side **2**, show the names: **yes** → *2 × 2 = 4 numbers an image; the data set has 28 × 28 = 784.*"
    )
    assert lessons.shown("TrainingDesk()", "Learning").startswith("as it opens → *Learning rate now: ")


@pytest.mark.parametrize(
    ("call", "beginning", "words"),
    [
        ("BallotBox(image=60)", "", "image cannot be set so"),
        ("BallotBox(image=42)", "The verdict", "0 sentences begin with 'The verdict'"),
        ("Autopsy(seed=5, step=313)", "T", "2 sentences begin with 'T'"),  # This network …, and: Take the ReLU …
        ("SlidingWindow(size=33, kernel=5)", "", "size cannot be set so"),
    ],
)
def test_a_setting_or_a_sentence_that_a_demo_does_not_have_is_refused(call, beginning, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        lessons.shown(call, beginning)


def test_a_bet_that_was_changed_moved_or_left_without_a_reason_is_noticed(monkeypatch):
    stem = "03_global_average_pooling"
    found, reasons = lessons.bets(stem), lessons.REASON.findall(source(stem))
    assert "**0.04.**" in lessons.key(found, reasons)
    changed = [("What gradient", "How large a gradient")]
    asked = [b.question.replace(*changed[0]) for b in found]
    other = [lessons.Bet(q, b.choices, b.truths, b.because, b.steady) for q, b in zip(asked, found, strict=True)]
    with pytest.raises(ValueError, match="0 bets begin with 'What gradient'"):
        lessons.key(other, reasons)
    for less in (reasons[1:], reasons[:-1], [reasons[1], reasons[0], *reasons[2:]]):
        with pytest.raises(ValueError, match="There are 8 bets"):
            lessons.key(found, less)
    with pytest.raises(ValueError, match="3 bets begin with 'How many'"):
        lessons.the(lessons.bets("04_the_whole_network"), "How many")
