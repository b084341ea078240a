"""The guide says of each demo what the demo says of itself, and shows it as it is when it opens."""

import re
import shlex

import build
import instructor_guide
import pytest

from nin_course.__main__ import main
from nin_course.demos import ALL

STORED = instructor_guide.DOCS
CHAPTERS = {chapter.stem[:2]: chapter.read_text() for chapter in build.chapters()}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The guide and its pictures as they would be written now."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "img").mkdir()
    instructor_guide.write(folder)
    return folder


def test_the_guide_is_current_and_has_a_picture_of_each_demo_and_no_other(written):
    assert (STORED / "instructor_guide.md").read_text() == (written / "instructor_guide.md").read_text(), "make demos"
    shown = re.findall(r"]\(img/(\w+)\.png\)", (STORED / "instructor_guide.md").read_text())
    assert shown == [demo.__name__ for demo in ALL]
    assert {path.stem for path in (written / "img").iterdir()} == set(shown)


@pytest.mark.parametrize("demo", ALL)
def test_a_demo_has_its_lines_and_its_cell(demo):
    (section,) = [s for s in (STORED / "instructor_guide.md").read_text().split("\n## ") if f"/{demo.__name__}." in s]
    assert section.startswith(f"{demo.title.rstrip('?')} (chapter {demo.chapter})\n")
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
