"""The command that records the runs of chapter 08 plans like with like, and loses and doubles none."""

import hashlib
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
from pretended import NAMES, pretended
from torch import nn

import nin_course as d2l
from nin_course import recipe
from nin_course.data import FashionMNIST, _loader
from nin_course.lab import VARIANTS, small
from nin_course.results import runs as read
from nin_course.runs import made_on
from nin_course.speed import has_bfloat16

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
    seeds = 3 if found[0].images == 60_000 or question.startswith(("rates", "family,")) else 5
    assert [(run.seed, run.recipe.net) for run in found] == [(seed, key) for seed in range(seeds) for key in keys]
    assert len({(run.images, replace(run.recipe, net="2")) for run in found}) == 1
    assert not any(run.tried for run in found)


def test_a_question_is_asked_of_the_recipe_that_its_name_says_and_of_nin_first():
    """But for the tries, and the family on all images, for which the recipe was tried out."""
    of = {question: list(dict.fromkeys(run.recipe.net for run in found)) for question, found in lab.plan().items()}
    for question, found in lab.plan().items():
        if question == "tries" or question.startswith("family, "):
            continue
        recipe, bare = found[0].recipe, "as they are" in question
        assert (recipe.flip, recipe.shift) == ((False, 0) if bare else (True, 1)), question
        assert recipe.batch_norm is ("no batch norm" not in question)
        rate = float(question.removeprefix("rates, ")) if "rates" in question else 4e-3
        assert recipe.lr == (rate if recipe.batch_norm else 1e-3)
        assert f"{found[0].images:,} images" in question or "images" not in question
        assert of[question][0] == "2" or "2" not in of[question]
    assert {net for nets in of.values() for net in nets} == set(VARIANTS)
    assert all(nets == [question.removeprefix("family, ")] for question, nets in of.items() if "family, " in question)
    small, *others = [question[-2:].strip() for question in of if question.startswith("family, ")]
    assert of["family on the sample"] == ["2", *others]  # which is S, and what all is compared with on the sample
    assert VARIANTS["2"].make == VARIANTS[small].make
    assert of["layers"] == of["layers, 60,000 images"] == of["rates, 2e-3"] == of["rates, 8e-3"]
    assert len({tuple(nets) for question, nets in of.items() if question.startswith("dense")}) == 1


def test_the_runs_of_the_sample_see_as_many_images():
    for question, found in lab.plan().items():
        if found[0].images <= 10_000:
            assert {run.images * run.recipe.epochs for run in found} == {80_000}, question


def test_what_matters_most_is_planned_first_and_each_run_once(monkeypatch, tmp_path):
    monkeypatch.setattr(lab, "RUNS", tmp_path / "runs.jsonl")
    first, *_ = plan = [run for found in lab.plan().values() for run in found]
    assert (first.recipe.net, first.images, first.seed) == ("2", 10_000, 0)
    hours = [
        max(run.images for run in found) > 10_000 for question, found in lab.plan().items() if "rates" not in question
    ]
    assert hours == sorted(hours)  # what is soon made comes first; the rates only say how far the answers hold
    assert len(lab.missing()) == len(set(plan)) < len(plan)
    assert set(lab.missing()) == set(plan)


