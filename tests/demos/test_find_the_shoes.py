"""Find the shoes: what the picture marks, and what the line counts, against sums of its own."""

import re

import numpy as np
import pytest
from matplotlib.colors import to_hex
from seeing import (
    BLACK,
    BLUE,
    IMAGES,
    LABELS,
    NAMES,
    ORANGE,
    Watched,
    axis_named,
    color,
    fills,
    is_grey,
    legend,
    picture,
    points,
    shown,
    votes,
    votes_for_in_orange,
)

from nin_course.demos import FindTheShoes

DEMO = Watched(FindTheShoes, **FindTheShoes().state)
SHOES = (5, 7, 9)


def lead_of(canvas, wanted, black):
    """How far the best wanted class leads in the mean of 5 × 5 cells, and which cells are not black."""
    full = np.array(
        [[(canvas[4 * r : 4 * r + 4, 4 * c : 4 * c + 4] > 0).sum() >= 4 for c in range(27)] for r in range(27)]
    )
    maps = votes(canvas[None])[0] * (1 if black else full)
    padded = np.pad(maps, ((0, 0), (2, 2), (2, 2)))
    mean = sum(padded[:, r : r + 27, c : c + 27] for r in range(5) for c in range(5)) / 25
    return np.max(mean[list(wanted)], 0) - np.max(np.delete(mean, wanted, 0), 0), full


