"""Nothing is left on the CPU: the loop and the loaders on a second device, without having one.

`meta` tensors know their device and refuse to meet one of another, but cannot be read. `Readable` lets them be read, as
zeros, and counts how often that happens: on a GPU each reading makes the processor wait.
"""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import nin_course as d2l
from nin_course.augment import Augment
from nin_course.speed import Fast

aten = torch.ops.aten


class Readable(TorchDispatchMode):
    """Numbers may be read from `meta`: they are zero. `readings` counts it."""

    readings = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        on_meta = any(isinstance(a, torch.Tensor) and a.device.type == "meta" for a in args)
        if on_meta and func is aten._local_scalar_dense.default:
            self.readings += 1
            return 0.0
        if on_meta and func is aten._to_copy.default and torch.device(kwargs.get("device") or "meta").type == "cpu":
            self.readings += 1
            return torch.zeros(args[0].shape, dtype=kwargs.get("dtype") or args[0].dtype)
        return func(*args, **kwargs)


def batches(n=120, size=4):
    return [(torch.zeros(size, 1, 28, 28), torch.zeros(size, dtype=torch.int64))] * n


def small():
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(1352, 10))


def test_train_epoch_moves_what_it_gets_and_reads_twice_an_epoch():
    net, steps = d2l.add_batch_norm(d2l.nin_small()).to("meta"), []
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.1)
    with Readable() as mode:
        loss, accuracy = d2l.train_epoch(
            net, batches(3), optimizer, "meta", lambda loss, n: steps.append(loss.device.type)
        )
    assert (loss, accuracy) == (0, 0)
    assert steps == ["meta"] * 3
    assert mode.readings <= 2
    assert all(p.grad.device.type == "meta" for p in net.parameters())


def test_evaluate_accuracy_moves_what_it_gets_and_reads_once():
    net = d2l.nin_small().to("meta")
    with Readable() as mode:
        assert d2l.evaluate_accuracy(batches(5), net) == 0
    assert mode.readings == 1


@pytest.mark.parametrize("net", [d2l.nin_small, small])
def test_a_tensor_left_behind_is_noticed(net):
    """The proof that these tests can fail: a network whose one layer stayed on the CPU."""
    net = net().to("meta")
    [layer for layer in net.modules() if isinstance(layer, torch.nn.Conv2d)][-1].to_empty(device="cpu")
    with pytest.raises(RuntimeError, match="meta"), Readable():
        d2l.train_epoch(net, batches(1), torch.optim.SGD(net.parameters(), lr=0.1), "meta")


def test_fit_reads_at_most_every_fifty_steps():
    net = Fast(small(), channels_last=True).to("meta")
    with Readable() as mode:
        history = d2l.fit(net, batches(120), batches(2), epochs=1, device="meta", examine=False, progress=False)
    assert history.step == [50, 100, 120]
    assert mode.readings <= 3 + 2 + 1  # the looks at the loss, the epoch's two means, the validation


@pytest.mark.parametrize("settings", [{}, {"resize": 40, "normalize": True}, {"augment": Augment(erase=6)}])
def test_the_loaders_work_where_the_data_are(settings):
    """Images, labels, resizing and augmentation stay on the device; not one number comes back."""
    train_iter, _ = d2l.load_data_fashion_mnist(500, sample=True, **settings)
    data = train_iter.dataset
    data.images, data.labels = data.images.to("meta"), data.labels.to("meta")
    with Readable() as mode:
        X, y = data[list(range(500))]
    assert (X.device.type, y.device.type) == ("meta", "meta")
    assert X.shape == (500, 1, settings.get("resize", 28), settings.get("resize", 28))
    assert mode.readings == 0