def test_the_family_is_trained_by_the_try_that_was_best_on_the_images_held_out():
    """As recorded: what all networks of the family have otherwise than that try is the network and the epochs."""
    tries = [run for run in read() if run["tried"]]
    best = max(tries, key=lambda run: run["held_out"]["accuracy"])
    assert len(tries) == len(lab.plan()["tries"])
    family = {question: found for question, found in lab.plan().items() if question.startswith("family, ")}
    assert len(family) == 4
    for run in (run for found in family.values() for run in found):
        assert asdict(run.recipe) == best["recipe"] | {"net": run.recipe.net, "epochs": 40}


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
    known["made_on"] = made_on("cpu", has_bfloat16("cpu"))
    return known | {"trained": look, "held_out": look, "test": look, "notes_epochs": 0.01, "seconds": 36.0} | fields


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_a_run_is_made_once_and_one_that_was_stopped_again(device, place, monkeypatch, capsys):
    asked, of_cpu = [], line_of(few()[1])
    lab.record(of_cpu | {"made_on": made_on("mps" if device == "cpu" else "cpu", False)})

    def made(run, until, on):
        assert 55 < until - time.time() <= 60
        assert on == device
        asked.append(run.seed)
        lab.checkpoint(run, device).parent.mkdir(exist_ok=True)
        lab.checkpoint(run, device).write_text("begun")
        return None if asked == [0, 1] else line_of(run, made_on=made_on(device, has_bfloat16(device)))

    monkeypatch.setattr(lab, "made", made)
    lab.work(1, 1, device)
    assert asked == [0, 1, 2]
    assert [json.loads(line)["seed"] for line in lab.RUNS.read_text().splitlines()] == [1, 0, 2]
    assert [path.name for path in lab.RUNNING.iterdir()] == [lab.checkpoint(few()[1], device).name]
    lab.work(1, 1, device)
    assert asked == [0, 1, 2, 1]
    assert [json.loads(line)["seed"] for line in lab.RUNS.read_text().splitlines()] == [1, 0, 2, 1]
    lab.work(1, 1, device)
    assert asked == [0, 1, 2, 1]
    assert capsys.readouterr().out.splitlines()[0] == "2 10,000 0 0.5 36.0 s"


def test_a_try_is_told_by_what_was_held_out(place, monkeypatch, capsys):
    monkeypatch.setattr(lab, "plan", lambda: {"tries": few(1, tried=True)})
    tried = {key: value for key, value in line_of(few(1)[0], tried=True).items() if key != "test"}
    monkeypatch.setattr(lab, "made", lambda *_: tried | {"held_out": {"accuracy": 0.75}})
    pools = []

    def pool(jobs, context, begin):
        pools.append((jobs, context.get_start_method(), begin))
        return ThreadPoolExecutor(1)

    monkeypatch.setattr(lab, "ProcessPoolExecutor", pool)
    lab.work(3, 1)
    assert pools == [(3, "spawn", lab.begin)]
    assert capsys.readouterr().out == "2 10,000 0 0.75 36.0 s\n"
    assert lab.missing() == []


def test_only_what_was_asked_is_made_and_in_that_order(place, monkeypatch, capsys):
    large, small, last = lab.runs(["L"], 10_000, 1, range(2)), few(2), lab.runs(["M"], 10_000, 1, [0])
    monkeypatch.setattr(lab, "plan", lambda: {"a": small, "b": large, "c": last, "d": small[:1]})
    assert lab.missing() == [*small, *large, *last]
    assert lab.missing(only=["c", "a"]) == [*last, *small]
    made = []
    monkeypatch.setattr(lab, "ProcessPoolExecutor", lambda *_: ThreadPoolExecutor(1))
    monkeypatch.setattr(lab, "made", lambda run, *_: made.append(run) or line_of(run))
    lab.work(1, 1, "cpu", ["b", "d"])
    assert made == [*large, small[0]]
    assert lab.missing(only=["b", "d"]) == []
    assert lab.missing() == [small[1], *last]


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
    assert all(str(other) not in lab.here("cpu") for other in others)
    assert len({lab.checkpoint(r) for r in (run, *others)}) == 5
    assert len({lab.checkpoint(run, device) for device in ("cpu", "cuda", "mps")}) == 3
    known = hashlib.sha256(str(run).encode()).hexdigest()[:16]
    assert lab.checkpoint(run).name == f"{known}.pt"  # as ever: what was begun on the CPU goes on


H200 = {"device": "NVIDIA H200", "autocast": "bfloat16"}


