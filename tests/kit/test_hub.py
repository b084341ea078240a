"""The hub as a class meets it: two students with real servers and kernels, one of each kind of spawner.

Needs configurable-http-proxy on the PATH; the accounts need root, too: `make test-kit PYTHON=/usr/bin/python3`.
"""

import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import build
import hub
import nbformat
import pytest
import requests
from traitlets.config.loader import PyFileConfigLoader

pytest.importorskip("jupyterhub")
if not shutil.which("configurable-http-proxy"):
    pytest.skip("npm's configurable-http-proxy is not on the PATH", allow_module_level=True)

CHAPTER = f"{hub.NOTEBOOKS}/00_start_here.ipynb"
ANSWER = "def accuracy(logits, labels):\n    return (logits.argmax(1) == labels).float().mean()"
NEWS = "A line that the teacher added."
READS = """
for path in {paths}:
    try:
        print("read", len(open(path).read()) > 0)
    except OSError as error:
        print(type(error).__name__)
"""


@pytest.fixture
def room():
    """A folder that every account can read, and in it a clone of the course, for the teacher to change."""
    folder = Path(tempfile.mkdtemp(prefix="nin-hub-"))
    folder.chmod(0o755)
    subprocess.run(["git", "clone", "--quiet", hub.ROOT.as_uri(), folder / "teacher"], check=True)
    subprocess.run(["git", "switch", "--quiet", "-C", "main"], cwd=folder / "teacher", check=True)
    yield folder
    shutil.rmtree(folder)


def arrives(address: str, name: str, password: str) -> hub.Student:
    student = hub.Student(address, name)
    student.log_in(password)
    student.get_course()
    return student


def reads(student: hub.Student, *paths: Path) -> list[str]:
    """What a student's kernel makes of these files."""
    return student.execute(CHAPTER, [READS.format(paths=[str(path) for path in paths])]).splitlines()


def with_answer(notebook: dict) -> dict:
    """The chapter with its exercise answered."""
    cells = [c for c in notebook["cells"] if build.PLACEHOLDER in c["source"]]
    assert len(cells) == 1
    cells[0]["source"] = ANSWER
    return notebook


def teacher_changes(course: Path) -> None:
    """The teacher commits a new first line of chapter 00."""
    path = course / "notebooks" / "00_start_here.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = f"{NEWS}\n\n{notebook.cells[0].source}"
    nbformat.write(notebook, path)
    who = ["-c", "user.name=teacher", "-c", "user.email=teacher@example.org"]
    subprocess.run(["git", *who, "commit", "--quiet", "--all", "--message", "news"], cwd=course, check=True)


@pytest.mark.skipif(bool(hub.why_no_accounts()), reason=hub.why_no_accounts())
def test_students_with_accounts_work_apart_and_an_update_leaves_their_answers(room):
    names = [hub.PREFIX + "anna", hub.PREFIX + "berta"]
    homes = [Path("/home") / name for name in names]
    with hub.class_of(names), hub.running(room, "accounts", room / "teacher") as (address, password):
        with ThreadPoolExecutor() as pool:
            anna, berta = pool.map(lambda name: arrives(address, name, password), names)
            assert len(list(pool.map(lambda student: student.run_all(CHAPTER), (anna, berta)))) == 2
        secret = room / "state" / "secret" / "jupyterhub.sqlite"
        assert secret.stat().st_size
        assert reads(anna, homes[0] / CHAPTER, homes[1] / CHAPTER, secret) == ["read True", *["PermissionError"] * 2]
        assert reads(berta, homes[0] / CHAPTER, homes[1] / CHAPTER) == ["PermissionError", "read True"]
        assert {p.username() for p in anna.processes()} == {names[0]}
        assert len(anna.processes()) == 2

        anna.write(CHAPTER, with_answer(anna.read(CHAPTER)))
        assert anna.run_all(CHAPTER)
        anna.leave()
        teacher_changes(room / "teacher")
        (homes[0] / "random.py").write_text("raise SystemExit")  # a student's file is no part of their server
        anna.log_in(password)
        anna.get_course()
        notebook = anna.read(CHAPTER)
        nbformat.validate(notebook)
        assert [c["source"] for c in notebook["cells"]].count(ANSWER) == 1
        assert notebook["cells"][0]["source"].startswith(NEWS)
        assert NEWS not in str(berta.read(CHAPTER))  # who stays has it at the next start

        with pytest.raises(requests.HTTPError, match="403") as refused:  # nobody becomes one of the machine's accounts
            hub.Student(address, "daemon").log_in(password)
        assert "daemon is an account of this machine." in refused.value.response.text
        with pytest.raises(requests.HTTPError, match="403"):
            hub.Student(address, names[1]).log_in("not " + password)


def test_the_simple_spawner_starts_anybody_and_keeps_nobody_apart(room):
    names = [hub.PREFIX + "anna", hub.PREFIX + "berta"]
    user = None
    if os.geteuid() == 0:
        if reason := hub.why_no_accounts():
            pytest.skip(reason)
        user = "nobody"
        shutil.chown(room, user)
    with hub.running(room, "simple", room / "teacher", user) as (address, password):
        with ThreadPoolExecutor() as pool:
            anna, berta = pool.map(lambda name: arrives(address, name, password), names)
        homes = [room / "state" / "homes" / name for name in names]
        for student in (anna, berta):
            assert reads(student, *(home / CHAPTER for home in homes)) == ["read True"] * 2


@pytest.mark.parametrize("spawner", ["accounts", "systemd", "simple"])
def test_every_setting_is_one_that_jupyterhub_knows(spawner, tmp_path, monkeypatch):
    from jupyterhub.app import JupyterHub

    monkeypatch.setenv("NIN_HUB_STATE", str(tmp_path))
    monkeypatch.setenv("NIN_HUB_SPAWNER", spawner)
    monkeypatch.setattr(os, "geteuid", lambda: 1000 if spawner == "simple" else 0)
    config = PyFileConfigLoader(str(hub.CONFIGURATION)).load_config()
    app = JupyterHub(config=config)
    known = {
        cls.__name__: cls for one in [*app.classes, app.spawner_class, app.authenticator_class] for cls in one.mro()
    }
    for name, settings in config.items():
        assert set(settings) <= set(known[name].class_trait_names(config=True)), name
    assert len(config) >= 5
