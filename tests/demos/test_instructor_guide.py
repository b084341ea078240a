"""The guide says of each demo what the demo says of itself."""

import struct

import build
import instructor_guide
import pytest

from nin_course.demos import ALL


def test_the_guide_is_current():
    written = (instructor_guide.DOCS / "instructor_guide.md").read_text()
    assert written == instructor_guide.guide(), "make demos"


@pytest.mark.parametrize("demo", ALL)
def test_a_demo_has_its_picture_in_the_guide_and_its_cell_in_its_chapter(demo):
    picture = (instructor_guide.DOCS / "img" / f"{demo.__name__}.png").read_bytes()
    assert struct.unpack(">II", picture[16:24]) == struct.unpack(">II", demo().picture.value[16:24]), "make demos"
    (chapter,) = [c for c in build.chapters() if c.stem.startswith(demo.chapter)]
    assert f"\n{demo.__name__}()\n" in chapter.read_text()