@pytest.mark.parametrize("bfloat16", [False, True])
def test_a_run_of_another_device_or_precision_is_made_again_and_no_pair(bfloat16, place, monkeypatch, capsys):
    monkeypatch.setattr(lab, "has_bfloat16", lambda device: bfloat16 or device == "cuda")
    monkeypatch.setattr(lab, "plan", lambda: {"a": lab.runs(["2", "L"], 10_000, 1, range(3)), "b": few(1)})
    here = {"made_on": made_on("cpu", bfloat16)}
    other = {"made_on": H200 if bfloat16 else made_on("cpu", True)}
    for run, place in zip(lab.plan()["a"], [here, other, here, here, other, other], strict=True):
        lab.record(line_of(run, **place))
    assert [(run.seed, run.recipe.net) for run in lab.missing()] == [(0, "L"), (2, "2"), (2, "L")]
    assert lab.outlook() == ["a: 6 runs, 3 to make, 0.0 hours", "b: 1 runs, 0 to make, 0.0 hours"]
    told = "\n".join(lab.table("a")).split("## ")
    devices = ["CPU, bfloat16", "NVIDIA H200, bfloat16"] if bfloat16 else ["CPU", "CPU, bfloat16"]
    assert [part.splitlines()[0] for part in told[1:]] == [f"a ({device})" for device in devices]
    assert [row.split(" | ")[1:3] for part in told[1:] for row in part.splitlines() if "`" in row] == [
        ["2", "0.5050 ± 0.0071"], ["1", "0.5100"], ["1", "0.5200"], ["2", "0.5100 ± 0.0141"],
    ]  # fmt: skip
    assert "+" not in told[1] + told[2]
    assert lab.table("b")[0] == f"## b ({devices[0]})"
    lab.RUNS.unlink()
    assert lab.table("b") == ["## b", "", "Not recorded yet.", ""]


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_a_run_on_a_gpu_is_made_and_measured_there_and_says_so(kind, little, monkeypatch):
    (run,), precision = lab.runs(["2"], 40, 3, [3]), {"cuda": "bfloat16", "mps": "no"}[kind]
    looked, really = [], lab.look
    of = lambda net, data: {t.device.type for t in (*net.parameters(), data.images, data.labels)}  # noqa: E731
    monkeypatch.setattr(lab, "look", lambda *a: looked.append(of(*a)) or really(*a))
    with pretended(kind):
        line = lab.made(run, device=kind)
        lab.record(line)
        assert lab.checkpoint(run, kind).exists()
        assert list(lab.here(kind)) == [str(run)]
    assert (line["made_on"]["device"], line["made_on"]["autocast"]) == (NAMES.get(kind, f"GPU ({kind})"), precision)
    assert looked == 4 * [{kind}]
    assert lab.here("cpu") == {}
    assert not lab.checkpoint(run).exists()


