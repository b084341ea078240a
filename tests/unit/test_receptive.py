"""The receptive field by arithmetic against the gradient of one cell, for any plan that hypothesis thinks of."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import nin_course as d2l
from nin_course.receptive import Window, receptive_field, seen, windows

LAYER = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 2), st.booleans())


def by_gradient(net, shape, cell):
    """The rows and columns of the image that have a gradient from this cell, summed over the channels."""
    X = torch.rand(shape, dtype=torch.double, requires_grad=True)
    (gradient,) = torch.autograd.grad(net.double()(X)[0, :, cell[0], cell[1]].sum(), X)
    felt = gradient[0].abs().sum(0) > 0
    return [felt.any(dim).nonzero().flatten().tolist() for dim in (1, 0)]


def averaging(kernel, stride, padding, pools):
    """A layer through which every pixel of its window is felt."""
    if pools:
        return nn.AvgPool2d(kernel, stride, min(padding, kernel // 2))
    conv = nn.Conv2d(1, 1, kernel, stride, padding)
    nn.init.uniform_(conv.weight, 0.5, 1.0)
    return conv


@settings(max_examples=60, deadline=None)
@given(
    plan=st.lists(LAYER, min_size=1, max_size=4), height=st.integers(20, 40), width=st.integers(20, 40), data=st.data()
)
def test_what_a_cell_sees_is_where_it_has_a_gradient(plan, height, width, data):
    net = nn.Sequential(*(averaging(*layer) for layer in plan))
    try:
        _, _, high, wide = d2l.summary(net, (1, 1, height, width)).output_shape
    except ValueError:
        return  # the plan is too large for the image
    cell = data.draw(st.integers(0, high - 1)), data.draw(st.integers(0, wide - 1))
    arithmetic = seen(windows(net, (1, 1, height, width)), cell)
    strided_past = any(layer[1] > layer[0] for layer in plan)  # a stride beyond its window leaves gaps between
    for by_hand, felt in zip(arithmetic, by_gradient(net, (1, 1, height, width), cell), strict=True):
        if len(by_hand) == 0 or not felt:
            assert len(felt) == 0
        elif strided_past:
            assert set(felt) <= set(by_hand)
        else:
            assert felt == list(by_hand)


@pytest.mark.parametrize("cell", [(0, 0), (2, 2), (4, 1)])
def test_a_cell_of_nins_class_map_sees_what_its_gradient_reaches(cell):
    torch.manual_seed(0)
    net = d2l.nin(head="wide").eval()
    layers = windows(net)
    assert receptive_field(layers) == (195, 32)
    rows, columns = by_gradient(net[:8], (1, 1, 224, 224), cell)
    assert [rows, columns] == [list(r) for r in seen(layers, cell)]


def test_a_cell_of_the_small_network_sees_20_pixels_and_its_neighbour_lies_4_further():
    layers = windows(d2l.nin_small(), (1, 1, 28, 28))
    assert receptive_field(layers) == (20, 4)
    assert seen(layers, (3, 3)) == (range(4, 24), range(4, 24))


def test_a_1x1_convolution_sees_no_further():
    with_them = windows(d2l.nin_small(), (1, 1, 28, 28))
    without = [layer for layer in with_them if layer.kernel > 1]
    assert len(without) == 5
    assert len(with_them) == 11
    assert receptive_field(without) == receptive_field(with_them)


def test_windows_are_told_as_they_are_with_the_map_that_they_move_over():
    net = nn.Sequential(nn.Conv2d(1, 2, 5, 2, 1), nn.ReLU(), nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.AvgPool2d(2)))
    assert windows(net, (1, 1, 21, 31)) == [
        Window("0", 5, 2, 1, (21, 31)),
        Window("2.0", 3, 1, 1, (10, 15)),
        Window("2.1", 2, 2, 0, (10, 15)),
    ]
    assert receptive_field(windows(net, (1, 1, 21, 31))) == (5 + 2 * 2 + 1 * 2, 4)
    assert [w.moves_over for w in windows(nn.Conv2d(1, 1, 1))] == [(224, 224)]


def test_a_cell_whose_windows_stand_in_the_padding_sees_nothing():
    layers = windows(nn.Sequential(nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1, padding=2)), (1, 1, 4, 4))
    assert [list(r) for r in seen(layers, (0, 3))] == [[], [1]]
    assert [list(r) for r in seen(layers, (7, 2))] == [[], [0]]


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.Conv2d(1, 1, (3, 5)), r"^kernel_size=\(3, 5\) is not square"),
        (nn.MaxPool2d(3, (2, 1)), r"^stride=\(2, 1\) is not square"),
        (nn.Conv2d(1, 1, 3, padding=(0, 1)), r"^padding=\(0, 1\) is not square"),
        (nn.Conv2d(1, 1, 3, dilation=2), "^Layer 1 is dilated; this counts windows without gaps"),
        (nn.MaxPool2d(3, dilation=3), "^Layer 1 is dilated"),
    ],
)
def test_a_window_that_is_not_counted_is_refused_and_the_network_left_alone(layer, words):
    net = nn.Sequential(nn.ReLU(), layer)
    with pytest.raises(ValueError, match=words):
        windows(net, (1, 1, 28, 28))
    assert not any(m._forward_hooks for m in net.modules())
