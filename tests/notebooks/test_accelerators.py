"""Every chapter that asks for a GPU runs on one of each make: pretended, with tensors that refuse to meet the CPU's."""

import build
import matplotlib
import pytest
import torch
from pretended import KINDS, NAMES, pretended

CHAPTERS = {path.stem: build.assemble(path, solved=True) for path in build.chapters()}
ASKS = [name for name, notebook in CHAPTERS.items() if any("accelerator" in cell.source for cell in notebook.cells)]

# What is measured on a GPU is as much as keeps one busy. Here it is about the devices, so as little as will do.
LESS = {
    "05_training": {
        "islice(train_iter, 78)": "islice(train_iter, 2)",
        "evaluate_accuracy(test_iter, net)": "evaluate_accuracy(islice(test_iter, 2), net)",
        "torch.randperm(1280)": "torch.randperm(128)",
        "islice(test_iter, 32), working": "islice(test_iter, 1), working",
        'race("cpu", 16, 2)': 'race("cpu", 2, 1)',
        "race(gpu, 128, 9)": "race(gpu, 2, 1)",
        "torch.rand(128, 1, 224, 224, device=gpu)": "torch.rand(1, 1, 224, 224, device=gpu)",
        "load_data_fashion_mnist(256, sample=True)": "load_data_fashion_mnist(8, sample=True)",
    },
    "A_the_original_notes": {"batch_size = 16": "batch_size = 2", "islice(train_iter, 12)": "islice(train_iter, 1)"},
}


def code(name):
    """The chapter's code, with less to do where LESS says so, without the last cell: what that claims needs it all."""
    *cells, claims = [cell.source for cell in CHAPTERS[name].cells if cell.cell_type == "code"]
    assert "What this chapter claimed" in claims
    for much, less in LESS[name].items():
        assert sum(source.count(much) for source in cells) == 1, much
        cells = [source.replace(much, less) for source in cells]
    return cells


def test_only_these_chapters_ask_for_a_gpu_and_no_chapter_for_one_make():
    assert set(ASKS) == set(LESS)
    for name, notebook in CHAPTERS.items():
        for cell in notebook.cells:
            if cell.cell_type == "code":
                assert "torch.cuda" not in cell.source, name
                calls_the_loop = "d2l.fit(" in cell.source or "train_ch5(" in cell.source  # which looks for a GPU
                assert name in LESS or not calls_the_loop


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", LESS)
def test_a_chapter_runs_on_a_gpu(name, kind, capsys, monkeypatch):
    matplotlib.use("agg")
    threads, namespace = torch.get_num_threads(), {"__name__": "__main__"}
    titles = []
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: titles.extend(_axes_labels()))
    with pretended(kind) as asked:
        for number, source in enumerate(code(name)):
            exec(compile(source, f"{name}, code cell {number}", "exec"), namespace)
    torch.set_num_threads(threads)
    printed = capsys.readouterr().out
    assert namespace["device"] == torch.device(kind)
    assert "No GPU here" not in printed
    if name == "05_training":
        assert "Queued after" in printed
        assert asked.count("synchronize") == 2
        assert f"images a second, on {NAMES.get(kind, f'GPU ({kind})')}" in titles
    else:
        assert f"training on {kind}" in printed


def _axes_labels():
    import matplotlib.pyplot as plt

    labels = [axis.get_xlabel() for axis in plt.gcf().axes]
    plt.close("all")
    return labels