def test_the_command_passes_on_what_it_was_asked_and_refuses_a_device_that_is_not_here(place, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(lab, "work", lambda *how: asked.append(how))
    for arguments in ([], ["--device", "cuda", "--jobs", "5", "--minutes", "7.5", "--only", "b", "a"]):
        monkeypatch.setattr("sys.argv", ["lab.py", *arguments])
        with pretended("cuda"):
            lab.main()
    assert asked == [(2, float("inf"), "cpu", ()), (5, 7.5, "cuda", ["b", "a"])]
    with pytest.raises(SystemExit, match="2"):
        lab.main()
    assert "device='cuda' does not work here. Use 'cpu'" in capsys.readouterr().err
    assert len(asked) == 2


def test_time_is_up_at_the_deadline():
    assert not lab.Stop(time.time() + 60).stop
    assert lab.Stop(time.time() - 1).stop


def test_without_time_nothing_is_begun(monkeypatch):
    monkeypatch.setattr(lab, "load", None)
    assert lab.made(few()[0], deadline=0) is None


@pytest.mark.parametrize(("stopped", "time_is_up", "recorded"), [
    (True, True, False),
    (True, False, True),  # it ended by itself: its loss was no number any more
    (False, True, True),  # it was done
])  # fmt: skip
def test_when_time_is_up_a_run_is_lost_if_it_was_not_at_its_end(stopped, time_is_up, recorded, little, monkeypatch):
    history = SimpleNamespace(stopped=stopped, findings=["nan"], loss=[1.0, 1.0], seconds=[1.25, 1.75])
    monkeypatch.setattr(lab, "train", lambda *_, **__: (small((2, 3, 4)), history))
    steps = iter([False, time_is_up])
    monkeypatch.setattr(lab.Stop, "stop", property(lambda self: next(steps)))
    monkeypatch.setattr(lab, "price", lambda key, images: images)
    line = lab.made(lab.runs(["2"], 60, 5, [0])[0])
    assert (line is not None) is recorded
    if recorded:  # it costs the two epochs that were made, not the five that were wanted
        assert (line["stopped"], line["seconds"]) == (["nan"] if stopped else None, 3.0)
        assert line["notes_epochs"] == 2 * 60


WORKER = """
import json, os, signal, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import lab, torch
from nin_course.recipe import NETS
def begun():
    ends = signal.getsignal(signal.SIGINT) == signal.SIG_DFL
    return os.getpid(), torch.get_num_threads(), ends, sorted(set(lab.VARIANTS) - set(NETS))
if __name__ == "__main__":
    with ProcessPoolExecutor(1, get_context("spawn"), lab.begin) as pool:
        print(json.dumps(pool.submit(begun).result()), flush=True)
        pool.submit(time.sleep, 60)
        time.sleep(60)
"""


def test_a_process_knows_every_network_and_has_one_thread_and_none_is_left_when_the_command_is_killed(tmp_path):
    (tmp_path / "command.py").write_text(WORKER)
    paths = os.pathsep.join(map(str, (Path(lab.__file__).parent, Path(d2l.__file__).parents[1])))
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "2"}
    command = subprocess.Popen([sys.executable, tmp_path / "command.py"], stdout=subprocess.PIPE, env=environment)
    worker, *begun = json.loads(command.stdout.readline())
    command.kill()
    command.wait()
    assert begun == [1, True, []]
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

    def load(recipe, device, held_out=0):
        asked.append(held_out)
        augment = d2l.augment.Augment(recipe.flip, recipe.shift)
        data = FashionMNIST(*sets["train"], normalize=True, augment=augment, device=device)
        train = _loader(data, torch.utils.data.RandomSampler, 20)
        second = FashionMNIST(*sets["apart" if held_out else "test"], normalize=True, device=device)
        return train, SimpleNamespace(dataset=second)

    monkeypatch.setattr(lab, "load", load)
    really = lab.first_of_each_class
    first = lambda data, n: asked.append(f"first {n}") or really(data, 20 if n == 2_000 else n)  # noqa: E731
    monkeypatch.setattr(lab, "first_of_each_class", first)
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
    assert little == [500, "first 40", "first 40", 0, "first 2000"]
    json.dumps(line)


def test_a_try_never_sees_the_test_images_and_a_run_on_all_holds_none_out(little):
    (tried,) = lab.runs(["2"], 50, 1, [0], tried=True)
    line = lab.made(tried)
    assert not {"test", "test_sample"} & set(line)
    assert line["tried"] is True
    assert little == [500, "first 50", "first 50"]
    (whole,) = lab.runs(["2"], 60_000, 1, [0])
    assert "held_out" not in lab.made(whole)
    assert little[3:] == [0, "first 60000", "first 5000", 0, "first 2000"]


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
    """600 images, in two parts; the network says the image's first pixel: the class, 9 for 8, five wrong ones."""
    labels = torch.arange(600) % 9
    images = torch.zeros(600, 1, 28, 28, dtype=torch.uint8)
    images[:, 0, 0, 0] = torch.where(labels == 8, 9, labels)
    images[-5:, 0, 0, 0] = 7 - labels[-5:]
    exact = []

    class Says(nn.Module):
        def forward(self, X):
            exact.append(not torch.backends.cudnn.allow_tf32)
            return nn.functional.one_hot((X[:, 0, 0, 0] * 255).round().long(), 10) * 100.0

    found = lab.look(Says(), FashionMNIST(images, labels))
    wrong = int((images[:, 0, 0, 0] != labels).sum())
    assert found["accuracy"] == round(1 - wrong / 600, 6)
    assert found["loss"] == pytest.approx(100 * wrong / 600, rel=1e-4)
    assert found["never_said"] == ["Bag"]
    assert exact == [True, True]
    assert torch.backends.cudnn.allow_tf32


