"""Where Fashion-MNIST lies on this machine, and whether it is what it says: every file has to match its SHA-256."""

import gzip
import hashlib
import json
import os
import zlib
from pathlib import Path

import torch

SAMPLE_DIR = Path(__file__).parent / "assets" / "fashion_mnist_sample"
SYSTEM_DIR = Path("/usr/share/datasets/fashion-mnist")  # Debian's package dataset-fashion-mnist
HOW_TO_GET_IT = "`python -m nin_course data --full` fetches the full set."

# SHA-256 of the decompressed files: gzip bytes differ from one distributor to the next, the data do not.
FULL = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def read_split(folder: Path, part: str, hashes: dict[str, str]) -> tuple[torch.Tensor, torch.Tensor]:
    """`part` is "train" or "t10k": images (N, 1, 28, 28) uint8 and labels (N,) int64, their SHA-256 checked."""
    images = _read_checked(folder, f"{part}-images-idx3-ubyte", hashes)[16:]
    labels = _read_checked(folder, f"{part}-labels-idx1-ubyte", hashes)[8:]
    images, labels = (torch.frombuffer(content, dtype=torch.uint8) for content in (images, labels))
    return images.reshape(-1, 1, 28, 28), labels.long()


def sample_hashes() -> dict[str, str]:
    """The SHA-256 of the embedded sample's files, from the card beside them."""
    return json.loads((SAMPLE_DIR / "card.json").read_text(encoding="utf-8"))["sha256"]


def find_full(root: str | os.PathLike | None = None) -> Path | None:
    """The folder that holds the full set, or None. A folder named by hand (`root`, $NIN_COURSE_DATA) must hold it."""
    for given, name in ((root, "root"), (os.environ.get("NIN_COURSE_DATA"), "NIN_COURSE_DATA")):
        if given:
            found = folder_with_data(Path(given).expanduser())
            if found is None:
                raise FileNotFoundError(
                    f"{name}={str(given)!r} holds no Fashion-MNIST that can be read (the four files, "
                    f"{next(iter(FULL))}[.gz] and so on). Name the folder that does, or leave {name} out."
                )
            return found
    return next((d for d in (cache_dir() / "fashion-mnist", SYSTEM_DIR) if folder_with_data(d)), None)


def cache_dir() -> Path:
    """Where downloaded data are kept: the user's cache folder, as the operating system defines it."""
    from platformdirs import user_cache_path

    return user_cache_path("nin_course")


def folder_with_data(folder: Path) -> Path | None:
    """`folder`, or torchvision's FashionMNIST/raw below it, if all four files are there."""
    for candidate in (folder, folder / "FashionMNIST" / "raw"):
        if all(_file(candidate, name) for name in FULL):
            return candidate
    return None


def _file(folder: Path, name: str) -> Path | None:
    return next((p for p in (folder / name, folder / f"{name}.gz") if os.access(p, os.R_OK)), None)


def _read_checked(folder: Path, name: str, hashes: dict[str, str]) -> bytearray:
    path = _file(folder, name)
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        found = hashlib.sha256(content).hexdigest()
    except (EOFError, zlib.error, gzip.BadGzipFile):
        found = "(it cannot be unpacked)"
    if found != hashes[name]:
        raise ValueError(
            f"{path} is damaged or not Fashion-MNIST: the SHA-256 of its content is {found[:12]}…, it should be "
            f"{hashes[name][:12]}…. Delete it; {HOW_TO_GET_IT}"
        )
    return bytearray(content)
