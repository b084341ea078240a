"""The guide says of each demo what the demo says of itself."""

import instructor_guide


def test_the_guide_is_current():
    written = (instructor_guide.DOCS / "instructor_guide.md").read_text()
    assert written == instructor_guide.guide(), "make demos"
