"""Planted faults are named, and healthy networks are left in peace."""

import math

import pytest
import torch
from torch import nn

import nin_course as d2l
from nin_course.data import LABELS
from nin_course.diagnose import Examiner, Health, evaluation_mode

SHIRT = LABELS.index("Shirt")


@pytest.fixture(scope="module")
def batches():
    train_iter, _ = d2l.load_data_fashion_mnist(64, sample=True)
    torch.manual_seed(0)
    return [batch for batch, _ in zip(train_iter, range(60), strict=False)]


def network(seed=0, relu_on_logits=False):
    """A narrow NiN with batch norm, which learns within a few dozen steps."""
    torch.manual_seed(seed)

    def block(c, d, k):
        return nn.Sequential(
            *(nn.Conv2d(c, d, k, padding=k // 2, bias=False), nn.BatchNorm2d(d), nn.ReLU()),
            *(nn.Conv2d(d, d, 1, bias=False), nn.BatchNorm2d(d), nn.ReLU(), nn.MaxPool2d(2)),
        )

    head = nn.Sequential(nn.Conv2d(16, 10, kernel_size=1), nn.ReLU() if relu_on_logits else nn.Identity())
    return nn.Sequential(block(1, 8, 5), block(8, 16, 3), head, d2l.GlobalAvgPool2d(), d2l.FlattenLayer())


def fit(net, batches, lr=0.01, **settings):
    return d2l.fit(net, batches, epochs=1, device="cpu", lr=lr, progress=False, **settings)


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_said_of_a_healthy_network(batches, seed):
    history = fit(network(seed), batches, lr=[0.005, 0.01, 0.02, 0.04][seed % 4])
    assert history.findings == []
    assert not history.stopped
    assert history.health[0].startswith("dead classes 0, silent units")
    assert history.train_acc[0] > 0.3


def test_one_dead_class_behind_a_relu_is_named(batches):
    net = network(relu_on_logits=True)
    with torch.no_grad():
        net[2][0].bias[SHIRT] = -100
    history = fit(net, batches)
    assert [s for s in history.findings if "cannot say Shirt" in s]
    assert len([s for s in history.findings if "cannot say" in s]) == 1
    assert not history.stopped


def test_a_network_with_all_classes_dead_is_stopped_at_once_and_told_why(batches, capsys):
    net = network(relu_on_logits=True)
    with torch.no_grad():
        net[2][0].bias[:] = -100
    history = fit(net, batches * 5)
    assert history.stopped
    assert history.step[-1] <= 100
    assert history.step_loss[-1] == pytest.approx(math.log(10), abs=1e-4)
    assert "All 10 class maps are zero for all images" in history.findings[0]
    assert capsys.readouterr().out.startswith("Stopped. All 10 class maps")


@pytest.mark.parametrize("lr", [1e4, 1e30])
def test_an_exploding_network_is_named(batches, lr):
    net = network()
    history = fit(net, batches, optimizer=torch.optim.SGD(net.parameters(), lr=lr))
    assert "It has exploded" in history.findings[0]
    assert "Lower the learning rate" in history.findings[0]


def test_a_loss_that_is_not_a_number_ends_the_run(batches):
    net = network()
    with torch.no_grad():
        net[0][0].weight.fill_(math.nan)
    history = fit(net, batches * 5)
    assert history.stopped
    assert history.step == [50]
    assert "It has exploded: the loss is nan" in history.findings[0]


@pytest.mark.parametrize("how", ["requires_grad", "left out of the optimizer"])
def test_a_frozen_block_is_named(batches, how):
    net = network()
    if how == "requires_grad":
        net[1].requires_grad_(False)
    optimizer = torch.optim.Adam([*net[0].parameters(), *net[2].parameters()], lr=0.01)
    history = fit(net, batches, optimizer=optimizer)
    assert [s for s in history.findings if s.startswith("Frozen: the weights of block 1 have not moved in 60 steps")]


def test_shuffled_labels_are_noticed(batches):
    labels = torch.cat([y for _, y in batches])
    shuffled = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))].split(64)
    history = fit(network(), [(X, y) for (X, _), y in zip(batches, shuffled, strict=True)])
    assert len(history.findings) == 1
    assert "labels do not go with the images" in history.findings[0]


def test_a_learning_rate_far_too_small_is_noticed(batches):
    history = fit(network(), batches, lr=1e-7)
    assert len(history.findings) == 1
    assert "learning rate is far too small: after 60 steps" in history.findings[0]


