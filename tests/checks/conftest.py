"""Chapter 06's five patients are trained before the clock of a check runs."""

import pytest

from nin_course.checks._ladder import own_settings
from nin_course.checks._patients import five_cases


@pytest.fixture(autouse=True)
def _patients(request):
    if "ch06" in request.node.nodeid:
        with own_settings():
            five_cases()
