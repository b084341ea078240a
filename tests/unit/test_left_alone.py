"""Who only asks leaves everything alone: what was given, the process, random numbers, memory; and hears it again.

For every function of the rooms where things are read, built and measured; one that is new has to be put in a list here.
"""

import inspect
import os
import random
import socket
import warnings
from contextlib import nullcontext
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path

import house
import matplotlib
import numpy as np
import pytest
import torch
from made_runs import written
from matplotlib.figure import Figure
from test_photo import claims
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.data import DataLoader

import nin_course as d2l
from nin_course import files, lab, modern, photo, receptive, results, speed
from nin_course.audit import Audited
from nin_course.augment import Augment
from nin_course.diagnose import Examiner
from nin_course.recipe import Recipe, preset

ROOMS = house.rooms()
OTHERS = "speed train recipe plots frontier runs audit compare"
MODULES = {*ROOMS["data"], *ROOMS["networks"], *ROOMS["measuring"], *OTHERS.split()}
ACTS = {  # it is what they are for
    *("fetch.full_or_sample", "fetch.fetch_full", "compare.compare", "frontier.prepare", "diagnose.evaluation_mode"),
    *("train.train_epoch", "train.fit", "train.train_ch5", "recipe.prepare", "recipe.train", "plots.show_image"),
    *("runs.run", "runs.save_weights", "runs.write_json", "runs.write_history", "plots.show_fashion_mnist"),
}


def net():
    """In training, with all that behaves otherwise there."""
    layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Conv2d(4, 10, 1)
    return nn.Sequential(*layers, d2l.GlobalAvgPool2d(), d2l.FlattenLayer())


def images(n=4):
    return torch.rand(n, 1, 8, 9)


def batches():
    return [(images(20), torch.arange(20) % 10)]


def raw():
    return torch.randint(1, 256, (20, 1, 28, 28), dtype=torch.uint8), torch.arange(20) % 10


def on_meta(build):
    with torch.device("meta"):
        return build()


def maps():
    return torch.randn(2, 10, 7, 7), torch.rand(7, 7) < 0.5


def examined(net, X, y):
    examiner = Examiner(net)
    examiner.see(X, y)
    return examiner.examine()


def points():
    return [results.Point(key, 10_000, {}, "CPU", {0: 0.8, 1: 0.9, 2: 0.7}) for key in ("2", "squeeze")]


def audited():
    return {"a": Audited(Recipe(), 0.9, 2_000, lab.Costs(100_000, 10**7, 10**7, 10**6))}


def a_run(folder):
    """Of a network that costs little, on few images; whether its card is right is no matter."""
    recipe = Recipe(net="squeeze", sample=True)
    return written(folder, lab.VARIANTS["squeeze"].make().state_dict(), 0.5, recipe)


def a_line(seed):
    made_on, recipe = {"device": "CPU, 1 threads", "autocast": "no"}, {"net": "2", "size": 28, "lr": 0.004}
    line = {"images": 10_000, "seed": seed, "tried": False, "recipe": recipe, "made_on": made_on}
    return line | {"test_sample": {"accuracy": 0.5}}


