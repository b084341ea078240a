"""The networks of chapter 08 have the layers of their names and cost what they are said to."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import nin_course as d2l
from nin_course.lab import HEADS, VARIANTS, block, costs, makers, small
from nin_course.norm import add_batch_norm, fold_batch_norm

BASE = VARIANTS["2"].make()
EQUAL = sorted(key for key in VARIANTS if "@" in key)


def convolutions(net):
    return [m for m in net.modules() if isinstance(m, nn.Conv2d)]


def counted(net, size=28):
    """Parameters, and MACs by PyTorch's own counter, which counts two FLOPs for one."""
    with FlopCounterMode(display=False) as counter, torch.device("meta"):
        net.to("meta")(torch.empty(1, 1, size, size))
    return {"parameters": sum(p.numel() for p in net.parameters()), "macs": counter.get_total_flops() / 2}


# ---- the networks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", EQUAL)
def test_what_is_said_to_cost_the_same_does(key):
    """Within 2%, the widths in the ratio 1 : 2 : 4, as far as whole channels allow."""
    cost, net = key.split("@")[1], VARIANTS[key].make()
    first, second, third = (convolutions(block)[0].out_channels for block in (net[0], net[2], net[4]))
    assert counted(net)[cost] == pytest.approx(counted(small())[cost], rel=0.02)
    assert abs(second - 2 * first) <= 1
    assert third == 10 if key.startswith("squeeze") else abs(third - 4 * first) <= 3


# The kernels of all convolutions, from the image to the classes.
KERNELS = {"0": "5 3 3 1", "1": "51 31 31", "2": "511 311 311", "3": "5111 3111 3111", "3x3": "533 333 331"}
KERNELS |= {"squeeze": "511 311 311", "twin": "511 311 31", "hidden": "511 311 31", "L3": KERNELS["3"]}
KERNELS |= dict.fromkeys(("notes-wide", "notes-squeeze"), "B11 511 311 311")


@pytest.mark.parametrize("key", VARIANTS)
def test_a_variant_has_the_layers_of_its_name_and_ten_logits(key):
    variant = VARIANTS[key]
    net = variant.make()
    kernels = KERNELS.get(key.split("@")[0], KERNELS["2"]).replace(" ", "")
    assert [m.kernel_size[0] for m in convolutions(net)] == [int(k, 16) for k in kernels]
    X = torch.rand(3, 1, variant.size, variant.size)
    assert net(X).shape == (3, 10)
    dropped = [m.p for m in net.modules() if isinstance(m, nn.Dropout)]
    assert dropped == [0.5] * ("drop" in variant.what or key.startswith("notes"))  # the plan of `nin` has one, too
    folded = fold_batch_norm(add_batch_norm(net)).state_dict()
    net.load_state_dict(folded, strict=True)


def test_the_plan_is_that_of_small():
    assert str(VARIANTS["M"].make()) == str(d2l.nin_small())
    assert str(small((64, 128, 256), head="twin")) == str(d2l.nin_small(head="dense"))
    assert str(nn.Sequential(*block(3, 5, 3))) == str(d2l.nin_block(3, 5, 3, 1, 1))
    assert [m.out_channels for m in convolutions(BASE)] == [32, 32, 32, 64, 64, 64, 128, 128, 10]
    assert str(VARIANTS["S"].make()) == str(BASE)
    for key, parameters in {"S": 121_418, "M": 480_394, "L": 648_298, "XL": 917_450}.items():
        assert counted(VARIANTS[key].make())["parameters"] == parameters
    assert counted(VARIANTS["L3"].make())["parameters"] == pytest.approx(648_298, rel=0.01)


@pytest.mark.parametrize("key", VARIANTS)
def test_a_variant_is_made_anew_under_its_key(key):
    one, another = makers()[key](), makers()[key]()
    assert str(one) == str(another) == str(VARIANTS[key].make())
    assert not torch.equal(next(one.parameters()), next(another.parameters()))


@pytest.mark.parametrize("key", VARIANTS)
def test_a_variant_knows_its_costs_without_numbers_in_its_weights(key):
    variant = VARIANTS[key]
    assert variant.costs == costs(variant.make(), variant.size)
    assert variant.costs is variant.costs