def test_a_network_that_moves_but_does_not_learn_is_told_so(batches):
    class Blind(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(1, 10)

        def forward(self, X):
            return self.layer(torch.rand(len(X), 1))

    history = fit(Blind(), batches, lr=0.05)
    assert len(history.findings) == 1
    assert "has not begun to learn: after 60 steps" in history.findings[0]


def test_an_examination_changes_nothing(batches):
    net = network().train()
    net[1].eval()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    examiner = Examiner(net)
    for batch in batches:
        examiner.see(*batch)
    assert sum(map(len, examiner.y)) == 128
    examiner.examine()
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())
    assert (net.training, net[0].training, net[1].training) == (True, True, False)
    assert not any(m._forward_hooks for m in net.modules())


def test_everything_is_measured_on_the_fixed_batch_in_evaluation_mode():
    """Against PyTorch's own backward pass; dropout and batch norm as they are when nothing is learned."""
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(1, 4, 1), nn.BatchNorm2d(4), nn.ReLU())
    net = nn.Sequential(layers, nn.Dropout(0.5), d2l.GlobalAvgPool2d(), nn.Flatten(), nn.Linear(4, 3))
    with torch.no_grad():
        layers[1].bias[:] = torch.tensor([-50.0, 50.0, 50.0, 50.0])
    layers[0].weight.requires_grad_(False)  # frozen, and so without a gradient
    examiner = Examiner(net.train(), names=["a", "b", "c"])
    X, y = torch.rand(6, 1, 5, 5), torch.tensor([0, 1, 2, 0, 1, 2])
    examiner.see(X, y)
    health = examiner.examine(7)
    assert health.silent == {"0.2": 0.25}
    net.eval()
    loss = nn.functional.cross_entropy(net(X), y)
    loss.backward()
    assert health.loss == pytest.approx(loss.item())
    for name in ("0", "4"):
        gradients = [p.grad.flatten() for p in net[int(name)].parameters() if p.grad is not None]
        assert health.gradient[name] == pytest.approx(torch.cat(gradients).norm().item(), rel=1e-5)
    assert (health.moved, health.classes, health.steps) == ({"0": 0, "4": 0}, 3, 7)
    assert (health.names, health.dead, health.images_tell_labels) == (["a", "b", "c"], [], True)
    assert examiner.examine(0, training_loss=0.25).loss == 0.25
    assert examiner.examine(0, training_loss=0.0).loss == 0.0


@pytest.mark.parametrize(("classes", "names"), [(10, LABELS), (3, ["class 0", "class 1", "class 2"])])
def test_classes_without_names_are_fashion_mnists_ten_or_have_numbers(classes, names):
    examiner = Examiner(nn.Sequential(nn.Flatten(), nn.Linear(1, classes)))
    examiner.see(torch.rand(2, 1, 1, 1), torch.tensor([0, 1]))
    assert examiner.examine().names == names


def test_a_block_that_nothing_reaches_has_no_gradient_and_one_without_weights_is_none():
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused, self.relu, self.frozen = (
                nn.Linear(2, 2),
                nn.Linear(2, 2),
                nn.ReLU(),
                nn.Linear(2, 2),
            )
            self.frozen.requires_grad_(False)

        def forward(self, X):
            return self.frozen(self.used(X.flatten(1)))

    examiner = Examiner(Half())
    examiner.see(torch.rand(4, 1, 1, 2), torch.tensor([0, 1, 0, 1]))
    gradient = examiner.examine().gradient
    assert list(gradient) == ["used", "unused", "frozen"]
    assert gradient["used"] > 0
    assert (gradient["unused"], gradient["frozen"]) == (0, 0)


@pytest.mark.parametrize(("right", "told"), [(19, False), (20, True)])
@pytest.mark.parametrize("present", [10, 5])
def test_average_images_have_to_be_right_a_fifth_more_often_than_chance(right, told, present):
    """Of 64 images, each exactly like the average of one class, so many have its label: chance is 6.4, a fifth 12.8."""
    classes = torch.arange(64) % present
    X = torch.eye(10)[torch.cat([classes, classes])].reshape(128, 1, 2, 5)
    labels = torch.where(torch.arange(64) < right, classes, (classes + 1) % present)
    examiner = Examiner(nn.Sequential(nn.Flatten(), nn.Linear(10, 10)))
    examiner.see(X, torch.cat([classes, labels]))
    assert examiner.examine().images_tell_labels is told


