"""The course's curve: the best mean at each cost, of networks that were recorded with three seeds at least."""

import pytest
from matplotlib.figure import Figure

from nin_course.frontier import AXES, curve, prepare, rival
from nin_course.results import Point

# In parameters: squeeze 35,750 · 3x3@macs 90,036 · 2 and gmp 121,418 · map 126,328 · M 480,394
FOUND = [
    Point("map", 10_000, {}, "CPU", {0: 0.89, 1: 0.89, 2: 0.89}),
    Point("2", 10_000, {}, "CPU", {0: 0.88, 1: 0.90, 2: 0.92}),
    Point("gmp", 10_000, {}, "CPU", {0: 0.87, 1: 0.87, 2: 0.87}),
    Point("squeeze", 10_000, {}, "CPU", {3: 0.80, 4: 0.80, 5: 0.83}),
    Point("3x3@macs", 10_000, {}, "CPU", {0: 0.99, 1: 0.99}),
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


def test_without_three_seeds_there_is_no_rival():
    with pytest.raises(ValueError, match="No network was recorded with three seeds"):
        rival([FOUND[4]], "parameters", 10**6)


@pytest.mark.parametrize("cost", AXES)
def test_an_axis_is_in_the_unit_that_it_names_and_has_room_and_ticks(cost):
    words, unit = AXES[cost]
    assert words.endswith({1e3: ", in thousands", 1e6: "MB" if "memory" in words else ", in millions"}[unit])
    for far in (1.0, 1.3, 50):
        axis = Figure().add_subplot()
        prepare(axis, cost, [3e6, 3e6 * far], [0.8, 0.9])
        (low, high), (bottom, top) = axis.get_xlim(), axis.get_ylim()
        assert low < 3e6 / unit <= 3e6 * far / unit < high
        assert (bottom, top) == pytest.approx((79.5, 90.5))
        ticks = [tick for tick in axis.get_xticks() if low <= tick <= high]
        assert 2 <= len(ticks) <= 12
        assert not [tick for tick in axis.get_xticks(minor=True) if low <= tick <= high]
