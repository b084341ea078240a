"""The pieces and the networks, as the notes describe them."""

from functools import partial

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


NOTES_BODY = """conv 1>{0} 11/4+0, relu, conv {0}>{0} 1/1+0, relu, conv {0}>{0} 1/1+0, relu, max 3/2,
    conv {0}>{1} 5/1+2, relu, conv {1}>{1} 1/1+0, relu, conv {1}>{1} 1/1+0, relu, max 3/2,
    conv {1}>{2} 3/1+1, relu, conv {2}>{2} 1/1+0, relu, conv {2}>{2} 1/1+0, relu, max 3/2, dropout 0.5, """
NARROW = "conv {2}>10 3/1+1, relu, conv 10>10 1/1+0, relu, conv 10>10 1/1+0, relu, average, flatten"
WIDE = "conv {2}>{2} 3/1+1, relu, conv {2}>{2} 1/1+0, relu, conv {2}>10 1/1+0, average, flatten"
SMALL_BODY = """conv 1>64 5/1+2, relu, conv 64>64 1/1+0, relu, conv 64>64 1/1+0, relu, max 2/2,
    conv 64>128 3/1+1, relu, conv 128>128 1/1+0, relu, conv 128>128 1/1+0, relu, max 2/2,
    conv 128>256 3/1+1, relu, conv 256>256 1/1+0, relu, """
DENSE = "linear {}>4096, relu, dropout 0.5, linear 4096>4096, relu, dropout 0.5, linear 4096>10"
ALEXNET = """conv 1>96 11/4+0, relu, max 3/2, conv 96>256 5/1+2, relu, max 3/2, conv 256>384 3/1+1, relu,
    conv 384>384 3/1+1, relu, conv 384>256 3/1+1, relu, max 3/2, flatten, """ + DENSE.format(6400)
VGG11 = """conv 1>64 3/1+1, relu, max 2/2, conv 64>128 3/1+1, relu, max 2/2,
    conv 128>256 3/1+1, relu, conv 256>256 3/1+1, relu, max 2/2, conv 256>512 3/1+1, relu, conv 512>512 3/1+1, relu,
    max 2/2, conv 512>512 3/1+1, relu, conv 512>512 3/1+1, relu, max 2/2, flatten, """ + DENSE.format(25088)
PLANS = {
    "notes": (d2l.nin, (NOTES_BODY + NARROW).format(96, 256, 384)),
    "wide": (partial(d2l.nin, head="wide"), (NOTES_BODY + WIDE).format(96, 256, 384)),
    "notes, a quarter wide": (partial(d2l.nin, width=0.255), (NOTES_BODY + NARROW).format(24, 65, 98)),
    "wide, a half wide": (partial(d2l.nin, head="wide", width=0.5), (NOTES_BODY + WIDE).format(48, 128, 192)),
    "small": (d2l.nin_small, SMALL_BODY + "conv 256>10 1/1+0, average, flatten"),
    "small, dense": (partial(d2l.nin_small, head="dense"), SMALL_BODY + "flatten, linear 12544>10"),
    "AlexNet": (d2l.alexnet, ALEXNET),
    "VGG-11": (d2l.vgg11, VGG11),
}


def plan(net):
    """The layers of a network, as they would be written on a blackboard: conv in>out kernel/stride+padding."""

    def words(layer):
        match layer:
            case nn.Conv2d():
                assert (layer.dilation, layer.groups, layer.bias is not None) == ((1, 1), 1, True)
                (k, _), (s, _), (p, _) = square = layer.kernel_size, layer.stride, layer.padding
                assert all(a == b for a, b in square)
                return f"conv {layer.in_channels}>{layer.out_channels} {k}/{s}+{p}"
            case nn.MaxPool2d():
                assert (layer.padding, layer.dilation, layer.ceil_mode) == (0, 1, False)
                return f"max {layer.kernel_size}/{layer.stride}"
            case nn.Linear():
                assert layer.bias is not None
                return f"linear {layer.in_features}>{layer.out_features}"
            case nn.Dropout():
                return f"dropout {layer.p}"
        return {nn.ReLU: "relu", d2l.GlobalAvgPool2d: "average", d2l.FlattenLayer: "flatten"}[type(layer)]

    return [words(layer) for layer in net.modules() if not list(layer.children())]


@pytest.mark.parametrize("name", PLANS)
def test_every_layer_is_the_published_one(name):
    """Lin et al. 2013 and Dive into Deep Learning, §8.1 to 8.3; what comes in and goes out is asked for."""
    build, layers = PLANS[name]
    with torch.device("meta"):
        usual, other = build(), build(num_classes=7, in_channels=3)
        size = 28 if "small" in name else 224
        assert usual(torch.empty(2, 1, size, size)).shape == (2, 10)
        assert other(torch.empty(2, 3, size, size)).shape == (2, 7)
    assert plan(usual) == [" ".join(words.split()) for words in layers.split(",")]
    changed = [a for a, b in zip(plan(usual), plan(other), strict=True) if a != b]
    assert changed[0] == plan(usual)[0]
    assert all(words.endswith((">10", ">10 1/1+0", ">10 3/1+1")) for words in changed[1:])


@pytest.mark.parametrize("width", [0.0, 0.005, -1])
def test_a_width_without_a_channel_is_refused(width):
    with pytest.raises(ValueError, match=f"width={width} leaves the first block without a channel; it has 96"):
        d2l.nin(width=width)
    assert d2l.nin(width=0.0053)[0][0].out_channels == 1


def test_the_wide_head_can_say_less_than_zero_and_the_notes_head_cannot():
    torch.manual_seed(0)
    X = torch.randn(4, 1, 99, 99)
    assert (d2l.nin(head="notes")(X) >= 0).all()
    assert (d2l.nin(head="wide")(X) < 0).any()


@pytest.mark.parametrize(
    ("make", "heads", "others"),
    [
        (d2l.nin, "'notes', 'wide'", ["narrow", "average", "dense"]),
        (d2l.nin_small, "'average', 'dense'", ["narrow", "notes", "wide"]),
    ],
)
def test_an_unknown_head_is_named_also_if_it_is_the_other_networks(make, heads, others):
    for head in others:
        with pytest.raises(ValueError, match=f"head='{head}' is not one of {heads}"):
            make(head=head)


def test_nin_small_keeps_a_seven_by_seven_class_map_of_a_28_px_image():
    net = d2l.nin_small()
    maps = net[:-2](torch.rand(2, 1, 28, 28))
    assert maps.shape == (2, 10, 7, 7)
    assert net(torch.rand(2, 1, 28, 28)).shape == (2, 10)


def test_nin_small_gives_the_mean_of_its_class_maps():
    net, X = d2l.nin_small(), torch.rand(3, 1, 30, 41)
    torch.testing.assert_close(net(X), net[:-2](X).mean((2, 3)))


def test_nin_block_puts_a_relu_after_each_of_three_convolutions():
    block = d2l.nin_block(3, 8, kernel_size=5, stride=2, padding=1)
    assert plan(block) == ["conv 3>8 5/2+1", "relu", "conv 8>8 1/1+0", "relu", "conv 8>8 1/1+0", "relu"]


def test_global_average_pooling_is_the_mean_over_height_and_width():
    X = torch.randn(2, 5, 3, 7, dtype=torch.float64)
    torch.testing.assert_close(d2l.GlobalAvgPool2d()(X), X.mean((2, 3), keepdim=True))


def test_flatten_keeps_the_samples():
    X = torch.arange(24).reshape(2, 3, 4, 1)
    assert torch.equal(d2l.FlattenLayer()(X), X.reshape(2, 12))
