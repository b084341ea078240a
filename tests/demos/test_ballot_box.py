"""The ballot box: ten maps of votes, which of them are counted, and what the answer then is."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from seeing import (
    BLUE,
    GREY,
    IMAGES,
    LABELS,
    NAMES,
    SIXTY,
    Watched,
    axis_named,
    bars,
    box,
    color,
    is_grey,
    picture,
    row_of,
    rows_of,
    shown,
    votes,
    votes_for_in_orange,
)

from nin_course.demos import BallotBox
from nin_course.demos.ballot_box import voters

VOTES = votes(IMAGES[SIXTY])  # (60, 10, 7, 7)
DEMO = Watched(BallotBox, **BallotBox().state)


def ranges():
    return st.tuples(st.integers(0, 6), st.integers(0, 6)).map(sorted).map(tuple)


@settings(max_examples=15, deadline=None)
@example(36, (0, 6), (0, 6), False)
@example(36, (0, 5), (0, 6), False)
@example(20, (1, 6), (0, 6), False)
@example(55, (0, 6), (0, 3), True)
@given(st.integers(0, 59), ranges(), ranges(), st.booleans())
def test_what_is_counted_is_painted_and_only_what_is_counted_makes_the_answer(image, rows, columns, outside):
    DEMO.at(image=image, rows=rows, columns=columns, outside=outside)
    figure, maps = DEMO.figure, VOTES[image]
    counted = np.array(
        [[(rows[0] <= r <= rows[1] and columns[0] <= c <= columns[1]) != outside for c in range(7)] for r in range(7)]
    )
    whole, part = maps.sum((1, 2)) / 49, (maps * counted).sum((1, 2)) / 49
    said, at_first = NAMES[part.argmax()], NAMES[whole.argmax()]
    # the garment, and what of it is not counted
    garment = axis_named(figure, "in truth: ")
    assert garment.get_title() == f"in truth: {NAMES[image // 6]}"
    np.testing.assert_allclose(shown(picture(garment)), IMAGES[SIXTY[image]], atol=1e-6)
    assert is_grey(picture(garment))
    (shade,) = (i for i in garment.images if i.get_array().ndim == 3)
    assert shade.get_extent() == picture(garment).get_extent()
    np.testing.assert_allclose(shade.get_array()[..., 3], 0.72 * ~counted, atol=1e-6)
    assert np.ptp(shade.get_array()[..., :3]) == 0
    # the ten maps, each below its name, and a blue frame round the answer
    (mosaic,) = (axis for axis in figure.axes if len(axis.texts) == 10)
    votes_shown = shown(picture(mosaic))
    backs = [box(p) for p in mosaic.patches if p.get_fill()]
    (frame,) = (p for p in mosaic.patches if isinstance(p, Rectangle) and not p.get_fill())
    assert picture(mosaic).get_zorder() > max(p.get_zorder() for p in mosaic.patches if p.get_fill())
    used = np.zeros_like(votes_shown, dtype=bool)
    for text in mosaic.texts:
        x, y = text.get_position()
        ((left, top, wide, high),) = (b for b in backs if b[0] < x < b[0] + b[2] and 0 < b[1] - y < 1)
        assert (wide, high, x) == (7, 7, left + 3.5)
        place = np.s_[int(top + 0.5) : int(top + 7.5), int(left + 0.5) : int(left + 7.5)]
        expected = np.where(counted, maps[NAMES.index(text.get_text())], np.nan)
        np.testing.assert_allclose(votes_shown[place], expected, atol=1e-4)
        assert not used[place].any()
        used[place] = True
        assert (box(frame) == (left, top, 7, 7)) == (text.get_text() == said)
    assert np.isnan(votes_shown[~used]).all()
    assert to_hex(frame.get_edgecolor()) == BLUE
    # the counts
    count = axis_named(figure, "votes counted")
    assert rows_of(count) == NAMES
    before, after = bars(count)
    for bar, values in ((before, whole), (after, part)):
        found = {row_of(count, b): b.get_width() for b in bar}
        np.testing.assert_allclose([found[name] for name in NAMES], values, atol=1e-4)
        low, high = count.get_xlim()
        assert low < values.min() and values.max() < high  # noqa: PT018
        assert high - low < 1.1 * (max(0, *whole, *part) - min(0, *whole, *part)) + 0.5
    assert {row_of(count, b) for b in after if color(b) == BLUE} == {said}
    assert {to_hex(b.get_edgecolor()) for b in before} == {GREY}
    assert {to_hex(b.get_facecolor(), keep_alpha=True)[-2:] for b in before} == {"00"}
    change = "as with all 49" if said == at_first else f"with all 49 it is: {at_first}"
    assert DEMO.line == f"Image {image}: {counted.sum()} of 49 cells counted. The answer is: {said} ({change})."


def test_a_vote_for_a_class_is_orange_and_eight_is_the_full_colour_as_the_words_below_say():
    DEMO.at(image=36)
    (mosaic,) = (axis for axis in DEMO.figure.axes if len(axis.texts) == 10)
    assert votes_for_in_orange(picture(mosaic), 8)
    (below,) = (text.get_text() for text in DEMO.figure.texts)
    assert below == "orange: votes for the class    purple: against it    full colour: 8 or more    blue: the answer"


def test_the_images_are_six_of_each_class_and_the_votes_those_of_the_shipped_network():
    images, labels, maps = voters()
    np.testing.assert_array_equal(images, IMAGES[SIXTY])
    assert labels.tolist() == [k for k in range(10) for _ in range(6)]
    np.testing.assert_allclose(maps, VOTES, atol=1e-4)


def answer(image, rows=(0, 6), columns=(0, 6)):
    state = {"image": image, "rows": rows, "columns": columns, "outside": False}
    return NAMES[BallotBox.compute(state)["logits"].argmax()]


def test_what_chapter_03_says_was_found_in_the_ballot_box_is_there():
    assert {answer(42, (row, row)) for row in range(7)} == {"Sneaker"}
    assert [row for row in range(7) if answer(58, (row, row)) == "Ankle boot"] == [3]
    assert (answer(1), answer(1, (0, 5))) == ("T-shirt", "Shirt")
    assert (answer(27), answer(27, (1, 6))) == ("Coat", "Shirt")
    assert (VOTES.mean((2, 3)).argmax(1) != LABELS[SIXTY]).nonzero()[0].tolist() == [20, 28, 36, 55, 58]
    assert (answer(20), answer(20, (1, 6))) == ("Trouser", "Dress")
    assert (answer(55), answer(55, columns=(0, 3))) == ("Sandal", "Ankle boot")
