"""A network's answer is the sum of its cells' votes, whatever the network, the image's size and what is counted."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import nin_course as d2l
from nin_course.evidence import class_maps, recount


@settings(max_examples=15, deadline=None)
@given(st.integers(20, 40), st.integers(20, 40), st.integers(1, 3))
def test_the_means_of_the_class_maps_are_the_logits_on_any_canvas(height, width, n):
    net, X = d2l.nin_small().eval(), torch.randn(n, 1, height, width)
    nn.init.uniform_(net[4][-1].bias[:5], 1, 2)
    nn.init.uniform_(net[4][-1].bias[5:], -2, -1)
    maps = class_maps(net, X)
    assert maps.min() < 0 < maps.max()
    assert not maps.requires_grad
    with torch.no_grad():
        torch.testing.assert_close(maps.mean(dim=(2, 3)), net(X))


def test_they_are_taken_in_evaluation_mode_and_the_network_is_left_as_it_was():
    net = nn.Sequential(nn.Conv2d(1, 3, 2), nn.Dropout(0.5), nn.BatchNorm2d(3), d2l.GlobalAvgPool2d()).train()
    net[1].eval()
    X = torch.rand(2, 1, 6, 7)
    assert torch.equal(class_maps(net, X), net[:3].eval()(X))
    net[:3].train()
    before = net[2].running_mean.clone()
    class_maps(net, X)
    assert torch.equal(net[2].running_mean, before)
    assert net.training
    assert all(not m._forward_pre_hooks for m in net.modules())


def test_the_pooling_is_found_wherever_it_is():
    body = nn.Conv2d(1, 3, 2)
    net, X = (
        nn.Sequential(nn.Sequential(body, nn.Sequential(d2l.GlobalAvgPool2d())), nn.Flatten()),
        torch.rand(2, 1, 6, 7),
    )
    assert torch.equal(class_maps(net, X), body(X))


def test_what_is_not_counted_takes_its_share_away_and_no_more():
    maps, counted = torch.randn(3, 10, 7, 7), torch.rand(7, 7) < 0.5
    torch.testing.assert_close(recount(maps, counted) + recount(maps, ~counted), maps.mean(dim=(2, 3)))
    assert (recount(maps, torch.zeros(7, 7, dtype=torch.bool)) == 0).all()
    one = torch.zeros(7, 7, dtype=torch.bool)
    one[2, 5] = True
    torch.testing.assert_close(recount(maps, one), maps[:, :, 2, 5] / 49)


def test_a_network_without_global_average_pooling_is_refused_in_words():
    with pytest.raises(ValueError, match="has 0 GlobalAvgPool2d layers; class maps go into exactly one"):
        class_maps(d2l.nin_small(head="dense"), torch.zeros(1, 1, 28, 28))
    with pytest.raises(ValueError, match="has 2 GlobalAvgPool2d layers"):
        class_maps(nn.Sequential(d2l.GlobalAvgPool2d(), d2l.GlobalAvgPool2d()), torch.zeros(1, 1, 2, 2))
