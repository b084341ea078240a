"""What `make` starts, and two small helpers of the tests: where Chromium is, and the closing line."""

import importlib.util
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from jupyterlab_server.settings_utils import _get_overrides

ROOT = Path(__file__).parents[2]
PYTHON = """#!/bin/sh
echo "$@ [$OMP_NUM_THREADS]" >> {log}
echo "$JUPYTER_CONFIG_PATH" > {log}.folders
case "$*" in *{broken}*) exit 3;; esac
"""


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make(folder, target, broken="nothing", *more):
    """(exit status, what Python was called with, call by call), with a Python that only writes its arguments down."""
    (folder / "bin").mkdir(exist_ok=True)
    log, python = folder / "log", folder / "bin" / "python"
    python.write_text(PYTHON.format(log=log, broken=broken))
    python.chmod(0o755)
    for stamp in ("lab.done", "dev.done", "site.done"):
        (folder / stamp).touch()
    done = subprocess.run(
        ["make", target, f"VENV={folder}", "ARGS=more", "DIR=DIR", *more], cwd=ROOT, capture_output=True, text=True
    )
    return done.returncode, log.read_text().splitlines()


@pytest.mark.parametrize(("target", "called"), [
    ("notebooks", "notebooks/source/build.py"),
    ("demos", "docs/instructor_guide.py"),
    ("bench", "benchmarks/run_all.py"),
    ("site", "site/make_site.py"),
    ("mutants", "tests/survivors.py more"),
    ("stick", "deploy/stick/make_stick.py DIR more"),
])  # fmt: skip
def test_a_target_starts_its_one_program(tmp_path, target, called):
    status, calls = make(tmp_path, target)
    assert status == 0
    assert [call.rsplit(" [")[0] for call in calls] == [called]
    assert (ROOT / called.split()[0]).exists()


def test_make_test_fetches_the_data_and_chromium_and_tests_everything_on_two_workers(tmp_path):
    status, (data, chromium, tests) = make(tmp_path, "test")
    assert status == 0
    assert data.startswith("-m nin_course data --full")
    assert chromium.startswith("tests/browser/chromium.py")
    assert tests.startswith("-m pytest ")
    assert tests.endswith(" tests notebooks/A_the_original_notes.ipynb [1]")
    assert {"-n", "2", "--nbval", "loadfile"} <= set(tests.split())


def test_make_test_site_builds_the_site_before_a_browser_looks_at_it(tmp_path):
    status, (built, chromium, tests) = make(tmp_path, "test-site")
    assert status == 0
    assert built.startswith("site/make_site.py ")
    assert chromium.startswith("tests/browser/chromium.py ")
    assert tests.startswith("-m pytest tests/site ")


@pytest.mark.parametrize("broken", ["pytest", "data"])
def test_what_fails_in_make_test_fails_make_test(tmp_path, broken):
    status, calls = make(tmp_path, "test", broken)
    assert status != 0
    assert broken in calls[-1]


@pytest.mark.parametrize(("broken", "last"), [("data", "jupyterlab"), ("doctor", "doctor"), ("nothing", "jupyterlab")])
def test_make_lab_opens_the_first_chapter_without_the_full_set_but_not_without_a_healthy_doctor(tmp_path, broken, last):
    status, calls = make(tmp_path, "lab", broken)
    assert [call.split()[2] for call in calls[:2]] == ["data", "doctor"]
    assert last in calls[-1]
    assert (status == 0) == (broken != "doctor")
    if last == "jupyterlab":
        assert "default_url=/lab/tree/notebooks/00_start_here.ipynb" in calls[-1]
        assert (ROOT / "notebooks" / "00_start_here.ipynb").exists()


@pytest.mark.parametrize("broken", ["nothing", "language-pack"])
def test_make_lab_in_chinese_opens_the_chinese_course_with_a_language_pack_or_without(tmp_path, broken):
    status, (pack, *asked, lab) = make(tmp_path, "lab", broken, "LANGUAGE=zh")
    assert status == 0
    assert pack.startswith("-m pip install --quiet jupyterlab-language-pack-zh-CN")
    assert [call.split()[2] for call in asked] == ["data", "doctor"]
    assert "default_url=/lab/tree/notebooks/zh/00_start_here.ipynb" in lab
    assert (ROOT / "notebooks" / "zh" / "00_start_here.ipynb").exists()


