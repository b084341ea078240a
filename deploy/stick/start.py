"""Installs the course from this stick, without a network, and opens it: `python start.py`. The second time it opens it.

It goes into the folder nin-course of your home (`python start.py FOLDER`: elsewhere); your answers there are kept.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

STICK = Path(__file__).resolve().parent


def install(folder: Path) -> Path:
    """The course and an environment of its own in `folder`, the data where the course looks for it: its Python."""
    python = folder / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    for path in (STICK / "course").rglob("*"):
        copy = folder / path.relative_to(STICK / "course")
        if path.is_file() and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / ".venv"], check=True)
    wheels = STICK / "wheels"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    subprocess.run([*pip, "--find-links", wheels, "-r", wheels / "requirements.txt"], check=True)
    asked = [python, "-c", "from nin_course.files import cache_dir; print(cache_dir() / 'fashion-mnist')"]
    data = Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())
    shutil.copytree(STICK / "data", data, dirs_exist_ok=True)
    return python


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path.home() / "nin-course")
    parser.add_argument("--no-lab", action="store_true", help="install and check, do not open JupyterLab")
    chosen = parser.parse_args()
    folder = chosen.folder.resolve()
    if sys.version_info < (3, 10):  # noqa: UP036  whatever the other computer has
        sys.exit("The course needs Python 3.10 or newer; this is " + sys.version.split()[0])
    print("The first time this takes a few minutes.", flush=True)
    try:
        python = install(folder)
        subprocess.run([python, "-m", "nin_course", "doctor"], check=True)
    except subprocess.CalledProcessError:
        found = f"Python {sys.version_info[0]}.{sys.version_info[1]} on {sys.platform}"
        sys.exit(f"The course could not be installed. Are there wheels on the stick for {found}? Its README says more.")
    if chosen.no_lab:
        return 0
    return subprocess.run([python, "-m", "jupyterlab", "notebooks/00_start_here.ipynb"], cwd=folder).returncode


if __name__ == "__main__":
    sys.exit(main())
