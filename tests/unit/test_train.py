"""The loop and what stands around it."""

import contextlib
import io
import sys
import weakref
from contextlib import redirect_stdout

import pytest
import torch
from torch import nn

import nin_course as d2l
from nin_course.checkpoint import load_checkpoint
from nin_course.history import Hopeless, Steps
from nin_course.train import confusion_matrix


def blobs(n=96, batch_size=32, seed=0):
    """Two classes that a linear layer can tell apart, as a list of batches."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 2, (n,), generator=generator)
    X = torch.randn(n, 1, 4, 4, generator=generator) + 3 * (y * 2.0 - 1).view(-1, 1, 1, 1)
    return list(zip(X.split(batch_size), y.split(batch_size), strict=True))


def small_net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(16, 2))


def uneven(n=60, seed=0):
    """`n` batches of one to five samples, of three classes that can be told apart."""
    generator = torch.Generator().manual_seed(seed)
    for i in range(n):
        y = torch.randint(0, 3, (1 + i * 7 % 5,), generator=generator)
        yield torch.randn(len(y), 1, 4, 4, generator=generator) + y.view(-1, 1, 1, 1), y


def by_hand(net, train, valid, *, epochs, lr, smoothing, decay):
    """The same training in plain PyTorch: Adam from its paper, the loss from its formula; every look at it."""
    found = {name: [] for name in ("loss", "train_acc", "valid_acc", "step", "step_loss")}
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in net.parameters()]
    step, since = 0, []
    for _ in range(epochs):
        losses, right, images = [], 0, 0
        for X, y in train:
            net.train()
            logits = net(X)
            truth = (1 - smoothing) * nn.functional.one_hot(y, 3) + smoothing / 3
            loss = -(truth * logits.log_softmax(1)).sum(1)
            gradients = torch.autograd.grad(loss.mean(), list(net.parameters()))
            step += 1
            rate = lr * (decay ** (step - 1))
            with torch.no_grad():
                for p, g, (m, v) in zip(net.parameters(), gradients, moments, strict=True):
                    m.mul_(0.9).add_(0.1 * g)
                    v.mul_(0.999).add_(0.001 * g**2)
                    p -= rate * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
            losses += loss.tolist()
            since += loss.tolist()
            right += (logits.argmax(1) == y).sum().item()
            images += len(y)
            if step % 50 == 0:
                found["step"].append(step)
                found["step_loss"].append(sum(since) / len(since))
                since = []
        if since:
            found["step"].append(step)
            found["step_loss"].append(sum(since) / len(since))
            since = []
        found["loss"].append(sum(losses) / images)
        found["train_acc"].append(right / images)
        net.eval()
        if valid:
            said = [(net(X).argmax(1) == y).float() for X, y in valid]
            found["valid_acc"].append(torch.cat(said).mean().item())
    return found


@pytest.mark.parametrize("examine", [False, True])
@pytest.mark.parametrize(("smoothing", "decay", "validated"), [(0.0, 1.0, True), (0.3, 0.97, True), (0.1, 0.99, False)])
def test_fit_is_what_one_would_write_by_hand(smoothing, decay, validated, examine):
    """Every number of the History and every weight in the end; small last batches, dropout and a schedule included."""

    def network():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3))
        return net.eval()  # a network comes as it is left by an evaluation

    train, valid = list(uneven()), list(uneven(7, seed=1)) if validated else None
    expected_net, net = network(), network()
    torch.manual_seed(0)
    expected = by_hand(expected_net, train, valid, epochs=3, lr=0.02, smoothing=smoothing, decay=decay)
    settings = dict(label_smoothing=smoothing, seed=0, device="cpu", progress=False, examine=examine)
    if decay < 1:
        settings["optimizer"] = torch.optim.Adam(net.parameters(), lr=0.02)
        settings["scheduler"] = torch.optim.lr_scheduler.ExponentialLR(settings["optimizer"], decay)
    history = d2l.fit(net, train, valid, epochs=3, **{"lr": 0.02, **settings})
    for name, values in expected.items():
        assert getattr(history, name) == pytest.approx(values, rel=2e-3), name
    for p, q in zip(net.parameters(), expected_net.parameters(), strict=True):
        torch.testing.assert_close(p, q, atol=2e-4, rtol=2e-3)
    assert history.step == [50, 60, 100, 120, 150, 180]
    assert [line[:16] for line in history.health] == 3 * examine * ["dead classes 0, "]
    assert (history.device, history.seed, history.stopped, history.findings) == ("cpu", 0, False, [])
    assert history.loss[-1] < history.loss[0]


def test_the_seconds_are_those_of_the_training_alone(monkeypatch):
    now = [0.0]

    class Slow(list):
        def __init__(self, batches, seconds):
            super().__init__(batches)
            self.seconds = seconds

        def __iter__(self):
            for batch in super().__iter__():
                now[0] += self.seconds
                yield batch

    monkeypatch.setattr("nin_course.train.time.perf_counter", lambda: now[0])
    settings = dict(epochs=2, device="cpu", progress=False, examine=False)
    history = d2l.fit(small_net(), Slow(blobs(), 2.0), Slow(blobs(), 1000.0), **settings)
    assert history.seconds == [6.0, 6.0]
    assert history.images_per_second == [16.0, 16.0]


@pytest.mark.parametrize("seed", [0, 7, None])
def test_the_seed_is_set_once_before_the_first_batch_or_not_at_all(seed, monkeypatch):
    seeds, drawn = [], []
    monkeypatch.setattr("nin_course.train.torch.manual_seed", lambda n: seeds.append(n))
    monkeypatch.setattr("nin_course.train.rank", lambda: 3)
    net = small_net()
    seeds.clear()
    net.register_forward_hook(lambda *_: drawn.append(len(seeds)))
    history = d2l.fit(net, blobs(), epochs=2, device="cpu", seed=seed, progress=False, examine=False)
    assert seeds == ([] if seed is None else [seed + 3])
    assert set(drawn) == {len(seeds)}
    assert history.seed == seed


def test_the_speed_is_that_of_all_processes(monkeypatch):
    monkeypatch.setattr("nin_course.train.processes", lambda: 4)
    history = d2l.fit(small_net(), blobs(), epochs=1, device="cpu", progress=False, examine=False)
    assert history.images_per_second[0] == pytest.approx(4 * 96 / history.seconds[0])


@pytest.mark.parametrize(("channels_last", "autocast"), [(True, False), (False, True)])
def test_what_makes_it_fast_and_what_joins_the_processes_stands_around_the_network(
    channels_last, autocast, monkeypatch
):
    wrapped, means, worked = [], [], []

    def together(net):
        around = nn.Sequential(net)
        around.register_forward_hook(lambda *_: wrapped.append((net.memory_format, net.autocast)))
        return around

    monkeypatch.setattr("nin_course.train.together", together)
    monkeypatch.setattr("nin_course.train.mean_over_processes", lambda numbers: means.append(numbers) or (0.25, 0.125))
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(12, 2))
    net[0].register_forward_hook(lambda layer, X, Y: worked.append((X[0].is_contiguous(), Y.dtype, layer.training)))
    train = [(torch.cat([X, X], dim=1), y) for X, y in blobs()]
    settings = dict(channels_last=channels_last, autocast=autocast, progress=False, examine=False)
    history = d2l.fit(net, train, train[:2], epochs=1, device="cpu", **settings)
    assert wrapped == [(torch.channels_last if channels_last else torch.preserve_format, autocast)] * 3
    fast = (not channels_last, torch.bfloat16 if autocast else torch.float32)
    assert worked == [(*fast, True)] * 3 + [(*fast, False)] * 2  # it is measured as fast as it is trained
    assert len(means[0]) == 2
    assert (history.loss, history.train_acc) == ([0.25], [0.125])


def test_every_sample_counts_the_same_in_a_smaller_last_batch():
    net, data = small_net().eval(), blobs(n=70, batch_size=32)  # 32 + 32 + 6
    data[-1] = (data[-1][0], 1 - data[-1][1])  # the small batch is all wrong: it weighs 6 of 70, not a third
    frozen = torch.optim.SGD(net.parameters(), lr=0.0)
    net[1].p = 0.0
    X, y = (torch.cat(parts) for parts in zip(*data, strict=True))
    told = []
    loss, accuracy = d2l.train_epoch(net, data, frozen, "cpu", lambda loss, n: told.append((loss.requires_grad, n)))
    assert told == [(False, 32), (False, 32), (False, 6)]  # who keeps a loss does not keep its graph
    assert loss == pytest.approx(nn.functional.cross_entropy(net(X), y).item(), rel=1e-5)
    assert accuracy == pytest.approx((net(X).argmax(1) == y).float().mean().item())
    assert d2l.evaluate_accuracy(data, net) == pytest.approx(accuracy)


def test_evaluation_is_in_evaluation_mode_and_gives_every_module_its_mode_back():
    net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(16), nn.Dropout(0.9), nn.Linear(16, 2))
    net[1].eval()  # a module frozen on purpose
    modes_inside = []
    net[2].register_forward_hook(lambda layer, *_: modes_inside.append((layer.training, torch.is_grad_enabled())))
    d2l.evaluate_accuracy(blobs(), net)
    assert set(modes_inside) == {(False, False)}
    assert [m.training for m in net] == [True, False, True, True]


def test_evaluation_gives_the_mode_back_when_it_fails():
    net = small_net()
    with pytest.raises(RuntimeError):
        d2l.evaluate_accuracy([(torch.zeros(2, 5), torch.zeros(2))], net)
    assert net.training


@pytest.mark.parametrize(
    "call", [lambda: d2l.evaluate_accuracy([], small_net()), lambda: d2l.fit(small_net(), [], epochs=1, progress=False)]
)
def test_no_batches_are_refused_in_words(call):
    with pytest.raises(ValueError, match="has no batches"):
        call()


def test_the_same_seed_gives_the_same_history():
    def losses(seed):
        train_iter, _ = d2l.load_data_fashion_mnist(500, sample=True)
        data = train_iter.dataset
        data.images, data.labels = data.images[::8], data.labels[::8]
        torch.manual_seed(3)
        net = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(784, 10))
        return d2l.fit(net, train_iter, epochs=1, seed=seed, device="cpu", progress=False).loss

    assert losses(1) == losses(1)
    assert losses(1) != losses(2)


def test_the_loss_is_looked_at_every_fifty_steps_and_at_the_end_of_an_epoch():
    seen = []
    data = blobs(n=120, batch_size=1)
    d2l.fit(small_net(), data, epochs=1, device="cpu", progress=False, callbacks=[lambda h: seen.append(list(h.step))])
    assert seen == [[50], [50, 100], [50, 100, 120]]


def test_ctrl_c_ends_the_run_with_what_it_has(ctrl_c):
    data, net = blobs(n=120, batch_size=1), small_net()

    def interrupt(history):
        if history.step[-1] == 150:  # in the second epoch of 120 steps
            ctrl_c()

    before = net[2].weight.clone()
    history = d2l.fit(net, data, data, epochs=9, device="cpu", progress=False, callbacks=[interrupt])
    assert history.stopped
    assert len(history.loss) == len(history.valid_acc) == 1
    assert history.step == [50, 100, 120, 150]
    assert not torch.equal(before, net[2].weight)
    assert "(stopped)" in str(history)


def test_images_too_small_for_the_network_are_refused_before_the_first_step():
    train_iter, test_iter = d2l.load_data_fashion_mnist(32, resize=48, sample=True)
    with pytest.raises(ValueError, match="Use at least 67 px"):
        d2l.fit(d2l.nin(), train_iter, test_iter, epochs=1, device="cpu", progress=False)


def test_the_notes_cells_run_under_one_changed_import(monkeypatch):
    """The same calls under the same names; one small batch stands for five epochs of 1,875."""
    batch_size = 32
    loaders = d2l.load_data_fashion_mnist(batch_size, resize=224, sample=True)
    (X, y), (X_test, y_test) = (next(iter(loader)) for loader in loaders)
    assert X.shape == X_test.shape == (32, 1, 224, 224)
    few, fewer = [(X[:4], y[:4])], [(X_test[:2], y_test[:2])]
    net = nn.Sequential(
        d2l.nin_block(1, 96, kernel_size=11, stride=4, padding=0),
        nn.MaxPool2d(kernel_size=3, stride=2),
        d2l.nin_block(96, 256, kernel_size=5, stride=1, padding=2),
        nn.MaxPool2d(kernel_size=3, stride=2),
        d2l.nin_block(256, 384, kernel_size=3, stride=1, padding=1),
        nn.MaxPool2d(kernel_size=3, stride=2),
        nn.Dropout(0.5),
        d2l.nin_block(384, 10, kernel_size=3, stride=1, padding=1),
        d2l.GlobalAvgPool2d(),
        d2l.FlattenLayer(),
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=0.002)
    before = net[0][0].weight.clone()
    d2l.train_ch5(net, few, fewer, batch_size, optimizer, torch.device("cpu"), 1)
    assert not torch.equal(before, net[0][0].weight)


def test_a_progress_bar_counts_the_batches(capsys):
    d2l.fit(small_net(), blobs(), epochs=2, device="cpu")
    shown = capsys.readouterr().err
    assert "epoch 1/2" in shown
    assert "epoch 2/2" in shown
    assert "/3 [" in shown


@pytest.mark.parametrize("examine", [False, True])
def test_a_run_holds_no_more_batches_than_it_works_on_and_examines(examine):
    given, held = [], []

    def batches():
        for X, y in blobs(n=40 * 32):
            X = X.clone()
            given.append(weakref.ref(X))
            held.append(sum(ref() is not None for ref in given))
            yield X, y

    class Loader:
        __iter__ = staticmethod(batches)

    d2l.fit(small_net(), Loader(), Loader(), epochs=2, device="cpu", progress=False, examine=examine)
    assert max(held) <= 3 + 4 * examine  # the last two, the next, and 128 images, however many there were


def test_a_device_that_is_not_there_is_refused_in_words():
    with pytest.raises(ValueError, match="device='gpu0' does not work here"):
        d2l.fit(small_net(), blobs(), epochs=1, device="gpu0")


def test_batches_may_come_from_a_generator(capsys):
    history = d2l.fit(small_net(), (batch for batch in blobs()), epochs=1, device="cpu")
    assert history.step == [3]


ENDS = [(None, 2, False), (KeyboardInterrupt(), 1, True), (Hopeless("no way"), 1, True), (RuntimeError("oh"), 1, False)]


@pytest.mark.parametrize(("end", "epochs", "stopped"), ENDS)
def test_whatever_ends_a_run_each_callback_is_told_once_with_what_there_is(end, epochs, stopped):
    told = []

    class Callback:
        def __call__(self, history):
            if end and history.loss:
                raise end

        def close(self, history):
            told.append((len(history.loss), history.stopped))

    callbacks = [Callback(), lambda history: None, Callback()]
    with pytest.raises(RuntimeError, match="oh") if type(end) is RuntimeError else contextlib.nullcontext():
        d2l.fit(small_net(), blobs(), epochs=2, device="cpu", progress=False, callbacks=callbacks)
    assert told == [(epochs, stopped)] * 2


class StopAtStep:
    """A callback that asks the run to end."""

    stop = False

    def __init__(self, step):
        self.step = step

    def __call__(self, history):
        self.stop = history.step[-1] >= self.step


def test_a_callback_can_ask_for_the_end():
    data, callback = blobs(n=120, batch_size=1), StopAtStep(150)
    history = d2l.fit(small_net(), data, data, epochs=9, device="cpu", progress=False, callbacks=[callback])
    assert history.stopped
    assert history.step == [50, 100, 120, 150, 151]  # asked for after 150 steps, heard before the next
    assert len(history.loss) == 1


def test_the_best_epochs_weights_are_kept_if_asked_for_also_in_a_run_that_was_stopped():
    """The learning rate is raised until what was learned is lost; the best epoch is one in the middle."""

    def run(**settings):
        torch.manual_seed(0)
        net = small_net()
        optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 if step < 480 else -3e4)
        valid = blobs(seed=1)
        settings |= dict(optimizer=optimizer, scheduler=scheduler, device="cpu", progress=False, seed=0)
        history = d2l.fit(net, blobs(n=120, batch_size=1), valid, epochs=8, examine=False, **settings)
        return history, d2l.evaluate_accuracy(valid, net)

    history, last = run()
    assert last == history.valid_acc[-1] < max(history.valid_acc)
    history, kept = run(keep_best=True)
    assert kept == max(history.valid_acc)
    history, kept = run(keep_best=True, callbacks=[StopAtStep(650)])
    assert history.stopped
    assert kept == max(history.valid_acc) > 0.95


def test_the_confusion_matrix_counts_every_image_once_and_its_diagonal_is_the_accuracy():
    net, data = small_net(), blobs(n=70)
    net[1].p = 0.9  # but not in evaluation
    matrix = confusion_matrix(data, net)
    assert net.training
    X, y = (torch.cat(parts) for parts in zip(*data, strict=True))
    said = net.eval()(X).argmax(1)
    expected = [[((y == i) & (said == j)).sum().item() for j in range(2)] for i in range(2)]
    assert matrix.tolist() == expected
    assert matrix.diagonal().sum().item() / 70 == pytest.approx(d2l.evaluate_accuracy(data, net))


def test_the_confusion_matrix_has_the_truth_in_rows_and_what_is_said_in_columns():
    said = torch.tensor([1, 1, 2, 0, 2, 2])
    truth = torch.tensor([0, 0, 0, 2, 2, 1])
    data = [(nn.functional.one_hot(said, 3).float()[part], truth[part]) for part in (slice(4), slice(4, 6))]
    assert confusion_matrix(data, nn.Identity(), "cpu").tolist() == [[0, 2, 1], [0, 0, 1], [1, 0, 1]]


def test_the_notes_line_has_the_epochs_own_numbers(monkeypatch):
    clock = iter([100.0, 103.25, 110.0])
    monkeypatch.setattr("nin_course.train.fit", _two_epochs)
    monkeypatch.setattr("nin_course.train.time.perf_counter", lambda: next(clock))
    out = io.StringIO()
    with redirect_stdout(out):
        d2l.train_ch5(None, None, None, 32, None, "cpu", 2)
    assert out.getvalue().splitlines() == [
        "training on cpu",
        "epoch 1, loss 0.5000, train acc 0.600, test acc 0.700, time 3.2 sec",
        "epoch 2, loss 0.2500, train acc 0.800, test acc 0.900, time 6.8 sec",
    ]


def _two_epochs(net, train_iter, test_iter, *, callbacks, **settings):
    history = d2l.History("cpu", None)
    for numbers in ((0.5, 0.6, 0.7, 1, 1), (0.25, 0.8, 0.9, 1, 1)):
        callbacks[0](history)  # in the middle of an epoch there is nothing to print
        history.add_epoch(*numbers)
        callbacks[0](history)


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (dict(), "no whole epoch, 0 steps on cpu"),
        (dict(step=[50, 77, 90], step_loss=[2, 1, 1]), "no whole epoch, 90 steps on cpu"),
        (dict(loss=[0.123456], train_acc=[0.98765]), "1 epoch on cpu, last: loss 0.1235, train acc 0.988"),
        (
            dict(loss=[0.9, 0.8], train_acc=[0.1, 0.2], valid_acc=[0.3, 0.4], stopped=True),
            "2 epochs on cpu (stopped), last: loss 0.8000, train acc 0.200, valid acc 0.400",
        ),
    ],
)
def test_a_history_in_words_tells_its_last_epoch(history, words):
    assert str(d2l.History("cpu", None, **history)) == f"History: {words}"


def test_an_epoch_of_a_history_has_each_number_in_its_place():
    history = d2l.History("cpu", 5)
    history.add_epoch(1, 2, 3, 4, 5)
    history.add_epoch(6, 7, None, 9, 10)
    lists = (history.loss, history.train_acc, history.valid_acc, history.seconds, history.images_per_second)
    assert lists == ([1, 6], [2, 7], [3], [4, 9], [5, 10])
    assert history.versions == {"python": sys.version.split()[0], "torch": str(torch.__version__)}
    assert type(history.versions["torch"]) is str  # it is written to disk, and read as plain values


class Losing:
    """Plays an Examiner: at which step, with which loss it is asked; `findings` and whether there is hope."""

    def __init__(self, hopeless_at=None):
        self.asked, self.hopeless_at = [], hopeless_at

    def examine(self, steps, loss):
        self.asked.append((steps, loss))
        return self

    hopeless = property(lambda self: self.asked[-1][0] == self.hopeless_at)
    findings = lambda self: [f"seen at {self.asked[-1][0]}", "and more"]  # noqa: E731


def test_a_loss_that_stands_still_or_is_no_number_is_examined_at_once_and_no_other():
    history, examiner, reports = d2l.History("cpu", None), Losing(hopeless_at=350), []
    steps = Steps(history, [lambda h: reports.append(h.step[-1])], examiner)
    losses = [2.0, 1.0, 1.00002, 1.00002, 0.0, float("inf"), 2.0]  # of fifty steps each

    def go():
        for loss in losses:
            for _ in range(50):
                steps(torch.tensor(loss), 4)

    go()
    assert history.step == reports == [50, 100, 150, 200, 250, 300, 350]
    assert history.step_loss == pytest.approx(losses)
    assert examiner.asked == [(200, pytest.approx(1.00002)), (300, float("inf"))]
    assert history.findings == ["seen at 300", "and more"]
    losses, examiner.hopeless_at = [2.0], 400
    with pytest.raises(Hopeless, match=r"^seen at 400$"):
        go()
    assert steps.images == 1600


def test_a_network_without_hope_ends_the_run_with_the_reason(capsys):
    net = nn.Sequential(nn.Flatten(), nn.Linear(16, 2), nn.ReLU())
    nn.init.constant_(net[1].bias, -100)
    history = d2l.fit(net, blobs(), epochs=3, device="cpu", progress=False)
    assert history.stopped
    assert len(history.loss) == 1
    assert history.health == []
    assert capsys.readouterr().out == f"Stopped. {history.findings[0]}\n"
    assert history.findings[0].startswith("All 2 class maps are zero for all images")


def test_the_optimizer_is_adam_at_the_rate_that_is_given_unless_another_is(monkeypatch):
    made, adam = [], torch.optim.Adam
    monkeypatch.setattr(torch.optim, "Adam", lambda *args, **kwargs: made.append(adam(*args, **kwargs)) or made[-1])
    settings = dict(epochs=1, device="cpu", progress=False, examine=False)
    d2l.fit(small_net(), blobs(), lr=0.02, **settings)
    assert [(type(optimizer), optimizer.param_groups[0]["lr"]) for optimizer in made] == [(adam, 0.02)]
    net = small_net()
    d2l.fit(net, blobs(), optimizer=torch.optim.SGD(net.parameters(), lr=0.1), **settings)
    assert len(made) == 1


def test_of_two_equal_epochs_the_first_is_the_best(tmp_path, monkeypatch):
    accuracies = iter([0.5, 0.9, 0.9, 0.4])
    monkeypatch.setattr("nin_course.train.evaluate_accuracy", lambda *_: next(accuracies))
    settings = dict(epochs=4, device="cpu", progress=False, examine=False, checkpoint=tmp_path / "run.pt")
    d2l.fit(small_net(), blobs(n=32), blobs(n=32), **settings)
    best = load_checkpoint(tmp_path / "run.pt")["best"]
    assert (best["epoch"], best["valid_acc"]) == (2, 0.9)


class OwnNorm(nn.Module):
    """A batch norm as one writes it by hand: its averages are plain attributes, moved in `forward`."""

    def __init__(self):
        super().__init__()
        self.scale, self.mean = nn.Parameter(torch.ones(1, 1, 1, 1)), torch.zeros(1, 1, 1, 1)

    def forward(self, X):
        self.mean = self.mean.to(X.device)
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * X.mean(dim=(2, 3), keepdim=True).mean(dim=0, keepdim=True)
        return (X - self.mean) * self.scale


@pytest.mark.parametrize("train", ["fit", "train_ch5"])
def test_a_network_is_run_only_as_it_was_asked(train):
    """Not once on `meta`, not once more than there are batches; what it keeps for itself is its own."""
    net, batches = nn.Sequential(OwnNorm(), nn.Flatten(), nn.Linear(16, 2)), blobs()
    seen = []
    net.register_forward_hook(lambda _, inputs, output: seen.append((output.device.type, len(output))))
    if train == "fit":
        d2l.fit(net, batches, epochs=1, device="cpu", progress=False, examine=False)
    else:
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        with redirect_stdout(io.StringIO()):
            d2l.train_ch5(net, batches, batches[:1], 32, optimizer, torch.device("cpu"), 1)
    assert seen == [("cpu", 32)] * (3 if train == "fit" else 4)
    assert net[0].mean.device.type == "cpu"
    assert net[0].mean != 0


def test_what_measures_a_network_works_on_a_copy():
    net = nn.Sequential(OwnNorm(), nn.Conv2d(1, 2, 3))
    mean, mode = net[0].mean, net.train().training
    d2l.summary(net, (1, 1, 8, 8))
    assert d2l.smallest_input(net) == 3
    assert net[0].mean is mean
    assert net.training is mode
    assert net[1].weight.device.type == "cpu"


def test_images_too_small_are_explained_and_any_other_error_is_the_networks_own():
    with pytest.raises(ValueError, match=r"4×4 px are too small .* at least 67 px"):
        d2l.fit(d2l.nin(), blobs(), epochs=1, device="cpu", progress=False)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        d2l.fit(nn.Sequential(nn.Flatten(), nn.Linear(15, 2)), blobs(), epochs=1, device="cpu", progress=False)
    with pytest.raises(RuntimeError, match="no such batch"):
        d2l.fit(small_net(), (raises() for raises in [no_batch]), epochs=1, device="cpu", progress=False)


def no_batch():
    raise RuntimeError("no such batch")