def garments(canvas):
    """(class, top, left) of each test image that lies somewhere on the canvas, found by its pixels."""
    found, brightness = [], IMAGES.reshape(2000, -1).sum(1)
    for ninth in range(9):
        for top in range(36 * (ninth // 3), 36 * (ninth // 3) + 9):
            for left in range(36 * (ninth % 3), 36 * (ninth % 3) + 9):
                box = canvas[top : top + 28, left : left + 28]
                near = np.flatnonzero(np.abs(brightness - box.sum()) < 0.01) if box.any() else []
                found += [(int(LABELS[i]), top, left) for i in near if np.abs(IMAGES[i] - box).max() < 1e-6]
    return found


def marked(axis, marker):
    """The marks of this kind."""
    (line,) = [line for line in axis.lines if line.get_marker() == marker]
    return line


STATES = [
    dict(),
    dict(seed=11, black=True, threshold=4.0),
    dict(seed=7, wanted=(8,), threshold=2.0),
    dict(seed=23, wanted=(6,), threshold=0.25),
    dict(seed=2, **dict.fromkeys([NAMES[k] for k in SHOES], False)),
    dict(seed=60, threshold=0.0, **dict.fromkeys(NAMES[:5], False)),
    dict.fromkeys(NAMES, False),
]


@pytest.mark.parametrize("state", STATES)
def test_what_stands_out_is_marked_and_counted_as_an_independent_count_does(state):
    start = FindTheShoes().state
    DEMO.at(**(start | state))
    now = start | state
    collage, votes_axis = axis_named(DEMO.figure, "blue frame"), axis_named(DEMO.figure, "how far")
    canvas = shown(picture(collage))
    there = garments(canvas)
    allowed = {k for k, name in enumerate(NAMES) if now[name]}
    assert len(there) == (6 if allowed else 0)
    assert {k for k, *_ in there} <= allowed
    lead, full = lead_of(canvas, now["wanted"], now["black"])
    np.testing.assert_allclose(shown(picture(votes_axis)), lead, atol=1e-3)
    places = [
        (r, c)
        for r in range(27)
        for c in range(27)
        if lead[r, c] > now["threshold"] and lead[r, c] == lead[max(r - 3, 0) : r + 4, max(c - 3, 0) : c + 4].max()
    ]
    wanted = [(top, left) for k, top, left in there if k in now["wanted"]]

    def holds(corner, place):
        return all(0 <= 4 * p + 2 - edge < 28 for p, edge in zip(place, corner, strict=True))

    hit = [any(holds(corner, p) for p in places) for corner in wanted]
    dots = [p for p in places if any(holds(corner, p) for corner in wanted)]
    crosses = [p for p in places if p not in dots]
    for marker, chosen, colour in (("o", dots, BLUE), ("X", crosses, ORANGE)):
        line, over_votes = marked(collage, marker), marked(votes_axis, marker)
        assert set(points(line)) == {(4 * c + 1.5, 4 * r + 1.5) for r, c in chosen}
        assert set(points(over_votes)) == {(c, r) for r, c in chosen}
        assert color(line) == color(over_votes) == colour
    shown_frames = [p for p in collage.patches if p.get_visible()]
    looks = {(p.get_width(), p.get_height(), to_hex(p.get_edgecolor()), p.get_fill()) for p in shown_frames}
    assert looks <= {(28, 28, BLUE, False)}
    frames = {(p.get_y() + 0.5, p.get_x() + 0.5): p.get_linestyle() for p in shown_frames}
    assert frames == {corner: "-" if h else "--" for corner, h in zip(wanted, hit, strict=True)}
    (scale,) = [axis for axis in DEMO.figure.axes if axis not in (collage, votes_axis)]
    assert [list(line.get_ydata()) for line in scale.lines if len(line.get_xydata()) == 2] == [[now["threshold"]] * 2]
    name = "Shoes" if now["wanted"] == SHOES else NAMES[now["wanted"][0]]
    counts = (sum(hit), "hit", "s"), (hit.count(False), "miss", "es"), (len(crosses), "false alarm", "s")
    counts = ", ".join(f"{n} {word}" if n == 1 else f"{n} {word}{ending}" for n, word, ending in counts)
    start = f"{name}, threshold {now['threshold']:g}: {counts}. As many guesses on what is not black, on average: "
    assert DEMO.line.startswith(start)
    lucky = re.fullmatch(r"([\d.]+) hits, ([\d.]+) false alarms\.", DEMO.line.removeprefix(start))
    cells = np.argwhere(full)
    shares = [np.mean([holds(corner, p) for p in cells]) for corner in wanted]
    expected = sum(1 - (1 - s) ** len(places) for s in shares), len(places) * (1 - sum(shares))
    assert [float(n) for n in lucky.groups()] == pytest.approx(expected, abs=0.051)


def test_the_picture_is_grey_a_lead_is_orange_and_fills_its_axis():
    DEMO.at(**FindTheShoes().state)
    collage, votes_axis = axis_named(DEMO.figure, "blue frame"), axis_named(DEMO.figure, "how far")
    assert is_grey(picture(collage))
    assert votes_for_in_orange(picture(votes_axis), 6)
    assert fills(picture(collage))
    assert fills(picture(votes_axis))
    assert FindTheShoes.size[1] * 110 < 400  # pixels: with its controls it fits below 600
    looks = [(mark.get_marker(), color(mark), words) for words, mark in legend(DEMO.figure).items()]
    assert looks == [
        ("o", BLUE, "in a wanted garment"),
        ("X", ORANGE, "false alarm"),
        ("None", BLACK, "threshold"),
    ]


def said(**state):
    DEMO.at(**(FindTheShoes().state | state))
    return [int(n) for n in re.findall(r"(\d+) (?:hit|miss|false)", DEMO.line)[:3]]


def test_what_chapter_07_says_was_found_is_there():
    assert said() == [3, 0, 1]
    assert said(black=True) == [3, 0, 11]
    assert said(threshold=2.0) == [1, 2, 0]
    assert said(seed=12, **dict.fromkeys([NAMES[k] for k in SHOES], False)) == [0, 0, 2]
    collage = axis_named(DEMO.figure, "blue frame")
    (at_the_edge, below) = sorted(points(marked(collage, "X")))
    bag = [(top, left) for k, top, left in garments(shown(picture(collage))) if k == 8]
    assert at_the_edge[0] < 4
    assert any(0 <= below[1] - (top + 28) < 12 and 0 <= below[0] - left < 28 for top, left in bag)