def test_the_heads_do_what_they_are_called():
    torch.manual_seed(0)
    X = torch.rand(4, 1, 28, 28)
    with torch.no_grad():
        for key, pooled in {"2": lambda maps: maps.mean((2, 3)), "gmp": lambda maps: maps.amax((2, 3))}.items():
            net = VARIANTS[key].make()
            maps = net[:5](X)
            assert maps.shape == (4, 10, 7, 7)
            torch.testing.assert_close(net(X), pooled(maps))
        dense, dropped = VARIANTS["map"].make(), VARIANTS["map+dropout"].make()
        torch.testing.assert_close(dense(X), dense[:5](X).flatten(1) @ dense[6].weight.T + dense[6].bias)
        dropped.load_state_dict({k.replace("6.", "7."): v for k, v in dense.state_dict().items()})
        torch.testing.assert_close(dropped.eval()(X), dense(X))
        assert not torch.equal(dropped.train()(X), dropped(X))
        assert HEADS["hidden"](128)[1].in_features == VARIANTS["twin"].make()[6].in_features == 128 * 7 * 7
        layers = [d2l.FlattenLayer, nn.Linear, nn.ReLU, nn.Dropout, nn.Linear]
        assert [type(layer) for layer in VARIANTS["hidden"].make()[5:]] == layers
        assert VARIANTS["hidden"].make()[-1].in_features == 256
        assert "two dense layers, 256 wide" in VARIANTS["hidden"].what
        assert "the last 128 maps" in VARIANTS["twin"].what
        relu, plain = VARIANTS["relu"].make(), small()
        plain.load_state_dict(relu.state_dict())
        torch.testing.assert_close(relu[:5](X), plain[:5](X).relu())


def test_the_poolings_between_the_blocks():
    for key in ("2", "gmp"):
        assert [type(VARIANTS[key].make()[k]) for k in (1, 3)] == [nn.MaxPool2d] * 2
    for key in ("avgpool", "avgpool+gmp"):
        assert [type(VARIANTS[key].make()[k]) for k in (1, 3)] == [nn.AvgPool2d] * 2
    assert isinstance(VARIANTS["avgpool+gmp"].make()[5], nn.AdaptiveMaxPool2d)


def test_squeezed_is_ten_wide_from_the_last_blocks_first_layer_on():
    assert [m.out_channels for m in convolutions(VARIANTS["squeeze"].make())] == [32, 32, 32, 64, 64, 64, 10, 10, 10]
    wide, squeezed = VARIANTS["notes-wide"].make(), VARIANTS["notes-squeeze"].make()
    assert [m.out_channels for m in convolutions(wide)] == [24] * 3 + [64] * 3 + [96] * 5 + [10]
    assert [m.out_channels for m in convolutions(squeezed)] == [24] * 3 + [64] * 3 + [96] * 3 + [10] * 3
    assert {VARIANTS[key].size for key in ("notes-wide", "notes-squeeze")} == {131}
    for net in (wide, squeezed):
        assert net.eval()[:-2](torch.rand(1, 1, 131, 131)).shape == (1, 10, 3, 3)
        assert isinstance(net[7][-1], nn.Conv2d)


# ---- costs and comparisons ------------------------------------------------------------------------------------------


def test_the_four_costs_of_a_network_that_one_can_count():
    """Of 4×4 px: numbers 16, behind the convolution 32, behind the ReLU 32, pooled 2, in a row 2; 20 parameters."""
    net = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), d2l.GlobalAvgPool2d(), d2l.FlattenLayer())
    found = costs(net, 4, batch_size=10)
    assert (found.parameters, found.macs) == (2 * 9 + 2, 2 * 16 * 9)
    assert found.to_train == 4 * (4 * 20 + 10 * (16 + 32 + 32 + 2 + 2))
    assert found.to_predict == 4 * (20 + 32 + 32)
    assert costs(nn.Sequential(d2l.FlattenLayer(), nn.Linear(16, 1)), 4).to_predict == 4 * (17 + 16 + 16)


@pytest.mark.parametrize("key", ["2", "0@macs", "hidden", "avgpool"])
def test_the_memory_to_train_is_what_autograd_keeps(key):
    """With batch norm, on the CPU; where a pooling takes the maximum, the places of the maxima come on top."""
    net, held = add_batch_norm(VARIANTS[key].make()), {}
    own = {p.untyped_storage().data_ptr() for p in net.parameters()}

    def keep(X):
        held[X.untyped_storage().data_ptr()] = X.untyped_storage().nbytes()
        return X

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda X: X):
        nn.functional.cross_entropy(net(torch.rand(64, 1, 28, 28)), torch.zeros(64, dtype=torch.long))
    kept = sum(size for place, size in held.items() if place not in own)
    said = costs(VARIANTS[key].make())
    assert 1 <= kept / (said.to_train - 16 * said.parameters) < (1.01 if key == "avgpool" else 1.2)
