"""Collects the course for computers without a network: `make stick DIR=/media/stick`, then start.py there.

Wheels are for the kind of computer and the Python that collected them. Other kinds: run it there, into the same folder.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
SITE = ROOT / "site" / "built" / "html"


def requirements() -> list[str]:
    """What a student installs, without the course itself."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-e"))]


def collect(folder: Path, for_pip: list[str]) -> None:
    """Fills `folder`; what lies there already is kept or replaced. Raises CalledProcessError, OSError."""
    from nin_course.fetch import fetch_full

    wheels = folder / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip"]
    subprocess.run([*pip, "download", "--only-binary=:all:", "--dest", wheels, *requirements(), *for_pip], check=True)
    subprocess.run([*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", wheels, ROOT], check=True)
    again = {"dirs_exist_ok": True, "ignore": shutil.ignore_patterns(".*", "__pycache__", "source", "*.py")}
    shutil.copytree(ROOT / "notebooks", folder / "course" / "notebooks", **again)
    shutil.copytree(fetch_full(), folder / "data", dirs_exist_ok=True)
    if SITE.is_dir():
        shutil.copytree(SITE, folder / "site", dirs_exist_ok=True)
    for name in ("start.py", "README.md"):
        shutil.copy(HERE / name, folder)
    shutil.copy(ROOT / "LICENSE", folder)
    (folder / "wheels" / "requirements.txt").write_text(
        "\n".join([*requirements(), "nin-course", ""]), encoding="utf-8"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where to, for example a stick of 8 GB")
    chosen, for_pip = parser.parse_known_args()
    collect(chosen.folder, for_pip)
    size = sum(path.stat().st_size for path in chosen.folder.rglob("*") if path.is_file())
    print(f"{chosen.folder} is ready: {size / 1e9:.1f} GB. On the other computer: python {chosen.folder / 'start.py'}")


if __name__ == "__main__":
    main()