@pytest.mark.parametrize(("n", "labels", "told"), [(128, 2, False), (127, 2, True), (128, 1, True)])
def test_of_few_images_or_one_class_nothing_is_told(n, labels, told):
    torch.manual_seed(0)
    examiner = Examiner(nn.Sequential(nn.Flatten(), nn.Linear(4, 10)))
    examiner.see(torch.rand(n, 1, 2, 2), 9 * (torch.arange(n) % 4 // 2) if labels == 2 else torch.full((n,), 3))
    X = torch.zeros(n, 1, 2, 2)  # all alike: whoever is nearest is so by chance
    examiner.X[0] = X
    examiner.y[0] = torch.cat([torch.arange(64) % labels, torch.ones(n - 64, dtype=torch.long)])
    assert examiner.examine().images_tell_labels is told


def test_what_an_examiner_remembers_can_be_given_to_another():
    one, other = Examiner(nn.Sequential(nn.Linear(1, 2))), Examiner(nn.Sequential(nn.Linear(1, 2)))
    one.see(torch.rand(3, 1), torch.tensor([0, 1, 0]))
    state = one.state_dict()
    other.load_state_dict(state)
    assert set(state) == {"first", "X", "y"}
    assert torch.equal(other.first["0"], one.first["0"])
    assert torch.equal(other.X[0], one.X[0])
    assert torch.equal(other.y[0], one.y[0])
    with torch.no_grad():
        one.net[0].weight.add_(1)
    assert not torch.equal(one._weights()["0"], state["first"]["0"])  # remembered, not looked up


def test_a_channel_is_silent_if_it_is_zero_everywhere_for_every_image():
    net = nn.Sequential(nn.ReLU(), d2l.GlobalAvgPool2d(), nn.Flatten(), nn.Linear(4, 3))
    X = torch.full((3, 4, 2, 2), -1.0)
    X[0, 1] = X[:, 2, 1, 0] = X[:, 3] = 1.0  # channel 0 never speaks, 1 for one image, 2 in one pixel, 3 always
    examiner = Examiner(net)
    examiner.see(X, torch.tensor([0, 1, 2]))
    assert examiner.examine().silent == {"0": 0.25}


def health(**what):
    usual = dict(classes=10, loss=2.0, dead=[], silent={}, gradient={"0": 1.0}, moved={"0": 0.5})
    return Health(**usual | dict(images_tell_labels=True, steps=100, names=LABELS) | what)


FAR = "The learning rate is far too small: after 50 steps no block's weights have moved by more than 1.9%."
FROZEN = "Frozen: the weights of block {} have not moved in {} steps. Look at requires_grad and at what the optimizer"
SHUFFLED = "The labels do not go with the images: average images of the classes do no better than chance."


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (
            dict(loss=10.1 * math.log(10)),
            "It has exploded: the loss is 23.3 where guessing costs 2.30. Lower",
        ),
        (dict(loss=math.inf), "It has exploded: the loss is inf"),
        (dict(loss=9.9 * math.log(10)), "It has not begun to learn"),
        (
            dict(loss=0.91 * math.log(10)),
            "It has not begun to learn: after 100 steps the loss is 2.10, guessing",
        ),
        (dict(loss=0.89 * math.log(10)), None),
        (
            dict(classes=2, loss=0.91 * math.log(2)),
            "It has not begun to learn: after 100 steps the loss is 0.63",
        ),
        (dict(classes=2, loss=10.1 * math.log(2)), "It has exploded: the loss is 7 where guessing costs 0.69"),
        (dict(loss=2.3, steps=49), None),
        (dict(loss=2.3, steps=50, moved={"0": 0.001, "1": 0.019, "2": 0.001}), FAR),
        (dict(loss=2.3, moved={"0": 0.001, "1": 0.021, "2": 0.001}), "It has not begun to learn"),
        (dict(moved={"0": 0.0, "1": 0.1}), FROZEN.format("0", 100)),
        (dict(moved={"0": 0.0, "1": 0.1, "2": 0.0}, steps=1, loss=9.0), FROZEN.format("0, 2", 1)),
        (dict(moved={"0": 0.0, "1": 1e-9}), FROZEN.format("0", 100)),
        (dict(moved={"0": 0.0, "1": 0.0}), None),
        (dict(moved={"0": 0.0, "1": 0.1}, steps=0), None),
        (dict(dead=[SHIRT], loss=2.3), "This network cannot say Shirt: the class's map is zero for every image"),
        (dict(dead=list(range(9))), "This network cannot say T-shirt"),
        (
            dict(dead=list(range(10))),
            "All 10 class maps are zero for all images: the loss is ln 10 = 2.3026, no",
        ),
        (dict(dead=[0, 1, 2], classes=3), "All 3 class maps are zero for all images: the loss is ln 3 = 1.0986,"),
        (dict(dead=list(range(10)), gradient={"0": math.nan}), "It has exploded"),
        (dict(images_tell_labels=False), SHUFFLED),
        (dict(images_tell_labels=False, loss=2.3), SHUFFLED),
    ],
)
def test_each_finding_has_its_bounds(what, words):
    found = health(**what).findings()
    if words is None:
        assert found == []
    else:
        assert found[0].startswith(words)
        assert len(found) == max(1, len(what.get("dead", [])) * (len(what.get("dead", [])) < health(**what).classes))


