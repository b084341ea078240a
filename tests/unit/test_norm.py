"""Batch norm goes in, and comes out again without changing what the network says."""

import copy

import pytest
import torch
from torch import nn

import nin_course as d2l

NETWORKS = {"small": d2l.nin_small, "wide": lambda: d2l.nin(head="wide"), "notes": d2l.nin}
SIZE = {"small": 28, "wide": 99, "notes": 99}


def trained_a_little(net, size):
    """So that the running averages, scales and shifts are none of the values they start with."""
    torch.manual_seed(0)
    data = [(torch.rand(16, 1, size, size), torch.randint(0, 10, (16,))) for _ in range(3)]
    d2l.fit(net, data, epochs=1, lr=0.01, device="cpu", progress=False, examine=False)
    return net


def norms(net):
    return [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_folded_network_says_the_same_and_fits_the_plain_one(name):
    normed = trained_a_little(d2l.add_batch_norm(NETWORKS[name]()), SIZE[name])
    folded = d2l.fold_batch_norm(normed)
    assert norms(normed)
    assert not norms(folded)
    plain = NETWORKS[name]()
    plain.load_state_dict(folded.state_dict(), strict=True)
    X = torch.rand(4, 1, SIZE[name], SIZE[name])
    torch.testing.assert_close(plain.eval()(X), normed.eval()(X), atol=1e-4, rtol=1e-4)
    assert normed(X).std() > 1e-3


def test_a_norm_stands_before_every_relu_and_the_logits_have_none():
    normed = d2l.add_batch_norm(d2l.nin_small())
    assert len(norms(normed)) == sum(isinstance(m, nn.ReLU) for m in normed.modules()) == 8
    convolutions = [m for m in normed.modules() if isinstance(m, nn.Conv2d)]
    assert [c.bias is None for c in convolutions] == [True] * 8 + [False]
    kinds = [[type(m) for m in part] for part in (normed[0], normed[4])]
    assert kinds == [
        [nn.Conv2d, nn.BatchNorm2d, nn.ReLU] * 3,
        [nn.Conv2d, nn.BatchNorm2d, nn.ReLU] * 2 + [nn.Conv2d],
    ]
    assert [m.num_features for m in norms(normed)] == [64] * 3 + [128] * 3 + [256] * 2
    assert all(m.affine and m.track_running_stats for m in norms(normed))
    assert all(m.training for m in normed.modules())  # ready to be trained
    other = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Conv2d(2, 2, 1), nn.MaxPool2d(1), nn.ReLU())
    assert str(d2l.add_batch_norm(other)) == str(other)
    assert d2l.add_batch_norm(other)[0].bias is not None


@pytest.mark.parametrize("function", [d2l.add_batch_norm, d2l.fold_batch_norm])
def test_what_is_no_sequential_is_copied_as_it_is(function):
    layer = nn.Conv2d(1, 1, 1)
    copied = function(layer)
    assert copied is not layer
    assert copied.weight is not layer.weight
    assert torch.equal(copied.weight, layer.weight)
    assert copied.training is (function is d2l.add_batch_norm)
    assert layer.training


def test_a_norm_that_stands_behind_no_convolution_stays():
    net = nn.Sequential(
        nn.BatchNorm2d(2), nn.ReLU(), nn.BatchNorm2d(2), nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2))
    )
    folded = d2l.fold_batch_norm(net)
    assert [type(m) for m in folded] == [nn.BatchNorm2d, nn.ReLU, nn.BatchNorm2d, nn.Sequential]
    assert [type(m) for m in folded[3]] == [nn.Conv2d]
    assert not any(m.training for m in folded.modules())


@pytest.mark.parametrize(
    ("function", "build"),
    [(d2l.add_batch_norm, d2l.nin_small), (d2l.fold_batch_norm, lambda: d2l.add_batch_norm(d2l.nin_small()))],
)
def test_the_given_network_stays_as_it_is(function, build):
    net = trained_a_little(build(), 28).train()
    before = copy.deepcopy(net)
    function(net)
    assert str(net) == str(before)
    assert net.training
    assert all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), before.state_dict().values(), strict=True))
    function(net)[0][0].weight.data.zero_()  # nor do they share their weights
    assert torch.equal(net[0][0].weight, before[0][0].weight)


def test_without_batch_norm_there_is_nothing_to_fold():
    net, X = d2l.nin_small(), torch.rand(2, 1, 28, 28)
    assert torch.equal(d2l.fold_batch_norm(net)(X), net(X))


def test_batch_norm_makes_the_small_network_learn_at_once():
    def loss_after_forty_steps(build):
        torch.manual_seed(0)
        train_iter, _ = d2l.load_data_fashion_mnist(32, 14, sample=True)
        batches = [batch for batch, _ in zip(train_iter, range(40), strict=False)]
        return d2l.fit(build(), batches, epochs=1, lr=1e-3, device="cpu", progress=False, examine=False).loss[0]

    plain, normed = (loss_after_forty_steps(b) for b in (d2l.nin_small, lambda: d2l.add_batch_norm(d2l.nin_small())))
    assert plain > 2.2  # guessing costs 2.30
    assert normed < 1.5
