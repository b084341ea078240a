"""Two processes under torchrun train the network that one would have trained."""

import json
import os
import subprocess
import sys

import pytest
import torch
import torch.distributed as dist
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pretended import pretended
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

from nin_course.data import FashionMNIST
from nin_course.processes import join_processes, mean_over_processes, processes, rank, share, together


@pytest.fixture
def joined(monkeypatch):
    """Plays torch.distributed: joined(rank, world) makes this one of so many processes; `others` is what they send."""
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_backend", lambda: "gloo")

    def play(rank, world, others=None):
        def broadcast(objects):
            if rank == 0:
                others[:] = objects
            else:
                assert objects == [None]  # nothing is drawn but by process 0
                objects[:] = others

        def gather(everyones, mine):
            assert everyones == [None] * world
            everyones[:] = [*others[:rank], mine, *others[rank:]]

        monkeypatch.setattr(dist, "get_rank", lambda: rank)
        monkeypatch.setattr(dist, "get_world_size", lambda: world)
        monkeypatch.setattr(dist, "broadcast_object_list", broadcast)
        monkeypatch.setattr(dist, "all_gather_object", gather)

    return play


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=st.integers(2, 5), images=st.integers(1, 40), batch_size=st.integers(1, 12), seed=st.integers(0, 99))
def test_the_processes_share_every_batch_equally_and_no_image_twice(joined, world, images, batch_size, seed):
    data = FashionMNIST(torch.zeros(images, 1, 28, 28, dtype=torch.uint8), torch.arange(images))
    loader = DataLoader(data, sampler=BatchSampler(RandomSampler(data), batch_size, False), batch_size=None)
    drawn, shares = [None], []
    for number in range(world):
        torch.manual_seed(seed + number)
        joined(number, world, drawn)
        assert (rank(), processes()) == (number, world)
        mine = share(loader)
        assert len(mine) == len(loader)
        shares.append([y.tolist() for _, y in mine])
    (batches,) = drawn
    assert sorted(i for batch in batches for i in batch) == list(range(images))
    whole = [batch for batch in batches if len(batch) >= world]
    for i, batch in enumerate(whole):
        parts = [mine[i] for mine in shares]
        assert {len(part) for part in parts} == {len(batch) // world}
        assert sorted(i for part in parts for i in part) == sorted(batch[: len(batch) // world * world])
    assert {len(mine) for mine in shares} == {len(whole)}


def test_a_mean_is_that_of_all_processes_to_many_digits(joined):
    joined(1, 4, [(0.2, 1.0, 0.0), (-0.1, 0.5, 1e-9), (0.1, 1.5, 0.0)])
    found = mean_over_processes((0.1, 5.0, 1e9))
    assert found == pytest.approx((0.075, 2.0, 0.25e9), rel=1e-12)
    assert [type(number) for number in found] == [float] * 3


def test_a_network_is_wrapped_once_there_are_others(joined, monkeypatch):
    joined(0, 2)
    monkeypatch.setattr(nn.parallel, "DistributedDataParallel", lambda net: ("together", net))
    net = nn.Linear(2, 2)
    assert together(net) == ("together", net)


@pytest.mark.parametrize(("kind", "mine", "backend"), [("cuda", 1, "nccl"), ("xpu", 1, "xccl"), ("mps", None, "gloo")])
def test_each_process_takes_a_gpu_of_its_own_where_there_can_be_several(monkeypatch, kind, mine, backend):
    met = []
    monkeypatch.setattr(dist, "init_process_group", met.append)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pretended(kind) as asked:
        found = join_processes()
    assert found == (torch.device("cpu") if mine is None else torch.device(kind, mine))
    assert asked == ([] if mine is None else ["set_device_index"])
    assert met == [backend]


def test_processes_meet_once_if_torchrun_started_several(monkeypatch):
    met = []
    monkeypatch.setattr(dist, "init_process_group", met.append)
    for world, expected in ((None, []), ("1", []), ("2", ["gloo"])):
        monkeypatch.delenv("WORLD_SIZE", raising=False)
        if world:
            monkeypatch.setenv("WORLD_SIZE", world)
        assert join_processes("cpu") == torch.device("cpu")
        assert met == expected
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    join_processes("cpu")
    assert met == ["gloo"]
    with pytest.raises(ValueError, match="device='gpu0' does not work here"):
        join_processes("gpu0")


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="torchrun needs libuv, PyTorch for Windows has none")
# What two processes under torchrun do, after the command line twice, and one alone: two short runs, recorded.
RUNS = """
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

from nin_course.__main__ import main
from nin_course.data import FashionMNIST
from nin_course.processes import rank
from nin_course.recipe import load, prepare, preset
from nin_course.train import fit


class Double(torch.nn.Module):
    def forward(self, X):
        return X.double()


def recorded(images, double, **changes):
    recipe = replace(preset("smoke"), epochs=2, lr=1e-3, fast=False, **changes)
    whole = load(recipe)[0].dataset
    few = FashionMNIST(
        whole.images[:images], whole.labels[:images], resize=12, normalize=True, augment=whole.augment
    )  # at 12 px: a fifth of the arithmetic of 28
    torch.manual_seed(0)
    batches = DataLoader(few, sampler=BatchSampler(RandomSampler(few), 100, False), batch_size=None)
    net, batches, settings = prepare(recipe, batches, seed=0, device="cpu")
    if double:  # and SGD: Adam divides by a gradient's size, and so makes rounding errors large where it is near zero
        net = torch.nn.Sequential(Double(), net.double())
        settings |= dict(optimizer=torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9), scheduler=None)
    before = [p.detach().clone() for p in net.parameters()]
    history = fit(net, batches, progress=False, **settings)
    moved = torch.cat([(p.detach() - b).flatten() for p, b in zip(net.parameters(), before)])
    return {"moved": moved, "loss": history.loss, "acc": history.train_acc}


torch.set_num_threads(1)
folder, *commands = sys.argv[1:]
for command in commands:
    code = main(command.split())
    assert code == 0, command
found = {
    "plain": recorded(1050, True, batch_norm=False, flip=False, shift=0),  # 10 batches of 100 and one of 50
    "batch norm": recorded(2400, False, batch_norm=True, flip=True, shift=1),
}
if rank() == 0:
    torch.save(found, Path(folder) / "found.pt")
"""


def started(script, folder, number, *arguments):
    """Runs a script in so many processes, as a user would: alone without torchrun. -> (what it printed, found)"""
    launcher = [sys.executable]
    if number > 1:
        launcher += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(number)]
        launcher += ["--log-dir", folder / "log"]  # else it leaves a folder where temporary ones are, for ever
    folder.mkdir()
    done = subprocess.run(
        [*launcher, script, folder, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | ({"GLOO_SOCKET_IFNAME": "lo0"} if sys.platform == "darwin" else {}),
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout, torch.load(folder / "found.pt", weights_only=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """-> (the command line's record of two processes, what they printed, the runs of one, those of two)"""
    folder = tmp_path_factory.mktemp("torchrun")
    script, record = folder / "runs.py", folder / "record"
    script.write_text(RUNS)
    command = f"train --preset smoke --size 12 --device cpu --out {record}"
    printed, two = started(script, folder / "two", 2, command, f"{command} --resume")
    _, one = started(script, folder / "one", 1)
    return record, printed, one, two


def distance(one, other):
    """How differently the weights of two runs have moved, as a share of how far."""
    return ((one["moved"] - other["moved"]).norm() / one["moved"].norm()).item()


def test_without_batch_norm_and_augmentation_two_processes_agree_with_one_to_many_digits(trained):
    one, two = (found["plain"] for found in trained[2:])
    assert distance(one, two) < 1e-9
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-6)  # which `fit` adds up in single precision
    assert two["acc"] == pytest.approx(one["acc"], abs=1e-6)


def test_with_batch_norm_and_augmentation_two_processes_agree_with_one_within_a_band(trained):
    """Each process normalises by its own half of the batch and draws its own shifts: alike, not equal."""
    one, two = (found["batch norm"] for found in trained[2:])
    assert distance(one, two) > 0.01
    assert two["loss"] == pytest.approx(one["loss"], rel=0.25)
    assert two["acc"] == pytest.approx(one["acc"], abs=0.1)
    assert two["acc"][-1] > 0.6


def test_the_command_line_trains_under_torchrun_and_leaves_one_record(trained):
    record, printed, *_ = trained
    card = json.loads((record / "card.json").read_text())
    assert card["processes"] == 2
    assert card["accuracy"] > 0.6
    assert printed.count("right on 2,000 test images") == 2  # once by each command: the second has nothing left to do
    assert sorted(p.name for p in record.iterdir()) == ["card.json", "checkpoint.pt", "history.jsonl", "weights.pt"]


def test_alone_there_is_one_process_and_nothing_is_wrapped_or_shared():
    net, loader = torch.nn.Linear(2, 2), [1, 2]
    assert (rank(), processes()) == (0, 1)
    assert together(net) is net
    assert share(loader) is loader
    assert mean_over_processes((1.0, 2.0)) == (1.0, 2.0)
