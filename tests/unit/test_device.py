"""The course finds a GPU of any make, and says what it found. (None is needed here: `pretended` stands in.)"""

import json

import pytest
import run_all
import torch
import training
from pretended import KINDS, NAMES, STAND_IN, pretended

import nin_course as d2l
from nin_course import files, runs
from nin_course.__main__ import main
from nin_course.checkpoint import load_checkpoint
from nin_course.demos import run
from nin_course.device import device_name, find_device
from nin_course.recipe import PRESETS, prepare, preset
from nin_course.speed import has_bfloat16

NAMED = {kind: NAMES.get(kind, f"GPU ({kind})") for kind in KINDS}


def net(dropout=0.0):
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 5, 4), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Flatten(),
        torch.nn.Linear(144, 10),
    )  # fmt: skip


def batches(n=3):
    torch.manual_seed(3)
    return [(torch.rand(48, 1, 28, 28), torch.arange(48) % 10) for _ in range(n)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_gpu_is_found_whoever_made_it_and_named(kind):
    with pretended(kind):
        assert find_device() == torch.device(kind)
        assert find_device("cpu") == torch.device("cpu")
        assert device_name(kind) == device_name(torch.device(kind, 0)) == NAMED[kind]
        assert device_name(f"{kind}:1") == NAMED[kind] + " 1" * (kind in NAMES)  # the one that is asked for
        assert preset() == PRESETS["gpu"]
        assert has_bfloat16(kind) is (kind != "mps")
        for other in {*KINDS} - {kind}:
            with pytest.raises(
                ValueError, match=rf"device='{other}' does not work here\. Use 'cpu', or '{kind}', the GPU"
            ):
                find_device(other)


def test_without_a_gpu_it_is_the_cpu():
    assert find_device() == torch.device("cpu")
    assert device_name("cpu") == f"CPU, {torch.get_num_threads()} threads"
    assert preset() == PRESETS["laptop"]


def test_a_cpu_that_is_named_is_taken_where_there_is_a_gpu(tmp_path, monkeypatch, capsys):
    """Whoever trains: what was asked for, not what is there, is where the sums are done and what is said of it."""
    monkeypatch.setattr("nin_course.data.files.read_split", few)
    recipe = preset("smoke", size=8, one_cycle=False)
    cpu = torch.device("cpu")
    with pretended("cuda"):
        prepared, own_batches, settings = prepare(recipe, device="cpu")
        desk, two = net(), batches(2)
        d2l.train_ch5(desk, two, two, 48, torch.optim.SGD(desk.parameters(), lr=0.1), cpu, 1)
        card = runs.run(recipe, tmp_path, "", device="cpu", progress=False)
    assert (settings["device"], own_batches.dataset.images.device) == (cpu, cpu)
    assert {p.device for trained in (prepared, desk) for p in trained.parameters()} == {cpu}
    assert capsys.readouterr().out.startswith("training on cpu\nepoch 1, ")
    assert card["made_on"]["device"].startswith("CPU, ")
    assert json.loads((tmp_path / "history.jsonl").read_text().splitlines()[0])["device"] == "cpu"


@pytest.mark.parametrize("device", ["gpu", "cuda:x", 3.5])
def test_what_is_no_device_is_refused(device):
    with pytest.raises(ValueError, match=r"does not work here\. Use 'cpu'"):
        d2l.load_data_fashion_mnist(32, device=device, sample=True)


@pytest.mark.skipif(torch.accelerator.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize("device", KINDS)
def test_a_gpu_where_there_is_none_is_refused(device):
    with pytest.raises(ValueError, match=rf"device='{device}' does not work here\. Use 'cpu': PyTorch finds no GPU"):
        d2l.load_data_fashion_mnist(32, device=device, sample=True)


@pytest.mark.parametrize("kind", KINDS)
def test_the_pretended_gpu_refuses_what_is_on_the_cpu_and_computes_the_same(kind):
    """The proof that these tests can fail, and that their numbers are real."""
    torch.manual_seed(0)
    here, X = net(), torch.rand(2, 1, 28, 28)
    expected = here(X)
    with pretended(kind):
        there = here.to(kind)
        assert next(there.parameters()).device.type == kind
        with pytest.raises(RuntimeError, match="same device"):
            there(X)
        with pytest.raises(RuntimeError, match="numpy"):
            there(X.to(kind)).detach().numpy()
        torch.testing.assert_close(there(X.to(kind)).detach().cpu(), expected.detach())


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_is_on_the_gpu_and_goes_on_there_as_if_unbroken(kind, tmp_path):
    path, results = tmp_path / "run.pt", []
    with pretended(kind) as asked:
        for epochs, resume in ((1, False), (2, True)):
            torch.manual_seed(0)
            trained = net()
            history = d2l.fit(
                trained, batches(), batches(1), epochs=epochs, seed=1, checkpoint=path, resume=resume, progress=False,
                autocast=has_bfloat16(kind), channels_last=True, keep_best=True,
            )  # fmt: skip
            results.append(history)
            assert history.device == kind
            assert {p.device.type for p in trained.parameters()} == {kind}
    assert asked == ["set_rng_state"]
    assert results[1].loss[0] == results[0].loss[0]
    assert len(results[1].health) == 2
    random = load_checkpoint(path)["random"]
    assert set(random) == {"cpu", f"1 {kind}"}


def test_a_run_goes_on_where_there_are_other_gpus(tmp_path):
    """Their generators are others; the numbers of this machine's are left alone."""
    with pretended("cuda"):
        d2l.fit(net(), batches(), epochs=1, checkpoint=tmp_path / "run.pt", progress=False)
    with pretended("mps") as asked:
        history = d2l.fit(net(), batches(), epochs=2, checkpoint=tmp_path / "run.pt", resume=True, progress=False)
    assert asked == []
    assert len(history.loss) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_trains_with_the_gpus_preset_and_its_card_names_it(kind, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("nin_course.data.files.read_split", few)
    with pretended(kind):
        command = ["train", "--preset", "gpu", "--out", str(tmp_path), "--sample", "--size", "67", "--epochs", "1"]
        assert main([*command, "--batch-size", "4"]) == 0
        assert main(["doctor"]) in (0, 1)
    card = json.loads((tmp_path / "card.json").read_text())
    assert card["made_on"]["device"] == NAMED[kind]
    assert card["made_on"]["autocast"] == ("no" if kind == "mps" else "bfloat16")
    assert torch.load(tmp_path / "weights.pt", weights_only=True)["0.0.weight"].device == torch.device("cpu")
    assert f"[OK]   GPU: {NAMED[kind]}" in capsys.readouterr().out


@pytest.mark.parametrize("kind", KINDS)
def test_the_desks_run_is_on_the_gpu(kind, monkeypatch):
    monkeypatch.setattr(run, "LOOK", 2)
    monkeypatch.setattr(run, "LOOKS", 1)
    monkeypatch.setattr(run.time, "time_ns", lambda: 1)  # with these first weights some classes are alive
    monkeypatch.setattr("nin_course.recipe.load_data_fashion_mnist", lambda *_, device, **__: on(device))
    with pretended(kind):
        desk = run.Run(1e-3, batch_norm=True, relu=True, changed=lambda: None)
        desk._train()
        assert {p.device.type for p in desk.net.parameters()} == {kind}
    assert len(desk.record.valid_acc) == 1
    assert desk.record.health


def on(device):
    """Two loaders whose batches are there already."""
    loaded = [(X.to(device), y.to(device)) for X, y in batches(2)]
    return loaded, loaded


def few(folder, part, hashes, real=files.read_split):
    images, labels = real(files.SAMPLE_DIR, part, files.sample_hashes())
    return images[:12], labels[:12]


@pytest.mark.parametrize("kind", KINDS)
def test_loaders_keep_the_data_on_the_gpu(kind):
    with pretended(kind):
        train_iter, test_iter = d2l.load_data_fashion_mnist(64, resize=14, device=kind, sample=True, normalize=True)
        for X, y in (next(iter(train_iter)), next(iter(test_iter))):
            assert (X.device.type, y.device.type, X.shape) == (kind, kind, (64, 1, 14, 14))
        assert STAND_IN.type != kind


@pytest.mark.parametrize("kind", KINDS)
def test_the_benchmarks_measure_the_gpu(kind, monkeypatch):
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 3 * 2**20)
    with pretended(kind):
        measured, nets = [], []
        for ours in (False, True):
            nets.append(net())
            measured.append(training.stepper(nets[-1], 28, 4, ours=ours)())
        assert all(rate > 0 for rate in measured)
        assert {p.device.type for each in nets for p in each.parameters()} == {kind}
        assert training._most_memory() == 3  # MiB
        assert f"steps on {NAMED[kind]}, with{'out' if kind == 'mps' else ''} bfloat16" in run_all.machine()


def test_an_accelerator_for_which_pytorch_is_built_but_which_is_not_here_is_not_taken(monkeypatch):
    built_for = lambda check_available=False: None if check_available else torch.device("cuda")  # noqa: E731
    monkeypatch.setattr(torch.accelerator, "current_accelerator", built_for)
    assert find_device() == torch.device("cpu")
    with pytest.raises(ValueError, match="'cpu': PyTorch finds no GPU here"):
        find_device("no such device")
