"""A network drawn to scale: a box for every stage, as high as its maps, as wide as its channels."""

from itertools import pairwise

import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_hex
from seeing import BLUE, GREY, ORANGE, WHITE, box, words
from torch import nn

import nin_course as d2l
from nin_course.demos import show_stages
from nin_course.demos.stages import draw_stages, stages

LIGHT = "#b9d4ec"
NET = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1),  # (16, 8, 8)
    nn.ReLU(),
    nn.Conv2d(16, 4, 1),  # (4, 8, 8)
    nn.MaxPool2d(2),  # (4, 4, 4)
    d2l.GlobalAvgPool2d(),  # (4, 1, 1)
    d2l.FlattenLayer(),
    nn.Linear(4, 2),  # (2,)
)
FOUND = [("input", (1, 8, 8)), ("Conv2d", (16, 8, 8)), ("1×1", (4, 8, 8)), ("MaxPool2d", (4, 4, 4))]
FOUND += [("GlobalAvgPool2d", (4, 1, 1)), ("Linear", (2,))]


def test_the_stages_are_the_input_the_convolutions_poolings_and_dense_layers():
    assert stages(NET, (1, 1, 8, 8)) == FOUND
    found = stages(d2l.nin_small(), (1, 1, 28, 28))
    assert len(found) == 1 + 9 + 2 + 1  # input, convolutions, poolings, global average pooling
    assert sum(kind == "1×1" for kind, _ in found) == 6


@pytest.mark.parametrize("high", [8, 16])
def test_each_stage_is_drawn_to_scale_in_its_colour_over_its_numbers(high):
    figure, axis = plt.subplots()
    end = draw_stages(axis, FOUND, high)
    boxes = [box(patch) for patch in axis.patches]
    assert [round(8 * high * b[3], 3) for b in boxes] == [64, 64, 64, 32, 2.4 * high, 2.4 * high]
    assert all(b[1] + b[3] / 2 == pytest.approx(0.5) for b in boxes)
    one, sixteen, four, also_four, bar, also_bar = (b[2] for b in boxes)
    assert sixteen > four == also_four > one > bar == also_bar
    assert sixteen - one == pytest.approx(3 * (four - one))  # the width grows with the root of the channels
    assert [to_hex(p.get_facecolor()) for p in axis.patches] == [WHITE, BLUE, LIGHT, GREY, WHITE, ORANGE]
    assert [bool(p.get_hatch()) for p in axis.patches] == [False, False, True, False, False, False]
    middles = [round(b[0] + b[2] / 2, 6) for b in boxes]
    below = {x: text for (x, y), text in words(axis).items() if y < 0}
    assert list(below) == middles
    assert list(below.values()) == ["1\n8×8", "16\n8×8", "4\n8×8", "4\n4×4", "4\n1×1", "2"]
    ((place, text),) = [(at, text) for at, text in words(axis).items() if at[1] > 0]
    assert text == "1×1"
    assert place[0] == middles[2]
    assert boxes[2][1] + boxes[2][3] < place[1] < boxes[2][1] + boxes[2][3] + 0.1
    gaps = [b[0] - (a[0] + a[2]) for a, b in pairwise(boxes)]
    assert min(gaps) > 0.2
    steps = {round(b - a, 6) for a, b in pairwise(middles)}
    assert steps == {1.05}  # narrow boxes all get the same room: that of the words below
    assert boxes[-1][0] + boxes[-1][2] < end == pytest.approx(6 * 1.05)
    assert not axis.axison
    plt.close(figure)


def test_a_wide_box_pushes_the_next_one_on_and_is_as_high_as_its_maps_whatever_their_width():
    figure, axis = plt.subplots()
    end = draw_stages(axis, [("Conv2d", (400, 4, 16)), ("Conv2d", (1, 8, 8))], 8)
    wide, narrow = (box(patch) for patch in axis.patches)
    assert wide[2] > 1
    assert (wide[3], narrow[3]) == (0.5, 1)
    assert narrow[0] > wide[0] + wide[2] + 0.2
    assert end > narrow[0] + narrow[2]
    plt.close(figure)


@pytest.mark.parametrize("order", [("whole", "half"), ("half", "whole"), ("half", "whole", "start")])
def test_networks_below_each_other_have_one_scale_and_each_its_name(monkeypatch, order):
    monkeypatch.setattr(plt, "show", lambda: None)
    parts = {"whole": 6, "half": 3, "start": 2}  # boxes
    nets = {"whole": NET, "half": NET[:3], "start": NET[:1]}
    show_stages({name: nets[name] for name in order}, (1, 1, 8, 8))
    figure = plt.gcf()
    assert tuple(axis.get_title(loc="left") for axis in figure.axes) == order
    whole = figure.axes[order.index("whole")]
    assert box(whole.patches[0])[3] == 1  # the highest maps are one unit high
    for axis, name in zip(figure.axes, order, strict=True):
        assert [box(p) for p in axis.patches] == [box(p) for p in whole.patches[: parts[name]]]
        assert axis.get_xlim() == whole.get_xlim()
        assert axis.get_ylim()[0] < -0.3 < 1.1 < axis.get_ylim()[1]
        assert axis.get_xlim()[0] <= 0
        assert 6.25 < axis.get_xlim()[1] < 6.4
    assert all(above.get_position().y0 > below.get_position().y1 for above, below in pairwise(figure.axes))
    assert figure.get_size_inches().tolist() == [10, 2.4 * len(order)]
    plt.close(figure)
