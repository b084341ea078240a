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


def test_autocast_works_in_bfloat16_and_channels_last_in_channels_last():
    net, seen = d2l.nin_small(), []
    net[0][2].register_forward_hook(lambda _, inputs, output: seen.append((inputs[0], output)))
    Fast(net, channels_last=True, autocast=True)(torch.rand(4, 1, 28, 28))
    assert seen[0][1].dtype == torch.bfloat16
    assert seen[0][0].is_contiguous(memory_format=torch.channels_last)
    assert not seen[0][0].is_contiguous()


def test_only_hardware_that_multiplies_bfloat16_is_said_to_have_it(monkeypatch):
    for capabilities, answer in (({}, False), ({"avx512_f": True}, False), ({"avx512_bf16": True}, True)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=capabilities: found, raising=False)
        assert has_bfloat16("cpu") is answer
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert has_bfloat16("cpu") is False
    assert has_bfloat16("meta") is False
