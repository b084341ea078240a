"""The course's curve: the best mean at each cost, of networks that were recorded with three seeds at least."""

import pytest
from matplotlib.figure import Figure

from nin_course.frontier import AXES, cost_of, curve, prepare, rival
from nin_course.results import Point

# In parameters: squeeze 35,750 · 3x3@macs 90,036 · 2 and gmp 121,418 · map 126,328 · M 480,394
FOUND = [
    Point("map", 10_000, {}, "CPU", {0: 0.89, 1: 0.89, 2: 0.89}),
    Point("2", 10_000, {}, "CPU", {0: 0.88, 1: 0.90, 2: 0.92}),
    Point("gmp", 10_000, {}, "CPU", {0: 0.87, 1: 0.87, 2: 0.87}),
    Point("squeeze", 10_000, {}, "CPU", {3: 0.80, 4: 0.80, 5: 0.83}),
    Point("3x3@macs", 10_000, {}, "CPU", {4: 0.99, 9: 0.99}),
    Point("M", 10_000, {}, "CPU", {k: 0.91 for k in range(5)}),
]


def test_the_curve_is_the_best_mean_at_each_cost_and_rises_at_every_step():
    steps = [(35_750, pytest.approx(0.81)), (121_418, pytest.approx(0.90)), (480_394, pytest.approx(0.91))]
    assert curve(FOUND, "parameters") == steps
    assert curve(reversed(FOUND), "parameters") == steps
    assert [cost for cost, _ in curve(FOUND, "macs")] == sorted(cost for cost, _ in curve(FOUND, "macs"))
    assert curve([FOUND[4]], "macs") == curve([], "macs") == []


@pytest.mark.parametrize(("parameters", "net"), [
    (1, "squeeze"),  # nothing is as small: the smallest counts
    (35_750, "squeeze"),
    (100_000, "squeeze"),  # two seeds do not count
    (121_417, "squeeze"),
    (121_418, "2"),
    (130_000, "2"),  # a larger network that is worse makes no curve
    (480_393, "2"),
    (480_394, "M"),
    (10**9, "M"),
])  # fmt: skip
def test_the_rival_is_the_best_that_costs_no_more(parameters, net):
    assert rival(FOUND, "parameters", parameters).net == net


def test_the_smallest_that_counts_is_the_rival_of_all_that_are_smaller():
    assert rival([FOUND[4], FOUND[1]], "parameters", 1).net == "2"  # of the smaller one there are two seeds


def test_a_rival_costs_no_more_of_what_is_asked_for():
    assert rival(FOUND, "macs", 11_929_344).net == "2"
    assert rival(FOUND, "macs", 11_929_343).net == "squeeze"


def test_without_three_seeds_there_is_no_rival():
    with pytest.raises(ValueError, match="No network was recorded with three seeds"):
        rival([FOUND[4]], "parameters", 10**6)


WORDS = {
    "parameters": ("parameters, in thousands", 1e3),
    "macs": ("MACs an image, in millions", 1e6),
    "to_train": ("memory to train on 64 images, in MB", 1e6),
    "to_predict": ("memory to predict an image, in MB", 1e6),
}


@pytest.mark.parametrize("cost", WORDS)
@pytest.mark.parametrize(("far", "labels"), [
    (1, ["2.5", "3"]),
    (1.3, ["2.5", "3", "4"]),
    (8, ["2.5", "3", "4", "5", "6", "8", "10", "12.5", "15", "20", "25", "30"]),
    (50, ["3", "5", "7", "10", "15", "20", "30", "50", "70", "100", "150"]),
])  # fmt: skip
def test_an_axis_is_in_the_unit_that_it_names_with_round_numbers_and_room_on_all_sides(cost, far, labels):
    (words, unit), figure = WORDS[cost], Figure()
    assert AXES.keys() == WORDS.keys()
    axis = figure.add_subplot()
    between = 3 * unit * far**0.5
    prepare(axis, cost, iter([between, 3 * unit * far, 3 * unit, between]), iter([0.85, 0.9, 0.8, 0.85]))
    figure.draw_without_rendering()
    assert (axis.get_xlabel(), axis.get_ylabel()) == (words, "% of the test images right")
    assert axis.get_xscale() == "log"
    (low, high), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    assert low * 1.1 < 3 <= 3 * far < high / 1.1
    assert (bottom, top) == pytest.approx((79.5, 90.5))
    ticks = [(tick, label.get_text()) for tick, label in zip(axis.get_xticks(), axis.get_xticklabels(), strict=True)]
    assert [text for tick, text in ticks if low <= tick <= high] == labels
    assert not [tick for tick in axis.get_xticks(minor=True) if low <= tick <= high]
    assert {name: spine.get_visible() for name, spine in axis.spines.items()} == {
        "left": True, "bottom": True, "top": False, "right": False,
    }  # fmt: skip
    assert {line.get_alpha() for line in (*axis.get_xgridlines(), *axis.get_ygridlines())} == {0.25}


def test_a_point_costs_what_its_network_does():
    """By hand: 261,582 numbers of an image come out of all layers, with it; 121,418 to learn; 2 · 32 · 28² at once."""
    costs = {"parameters": 121_418, "macs": 11_929_344}
    costs |= {"to_train": 4 * (4 * 121_418 + 64 * 261_582), "to_predict": 4 * (121_418 + 2 * 32 * 28 * 28)}
    assert {cost: cost_of(FOUND[1], cost) for cost in AXES} == costs
