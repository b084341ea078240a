"""The ten questions before and after: what each wrong button means, and that the solved copy computes the right one."""

import ast
import json
import re
from contextlib import redirect_stdout
from io import StringIO

import build
import pytest

SOURCE = build.SOURCE / "Q_ten_questions.md"
STUDENT, SOLVED = (json.loads(path.read_text(encoding="utf-8")) for path in build.targets(SOURCE))
HEADINGS = {
    chapter.stem: {
        re.sub(r"[*`]", "", line.lstrip("# "))
        for line in chapter.read_text(encoding="utf-8").splitlines()
        if line.startswith("## ")
    }
    for chapter in build.chapters()
}


def sources(book, kind="code"):
    return ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == kind]


def run(cells, namespace):
    """What each cell prints, and what its last expression looks like in a notebook's text."""
    said = []
    for source in cells:
        *statements, last = ast.parse(source).body
        with redirect_stdout(StringIO()) as printed:
            exec(compile(ast.Module(statements, []), "a cell", "exec"), namespace)
            value = None
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "a cell", "eval"), namespace)
            else:
                exec(compile(ast.Module([last], []), "a cell", "exec"), namespace)
        said.append(printed.getvalue() + ("" if value is None else repr(value)))
    return said


def stored(book):
    outputs = [cell["outputs"] for cell in book["cells"] if cell["cell_type"] == "code"]
    return [
        "".join("".join(o.get("text", "")) + "".join(o.get("data", {}).get("text/plain", "")) for o in some)
        for some in outputs
    ]


@pytest.fixture(scope="module")
def played():
    """The student's copy, run."""
    namespace = {}
    assert run(sources(STUDENT), namespace) == stored(STUDENT)
    return namespace


@pytest.fixture(scope="module")
def answered():
    """The solved copy, run: the right answer of each question, by its button."""
    namespace = {}
    assert run(sources(SOLVED), namespace) == stored(SOLVED)
    right = re.findall(r"^(\d+)\. .+\n(.+)", "\n".join(stored(SOLVED)), re.MULTILINE)
    return {
        question.question: next(o for o in question.control.options if answer.lower().startswith(f"{o}. ".lower()))
        for question, (_, answer) in zip(namespace["questions"], right, strict=True)
    }


def test_the_solved_copy_says_again_what_it_stores_and_names_a_button_each_time(answered):
    assert [question.split(".")[0] for question in answered] == [str(number) for number in range(1, 11)]


def test_each_wrong_button_and_no_right_one_is_a_named_misconception_of_a_section_of_the_course(played, answered):
    tables = [text for text in sources(SOLVED, "markdown") if text.startswith("| whoever says")]
    treated = set()
    for question, table in zip(played["questions"], tables, strict=True):
        rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
        wrong = [option for option in question.control.options if option != answered[question.question]]
        assert [said for said, *_ in rows] == wrong
        assert len(wrong) >= 2
        for _, thinks, where in rows:
            number, stem, section = re.fullmatch(r"\[(\d\d)\]\(\.\./(\w+)\.ipynb\), \*(.+)\*", where).groups()
            assert stem.startswith(number)
            assert section in HEADINGS[stem]
            assert len(thinks.split()) >= 4
            treated.add(number)
    assert treated == {f"0{number}" for number in range(1, 10)}


def test_the_students_copy_tells_no_answer(answered):
    text = json.dumps(STUDENT, ensure_ascii=False)
    assert "reveal" not in text
    assert "whoever says" not in text
    assert len(sources(STUDENT)) == len(sources(SOLVED)) - 10
    right = [json.dumps(answer, ensure_ascii=False) for answer in answered.values()]
    assert all(sources(STUDENT)[i + 1].count(answer) == 1 for i, answer in enumerate(right))


def test_the_right_button_is_not_always_the_same_one(played, answered):
    places = [q.control.options.index(answered[q.question]) for q in played["questions"]]
    assert {0, 1, 2} <= set(places)
    assert max(places.count(place) for place in places) <= 5


def test_the_last_line_says_which_buttons_were_pressed(played):
    for question, option in zip(played["questions"], (0, 2, None, 1, 1, 0, 0, 2, 1, None), strict=True):
        question.control.value = None if option is None else question.control.options[option]
    (line,) = run(sources(STUDENT)[-1:], played)
    assert line == "1A 2C 3– 4B 5B 6A 7A 8C 9B 10–\n"
