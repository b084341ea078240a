"""Where the multiplications are: against hand-worked numbers, PyTorch's own counter, and what torchvision publishes."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

import nin_course as d2l
from nin_course.modern import FAMILIES, KINDS, head, named, shares, steps


class Everywhere(nn.Module):
    """A layer for rows of features, at every place of (N, C, H, W)."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, X):
        return self.layer(X.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Attends(nn.Module):
    """Attention over the places of (N, 12, H, W); asked from `asked`, or from all places."""

    def __init__(self, asked=None):
        super().__init__()
        self.attention, self.asked = nn.MultiheadAttention(12, 3, batch_first=True), asked

    def forward(self, X):
        tokens = X.flatten(2).transpose(1, 2)
        return self.attention(tokens if self.asked is None else tokens[:, : self.asked].clone(), tokens, tokens)[0]


def told(net, shape):
    return [(s.kind, s.places, s.channels, s.parameters, s.macs) for s in steps(net, shape)]


@pytest.mark.parametrize("images", [1, 3])
def test_each_kind_of_layer_is_what_a_hand_counts_for_one_image(images):
    net = nn.Sequential(
        nn.Conv2d(3, 8, kernel_size=3, padding=1),
        nn.ReLU(inplace=images == 3),  # other operations of PyTorch's
        nn.Conv2d(8, 6, kernel_size=1, stride=2, bias=False),
        nn.Conv2d(6, 6, kernel_size=(3, 1), padding=(1, 0), groups=6),
        nn.ReLU6(inplace=images == 3),
        nn.Conv2d(6, 4, kernel_size=3, groups=2, padding=1),
        Everywhere(nn.Linear(4, 5)),
        nn.AdaptiveAvgPool2d(1),
        nn.Conv2d(5, 7, kernel_size=1),
        nn.Flatten(),
        nn.Linear(7, 2),
    )
    assert told(net, (images, 3, 10, 8)) == [
        ("window", 80, 8, 3 * 8 * 9 + 8, 80 * 3 * 8 * 9),
        ("ReLU", 80, 8, 0, 0),
        ("1×1", 20, 6, 48, 20 * 48),
        ("depthwise", 20, 6, 18 + 6, 20 * 18),
        ("ReLU", 20, 6, 0, 0),
        ("window", 20, 4, 3 * 4 * 9 + 4, 20 * 3 * 4 * 9),
        ("linear", 20, 5, 25, 20 * 20),
        ("GAP", 20, 5, 0, 0),
        ("dense", 1, 7, 42, 35),
        ("dense", 1, 2, 16, 14),
    ]
    assert [s.name for s in steps(net, (images, 3, 10, 8)) if s.name] == ["0", "2", "3", "5", "6.layer", "8", "10"]


def test_attention_has_its_projections_although_no_layer_is_called():
    """Twelve features, three heads, 2 × 5 places: three projections at once, 10 · 10 pairs of 12 numbers, twice."""
    within = 10 * 10 * 12
    assert told(Attends(), (2, 12, 2, 5)) == [
        ("linear", 10, 36, 3 * 144 + 36, 10 * 3 * 144),
        ("attention", 0, 10, 0, within),
        ("attention", 0, 4, 0, within),
        ("linear", 10, 12, 144 + 12, 10 * 144),
    ]
    done = steps(Attends(asked=4), (1, 12, 2, 5))  # its parameters stand in one tensor, and count once
    assert [s.macs for s in done] == [4 * 144, 10 * 2 * 144, 4 * 10 * 12, 4 * 10 * 12, 4 * 144]
    assert [s.parameters for s in done] == [3 * 144 + 36, 0, 0, 0, 156]
    assert {s.kind for s in done} == {"linear", "attention"}


def test_a_transformers_layer_is_two_thirds_feed_forward_for_each_token():
    layer = nn.TransformerEncoderLayer(12, 3, 48, batch_first=True)

    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def forward(self, X):
            return self.layer(X.flatten(2).transpose(1, 2))

    done = [s for s in steps(Tokens(), (1, 12, 3, 3)) if s.kind in KINDS]
    assert [s.macs // 9 for s in done] == [432, 108, 108, 144, 576, 576]
    assert [s.kind for s in done] == ["linear", "attention", "attention", "linear", "linear", "linear"]


def test_a_weight_that_is_used_twice_is_held_once():
    conv = nn.Conv2d(4, 4, kernel_size=1)
    assert [s[3:] for s in told(nn.Sequential(conv, nn.Tanh(), conv), (1, 4, 3, 3))] == [(20, 144), (0, 144)]


@pytest.mark.parametrize("pool", [
    nn.AdaptiveAvgPool2d(1), nn.AvgPool2d((3, 5)), d2l.GlobalAvgPool2d(), nn.AdaptiveAvgPool2d((1, 1)),
])  # fmt: skip
def test_a_mean_of_whole_maps_is_noticed_in_each_way_to_write_it(pool):
    assert told(pool, (2, 4, 3, 5)) == [("GAP", 15, 4, 0, 0)]


@pytest.mark.parametrize("other", [nn.AvgPool2d(2), nn.AdaptiveAvgPool2d((1, 5)), nn.MaxPool2d((3, 5)), nn.ReLU()])
def test_other_poolings_are_no_global_average(other):
    assert "GAP" not in [s.kind for s in steps(other, (2, 4, 3, 5))]
    assert told(nn.AdaptiveAvgPool2d(1), (2, 4, 1, 1)) == []


def test_shares_are_of_what_multiplies():
    net = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.BatchNorm2d(2), nn.Conv2d(2, 3, 2, bias=False))
    found = shares(steps(net, (1, 1, 3, 3)))
    assert list(found) == list(KINDS)
    assert found["1×1"] == (2 / 26, 18 / (18 + 96))
    assert found["window"] == (24 / 26, 96 / (18 + 96))
    assert {found[k] for k in ("linear", "depthwise", "attention", "dense")} == {(0, 0)}
    assert set(shares([]).values()) == {(0, 0)}


def test_a_head_is_what_stands_behind_the_last_maps():
    conv, gap, dense = nn.Conv2d(3, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Linear(5, 2)

    def of(*layers):
        pool, behind = head(steps(nn.Sequential(*layers), (1, 3, 6, 6)))
        return pool and (pool.places, pool.channels), [(s.kind, s.channels) for s in behind]

    assert of(conv, nn.ReLU(), gap) == ((16, 5), [])
    assert of(conv, gap, nn.Flatten(), dense) == ((16, 5), [("dense", 2)])
    assert of(conv, nn.Flatten(), nn.Linear(80, 4), nn.Linear(4, 2)) == (None, [("dense", 4), ("dense", 2)])
    assert of(gap, nn.Upsample(size=(6, 6)), conv, nn.Flatten(), nn.Linear(80, 2)) == (None, [("dense", 2)])


@pytest.mark.parametrize("name", [
    *("googlenet", "resnet50", "squeezenet1_1", "mobilenet_v2", "efficientnet_b0", "vit_b_16", "swin_t"),
    *("convnext_tiny", "maxvit_t", "regnet_y_800mf"),
])  # fmt: skip
def test_the_total_is_what_torchvision_publishes_and_what_pytorch_counts(name):
    published = models.get_model_weights(name).DEFAULT
    (side,) = published.transforms().crop_size
    net = named(name).eval()
    done = steps(net, (1, 3, side, side))
    macs = sum(s.macs for s in done)
    assert macs / 1e9 == pytest.approx(published.meta["_ops"], abs=6e-4)
    if name != "regnet_y_800mf":  # it is not on meta
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            net(torch.empty(1, 3, side, side, device="meta"))
        assert macs == counter.get_total_flops() // 2
    if name != "googlenet":  # what it publishes has heads for training, too
        assert sum(p.numel() for p in net.parameters()) == published.meta["num_params"]
    assert 0.985 < sum(s.parameters for s in done) / sum(p.numel() for p in net.parameters()) <= 1


def test_a_convnet_that_calls_its_layers_costs_what_the_summary_says():
    for net, shape in ((d2l.nin(), (2, 1, 224, 224)), (d2l.nin_small(), (1, 1, 28, 28))):
        found = d2l.summary(net, shape)
        assert sum(s.macs for s in steps(net, shape)) * shape[0] == found.macs
        assert sum(s.parameters for s in steps(net, shape)) == found.parameters


def test_the_network_that_is_asked_stays_as_it_is():
    net = d2l.nin_small().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    steps(net, (1, 1, 28, 28))
    with pytest.raises(RuntimeError):
        steps(net, (1, 1, 3, 3))
    assert net.training
    assert not any(layer._forward_pre_hooks or layer._forward_hooks for layer in net.modules())
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_the_families_are_each_there_once_and_fetch_nothing(monkeypatch):
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", lambda *_, **__: pytest.fail("fetched"))
    assert len(set(FAMILIES)) == len(FAMILIES) == 18
    assert set(FAMILIES) <= set(models.list_models(module=models))
    assert all(p.is_meta for p in named("googlenet").parameters())
    assert "aux1" not in dict(named("googlenet").named_parameters())
