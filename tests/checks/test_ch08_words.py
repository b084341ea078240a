"""What the checks of chapter 08 say: of three made-up networks, of an answer that is right, and of one that is not."""

import re
from math import sqrt

import numpy as np
import pytest
from exercises import EXERCISES

from nin_course.checks import ch08
from nin_course.checks.ch08 import ALLOWED, STATEMENTS, three_networks


def interval(one, two):
    """Both ends of the interval of one - two, of five pairs: Gosset's factor is 2.776."""
    of = three_networks()
    leads = np.array([of[one][seed] - of[two][seed] for seed in range(5)])
    half = 2.776 * leads.std(ddof=1) / sqrt(5)
    return leads.mean() - half, leads.mean() + half


def test_what_follows_is_what_the_numbers_say():
    assert {name: sorted(seeds) for name, seeds in three_networks().items()} == {n: [0, 1, 2, 3, 4] for n in "NPQ"}
    for letter, one, two in (("A", "P", "N"), ("C", "P", "Q")):
        assert STATEMENTS[letter].startswith(f"{one} is better than {two}")
        assert (interval(one, two)[0] > 0) == (letter in ALLOWED)
    low, high = interval("Q", "N")
    assert STATEMENTS["B"] == "Q is as good as N"
    assert low < 0 < 1 < high  # equal, or a whole point better
    assert STATEMENTS["D"].startswith("if Q is better than N")
    assert high < float(re.search(r"less than ([\d.]+) point", STATEMENTS["D"])[1])
    assert "60,000 training images" in STATEMENTS["E"]  # and no run of these had so many
    assert STATEMENTS["F"].endswith("next seed, P will be ahead of N")
    assert ALLOWED == "AD"


def test_whoever_is_right_is_told_what_it_means():
    assert ch08.what_follows("AD").text == "Right: A and D. The rest may be true; these runs do not say so."
    (right,) = EXERCISES["ch08.paired_difference"].right["by hand, in a list"]
    told = "Right: that is what `paired` does. Of two pairs hardly anything can be said: look at factor[2]."
    assert ch08.paired_difference(right).text == told

    def emptied(ours, theirs, factor):
        found = right(ours, theirs, factor)
        theirs.clear()
        return found

    assert ch08.paired_difference(emptied).text == f"{told} But it changes theirs in place, behind the caller's back."
    (right,) = EXERCISES["ch08.equal_width"].right["a search"]
    told = "Right. The more of the work a window does, the less there is to win by narrowing."
    assert ch08.equal_width(right).text == told


@pytest.mark.parametrize("exercise", ["paired_difference", "equal_width"])
def test_whoever_is_wrong_can_repeat_the_call_and_see_what_it_should_give(exercise):
    check = EXERCISES[f"ch08.{exercise}"]
    wrong = {"paired_difference": lambda *_: (0.5, 7), "equal_width": lambda i, o, k, n, s: o + 9 * i}[exercise]
    call, facts = re.match(r"(.*?\)): (.*)", check(wrong).text).groups()
    (right,) = check.right["by hand, in a list" if exercise == "paired_difference" else "a search"]
    given = {exercise: right, "factor": {2: 12.706, 4: 3.182, 5: 2.776, 6: 2.571}}
    wanted = [float(number) for number in re.findall(r"it should be (-?\d+(?:\.\d+)?)", facts)]
    assert np.atleast_1d(eval(call, given)) == pytest.approx(wanted, rel=1e-3)
