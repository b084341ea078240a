"""Channels-last and bfloat16 change the time, not the network."""

import pytest
import torch
from torch import nn

import nin_course as d2l
from nin_course.speed import Fast, has_bfloat16


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("autocast", [False, True])
def test_logits_and_gradients_are_those_of_the_plain_network_up_to_rounding(channels_last, autocast):
    torch.manual_seed(0)
    plain, net, X = d2l.nin_small(), d2l.nin_small(), torch.rand(32, 1, 28, 28)
    net.load_state_dict(plain.state_dict())
    fast = Fast(net, channels_last=channels_last, autocast=autocast)
    expected, found = plain(X), fast(X)
    assert found.dtype == torch.float32
    scale, tolerance = expected.abs().max(), 0.05 if autocast else 1e-4
    assert (found - expected).abs().max() < tolerance * scale
    for logits in (expected, found):
        nn.functional.cross_entropy(logits, torch.arange(32) % 10).backward()
    a, b = (torch.cat([p.grad.flatten() for p in each.parameters()]) for each in (plain, net))
    assert b.dtype == torch.float32
    assert (a - b).norm() < (0.2 if autocast else 1e-3) * a.norm()


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("autocast", [False, True])
def test_inside_numbers_are_as_short_and_lie_as_the_settings_say(channels_last, autocast):
    net, seen = d2l.nin_small(), []
    net[0][2].register_forward_hook(lambda _, inputs, output: seen.append((inputs[0], output)))
    fast = Fast(net, channels_last=channels_last, autocast=autocast)
    for X in (torch.rand(4, 1, 28, 28), torch.rand(4, 1, 28, 28).to(memory_format=torch.channels_last)):
        for trains in (True, False):
            fast.train(trains)(X)
    assert fast.net is net
    assert len(seen) == 4
    assert {output.dtype for _, output in seen} == {torch.bfloat16 if autocast else torch.float32}
    for X, _ in seen[:2]:  # of images that lie as usual, whether it trains or not
        assert X.is_contiguous(memory_format=torch.channels_last) is channels_last
        assert X.is_contiguous() is not channels_last
    weight = net[2][0].weight  # of more than one input channel, so that the two ways differ
    assert weight.is_contiguous(memory_format=torch.channels_last) is channels_last
    assert weight.dtype == torch.float32


def test_images_are_laid_out_before_the_first_layer():
    seen = []

    class Look(nn.Module):
        def forward(self, X):
            seen.append(X.is_contiguous(memory_format=torch.channels_last))
            return X

    for training in (True, False):
        Fast(Look(), channels_last=True).train(training)(torch.rand(2, 3, 4, 4))
        Fast(Look()).train(training)(torch.rand(2, 3, 4, 4))
    assert seen == [True, False] * 2


def test_only_hardware_that_multiplies_bfloat16_is_said_to_have_it(monkeypatch):
    without, having = ({}, {"avx512_f": True, "avx2": True}), ({"avx512_bf16": True}, {"amx_bf16": True})
    for capabilities, answer in [*((found, False) for found in without), *((found, True) for found in having)]:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=capabilities: found, raising=False)
        assert has_bfloat16("cpu") is answer
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert has_bfloat16("cpu") is False
    for answer in (False, True):  # a GPU that has it not can still compute so, which is slower
        monkeypatch.setattr(
            torch.cuda, "is_bf16_supported", lambda including_emulation=True, a=answer: including_emulation or a
        )
        assert has_bfloat16("cuda") is answer
    assert has_bfloat16("meta") is False