SHAPE = (2, 1, 8, 9)
ASKED = {  # module.function, or module.Class -> what is given: the names are looked up, a function stands for a class
    "device.find_device": ["cpu"],
    "device.device_name": ["cpu"],
    "files.read_split": [files.SAMPLE_DIR, "t10k", files.sample_hashes()],
    "files.sample_hashes": [],
    "files.find_full": [None],
    "files.cache_dir": [],
    "files.folder_with_data": [files.SAMPLE_DIR],
    "data.load_data_fashion_mnist": lambda: [256, 14, None],
    "data.FashionMNIST": lambda: [lambda X, y: d2l.data.FashionMNIST(X, y, resize=20)[[0, 3]], *raw()],
    "augment.Augment": lambda: [Augment(True, 2, 3), raw()[0]],
    "augment.Augment, one change alone": lambda: [Augment(False, 0, 9), raw()[0]],
    "photo.read_picture": [(photo.PHOTOS / "boot_on_the_floor.jpg").read_bytes()],
    "photo.read_picture, too large": [claims(9_000, 10_000)],
    "photo.prepare": lambda: [torch.rand(60, 50, 3)],
    "blocks.nin_block": [2, 3, 3, 1, 1],
    "models.nin": [],
    "models.nin_small": [],
    "models.alexnet": [on_meta, d2l.alexnet],
    "models.vgg11": [on_meta, d2l.vgg11],
    "norm.add_batch_norm": lambda: [d2l.nin_small()],
    "norm.fold_batch_norm": lambda: [net()],
    "weights.pretrained_nin": [],
    "weights.card": [],
    "weights.recorded_run": [],
    "weights.recorded_run_card": [],
    "weights.stuck_runs": [],
    "budget.summary": lambda: [net(), SHAPE],
    "budget.Summary": lambda: [lambda found: (found.stages(), str(found)), d2l.summary(net(), SHAPE)],
    "budget.notes_epochs": lambda: [net(), SHAPE, 100],
    "budget.smallest_input": lambda: [net()],
    "budget.check_input": lambda: [net(), images()],
    "budget.run_on_meta": lambda: [net(), SHAPE],
    "receptive.windows": lambda: [net(), SHAPE],
    "receptive.receptive_field": lambda: [receptive.windows(net(), SHAPE)],
    "receptive.seen": lambda: [receptive.windows(net(), SHAPE), (1, 2)],
    "diagnose.Examiner": lambda: [examined, net(), images(), torch.arange(4)],
    "diagnose.Health": lambda: [lambda found: found.findings(), examined(net(), images(), torch.arange(4))],
    "evidence.class_maps": lambda: [net(), images()],
    "evidence.recount": maps,
    "collage.make_collage": lambda: [*raw(), 3],
    "collage.lit": lambda: [torch.rand(2, 1, 8, 8)],
    "collage.leads": lambda: [maps()[0], [1, 3], maps()[1].expand(2, 7, 7)],
    "collage.stands_out": lambda: [torch.randn(7, 7), 0.5],
    "collage.score": [[(0, 0), (9, 9)], [(0, 0)]],
    "collage.guess": lambda: [3, maps()[1], [(0, 0)]],
    "calibration.reliability": lambda: [torch.rand(30), torch.rand(30) < 0.5],
    "calibration.calibration_error": lambda: [torch.rand(30), torch.rand(30) < 0.5],
    "calibration.temperature": lambda: [torch.randn(30, 10), torch.arange(30) % 10],
    "lab.block": [2, 3, 3],
    "lab.small": [(4, 8, 16)],
    "lab.costs": lambda: [net()],
    "lab.equal, with a search that is new": lambda: [lambda: lab.equal("macs", layers=5)],
    "lab.notes": ["notes"],
    "lab.Variant": lambda: [lambda variant: variant.costs, lab.Variant("", net)],
    "lab.makers": lambda: [lambda: sorted(lab.makers())],
    "results.runs": ["CPU, bfloat16"],
    "results.device_of": lambda: [a_line(0)],
    "results.points": lambda: [[a_line(0), a_line(1)], "test_sample"],
    "results.paired": [{0: 0.5, 1: 0.6}, {0: 0.4, 1: 0.3}],
    "modern.steps": lambda: [net(), SHAPE],
    "modern.shares": lambda: [modern.steps(net(), SHAPE)],
    "modern.head": lambda: [modern.steps(net(), SHAPE)],
    "modern.named": ["alexnet"],
    "modern.mobile_block": [2, 3, 4],
    "modern.block_runs": [],
    "speed.has_bfloat16": ["cpu"],
    "speed.Fast": lambda: [lambda net, X: speed.Fast(net, channels_last=True)(X), d2l.nin_small(), raw()[0] / 1],
    "train.evaluate_accuracy": lambda: [batches(), net()],
    "train.confusion_matrix": lambda: [batches(), net()],
    "recipe.preset": ["smoke"],
    "recipe.build": [Recipe()],
    "recipe.load": [preset("smoke")],
    "plots.get_fashion_mnist_labels": [[0, 9]],
    "plots.png": lambda: [Figure((1, 1))],
    "runs.measure": lambda: [net(), batches(), "images"],
    "runs.cost": lambda: [net(), Recipe(), 100],
    "runs.made_on": ["cpu", False],
    "audit.audit": lambda: [a_run(Path("run"))],
    "audit.read_card": lambda: [a_run(Path("run"))],
    "compare.find": lambda: [[str(a_run(Path("run")))]],
    "compare.named": [[Path("/a/run"), Path("/b/run")]],
    "compare.parted": lambda: [audited()],
    "compare.course": [2_000],
    "compare.table": lambda: [2_000, audited(), "macs"],
    "compare.drawn": lambda: [audited(), "macs"],
    "frontier.cost_of": lambda: [points()[0], "macs"],
    "frontier.rival": lambda: [points(), "macs", 10**9],
    "frontier.curve": lambda: [points(), "macs"],
}
NEW = {  # what a seed is to decide
    *("augment.Augment", "blocks.nin_block", "models.nin", "models.nin_small", "modern.mobile_block", "recipe.build"),
    *("lab.block", "lab.small", "lab.equal", "lab.notes"),
}
DRAWS = NEW | {"weights.pretrained_nin", "weights.recorded_run", "audit.audit"}  # weights, and then takes others
REFUSED = {"photo.read_picture, too large", "audit.audit"}  # in words; the second is of images that make no sense
KEEPS = {"diagnose.Examiner", "diagnose.Health", "speed.Fast", "norm.fold_batch_norm"}  # something for a way back


