"""Answers, honest and not, in a process of their own."""

import pytest

from nin_course.checks import alone

RIGHT = "def accuracy(logits, labels):\n    return (logits.argmax(dim=1) == labels).float().mean()"
LIES = """import nin_course.checks.ch00 as ch00
from nin_course.checks._ladder import Verdict

ch00.accuracy = lambda answer: Verdict(True, "yes")
Verdict.passed = property(lambda self: True, lambda self, value: None)
"""


@pytest.mark.parametrize(("cells", "passed", "words"), [
    (["%matplotlib inline", "1 / 0", RIGHT], True, "Right"),
    ([RIGHT, f"{alone.GRADED} Really\nimport os; os._exit(1)", "accuracy = 5", RIGHT], True, "Right"),
    (["accuracy = lambda *_: print('[OK] Right')"], False, "returned None"),
    ([LIES, "accuracy = lambda *_: 1"], False, "change what is not theirs: nin_course.checks.ch00.accuracy"),
    (["def accuracy(logits, labels):\n    import torch\n    torch.allclose = lambda *_, **__: True\n    return 2.0"],
     False, "change what is not theirs: torch.allclose"),
    (["import os\nos._exit(0)", RIGHT], False, "ended before the check did"),
    ([], False, "There is no answer: NameError"),
])  # fmt: skip
def test_an_answer_is_judged_alone(cells, passed, words):
    verdict = alone.judged("ch00.accuracy(accuracy)", cells)
    assert (verdict.passed, words in verdict.text) == (passed, True), verdict


def test_an_answer_that_never_ends_is_not_graded():
    found = alone.judged("ch00.accuracy(accuracy)", ["while True:\n    pass"], seconds=8)
    assert found == (False, "Not graded: the cells and the check were not through after 8 s.")
