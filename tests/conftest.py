"""One plain closing line for the whole run, whatever it was made of."""

import random
import signal

import numpy as np
import pytest
import torch

COUNTS = pytest.StashKey[dict]()
# What trains, starts processes, or tries hundreds of answers or clicks: `make check` leaves it to `make test`.
SLOW = (
    *("unit/test_processes", "unit/test_weights", "unit/test_runs", "unit/test_checkpoint", "unit/test_stuck"),
    *("unit/test_assets", "unit/test_make", "unit/test_diagnose", "checks/test_mutants", "checks/test_junk"),
    *("ch06.repaired", "ch06.never_said", "ch08.beat_the_course", "demos/test_live", "demos/test_run"),
    *("whatever_is_clicked", "the_guide_is_current", "demos/test_demos_in_chinese", "unit/test_compare"),
    *("unit/test_lab_command", "unit/test_device", "unit/test_site", "unit/test_survivors", "a_process_of_its_own"),
    *("speaks_chinese_whichever", "the_recorded_runs_have_names", "test_microscope", "unit/test_photo", "test_board"),
)


def pytest_collection_modifyitems(items):
    for item in items:
        if any(part in item.nodeid for part in SLOW):
            item.add_marker("slow")
    long = {item.path for item in items if item.get_closest_marker("slow") or item.path.suffix == ".ipynb"}
    # What takes long begins first, or one of two workers has it alone in the end.
    items.sort(key=lambda item: "browser" not in item.path.parts and item.path not in long)


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    """Tests do the same on every machine; those about GPUs pretend one (`pretended`)."""
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available=False: None)


@pytest.fixture(autouse=True)
def seeded():
    """A test draws the same numbers wherever, whenever and after whatever it runs."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture
def ctrl_c():
    """Python's own answer to Ctrl-C, which a run in the background (`nohup`, `&` in a script) does not inherit."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)


def pytest_terminal_summary(terminalreporter, config):
    stats = terminalreporter.stats
    failed = sum(len(stats.get(kind, ())) for kind in ("failed", "error"))
    config.stash[COUNTS] = {"passed": len(stats.get("passed", ())), "failed": failed}
    if skipped := len(stats.get("skipped", ())):
        config.stash[COUNTS]["skipped"] = skipped


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    if counts := config.stash.get(COUNTS, None):
        print(", ".join(f"{n} {what}" for what, n in counts.items()))