def test_several_findings_come_most_fundamental_first():
    found = health(dead=[1, 9], moved={"0": 0.0, "1": 0.1}, images_tell_labels=False, loss=2.3).findings()
    assert [s.split(":")[0] for s in found] == [
        *("This network cannot say Trouser", "This network cannot say Ankle boot", "Frozen"),
        "The labels do not go with the images",
    ]


def test_without_hope_are_all_dead_maps_and_a_loss_that_is_no_number():
    assert not health(dead=list(range(9))).hopeless
    assert health(dead=list(range(10))).hopeless
    assert health(loss=math.inf).hopeless
    assert health(gradient={"0": 1.0, "1": math.nan}).hopeless
    assert not health(loss=1e9).hopeless


def test_the_line_tells_the_worst_layer_and_both_ends_of_the_gradients():
    seen = health(dead=[3], silent={"a": 0.1, "b": 0.6, "c": 0.2}, gradient={"0": 0.1, "1": 3e-4, "2": 2.0, "3": 0.1})
    assert seen.line() == "dead classes 1, silent units 60% at most, gradient norms 3.0e-04 to 2.0e+00"
    empty = health(silent={}, gradient={}).line()
    assert empty == "dead classes 0, silent units 0% at most, gradient norms 0.0e+00 to 0.0e+00"


def test_a_block_has_moved_by_its_change_over_what_it_was():
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    with torch.no_grad():
        net[1].weight.fill_(1.0)
    examiner = Examiner(net)
    examiner.see(torch.rand(4, 1, 2, 2), torch.tensor([0, 1, 0, 1]))
    with torch.no_grad():
        net[1].weight.fill_(4.0)
    assert examiner.examine().moved == {"1": pytest.approx(3.0)}


def test_a_class_is_dead_if_its_logit_is_zero_and_not_if_it_is_below():
    net = nn.Sequential(nn.Flatten(), nn.Linear(1, 3))
    with torch.no_grad():
        net[1].weight.zero_()
        net[1].bias.copy_(torch.tensor([0.0, -1.0, 1.0]))
    examiner = Examiner(net)
    examiner.see(torch.rand(4, 1, 1, 1), torch.tensor([0, 1, 2, 0]))
    assert examiner.examine().dead == [0]


def test_the_fixed_batch_is_the_first_128_images_however_they_come():
    examiner = Examiner(nn.Linear(1, 1))
    for start in (0, 100, 200):
        examiner.see(torch.arange(start, start + 100.0), torch.arange(start, start + 100))
    assert torch.cat(examiner.X).tolist() == torch.cat(examiner.y).tolist() == list(range(128))


def test_every_module_gets_its_own_mode_back_even_after_an_error():
    net = nn.Sequential(nn.Dropout(), nn.Sequential(nn.ReLU(), nn.ReLU()))
    net[1].eval()
    net[1][1].train()
    before = [m.training for m in net.modules()]
    inside = []

    def fail():
        with evaluation_mode(net):
            inside.extend(m.training for m in net.modules())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not any(inside)
    assert [m.training for m in net.modules()] == before


def test_train_ch5_does_as_the_notes_do_and_examines_nothing(batches, monkeypatch):
    monkeypatch.setattr(Examiner, "examine", lambda *_: pytest.fail("examined"))
    net = network()
    d2l.train_ch5(net, batches[:2], batches[:1], 64, torch.optim.Adam(net.parameters()), torch.device("cpu"), 1)
