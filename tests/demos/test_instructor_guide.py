"""The guide is current; it says of each demo what the demo says of itself, and shows it as it is when it opens."""

import re
import shlex

import build
import instructor_guide
import pytest

from nin_course.__main__ import main
from nin_course.demos import ALL

STORED = instructor_guide.DOCS
CHAPTERS = {chapter.stem[:2]: chapter.read_text() for chapter in build.chapters()}
PAGES = {path.stem[:2]: path.read_text() for path in (STORED / "teaching").glob("*.md")}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The guide, its lessons and its pictures as they would be written now."""
    folder = tmp_path_factory.mktemp("docs")
    for part in ("img", "teaching"):
        (folder / part).mkdir()
    instructor_guide.write(folder)
    return folder


def test_the_guide_is_current_and_has_a_picture_of_each_demo_and_no_other(written):
    names = {path.name for path in (STORED / "teaching").glob("*.md")}
    assert {path.name for path in (written / "teaching").iterdir()} == names
    for name in ("instructor_guide.md", *(f"teaching/{name}" for name in names)):
        assert (STORED / name).read_text() == (written / name).read_text(), "make demos"
    shown = [demo for number in sorted(PAGES) for demo in re.findall(r"]\(../img/(\w+)\.png\)", PAGES[number])]
    assert shown == [demo.__name__ for demo in ALL]
    assert {path.stem for path in (written / "img").iterdir()} == set(shown)


@pytest.mark.parametrize("demo", ALL)
def test_a_demo_has_its_lines_and_its_cell(demo):
    (section,) = [s for s in PAGES[demo.chapter].split("\n## ") if f"/{demo.__name__}." in s]
    assert section.startswith(f"{demo.title.rstrip('?')}\n")
    assert " ".join(section.split()).endswith(f"- **Ask:** {demo.ask} - **Set:** {demo.set} - **See:** {demo.see}")
    assert f"\n{demo.__name__}()\n" in CHAPTERS[demo.chapter]


def test_the_command_by_which_a_class_compares_its_runs_is_one(monkeypatch):
    """As it stands there, and with each of the other prices that are named."""
    (section,) = [s for s in (STORED / "instructor_guide.md").read_text().split("\n## ") if s.startswith("A class")]
    (command,) = re.findall(r"^python -m nin_course (compare .*)$", section, re.MULTILINE)
    asked = []
    monkeypatch.setattr("nin_course.compare.compare", lambda **how: asked.append(how) or 0)
    assert main(shlex.split(command)) == 0
    others = re.search(r"`--cost (\w+)`, `(\w+)` or `(\w+)`", section).groups()
    assert all(main([*shlex.split(command), "--cost", cost]) == 0 for cost in others)
    assert [how["cost"] for how in asked] == ["parameters", *others]
    assert asked[0]["paths"] == ["class"]
    assert {f"--{word}" for word in re.findall(r"`--(\w+)", section)} == {"--cost", "--seed"}