def test_the_first_of_each_class_are_those_and_in_order():
    labels = torch.tensor([3, 1, 0, 3, 2, 4, 5, 6, 7, 8, 9, 0, 1, 3, 2])
    data = FashionMNIST(torch.arange(15).reshape(15, 1, 1, 1), labels)
    lab.first_of_each_class(data, 10)
    assert data.images.flatten().tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9, 10]
    assert data.labels.tolist() == [3, 1, 0, 2, 4, 5, 6, 7, 8, 9]


def test_the_table_says_means_deviations_and_paired_differences(place, monkeypatch, capsys):
    keys = ["2", "1@macs", "relu"]
    monkeypatch.setattr(lab, "plan", lambda: {"a question": lab.runs(keys, 10_000, 1, range(3))})
    for run, accuracy in zip(lab.plan()["a question"], [0.9, 0.9, 0.9, 0.9, 0.91, 0.9, 0.9, 0.92, 0.9], strict=True):
        lab.record(line_of(run, test={"accuracy": accuracy}))
    assert lab.table("a question")[4:7] == [
        "| two 1×1 layers in a block: NiN (`2`) | 3 | 0.5100 ± 0.0100 | 0.5100 ± 0.0100 | 0.9000 ± 0.0000 |  |",
        "| one 1×1 layer in a block, as many MACs (`1@macs`) | 3 | 0.5100 ± 0.0100 | 0.5100 ± 0.0100 | 0.9100 ± 0.0100 "
        "| +0.0100 ± 0.0248 |",
        "| a ReLU on the logits (`relu`) | 3 | 0.5100 ± 0.0100 | 0.5100 ± 0.0100 | 0.9000 ± 0.0000 "
        "| +0.0000 ± 0.0000 |",
    ]
    whole = lab.table("a question")
    monkeypatch.setattr(lab, "plan", lambda: {"a question": lab.runs([*keys, "gmp"], 10_000, 1, range(3))})
    assert lab.table("a question") == whole  # what has no run yet has no row
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
    hours = 3 * 8 * 60_000 * 11_929_344 / (60_000 * 762_297_352)  # MACs of this network and of the notes' own
    assert capsys.readouterr().out.splitlines() == [
        "a: 2 runs, 1 to make, 0.0 hours", f"b: 3 runs, 3 to make, {hours:.1f} hours",
    ]  # fmt: skip


def test_before_the_first_run_nobody_knows_how_long_it_takes(place, monkeypatch, capsys):
    assert lab.outlook() == ["a: 2 runs, 2 to make", "b: 3 runs, 1 to make"]
    lab.record(line_of(few()[0]))
    monkeypatch.setattr("sys.argv", ["lab.py", "--plan", "--device", "cuda"])
    with pretended("cuda"):
        lab.main()
    assert capsys.readouterr().out.splitlines() == ["a: 2 runs, 2 to make", "b: 3 runs, 1 to make"]


def test_a_try_is_called_by_what_its_recipe_changes():
    base, other = *lab.runs(["L"], 55_000, 1, [0], True), *lab.runs(["L"], 55_000, 1, [0], True, erase=8, lr=1.0)
    assert lab.title(base, base) == "small, wider in front (`L`)"
    (large,) = lab.runs(["notes-wide"], 55_000, 1, [0])
    assert lab.title(large, base).endswith(" kept (`notes-wide`)")
    assert lab.title(other, base) == "small, wider in front (`L`), lr=1.0, erase=8"
