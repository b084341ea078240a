"""The networks of chapter 08 cost what they are said to; the command that records their runs loses and doubles none."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import lab
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import nin_course as d2l
from nin_course import recipe
from nin_course.data import FashionMNIST, _loader
from nin_course.files import FULL
from nin_course.lab import HEADS, STUDENT, VARIANTS, block, costs, paired, runs, small
from nin_course.norm import add_batch_norm, fold_batch_norm
from nin_course.weights import ASSETS

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
    """Within 2 %, the widths in the ratio 1 : 2 : 4, as far as whole channels allow."""
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
        assert VARIANTS["hidden"].make()[-1].in_features == 256
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


def test_a_paired_difference_by_hand():
    """0, 0.01 and 0.02: mean 0.01, deviation 0.01, and 4.303 · 0.01 / √3."""
    assert paired({0: 0.90, 1: 0.91, 2: 0.92, 7: 0.1}, {0: 0.90, 2: 0.90, 1: 0.90, 8: 0.2}) == (0.01, 0.024843)
    with pytest.raises(ValueError, match=r"2 to 10 seeds that both have; here are 1\."):
        paired({0: 1.0, 1: 1.0}, {1: 0.5, 2: 0.5})


@pytest.mark.parametrize(("freedom", "t"), list(enumerate(STUDENT, 1)))
def test_students_numbers_hold_95_percent(freedom, t):
    """The density integrated; its constant from the same integral over everything, by x = tan(u)."""
    u = torch.linspace(-torch.pi / 2, torch.pi / 2, 200_001, dtype=torch.float64)[1:-1]
    density = (1 + u.tan() ** 2 / freedom) ** (-(freedom + 1) / 2) / u.cos() ** 2
    inside = density[u.tan().abs() <= t].sum() / density.sum()
    assert inside == pytest.approx(0.95, abs=1e-4)


# ---- the plan -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", lab.plan())
def test_a_question_compares_networks_by_one_recipe_seed_by_seed(question):
    found = lab.plan()[question]
    assert len(set(found)) == len(found)
    assert {run.recipe.net for run in found} <= set(VARIANTS)
    assert all(run.recipe.size == VARIANTS[run.recipe.net].size for run in found)
    assert all(run.recipe.sample is False for run in found)
    keys = list(dict.fromkeys(run.recipe.net for run in found))
    if question == "tries":
        assert {(run.tried, run.images, run.seed) for run in found} == {(True, 55_000, 0)}
        return
    seeds = 3 if found[0].images == 60_000 or question.startswith("rates") else 5
    assert [(run.seed, run.recipe.net) for run in found] == [(seed, key) for seed in range(seeds) for key in keys]
    assert len({(run.images, replace(run.recipe, net="2")) for run in found}) == 1
    assert not any(run.tried for run in found)


def test_the_runs_of_the_sample_see_as_many_images():
    for question, found in lab.plan().items():
        if found[0].images <= 10_000:
            assert {run.images * run.recipe.epochs for run in found} == {80_000}, question


def test_what_matters_most_is_planned_first_and_each_run_once(monkeypatch, tmp_path):
    monkeypatch.setattr(lab, "RUNS", tmp_path / "runs.jsonl")
    first, *_ = plan = [run for found in lab.plan().values() for run in found]
    assert (first.recipe.net, first.images, first.seed) == ("2", 10_000, 0)
    assert len(lab.missing()) == len(set(plan)) < len(plan)
    assert set(lab.missing()) == set(plan)


# ---- the command ----------------------------------------------------------------------------------------------------


def few(n=3, **changes):
    return lab.runs(["2"], 10_000, 1, range(n), **changes)


@pytest.fixture
def place(monkeypatch, tmp_path):
    """The results and what has begun in a folder of the test, a plan of three runs, and threads for processes."""
    monkeypatch.setattr(lab, "RUNS", tmp_path / "runs.jsonl")
    monkeypatch.setattr(lab, "RUNNING", tmp_path / "running")
    monkeypatch.setattr(lab, "plan", lambda: {"a": few(2), "b": few(3)})
    monkeypatch.setattr(lab, "ProcessPoolExecutor", lambda jobs, context, begin: ThreadPoolExecutor(jobs))
    return tmp_path


def line_of(run, **fields):
    look = {"accuracy": 0.5 + run.seed / 100, "loss": 1.0, "never_said": []}
    known = {"images": run.images, "seed": run.seed, "tried": run.tried, "recipe": asdict(run.recipe)}
    return known | {"trained": look, "held_out": look, "test": look, "notes_epochs": 0.01, "seconds": 36.0} | fields


def test_a_run_is_made_once_and_one_that_was_stopped_again(place, monkeypatch, capsys):
    asked = []

    def made(run, deadline):
        asked.append(run.seed)
        lab.checkpoint(run).parent.mkdir(exist_ok=True)
        lab.checkpoint(run).write_text("begun")
        return None if asked == [0, 1] else line_of(run)

    monkeypatch.setattr(lab, "made", made)
    lab.work(1, 1)
    assert asked == [0, 1, 2]
    assert [json.loads(line)["seed"] for line in lab.RUNS.read_text().splitlines()] == [0, 2]
    assert [path.name for path in lab.RUNNING.iterdir()] == [lab.checkpoint(few()[1]).name]
    lab.work(1, 1)
    assert asked == [0, 1, 2, 1]
    assert [json.loads(line)["seed"] for line in lab.RUNS.read_text().splitlines()] == [0, 2, 1]
    lab.work(1, 1)
    assert asked == [0, 1, 2, 1]
    assert capsys.readouterr().out.splitlines()[0] == "2 10,000 0 0.5 36.0 s"


def test_a_line_is_there_whole_or_not_at_all(place, monkeypatch):
    lab.record(line_of(few()[0]))
    before = lab.RUNS.read_bytes()

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        lab.record(line_of(few()[1]))
    assert lab.RUNS.read_bytes() == before
    assert before.endswith(b"\n")


def test_a_run_is_another_one_if_anything_differs(place):
    lab.record(line_of(few()[0]))
    assert [run.seed for run in lab.missing()] == [1, 2]
    (run,) = few(1)
    others = [replace(run, images=1000), replace(run, seed=1), replace(run, tried=True), *few(1, lr=1.0)]
    assert all(str(other) not in lab.recorded() for other in others)
    assert len({lab.checkpoint(r) for r in (run, *others)}) == 5


def test_time_is_up_at_the_deadline():
    assert not lab.Stop(time.time() + 60).stop
    assert lab.Stop(time.time() - 1).stop
    assert lab.made(few()[0], deadline=0) is None


WORKER = """
import os, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import lab
if __name__ == "__main__":
    with ProcessPoolExecutor(1, get_context("spawn"), lab.begin) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        pool.submit(time.sleep, 60)
        time.sleep(60)
