"""The budget against PyTorch's own counter, for any layer that hypothesis thinks of."""

from dataclasses import astuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import nin_course as d2l
from nin_course.budget import check_input, notes_epochs


def flops(net, shape):
    with FlopCounterMode(display=False) as counter:
        net(torch.zeros(shape))
    return counter.get_total_flops()


@pytest.mark.parametrize(
    ("net", "shape"),
    [
        (d2l.nin(), (1, 1, 224, 224)),
        (d2l.nin(head="wide"), (2, 1, 96, 96)),
        (d2l.nin_small(), (3, 1, 28, 28)),
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10)), (5, 1, 28, 28)),
    ],
)
def test_macs_are_half_of_what_flop_counter_mode_counts(net, shape):
    assert d2l.summary(net.eval(), shape).macs == flops(net, shape) / 2


@settings(max_examples=40, deadline=None)
@given(
    kernel=st.integers(1, 5),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    groups=st.sampled_from([1, 2, 4]),
    height=st.integers(5, 20),
    width=st.integers(5, 20),
)
def test_any_convolution_costs_what_pytorch_counts(kernel, stride, padding, groups, height, width):
    layer = nn.Conv2d(4, 8, kernel, stride, padding, groups=groups)
    found = d2l.summary(layer, (2, 4, height, width))
    assert found.macs == flops(layer, (2, 4, height, width)) / 2
    assert found.output_shape == tuple(layer(torch.zeros(2, 4, height, width)).shape)


def test_nin_at_224_px_costs_762_million_macs():
    found = d2l.summary(d2l.nin())
    assert (found.parameters, found.macs) == (1_992_166, 762_297_352)


def test_a_summary_is_a_table_of_the_layers_as_they_run_and_of_their_sums():
    """By hand, for two images: 8 · 4 · 9 · 9 MACs an image in the grouped convolution, 648 · 3 in the linear layer."""
    net = nn.Sequential(
        nn.Sequential(nn.Conv2d(8, 8, 3, groups=2, padding=1), nn.ReLU()), nn.Flatten(), nn.Linear(648, 3)
    )
    net[2].bias.requires_grad_(False)  # what does not learn is a parameter all the same
    found = d2l.summary(net, (2, 8, 9, 9))
    convolution, dense = 2 * 8 * 4 * 9 * 81, 2 * 648 * 3
    rows = [
        ("0.0", "Conv2d", (2, 8, 9, 9), 8 * 4 * 9 + 8, convolution, 2 * 8 * 81),
        ("0.1", "ReLU", (2, 8, 9, 9), 0, 0, 0),
        ("1", "Flatten", (2, 648), 0, 0, 0),
        ("2", "Linear", (2, 3), 648 * 3 + 3, dense, 2 * 3),
    ]
    assert [astuple(layer) for layer in found.layers] == rows
    assert (found.output_shape, found.parameters) == ((2, 3), 296 + 1947)
    assert (found.macs, found.activations) == (convolution + dense, 1296 + 6)
    table = [line.split() for line in str(found).splitlines()]
    assert table[0] == ["layer", "kind", "output", "shape", "parameters", "MACs"]
    assert table[1:] == [
        ["0.0", "Conv2d", "2×8×9×9", "296", "46,656"],
        ["0.1", "ReLU", "2×8×9×9", "0", "0"],
        ["1", "Flatten", "2×648", "0", "0"],
        ["2", "Linear", "2×3", "1,947", "3,888"],
        ["total", "2×3", "2,243", "50,544"],
    ]
    header, *lines = str(found).splitlines()
    assert len({len(line) for line in lines}) == 1  # numbers end below each other,
    assert {line.index(row[1]) for line, row in zip(lines, rows, strict=False)} == {
        header.index("kind")
    }  # words begin so
    stages = found.stages()
    assert [astuple(layer) for layer in stages.layers] == [("0", "Sequential", *rows[0][2:]), *rows[2:]]
    assert (stages.output_shape, stages.parameters) == (found.output_shape, found.parameters)


def test_measuring_changes_neither_the_weights_nor_the_network():
    net = d2l.nin_small()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    d2l.summary(net, (1, 1, 28, 28))
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    assert not any(m._forward_hooks for m in net.modules())


@pytest.mark.parametrize(("net", "smallest"), [(d2l.nin(), 67), (d2l.nin(head="wide"), 67), (d2l.nin_small(), 4)])
def test_the_smallest_input_is_the_last_that_runs(net, smallest):
    assert d2l.smallest_input(net) == smallest
    net(torch.zeros(1, 1, smallest, smallest))
    with pytest.raises(RuntimeError):
        net(torch.zeros(1, 1, smallest - 1, smallest - 1))


@settings(max_examples=25, deadline=None)
@given(
    plan=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 1)), min_size=1, max_size=3),
    channels=st.integers(1, 3),
)
def test_the_smallest_input_is_the_first_that_runs_of_all_sizes_tried_in_order(plan, channels):
    layers = [nn.Conv2d(channels, channels, k, s, p) for k, s, p in plan]
    net = nn.Sequential(*layers, nn.BatchNorm2d(channels))

    def runs(size):
        try:
            net.eval()(torch.zeros(1, channels, size, size))
        except RuntimeError:
            return False
        return True

    smallest = next(size for size in range(1, 1000) if runs(size))
    assert d2l.smallest_input(net.train(), channels) == smallest
    assert net.training


@pytest.mark.parametrize(("needed", "found"), [(600, 600), (1023, 1023), (1024, 1024), (1025, None), (2000, None)])
def test_it_is_looked_for_up_to_1024_px(needed, found):
    assert d2l.smallest_input(nn.Conv2d(1, 1, needed, bias=False, device="meta")) == found
    assert d2l.smallest_input(nn.Linear(5000, 1, device="meta")) is None