@pytest.mark.parametrize("theirs", ["", "/a/class"])
@pytest.mark.parametrize(("language", "locale"), [("zh", "zh_CN"), ("en", None)])
def test_jupyterlabs_menus_are_in_the_language_of_the_course_where_the_user_chose_none(
    tmp_path, monkeypatch, language, locale, theirs
):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", theirs)
    make(tmp_path, "lab", "nothing", f"LANGUAGE={language}")
    folders = [folder for folder in (tmp_path / "log.folders").read_text().strip().split(":") if folder]
    assert folders[len(folders) - bool(theirs) :] == [theirs] * bool(theirs)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", ":".join(folders))
    said, _ = _get_overrides(str(tmp_path))
    assert said.get("@jupyterlab/translation-extension:plugin", {}).get("locale") == locale


# ---- Chromium -------------------------------------------------------------------------------------------------------


@pytest.fixture
def chromium(monkeypatch, tmp_path):
    """The module, on a machine that has no Chromium at all; `commands` are those it would have started."""
    module = load(ROOT / "tests" / "browser" / "chromium.py")
    module.commands, module.on_path = [], {}
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: module.on_path.get(name))
    monkeypatch.setattr(subprocess, "run", lambda command, **_: module.commands.append(command))
    monkeypatch.setattr(module, "_playwrights_own", lambda: None)
    return module


def test_chromium_is_the_one_that_is_given_else_the_first_on_the_path_else_playwrights(chromium, tmp_path, monkeypatch):
    assert chromium.find() is None
    chromium._playwrights_own = lambda: "/own/chrome"
    assert chromium.find() == "/own/chrome"
    chromium.on_path |= {"chrome": "/bin/chrome", "chromium": "/bin/chromium"}
    assert chromium.find() == "/bin/chromium"
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "gone"))
    assert chromium.find() == "/bin/chromium"
    (tmp_path / "here").touch()
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "here"))
    assert chromium.find() == str(tmp_path / "here")


@pytest.mark.parametrize(("user", "apt", "started"), [
    (0, True, ["apt-get", "apt-get", "playwright"]),
    (0, False, ["playwright"]),
    (1000, True, ["playwright"]),
])  # fmt: skip
def test_chromium_comes_from_debian_for_root_and_else_from_playwright(chromium, monkeypatch, user, apt, started):
    monkeypatch.setattr("os.geteuid", lambda: user)
    if apt:
        chromium.on_path["apt-get"] = "/usr/bin/apt-get"
    chromium.install()
    assert [next(word for word in command if word in started) for command in chromium.commands] == started
    assert all("chromium" in command for command in chromium.commands if "install" in command)
    assert chromium.commands[0] == ["apt-get", "update"] or not apt or user


def test_nothing_is_downloaded_when_debian_had_it(chromium, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    chromium.on_path |= {"apt-get": "/usr/bin/apt-get", "chromium": "/usr/bin/chromium"}
    chromium.install()
    assert len(chromium.commands) == 2


# ---- the closing line -----------------------------------------------------------------------------------------------

TESTS = """
import pytest, signal

def test_good(): pass
def test_bad(): assert False
@pytest.fixture
def broken(): raise ValueError
def test_error(broken): pass
@pytest.mark.skip
def test_left_out(): pass

def test_stopped(ctrl_c):
    with pytest.raises(KeyboardInterrupt):
        ctrl_c()

def test_afterwards(): assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
"""


@pytest.mark.parametrize(("chosen", "line"), [
    ("test_", "3 passed, 2 failed, 1 skipped"),
    ("good", "1 passed, 0 failed"),
])  # fmt: skip
def test_the_last_line_counts_and_ctrl_c_is_pythons_own_for_a_while(tmp_path, monkeypatch, chosen, line):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_toy.py").write_text(TESTS)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-k", chosen, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.stdout.splitlines()[-1] == line
