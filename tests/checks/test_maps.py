"""What a check finds in the maps of a network, whose two sides differ: in each direction alone, and in both."""

import itertools

import pytest
import torch
from exercises import EXERCISES

from nin_course.checks import _computes, _maps
from nin_course.checks.ch04 import _shared

HEIGHT, WIDTH = 4, 5
MAPS = torch.randn(2, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
ROWS, COLUMNS = ([slice(*ends) for ends in itertools.combinations(range(n + 1), 2)] for n in (HEIGHT, WIDTH))


def test_every_window_of_maps_is_told_from_the_whole():
    for rows, columns in itertools.product(ROWS, COLUMNS):
        part = MAPS[:, :, rows, columns]
        found = _maps.whole(torch.neg, -MAPS, part)
        assert (found is None) == (part.shape == MAPS.shape)
        assert found is None or torch.equal(found, MAPS)


@pytest.mark.parametrize("place", [*itertools.product((0, -1), repeat=4)])
def test_what_differs_from_maps_in_one_number_is_no_window_of_them(place):
    part = MAPS[:, :, 1:3, 1:4].clone()
    part[place] += 1e-3
    assert _maps.whole(torch.neg, -MAPS, part) is None


def test_what_is_seen_goes_from_its_first_row_to_the_last_and_from_its_first_column_to_the_last():
    for rows, columns in itertools.product(ROWS, COLUMNS):
        whole, corners = torch.zeros(2, HEIGHT, WIDTH, dtype=torch.bool)
        whole[rows, columns] = True
        corners[rows.start, columns.stop - 1] = corners[rows.stop - 1, columns.start] = True
        box = rows.start, rows.stop - 1, columns.start, columns.stop - 1
        assert _computes.box(whole) == _computes.box(corners) == box


def test_ch04_what_two_ranges_share_is_counted_in_cells():
    for a, b in itertools.product(COLUMNS, repeat=2):
        cells = [{*range(WIDTH)[r]} for r in (a, b)]
        both = max(a.stop, b.stop) - min(a.start, b.start)
        assert _shared((a.start, a.stop - 1), (b.start, b.stop - 1)) == len(cells[0] & cells[1]) / both


AXES = {  # how maps may stand on the way, and which of its axes are their places
    "(N, C, H, W)": (lambda maps: maps + 0, (2, 3)),
    "(N, H, W, C)": (lambda maps: maps.permute(0, 2, 3, 1) + 0, (1, 2)),
    "(N, C, places)": (lambda maps: maps.flatten(2) + 0, 2),
    "(N, places, C)": (lambda maps: maps.flatten(2).transpose(1, 2) + 0, 1),
}


@pytest.mark.parametrize("axes", AXES)
def test_class_maps_are_found_in_whatever_order_their_axes_stand(axes):
    turned, places = AXES[axes]
    net = lambda X: (0 * X).sum() + turned(MAPS).mean(dim=places)  # noqa: E731
    assert torch.equal(_maps.class_maps(net, torch.ones(2, 1, HEIGHT, WIDTH, dtype=torch.float64)), MAPS)


class Elsewhere(EXERCISES["ch04.design"].right["a module"][0]):
    """Half of its classes look at other rows, or other columns, than the rest."""

    def __init__(self, axis):
        super().__init__()
        self.axis = axis

    def forward(self, X):
        maps = self.again(self.think(self.look(X).relu()).relu()).relu()
        weights, biases = self.classes.weight.split(5), self.classes.bias.split(5)
        halves = map(torch.conv2d, (maps, maps.roll(3, self.axis)), weights, biases)
        return torch.cat([*halves], dim=1).mean(dim=(2, 3))


@pytest.mark.parametrize("axis", [2, 3])
def test_ch04_two_classes_that_look_at_different_rows_or_columns_are_told(axis):
    said = EXERCISES["ch04.design"](lambda: Elsewhere(axis)).text
    assert said.startswith("In one cell of its class maps, the first class and the last one look at different parts")
