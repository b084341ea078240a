"""What `make` and GitHub start, and two small helpers of the tests: where Chromium is, and the closing line."""

import importlib.util
import itertools
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import make_site
import pytest
import yaml
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


# ---- every target, in a folder of its own ---------------------------------------------------------------------------

# A Python's calls, a line each: its arguments, and those settings that it was given.
SETTINGS = ("OMP_NUM_THREADS", "PIP_CONSTRAINT", "NIN_COURSE_LANGUAGE")
SETTINGS += ("MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")
TELLS = "#!/bin/sh\necho \"$*$(env | grep -E '^({})=' | sort | sed 's/^/|/' | tr -d '\\n')\" >> {}\n"
# What a target can be given.
GIVEN = {
    "lab": ("ARGS", "LANGUAGE"),
    "mutants": ("ARGS",),
    "assignment": ("CHAPTER", "ARGS"),
    "stick": ("DIR", "ARGS"),
    "board": ("HOST", "ARGS"),
}
EXTRAS = {"lab": "", "bench": "", "stick": "", "clean": ""}  # of the package, that a target installs; else dev
EXTRAS |= {"site": "dev site", "test-site": "dev site", "board": "dev kit", "test-kit": "dev kit"}
VALUES = {"ARGS": "--more", "LANGUAGE": "xx", "CHAPTER": "03", "DIR": "/a/stick", "HOST": "0.0.0.0"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """project(target) -> [(words, settings)], call by call: a copy of the Makefile, with Pythons that only tell."""
    for name in (*SETTINGS, "MAKEFLAGS", "MAKELEVEL"):  # make test's own
        monkeypatch.delenv(name, raising=False)
    python, log = tmp_path / "python", tmp_path / "log"
    python.write_text(TELLS.format("|".join(SETTINGS), log))
    python.chmod(0o755)
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    for name in (".venv", ".venv-oldest", ".venv-kit"):
        (tmp_path / name / "bin").mkdir(parents=True)
        shutil.copy(python, tmp_path / name / "bin")

    def run(target, **given):
        log.write_text("")
        more = [f"{name}={value}" for name, value in given.items()]
        subprocess.run(["make", target, f"PYTHON={python}", *more], cwd=tmp_path, capture_output=True, check=True)
        calls = [line.split("|") for line in log.read_text().splitlines()]
        return [(words, dict(setting.split("=", 1) for setting in settings)) for words, *settings in calls]

    run.folder = tmp_path
    return run


TARGETS = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
PLACE = re.compile(r"(tests|docs|benchmarks|notebooks|board|site)/")
SUITES = ("check", "test", "test-oldest", "test-kit", "test-site")


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_makes_its_environment_gets_what_it_is_given_and_starts_what_is_there(target, project):
    given = GIVEN.get(target, ())
    calls = project(target, **{name: VALUES[name] for name in given})
    assert all(call.startswith("-m venv .venv") for call, _ in calls[:1])
    assert re.findall(r"-e \.\[(\w+)\]", " ".join(call for call, _ in calls)) == EXTRAS.get(target, "dev").split()
    words = [word for call, _ in calls for word in call.split()]
    for name in set(given) - {"LANGUAGE"}:
        assert any(word.endswith(VALUES[name]) for word in words), name
    assert [s["NIN_COURSE_LANGUAGE"] for _, s in calls if target == "lab"][-1:] == ["xx"] * (target == "lab")
    assert all((ROOT / word).exists() for word in words if PLACE.match(word))


@pytest.mark.parametrize(("targets", "setting"), [
    (("lab", "board", "memory"), "LITTLE"), (("test", "test-oldest"), "KEEP"),
])  # fmt: skip
def test_a_class_has_little_memory_and_the_tests_keep_theirs(targets, setting, project):
    words = re.search(rf"^{setting} = (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    for target in targets:
        _, found = project(target)[-1]
        assert sorted(f"{name}={value}" for name, value in found.items() if "MALLOC" in name) == sorted(words)


def test_each_test_belongs_to_one_suite_in_an_environment_that_has_what_it_needs(project):
    """make test leaves out what make test-kit and make test-site do; make check is quick, and all have one thread."""
    calls = {target: next(call for call in project(target) if " pytest " in call[0]) for target in SUITES}
    words = {target: call.split() for target, (call, _) in calls.items()}
    out, old = ([b for a, b in itertools.pairwise(words[of]) if a == "--ignore"] for of in ("test", "test-oldest"))
    assert out == ["tests/kit", "tests/site"] == [words["test-kit"][-1], words["test-site"][-1]]
    assert old == ["tests/unit/test_lint.py"]  # an old ruff has other rules
    assert "tests" in words["test"]
    assert "-m not slow" in calls["check"][0]
    calls["board"] = project("board")[-1]
    assert {settings["OMP_NUM_THREADS"] for _, settings in calls.values()} == {"1"}
    assert {"tests/unit", "tests/checks", "tests/demos"} <= {*words["check"]} & {*words["test-oldest"]}


def test_the_oldest_releases_are_installed_apart_and_alone_bound(project):
    for target in ("test-oldest", "test-kit"):
        installed = [settings for call, settings in project(target) if " pip install " in call]
        assert len(installed) >= 2
        oldest = str(project.folder / "constraints" / "oldest.txt") if target == "test-oldest" else None
        assert {settings.get("PIP_CONSTRAINT") for settings in installed} == {oldest}


def test_make_clean_leaves_nothing_that_was_made_and_all_that_was_written(project):
    """What git ignores, but for a student's runs and assignments, what Python keeps beside a module, and packages."""
    ignored = (ROOT / ".gitignore").read_text().split()
    kept = {"assignments/", "runs/", "__pycache__/", "*.egg-info/", ".ipynb_checkpoints/", "build/", "dist/"}
    made = [name for name in ignored if name.endswith("/") and name not in kept]
    assert len(made) > 6
    for name in [*made, "notebooks", "assignments", "runs"]:
        (project.folder / name).mkdir(parents=True, exist_ok=True)
    project("clean")
    left = {path.relative_to(project.folder).as_posix() for path in project.folder.rglob("*")}
    assert not {name.rstrip("/") for name in made} & left
    assert {"Makefile", "notebooks", "assignments", "runs"} <= left


# ---- what GitHub starts ---------------------------------------------------------------------------------------------

WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / ".github" / "workflows").iterdir()}
LAST = ["--ignore tests/browser --ignore tests/site tests notebooks"]  # what the browser is for comes after it
JOBS = [(name, job) for name, workflow in WORKFLOWS.items() for job in workflow["jobs"]]