"""


def test_no_process_is_left_when_the_command_is_killed(tmp_path):
    (tmp_path / "command.py").write_text(WORKER)
    paths = os.pathsep.join(map(str, (Path(lab.__file__).parent, Path(d2l.__file__).parents[1])))
    environment = os.environ | {"PYTHONPATH": paths}
    command = subprocess.Popen([sys.executable, tmp_path / "command.py"], stdout=subprocess.PIPE, env=environment)
    worker = int(command.stdout.readline())
    command.kill()
    command.wait()
    deadline = time.time() + 20
    while alive(worker) and time.time() < deadline:
        time.sleep(0.05)
    assert not alive(worker)


def alive(process):
    """True while it runs; one that has ended and that nobody has asked for is a zombie."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True).stdout
    return bool(state.strip()) and not state.startswith("Z")


@pytest.fixture
def little(place, monkeypatch):
    """A network of a few channels; 60 images to train on, 30 held out, 50 to test, of which each class's first two."""
    monkeypatch.setitem(recipe.NETS, "2", lambda: small((2, 3, 4)))
    torch.manual_seed(0)
    sets = {name: (torch.randint(256, (n, 1, 28, 28), dtype=torch.uint8), torch.arange(n) % 10)
            for name, n in (("train", 60), ("apart", 30), ("test", 50))}  # fmt: skip
    asked = []

    def load(recipe, held_out=0):
        asked.append(held_out)
        augment = d2l.augment.Augment(recipe.flip, recipe.shift)
        data = FashionMNIST(*sets["train"], normalize=True, augment=augment)
        train = _loader(data, torch.utils.data.RandomSampler, 20)
        return train, SimpleNamespace(dataset=FashionMNIST(*sets["apart" if held_out else "test"], normalize=True))

    monkeypatch.setattr(lab, "load", load)
    really = lab.first_of_each_class
    monkeypatch.setattr(lab, "first_of_each_class", lambda data, n: really(data, 20 if n == 2_000 else n))
    return asked


