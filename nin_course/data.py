"""Fashion-MNIST as batched tensors, on any device. Chapter 00 looks at it, chapter 05 measures the loaders.

The images stay uint8 tensors, on the device you name; a loader indexes, resizes and scales *whole batches*. The common
pipeline (one PIL image at a time) does the same sums 60,000 times an epoch.
"""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler

LABELS = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
MEAN, STD = 0.2860, 0.3530  # of the 60,000 training images, pixels in [0, 1]

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


class FashionMNIST(Dataset):
    """Images and labels held on one device; an index is a whole batch: `dataset[[0, 5, 7]] -> (X, y)`.

    X: (n, 1, H, W) float32 in [0, 1] (about -0.8 to 2 if normalize); y: (n,) int64.
    `images` (N, 1, 28, 28) uint8 and `labels` (N,) int64 are the raw tensors. `augment` changes a batch of raw images,
    each time it is read.
    """

    def __init__(self, images, labels, *, resize=None, device="cpu", normalize=False, augment=None):
        self.images, self.labels = images.to(device), labels.to(device)
        self.resize, self.normalize, self.augment = resize, normalize, augment

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        index = torch.as_tensor(index, device=self.labels.device)
        X = self.images[index]
        if self.augment:
            X = self.augment(X)
        X = X.float() / 255
        if self.resize not in (None, X.shape[-1]):
            # As PIL's Resize: bilinear, with antialiasing where the image shrinks.
            shrinks = self.resize < X.shape[-1]
            X = F.interpolate(X, size=(self.resize, self.resize), mode="bilinear", antialias=shrinks)
        return (X - MEAN) / STD if self.normalize else X, self.labels[index]


def load_data_fashion_mnist(
    batch_size: int,
    resize: int | None = None,
    root: str | os.PathLike | None = None,
    *,
    device: str | torch.device = "cpu",
    sample: bool = False,
    normalize: bool = False,
    augment: Callable[[torch.Tensor], torch.Tensor] | None = None,
    held_out: int = 0,
) -> tuple[DataLoader, DataLoader]:
    """Two DataLoaders of (X, y), training (shuffled by torch's global seed) and test (in order).

    X: (batch_size, 1, H, W) float32 in [0, 1] on `device`, H = W = `resize` or 28; equal to PIL's Resize followed by
    ToTensor within 1/255. y: (batch_size,) int64. The last batch may be smaller.

    The full set (60,000 + 10,000) is looked for in `root`, in $NIN_COURSE_DATA, in the user's cache and in Debian's
    folder, and else downloaded; if that fails, the embedded sample (10,000 + 2,000) is used, with a line that says so.
    sample=True asks for the sample itself. normalize=True subtracts the training mean and divides by the deviation.
    `augment` changes each batch of training images, (batch_size, 1, 28, 28) uint8; `nin_course.augment.Augment` is one.
    held_out=k keeps the last k training images of each class apart: the second loader is then those, to choose a recipe
    by, and the test images stay unseen.

    Raises ValueError for an impossible argument or a damaged file, FileNotFoundError for a `root` without the data.

    >>> train_iter, test_iter = load_data_fashion_mnist(256, sample=True)
    >>> X, y = next(iter(test_iter))
    >>> X.shape, y.shape
    (torch.Size([256, 1, 28, 28]), torch.Size([256]))
    """
    _check_whole_number("batch_size", batch_size, "the number of images in a batch, for example 128")
    if resize is not None:
        _check_whole_number("resize", resize, "the side of the image in pixels, for example 96, or None for 28")
    device = check_device(device)
    folder, hashes = (SAMPLE_DIR, sample_hashes()) if sample else _full_or_sample(root)
    images, labels = read_split(folder, "train", hashes)
    if held_out:
        kept, apart = _hold_out(labels, held_out)
        train, test = (images[kept], labels[kept]), (images[apart], labels[apart])
    else:
        train, test = (images, labels), read_split(folder, "t10k", hashes)
    settings = dict(resize=resize, device=device, normalize=normalize)
    train_set, test_set = FashionMNIST(*train, augment=augment, **settings), FashionMNIST(*test, **settings)
    return _loader(train_set, RandomSampler, batch_size), _loader(test_set, SequentialSampler, batch_size)


def _loader(dataset: FashionMNIST, Sampler: type, batch_size: int) -> DataLoader:
    # The sampler hands out whole lists of indices, and batch_size=None tells DataLoader not to collate again.
    return DataLoader(dataset, sampler=BatchSampler(Sampler(dataset), batch_size, False), batch_size=None)


def _hold_out(labels: torch.Tensor, per_class: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Where the last `per_class` images of each class are not, and where they are, both in the order of the files."""
    _check_whole_number(
        "held_out", per_class, "the number of training images of each class kept apart, for example 500"
    )
    places = [(labels == k).nonzero().flatten() for k in range(len(LABELS))]
    if per_class >= min(map(len, places)):
        raise ValueError(f"held_out={per_class} of each class would leave nothing to train on.")
    kept, apart = ([p[part] for p in places] for part in (slice(-per_class), slice(-per_class, None)))
    return torch.cat(kept).sort().values, torch.cat(apart).sort().values


def read_split(folder: Path, part: str, hashes: dict[str, str]) -> tuple[torch.Tensor, torch.Tensor]:
    """`part` is "train" or "t10k": images (N, 1, 28, 28) uint8 and labels (N,) int64, their SHA-256 checked."""
    images = _read_checked(folder, f"{part}-images-idx3-ubyte", hashes)[16:]
    labels = _read_checked(folder, f"{part}-labels-idx1-ubyte", hashes)[8:]
    images, labels = (torch.frombuffer(content, dtype=torch.uint8) for content in (images, labels))
    return images.reshape(-1, 1, 28, 28), labels.long()


def sample_hashes() -> dict[str, str]:
    """The SHA-256 of the embedded sample's files, from the card beside them."""
    return json.loads((SAMPLE_DIR / "card.json").read_text())["sha256"]


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


def check_device(device: str | torch.device) -> torch.device:
    """A torch.device that really works here, or a ValueError that says what to do."""
    try:
        checked = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"device={device!r} is not a device. Use 'cpu', or 'cuda' where there is a GPU.") from error
    try:
        torch.empty(1, device=checked)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"device={str(device)!r} was asked for, but this PyTorch finds none here. Use device='cpu' "
            "(torch.cuda.is_available() tells whether there is a CUDA GPU)."
        ) from error
    return checked


def _full_or_sample(root) -> tuple[Path, dict[str, str]]:
    folder = find_full(root)
    if folder is None:
        from nin_course.fetch import fetch_full

        try:
            folder = fetch_full(apt=False)
        except OSError:
            print(
                "The full Fashion-MNIST is not here and could not be downloaded: using the embedded sample, 10,000 "
                f"training and 2,000 test images. {HOW_TO_GET_IT}"
            )
            return SAMPLE_DIR, sample_hashes()
    return folder, FULL


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


def _check_whole_number(name: str, value, meaning: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}={value!r} must be a whole number of at least 1: {meaning}.")
