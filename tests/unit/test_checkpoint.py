"""A run that is broken off, by Ctrl-C or by kill -9, goes on as if it had not been."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict

import pytest
import torch
from torch import nn

import nin_course as d2l
from nin_course.checkpoint import load_checkpoint, restore, save_checkpoint, write_whole
from nin_course.diagnose import Examiner
from nin_course.history import History, Steps

SAME = ("loss", "train_acc", "valid_acc", "step", "step_loss", "health", "findings")


def run(epochs, checkpoint=None, resume=False, seed=5, callbacks=()):
    """A small run with all that could make it differ: shuffling, dropout, batch norm, momentum, a schedule."""
    torch.manual_seed(0)
    train_iter, test_iter = d2l.load_data_fashion_mnist(10, sample=True)
    for data, n in ((train_iter.dataset, 1000), (test_iter.dataset, 100)):
        data.images, data.labels = data.images[:n], data.labels[:n]
    net = nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 4, 5, stride=4), nn.BatchNorm2d(4), nn.ReLU()),
        *(nn.Dropout(0.2), nn.Flatten(), nn.Linear(4 * 36, 10)),
    )
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=100 * 6)
    settings = dict(optimizer=optimizer, scheduler=scheduler, device="cpu", progress=False, callbacks=callbacks)
    history = d2l.fit(
        net, train_iter, test_iter, epochs=epochs, seed=seed, checkpoint=checkpoint, resume=resume, **settings
    )
    return net, history


def assert_same(one, other):
    for name in SAME:
        assert getattr(one, name) == getattr(other, name), name


def test_a_run_resumed_twice_has_the_history_and_the_weights_of_an_unbroken_one(tmp_path):
    unbroken, history = run(6)
    for epochs in (2, 3, 6):
        resumed, resumed_history = run(epochs, tmp_path / "run.pt", resume=True)
    assert_same(history, resumed_history)
    assert len(resumed_history.seconds) == 6
    assert all(
        torch.equal(a, b) for a, b in zip(unbroken.state_dict().values(), resumed.state_dict().values(), strict=True)
    )


def test_a_run_stopped_in_the_middle_of_an_epoch_goes_on_from_its_last_checkpoint(tmp_path, ctrl_c):
    def interrupt(history):
        if history.step[-1] == 250 and len(history.loss) == 2:
            ctrl_c()

    _, stopped = run(6, tmp_path / "run.pt", callbacks=[interrupt])
    assert stopped.stopped
    assert len(stopped.loss) == 2
    _, resumed = run(6, tmp_path / "run.pt", resume=True)
    assert not resumed.stopped
    assert_same(run(6)[1], resumed)


def test_the_best_epochs_weights_are_in_the_checkpoint(tmp_path):
    net, history = run(4, tmp_path / "run.pt")
    best = load_checkpoint(tmp_path / "run.pt")["best"]
    assert best["valid_acc"] == max(history.valid_acc) == history.valid_acc[best["epoch"] - 1]
    net.load_state_dict(best["net"])
    _, test_iter = d2l.load_data_fashion_mnist(100, sample=True)
    assert d2l.evaluate_accuracy([next(iter(test_iter))], net) == best["valid_acc"]


def test_without_resume_a_run_begins_anew_and_without_a_file_so_does_a_resumed_one(tmp_path):
    _, first = run(1, tmp_path / "run.pt", resume=True)
    _, second = run(1, tmp_path / "run.pt")
    assert_same(first, second)
    assert len(second.loss) == 1


def test_process_0_alone_writes_it(tmp_path, monkeypatch):
    monkeypatch.setattr("nin_course.train.rank", lambda: 1)
    run(1, tmp_path / "run.pt")
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, sys; sys.path.insert(0, {folder!r})
import torch; torch.set_num_threads(1)
from test_checkpoint import run
torch.optim.SGD([torch.zeros(1)])  # the first optimizer imports for a second
for line in sys.stdin:  # each asks for one more process: what it needs is imported once for all
    child = os.fork()
    while not child:
        run(6, {path!r}, callbacks=[lambda history: print(os.getpid(), len(history.loss), flush=True)])
    os.waitpid(child, 0)
    print("over", flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no kill -9 here")
def test_a_run_killed_at_any_moment_leaves_a_checkpoint_that_loads(tmp_path):
    path = tmp_path / "run.pt"
    code = KILLED.format(folder=os.path.dirname(__file__), path=str(path))
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as runs:
        for attempt in range(4):
            print(file=runs.stdin, flush=True)
            child, epochs = next(runs.stdout).split()
            while epochs == "0":  # until there is a first checkpoint
                child, epochs = next(runs.stdout).split()
            time.sleep(0.17 * attempt)
            os.kill(int(child), signal.SIGKILL)
            assert "over\n" in runs.stdout  # which reads on to there
            content = load_checkpoint(path)
            assert len(content["history"].loss) >= 1
        runs.stdin.close()
    _, resumed = run(6, path, resume=True)
    _, unbroken = run(6)
    assert resumed.loss == pytest.approx(unbroken.loss, rel=1e-3)  # the killed runs had one thread


def parts(seed):
    """All that a run consists of, in the middle of a life: network, optimizer, scheduler, steps and generator."""
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    steps = Steps(History("cpu", seed), [], Examiner(net), scheduler)
    for _ in range(seed):
        X, y = torch.randn(4, 1, 4, 4), torch.randint(3, (4,))
        steps.examiner.see(X, y)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(X), y)
        loss.backward()
        optimizer.step()
        steps(loss.detach(), 4)
    steps.read()
    steps.history.add_epoch(*torch.rand(5).tolist())
    steps.history.health.append("well")
    return net, optimizer, scheduler, steps


def state(net, optimizer, scheduler, steps):
    """The same as plain values, in lists, to be compared."""
    counts = (steps.step, steps.images, steps.images_read)
    kept = [net.state_dict(), optimizer.state_dict(), scheduler.state_dict(), counts, vars(steps.examiner)["first"]]
    return plain([*kept, steps.examiner.X, steps.examiner.y, torch.get_rng_state()])


def plain(value):
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("best", [None, {"epoch": 2, "valid_acc": 0.5, "net": {"w": torch.ones(2)}}])
def test_everything_that_a_run_consists_of_comes_back(tmp_path, best):
    path = tmp_path / "new" / "folders" / "run.pt"
    before = parts(3)
    expected, history = state(*before), asdict(before[3].history)
    save_checkpoint(path, *before, best)
    other = parts(5)
    assert state(*other) != expected
    content = load_checkpoint(path)
    assert asdict(content["history"]) == history
    assert plain(restore(content, *other)) == plain(best)
    assert state(*other) == expected
    assert [p.name for p in path.parent.iterdir()] == ["run.pt"]


def test_without_a_scheduler_or_an_examiner_there_is_none_to_come_back(tmp_path):
    net, optimizer, _, _ = parts(3)
    alone = Steps(History("cpu", None), [], None)
    save_checkpoint(tmp_path / "run.pt", net, optimizer, None, alone, None)
    content = load_checkpoint(tmp_path / "run.pt")
    assert (content["scheduler"], content["examiner"]) == (None, None)
    net, optimizer, _, steps = parts(4)
    first = steps.examiner.state_dict()
    assert restore(content, net, optimizer, None, steps) is None  # an examiner that is new stays as it is
    assert steps.examiner.state_dict() == first


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_file_before_it(tmp_path, monkeypatch, failing):
    path = tmp_path / "run.pt"
    path.write_bytes(b"before")
    seen, content = {}, b"after"

    def fail(*_):
        seen.update((p.name, p.read_bytes()) for p in tmp_path.iterdir())
        raise OSError("no space left on device")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(OSError, match="no space left"):
        write_whole(path, content)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"run.pt": b"before"}
    # Two processes never write one file; and all of it has left Python before the disk is asked to keep it.
    assert seen == {f".run.pt.{os.getpid()}": content, "run.pt": b"before"}


def test_a_checkpoint_that_is_not_there_or_cannot_be_read_is_not_said_to_be_damaged(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "run.pt")
    (tmp_path / "run.pt").mkdir()
    with pytest.raises(OSError, match=r"run\.pt"):
        load_checkpoint(tmp_path / "run.pt")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint"])
def test_a_file_that_is_no_checkpoint_is_refused_in_words(tmp_path, content):
    path = tmp_path / "run.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"run\.pt is not a checkpoint of this course, or it is damaged"):
        run(2, path, resume=True)


class Trap:
    """What runs code when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, (os.environ["TRAP"],)


def test_a_checkpoint_from_elsewhere_runs_no_code(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAP", str(tmp_path / "sprung"))
    torch.save({"history": Trap()}, tmp_path / "evil.pt")
    with pytest.raises(ValueError, match="is not a checkpoint of this course"):
        load_checkpoint(tmp_path / "evil.pt")
    assert not (tmp_path / "sprung").exists()


def test_a_checkpoint_holds_plain_values_only(tmp_path):
    _, history = run(1, tmp_path / "run.pt")
    assert asdict(load_checkpoint(tmp_path / "run.pt")["history"]) == asdict(history)
