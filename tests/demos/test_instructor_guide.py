"""The guide says of each demo what the demo says of itself, and shows it as it is when it opens."""

import re

import build
import instructor_guide
import numpy as np
import pytest
from PIL import Image

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
def test_a_demo_has_its_lines_its_picture_and_its_cell(demo, written):
    """A moved control changes a picture by more than a hundredth; another machine's letters by much less."""
    (section,) = [s for s in (STORED / "instructor_guide.md").read_text().split("\n## ") if f"/{demo.__name__}." in s]
    assert section.startswith(f"{demo.title.rstrip('?')} (chapter {demo.chapter})\n")
    assert section.endswith(f"- **Ask:** {demo.ask}\n- **Set:** {demo.set}\n- **See:** {demo.see}\n")
    stored, now = (Image.open(d / "img" / f"{demo.__name__}.png").convert("RGB") for d in (STORED, written))
    assert stored.size == now.size, "make demos"
    assert np.abs(np.asarray(stored, float) - np.asarray(now, float)).mean() < 0.005 * 255, "make demos"
    assert f"\n{demo.__name__}()\n" in CHAPTERS[demo.chapter]