def test_a_record_says_what_was_done_and_what_came_of_it(little, monkeypatch):
    looked = []
    monkeypatch.setattr(lab, "look", lambda net, data: looked.append((net, len(data), data.augment)) or len(data))
    monkeypatch.setattr(lab, "price", lambda key, images: images)
    (run,), trained, really = lab.runs(["2"], 40, 3, [3]), [], lab.train
    monkeypatch.setattr(lab, "train", lambda *a, **k: trained.append(len(a[1].dataset)) or really(*a, **k))
    line = lab.made(run)
    assert trained == [40]
    assert (line["trained"], line["held_out"], line["test"], line["test_sample"]) == (40, 30, 50, 20)
    assert [size for _, size, _ in looked] == [40, 30, 50, 20]
    assert all(augment is None for *_, augment in looked)
    assert not any(isinstance(layer, nn.BatchNorm2d) for net, *_ in looked for layer in net.modules())
    assert set(line) == {
        *("images", "seed", "tried", "recipe", "trained", "held_out", "test", "test_sample", "stopped"),
        *("notes_epochs", "seconds", "made_on"),
    }
    assert (line["images"], line["seed"], line["tried"], line["stopped"]) == (40, 3, False, None)
    assert line["recipe"] == asdict(run.recipe)
    assert line["notes_epochs"] == 3 * 40
    assert line["made_on"]["versions"]["torch"] == torch.__version__
    assert little == [500, 0]
    json.dumps(line)


def test_a_try_never_sees_the_test_images_and_a_run_on_all_holds_none_out(little):
    (tried,) = lab.runs(["2"], 50, 1, [0], tried=True)
    assert not {"test", "test_sample"} & set(lab.made(tried))
    assert little == [500]
    (whole,) = lab.runs(["2"], 60_000, 1, [0])
    assert "held_out" not in lab.made(whole)
    assert little == [500, 0, 0]


def test_a_stopped_run_goes_on_from_its_last_epoch_and_ends_as_if_unbroken(little, monkeypatch):
    run, other = lab.runs(["2"], 60, 4, [0, 1])
    wanted = lab.made(run)
    lab.checkpoint(run).unlink()
    steps = iter([False] * 8 + [True] * 99)  # before anything, and after 7 of 12 steps: two whole epochs and a step
    monkeypatch.setattr(lab.Stop, "stop", property(lambda self: next(steps)))
    assert lab.made(run) is None
    steps = iter([False] * 9)  # enough for the two epochs of three steps that are left, not for four
    found = lab.made(run)
    same = ("trained", "held_out", "test", "test_sample", "notes_epochs")
    assert {key: found[key] for key in same} == {key: wanted[key] for key in same}
    steps = iter([False] * 13)
    assert lab.made(other)["trained"] != wanted["trained"]


def test_a_look_counts_each_image_once_and_names_what_is_never_said():
    """600 images, in two parts; the network says the image's first pixel, the class but in the last five."""
    labels = torch.arange(600) % 9
    images = torch.zeros(600, 1, 28, 28, dtype=torch.uint8)
    images[:, 0, 0, 0] = labels
    images[-5:, 0, 0, 0] = 8 - labels[-5:]

    class Says(nn.Module):
        def forward(self, X):
            return nn.functional.one_hot((X[:, 0, 0, 0] * 255).round().long(), 10) * 100.0

    found = lab.look(Says(), FashionMNIST(images, labels))
    wrong = int((images[:, 0, 0, 0] != labels).sum())
    assert found["accuracy"] == round(1 - wrong / 600, 6)
    assert found["loss"] == pytest.approx(100 * wrong / 600, rel=1e-4)
    assert found["never_said"] == ["Ankle boot"]


def test_the_first_of_each_class_are_those_and_in_order():
    labels = torch.tensor([3, 1, 0, 3, 2, 4, 5, 6, 7, 8, 9, 0, 1, 3, 2])
    data = FashionMNIST(torch.arange(15).reshape(15, 1, 1, 1), labels)
    lab.first_of_each_class(data, 10)
    assert data.images.flatten().tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9, 10]
    assert data.labels.tolist() == [3, 1, 0, 2, 4, 5, 6, 7, 8, 9]