@pytest.mark.parametrize(("workflow", "job"), JOBS, ids=map("-".join, JOBS))
def test_what_a_workflow_starts_is_there_in_an_order_that_can_be(workflow, job):
    """Installed, fetched and found healthy before it is tested; and a test that fails leaves its pictures."""
    steps = WORKFLOWS[workflow]["jobs"][job]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert {words.split()[1] for words in commands if words.startswith("make ")} <= set(TARGETS)
    paths = [word for words in commands for word in words.split() if re.match(r"(tests|notebooks)\b", word)]
    assert all((ROOT / path).exists() for path in paths)
    if job == "test":
        order = ["requirements.txt", '".[dev]"', "data --full", "doctor", *LAST, "chromium.py", "pytest tests/browser"]
        assert all(words.endswith(end) for words, end in zip(commands, order, strict=True))
        assert all(step["if"].startswith("always()") for step in steps if "upload" in step.get("uses", ""))
    assert WORKFLOWS[workflow]["permissions"] == {"contents": "read"}


def test_the_tests_run_with_the_oldest_python_on_three_systems_and_the_site_is_published_whole():
    matrix = WORKFLOWS["ci"]["jobs"]["test"]["strategy"]["matrix"]
    oldest = re.search(r'requires-python = ">=(.*?)"', (ROOT / "pyproject.toml").read_text())[1]
    assert matrix["python"][0] == oldest
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}
    assert not WORKFLOWS["ci"]["jobs"]["test"]["strategy"]["fail-fast"]
    assert WORKFLOWS["ci"]["env"] == {"OMP_NUM_THREADS": 1, "PYTHONUTF8": 1}  # docs/contributing.md
    (*_, pages) = WORKFLOWS["site"]["jobs"]["build"]["steps"]
    assert ROOT / pages["with"]["path"] == make_site.HTML


def test_each_suite_that_make_test_leaves_out_has_a_job_and_the_site_is_published_from_main_after_its_tests():
    jobs = {job: of for workflow in WORKFLOWS.values() for job, of in workflow["jobs"].items()}
    runs = {job: [step["run"].split()[:2] for step in of["steps"] if "run" in step] for job, of in jobs.items()}
    made = {job: [target for program, target in commands if program == "make"] for job, commands in runs.items()}
    assert made == {"test": [], "oldest": ["test-oldest"], "kit": ["test-kit"], "build": ["test-site"], "publish": []}
    assert jobs["publish"]["needs"] == "build"
    assert WORKFLOWS["site"][True]["push"] == {"branches": ["main"]}  # True is how YAML reads `on`


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
    assert all("fonts-dejavu-core" in command for command in chromium.commands[1:] if "apt-get" in command)
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
TWICE = """
import pytest
for chosen in ("test_", "good"):
    pytest.main(["-q", "-k", chosen, "."])
    print("end")
"""


def test_the_last_line_counts_and_ctrl_c_is_pythons_own_for_a_while(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_toy.py").write_text(TESTS)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background
    try:  # twice in one process: what takes long is PyTorch
        done = subprocess.run([sys.executable, "-c", TWICE], capture_output=True, text=True, cwd=tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
    lines = done.stdout.splitlines()
    found = [line for line, following in itertools.pairwise(lines) if following == "end"]
    assert found == ["3 passed, 2 failed, 1 skipped", "1 passed, 0 failed"]