@pytest.mark.parametrize(("height", "width"), [(28, 28), (66, 100), (100, 66)])
def test_an_image_too_small_is_refused_with_the_size_that_would_do(height, width):
    net = d2l.nin(in_channels=3)
    words = rf"^Images of {height}×{width} px are too small .* Use at least 67 px, .*resize=67\)\.$"
    with pytest.raises(ValueError, match=words):
        check_input(net, torch.zeros(4, 3, height, width))
    check_input(net, torch.zeros(4, 3, 67, 100))


def test_images_that_are_large_enough_but_do_not_fit_are_left_to_the_network():
    check_input(d2l.nin(in_channels=3), torch.zeros(4, 1, 67, 67))  # nothing to say of channels
    check_input(d2l.alexnet(), torch.zeros(4, 1, 300, 195))
    check_input(nn.Linear(5000, 1), torch.zeros(4, 1, 8, 8))


def test_a_shape_that_does_not_fit_is_refused_in_words():
    net = d2l.nin_small()
    with pytest.raises(ValueError, match=r"shape \(1, 3, 28, 28\) does not fit"):
        d2l.summary(net, [1, 3, 28, 28])
    assert not any(m._forward_hooks for m in net.modules())


def test_a_network_with_batch_norm_is_measured_as_in_evaluation_and_stays_in_training():
    net = d2l.add_batch_norm(d2l.nin(head="wide"))
    assert d2l.smallest_input(net) == 67
    assert net.training


def test_notes_epochs_count_images_and_arithmetic():
    small, notes = (d2l.nin_small(), (128, 1, 28, 28)), (d2l.nin(), (1, 1, 224, 224))
    assert notes_epochs(*notes, 30_000) == 0.5
    assert notes_epochs(*small, 60_000) == pytest.approx(46_337_536 / 762_297_352)


@pytest.mark.parametrize(
    ("build", "parameters", "macs", "activations"),
    [
        (d2l.nin, 1_992_166, 762_297_352, 1_525_614),
        (d2l.alexnet, 46_764_746, 938_146_176, 608_650),
        (d2l.vgg11, 128_806_154, 7_547_232_256, 7_434_250),
    ],
)
def test_the_three_budgets_are_what_hooks_and_pytorchs_counter_find(build, parameters, macs, activations):
    with torch.device("meta"):
        net = build().eval()
    found, counted = d2l.summary(net), []
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_hook(lambda _m, _inputs, output: counted.append(output.numel()))
    with FlopCounterMode(display=False) as counter:
        net(torch.empty(1, 1, 224, 224, device="meta"))
    assert (found.parameters, found.macs, found.activations) == (parameters, macs, activations)
    assert sum(p.numel() for p in net.parameters()) == parameters
    assert counter.get_total_flops() / 2 == macs
    assert sum(counted) == activations


@pytest.mark.parametrize(("net", "least", "most"), [(d2l.alexnet, 195, 226), (d2l.vgg11, 224, 255)])
def test_a_dense_head_takes_only_the_sizes_that_its_docstring_names(net, least, most):
    with torch.device("meta"):
        built = net()
    for size in (least, most):
        assert d2l.summary(built, (1, 1, size, size)).output_shape == (1, 10)
    assert d2l.smallest_input(built) is None  # as is said there: 256 px and more do not fit
    for size in (least - 1, most + 1):
        with pytest.raises(ValueError, match="does not fit"):
            d2l.summary(built, (1, 1, size, size))


def test_the_stages_of_a_network_add_up_to_its_layers():
    whole = d2l.summary(d2l.nin())
    stages = whole.stages()
    assert [layer.name for layer in stages.layers] == [str(i) for i in range(10)]
    assert stages.layers[2].output_shape == (1, 256, 26, 26)
    assert stages.layers[2].kind == "Sequential"
    assert stages.layers[3].kind == "MaxPool2d"
    assert (stages.macs, stages.activations, stages.parameters) == (whole.macs, whole.activations, whole.parameters)
    shrinking = nn.Sequential(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2)), nn.Flatten())
    shapes = [layer.output_shape for layer in d2l.summary(shrinking, (5, 1, 8, 8)).stages().layers]
    assert shapes == [(5, 4, 3, 3), (5, 36)]  # what comes out of a stage, not what comes out of its first layer


def test_width_multiplies_the_channels_and_squares_the_weights_between_them():
    half, whole = (d2l.summary(d2l.nin(width=w)).stages().layers for w in (0.5, 1.0))
    assert [layer.output_shape[1] for layer in half[:7:2]] == [48, 128, 192, 192]
    assert whole[4].macs / half[4].macs == 4
    with pytest.raises(ValueError, match="without a channel"):
        d2l.nin(width=0.001)


class Cropped(nn.Module):
    def forward(self, X):
        return X[:, :, 2:]


def test_a_layer_that_leaves_nothing_is_refused_also_where_pytorch_lets_it_pass():
    """PyTorch 2.7 convolves an image that is a pixel too small, on `meta`; slicing lets everything pass everywhere."""
    net = nn.Sequential(Cropped(), nn.ReLU())
    assert d2l.smallest_input(net) == 3
    assert d2l.summary(net, (1, 1, 3, 5)).output_shape == (1, 1, 1, 5)
    with pytest.raises(ValueError, match=r"does not fit this network: .*nothing is left"):
        d2l.summary(net, (1, 1, 2, 5))
    assert d2l.summary(net, (0, 1, 3, 5)).output_shape == (0, 1, 1, 5)  # no image is no image that is too small