def test_the_table_says_means_deviations_and_paired_differences(place, monkeypatch, capsys):
    keys = ["2", "1@macs"]
    monkeypatch.setattr(lab, "plan", lambda: {"a question": lab.runs(keys, 10_000, 1, range(3))})
    for run, accuracy in zip(lab.plan()["a question"], [0.90, 0.90, 0.90, 0.91, 0.90, 0.92], strict=True):
        lab.record(line_of(run, test={"accuracy": accuracy}))
    assert lab.table("a question")[4:6] == [
        "| two 1×1 layers in a block: NiN (`2`) | 3 | 0.5100 ± 0.0100 | 0.5100 ± 0.0100 | 0.9000 ± 0.0000 |  |",
        "| one 1×1 layer in a block, as many MACs (`1@macs`) | 3 | 0.5100 ± 0.0100 | 0.5100 ± 0.0100 | 0.9100 ± 0.0100 "
        "| +0.0100 ± 0.0248 |",
    ]
    monkeypatch.setattr(lab, "plan", lambda: {"tries": lab.runs(["2"], 55_000, 1, [0], tried=True)})
    lab.record({key: of for key, of in line_of(lab.plan()["tries"][0]).items() if key != "test"})
    assert lab.table("tries")[4] == "| two 1×1 layers in a block: NiN (`2`) | 1 | 0.5000 | 0.5000 |  |  |"
    monkeypatch.setattr("sys.argv", ["lab.py", "--table"])
    lab.main()
    assert capsys.readouterr().out.splitlines()[:5] == lab.table("tries")[:5]


def test_the_outlook_reckons_with_the_speed_of_the_runs_so_far(place, monkeypatch, capsys):
    """36 s for a hundredth of a notes-epoch is an hour for one; a run of 80,000 images is 0.0209 of them."""
    monkeypatch.setattr(lab, "plan", lambda: {"a": few(2), "b": lab.runs(["2"], 60_000, 8, range(3))})
    lab.record(line_of(few()[0]))
    monkeypatch.setattr("sys.argv", ["lab.py", "--plan"])
    lab.main()
    hours = 3 * 8 * 60_000 * counted(small())["macs"] / (60_000 * 762_297_352)
    assert capsys.readouterr().out.splitlines() == [
        "a: 2 runs, 1 to make, 0.0 hours", f"b: 3 runs, 3 to make, {hours:.1f} hours",
    ]  # fmt: skip


def test_a_try_is_called_by_what_its_recipe_changes():
    base, other = *lab.runs(["L"], 55_000, 1, [0], True), *lab.runs(["L"], 55_000, 1, [0], True, erase=8, lr=1.0)
    assert lab.title(base, base) == "small, wider in front (`L`)"
    assert lab.title(other, base) == "small, wider in front (`L`), lr=1.0, erase=8"


def test_the_record_is_one_of_planned_runs_each_once():
    """What comes with the package: whole lines, all of them planned, by one thread, with the fields of a record."""
    lines = runs()
    assert lines == [json.loads(line) for line in (ASSETS / "lab" / "runs.jsonl").read_text().split("\n")[:-1]]
    assert lab.RUNS == ASSETS / "lab" / "runs.jsonl"  # there the command writes
    names = [str(lab.Run(r["images"], r["seed"], recipe.Recipe(**r["recipe"]), r["tried"])) for r in lines]
    assert len(set(names)) == len(names) > 0
    assert set(names) <= {str(run) for found in lab.plan().values() for run in found}
    assert {line["made_on"]["device"] for line in lines} == {"CPU, 1 threads"}
    for line in lines:
        assert ("held_out" in line) == (line["images"] < 60_000)
        assert ("test" in line) == ("test_sample" in line) == (not line["tried"])
        for name, n in {"held_out": 5_000, "test": 10_000, "test_sample": 2_000}.items():
            right = line.get(name, {"accuracy": 0})["accuracy"] * n
            assert right == pytest.approx(round(right), abs=1e-6)


def test_the_card_of_the_record_says_what_is_in_a_line_and_of_which_images():
    card = json.loads((ASSETS / "lab" / "card.json").read_text())
    assert card["command"] == "python benchmarks/lab.py"
    assert card["data_sha256"] == FULL
    told = {"what", "command", "planned", "data_sha256", "images", "accuracy", "notes_epochs"}
    looks = {"trained", "held_out", "test", "test_sample"}
    assert set(card) == told | looks
    assert looks <= {key for line in runs() for key in line}