def told(value):
    """Whatever can be seen of a value, as plain values."""
    match value:
        case torch.Tensor():
            numbers = None if value.is_meta else value.detach().numpy().tobytes()
            learns = value.is_leaf and value.requires_grad and [told(value.grad)]
            return value.shape, value.dtype, value.device, learns, numbers
        case nn.Module():
            hooks = [len(h) for m in value.modules() for h in (m._forward_hooks, m._forward_pre_hooks)]
            modes, state = [m.training for m in value.modules()], dict(value.state_dict(keep_vars=True))
            return str(value), modes, told(state), hooks
        case DataLoader():
            return told(value.dataset.images), told(value.dataset.labels)
        case dict():
            return {key: told(one) for key, one in value.items()}
        case list() | tuple():
            return [told(one) for one in value]
    if is_dataclass(value):
        return type(value), [told(getattr(value, field.name)) for field in fields(value)]
    return type(value) if type(value).__module__.startswith("matplotlib") or callable(value) else value


def process():
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    backends = torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic, torch.get_float32_matmul_precision()
    here = os.getcwd(), dict(os.environ), socket.getdefaulttimeout(), list(warnings.filters)
    style = matplotlib.rcParams.copy()
    modes = torch.is_grad_enabled(), torch.are_deterministic_algorithms_enabled()
    return threads, dtype, backends, modes, here, style


def numbers_drawn():
    return torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()


def keep(_):
    raise AssertionError("kept for a way back")


def test_every_function_that_is_asked_is_here():
    found = {
        f"{name}.{function}"
        for name in MODULES
        for function, value in vars(import_module(f"nin_course.{name}")).items()
        if inspect.isfunction(value) and value.__module__ == f"nin_course.{name}" and not function.startswith("_")
    }
    assert found - {key.split(",")[0] for key in ASKED} == ACTS


def call(asked):
    """The function, and what it is given."""
    module, name = asked.split(",")[0].split(".")
    given = ASKED[asked]() if callable(ASKED[asked]) else ASKED[asked]
    function = getattr(import_module(f"nin_course.{module}"), name)
    if given and callable(given[0]) and not isinstance(given[0], nn.Module):
        function, *given = given
    return function, given


@pytest.fixture
def each_warning():
    """Those that PyTorch gives once a process, to whoever comes first, are given every time."""
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


@pytest.mark.usefixtures("each_warning")
@pytest.mark.parametrize("asked", ASKED)
def test_what_is_asked_leaves_everything_alone_and_answers_again(asked, tmp_path, monkeypatch, capsys):
    """Three times: as it is, where nothing learns, and where whatever is kept for a gradient is noticed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(d2l.data.fetch, "full_or_sample", lambda root: (files.SAMPLE_DIR, files.sample_hashes()))
    monkeypatch.setattr("nin_course.compare.runs", lambda: [a_line(k) for k in range(3)])
    if asked.startswith("audit"):
        few = raw()
        monkeypatch.setattr(files, "read_split", lambda *_: few)
    module, name = asked.split(",")[0].split(".")
    function, given = call(asked)
    answers, before, is_set = [], told(given), process()
    for mode in (nullcontext(), torch.no_grad(), nullcontext() if asked in KEEPS else saved_tensors_hooks(keep, keep)):
        torch.manual_seed(7)
        drawn = numbers_drawn()
        with mode, warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            heard = list(warnings.filters)
            try:
                answers.append(told(function(*given)))
                assert asked not in REFUSED
            except ValueError as error:
                answers.append(str(error))
                assert asked in REFUSED
            assert warnings.filters == heard
        assert numbers_drawn() == drawn or f"{module}.{name}" in DRAWS
        assert (told(given), warned) == (before, [])
    assert answers[0] == answers[1] == answers[2]
    assert process() == is_set
    if f"{module}.{name}" in NEW:
        torch.manual_seed(8)
        assert told(function(*given)) != answers[0]
    assert tuple(capsys.readouterr()) == ("", "")


def test_what_is_stopped_while_a_network_runs_leaves_everything_alone_too(tmp_path, monkeypatch):
    """By the stop square, in the last layer: no hook stays, each module has its mode, and gradients are taken again."""

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    calls, is_set, stopped = [(asked, *call(asked)) for asked in ASKED], process(), 0
    monkeypatch.setattr(d2l.FlattenLayer, "forward", stop)
    for asked, function, given in calls:
        if any(isinstance(one, nn.Module) for one in given):
            before = told(given)
            try:
                function(*given)
            except KeyboardInterrupt:
                stopped += 1
            assert told(given) == before, asked
    assert process() == is_set
    assert stopped >= 15
