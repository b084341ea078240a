"""Getting the full Fashion-MNIST into the user's cache, whole and checked, or the sample in its place."""

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from nin_course import files


def full_or_sample(root: str | os.PathLike | None = None) -> tuple[Path, dict[str, str]]:
    """The folder of the full set, fetched if need be, and its hashes; or, with a line that says so, the sample's."""
    folder = files.find_full(root)
    if folder is None:
        try:
            folder = fetch_full(apt=False)
        except OSError:
            print(
                "The full Fashion-MNIST is not here and could not be downloaded: using the embedded sample, 10,000 "
                f"training and 2,000 test images. {files.HOW_TO_GET_IT}"
            )
            return files.SAMPLE_DIR, files.sample_hashes()
    return folder, files.FULL


def fetch_full(*, apt: bool = True) -> Path:
    """The folder with the full set: found, or downloaded (torchvision's mirror), or taken from Debian's package.

    Everything arrives in a temporary folder, is checked against the SHA-256 of each file, and is moved into the cache
    in one step: an interrupted download leaves nothing behind. Raises OSError, saying why, if no way works.
    """
    found = files.find_full()
    if found:
        return _checked(found)
    target = files.cache_dir() / "fashion-mnist"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".fetch-", dir=target.parent))
    except OSError as error:
        raise OSError(f"the cache {target.parent} cannot be written: {error.strerror or error}") from error
    try:
        reasons = []
        for way in (_from_torchvision, _from_debian) if apt else (_from_torchvision,):
            try:
                got = _checked(way(work))
                shutil.rmtree(target, ignore_errors=True)
                os.replace(got, target)
                return target
            except Exception as error:  # whatever a network, a server or apt makes of it
                reasons.append(f"{way.__doc__}: {(str(error).strip() or type(error).__name__).splitlines()[-1]}")
        raise OSError("; ".join(reasons))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _checked(folder: Path) -> Path:
    for part in ("train", "t10k"):
        files.read_split(folder, part, files.FULL)
    return folder


def _from_torchvision(work: Path) -> Path:
    """torchvision's download"""
    from torchvision.datasets import FashionMNIST

    with _patience(20):
        FashionMNIST(work / "torchvision", download=True)
    return _found(work / "torchvision")


def _from_debian(work: Path) -> Path:
    """Debian's package dataset-fashion-mnist"""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise OSError("there is no apt-get here")
    folder = work / "debian"
    folder.mkdir()
    _run("apt-get", "download", "dataset-fashion-mnist", cwd=folder)
    for package in folder.glob("*.deb"):
        _run("dpkg", "-x", package.name, "unpacked", cwd=folder)
    return _found(folder / "unpacked" / "usr" / "share" / "datasets" / "fashion-mnist")


def _run(*command: str, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise OSError(f"{' '.join(command[:2])} said {(done.stderr or done.stdout).strip() or done.returncode}")


def _found(folder: Path) -> Path:
    found = files.folder_with_data(folder)
    if found is None:
        raise OSError("it arrived incomplete")
    return found


@contextmanager
def _patience(seconds: float):
    """torchvision's download waits for ever on a silent network; this lends it a limit."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
