"""The pieces and the networks, as the notes describe them."""

import pytest
import torch
from torch import nn

import nin_course as d2l

NOTES_SHAPES = [
    (96, 54, 54),
    (96, 26, 26),
    (256, 26, 26),
    (256, 12, 12),
    (384, 12, 12),
    (384, 5, 5),
    (384, 5, 5),
    (10, 5, 5),
    (10, 1, 1),
    (10,),
]


def test_nin_walks_through_the_notes_ten_shapes():
    X, shapes = torch.rand(1, 1, 224, 224), []
    for stage in d2l.nin():
        X = stage(X)
        shapes.append(tuple(X.shape[1:]))
    assert shapes == NOTES_SHAPES


@pytest.mark.parametrize(("net", "parameters"), [("notes", 1_992_166), ("wide", 3_436_554)])
def test_nin_has_as_many_parameters_as_published(net, parameters):
    assert sum(p.numel() for p in d2l.nin(head=net).parameters()) == parameters


def test_the_wide_head_can_say_less_than_zero_and_the_notes_head_cannot():
    torch.manual_seed(0)
    X = torch.randn(4, 1, 99, 99)
    assert (d2l.nin(head="notes")(X) >= 0).all()
    assert (d2l.nin(head="wide")(X) < 0).any()


def test_an_unknown_head_is_named():
    with pytest.raises(ValueError, match="head='narrow' is not one of 'notes', 'wide'"):
        d2l.nin(head="narrow")


def test_nin_small_keeps_a_seven_by_seven_class_map_of_a_28_px_image():
    net = d2l.nin_small()
    maps = net[:-2](torch.rand(2, 1, 28, 28))
    assert maps.shape == (2, 10, 7, 7)
    assert net(torch.rand(2, 1, 28, 28)).shape == (2, 10)


def test_nin_small_gives_the_mean_of_its_class_maps():
    net, X = d2l.nin_small(), torch.rand(3, 1, 30, 41)
    torch.testing.assert_close(net(X), net[:-2](X).mean((2, 3)))


@pytest.mark.parametrize("build", [d2l.nin, d2l.nin_small])
def test_other_channels_and_classes_are_possible(build):
    assert build(num_classes=7, in_channels=3)(torch.rand(2, 3, 80, 80)).shape == (2, 7)


def test_nin_block_puts_a_relu_after_each_of_three_convolutions():
    block = d2l.nin_block(3, 8, kernel_size=5, stride=2, padding=2)
    assert [type(layer) for layer in block] == [nn.Conv2d, nn.ReLU] * 3
    assert [layer.kernel_size for layer in block[::2]] == [(5, 5), (1, 1), (1, 1)]


def test_global_average_pooling_is_the_mean_over_height_and_width():
    X = torch.randn(2, 5, 3, 7, dtype=torch.float64)
    torch.testing.assert_close(d2l.GlobalAvgPool2d()(X), X.mean((2, 3), keepdim=True))


def test_flatten_keeps_the_samples():
    X = torch.arange(24).reshape(2, 3, 4, 1)
    assert torch.equal(d2l.FlattenLayer()(X), X.reshape(2, 12))
