"""The stick for a classroom without a network, with pip replaced: what is collected, and what is done with it there."""

import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import make_stick
import pytest

from nin_course import files

ROOT = Path(__file__).parents[2]


@pytest.fixture
def commands(monkeypatch, tmp_path):
    """The commands that would have been run, each one text. A new environment has a Python, which knows its cache."""
    found = []

    def run(command, cwd="", check=False, **_):
        assert check or "jupyterlab" in command  # what fails is not passed over
        found.append(" ".join(str(word) for word in [*command, *([f"in {cwd}"] if cwd else [])]))
        if "venv" in command:
            for python in ("Scripts/python.exe", "bin/python"):
                (Path(command[-1]) / python).parent.mkdir(parents=True)
                (Path(command[-1]) / python).touch()
        return SimpleNamespace(stdout=f"{tmp_path / 'cache'}\n", returncode=0)

    monkeypatch.setattr(subprocess, "run", run)
    return found


@pytest.fixture
def stick(commands, monkeypatch, tmp_path):
    data = tmp_path / "full"
    data.mkdir()
    for name in files.FULL:
        (data / f"{name}.gz").write_text(name)
    monkeypatch.setattr("nin_course.fetch.fetch_full", lambda: data)
    monkeypatch.setattr(make_stick, "SITE", tmp_path / "site")
    return tmp_path / "stick"


def test_a_stick_has_wheels_of_all_that_a_student_installs_the_notebooks_and_the_data(stick, commands):
    make_stick.collect(stick, ["--extra-index-url", "there"])
    downloaded, built = commands
    students = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if ">=" in line]
    assert len(students) > 6
    assert downloaded.startswith(f"{sys.executable} -m pip download --only-binary=:all: --dest {stick / 'wheels'} ")
    assert downloaded.endswith(f" {' '.join(students)} --extra-index-url there")
    assert built.endswith(f"-m pip wheel --quiet --no-deps --wheel-dir {stick / 'wheels'} {ROOT}")
    assert (stick / "wheels" / "requirements.txt").read_text().split() == [*students, "nin-course"]
    notebooks = {p.relative_to(ROOT) for p in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_" not in str(p)}
    assert len(notebooks) > 20
    course = {p.relative_to(stick / "course") for p in (stick / "course").rglob("*") if p.is_file()}
    assert course == notebooks
    assert files.folder_with_data(stick / "data")
    assert {p.name for p in stick.iterdir()} == {"wheels", "course", "data", "start.py", "README.md", "LICENSE"}


def test_the_site_goes_along_once_it_is_built_and_a_second_time_nothing_is_in_the_way(stick, commands, monkeypatch):
    make_stick.collect(stick, [])
    make_stick.SITE.mkdir()
    for text in ("the course", "the course, mended"):
        (make_stick.SITE / "index.html").write_text(text)
        monkeypatch.chdir(stick.parent)  # wherever it is called
        make_stick.collect(stick, [])
        assert (stick / "site" / "index.html").read_text() == text


def test_it_says_how_large_the_stick_is_and_what_to_do_with_it(stick, monkeypatch, capsys):
    def collect(folder, for_pip):
        folder.mkdir()
        with (folder / "wheel").open("wb") as wheel:
            wheel.truncate(1_500_000_000)  # a file of holes
        print(for_pip)

    monkeypatch.setattr(make_stick, "collect", collect)
    monkeypatch.setattr(sys, "argv", ["make_stick.py", str(stick), "--no-cache-dir"])
    make_stick.main()
    told = f"{stick} is ready: 1.5 GB. On the other computer: python {stick / 'start.py'}"
    assert capsys.readouterr().out.splitlines() == ["['--no-cache-dir']", told]


def test_the_site_that_goes_along_is_the_one_that_make_site_builds():
    import make_site

    assert make_stick.SITE == make_site.HTML


def starts(stick, monkeypatch, *arguments):
    """Runs the stick's start.py, as Python would: its exit status."""
    monkeypatch.setattr(sys, "argv", ["start.py", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(stick / "start.py"), run_name="__main__")
    return left.value.code


@pytest.fixture
def home(stick, commands, tmp_path):
    make_stick.collect(stick, [])
    commands.clear()
    return tmp_path / "home" / "nin-course"


def test_it_installs_from_the_stick_alone_checks_and_opens_the_first_chapter(stick, home, commands, monkeypatch):
    assert starts(stick, monkeypatch, home) == 0
    environment, installed, asked, checked, opened = commands
    assert environment == f"{sys.executable} -m venv {home / '.venv'}"
    wheels = stick / "wheels"
    assert " -m pip install " in installed
    assert installed.endswith(f" --no-index --find-links {wheels} -r {wheels / 'requirements.txt'}")
    assert "cache_dir" in asked
    assert checked.endswith("-m nin_course doctor")
    assert opened.endswith(f"-m jupyterlab notebooks/00_start_here.ipynb in {home}")
    assert all(command.startswith(str(home / ".venv")) for command in commands[1:])
    assert (home / "notebooks" / "00_start_here.ipynb").is_file()
    assert files.folder_with_data(home.parents[1] / "cache")


def test_the_second_time_answers_are_kept_and_no_new_environment_is_made(stick, home, commands, monkeypatch):
    starts(stick, monkeypatch, home, "--no-lab")
    chapter = home / "notebooks" / "00_start_here.ipynb"
    chapter.write_text("my answer")
    (home / "notebooks" / "01_one_by_one_convolution.ipynb").unlink()
    commands.clear()
    assert starts(stick, monkeypatch, home, "--no-lab") == 0
    assert chapter.read_text() == "my answer"
    assert (home / "notebooks" / "01_one_by_one_convolution.ipynb").is_file()
    assert not [
        command for command in commands if "venv " in command.removeprefix(str(home)) or "jupyterlab" in command
    ]


@pytest.mark.parametrize("broken", ["venv", "pip", "doctor"])
def test_what_fails_on_the_way_is_told_in_a_sentence(stick, home, monkeypatch, broken):
    run = subprocess.run

    def fails(command, check=False, **how):
        if broken in command and check:
            raise subprocess.CalledProcessError(1, command)
        return run(command, check=check, **how)

    monkeypatch.setattr(subprocess, "run", fails)
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    assert f"for Python 3.12 on {sys.platform}?" in starts(stick, monkeypatch, home)


def test_an_old_python_is_told(stick, home, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    assert "Python 3.10 or newer" in starts(stick, monkeypatch, home)
