"""Fashion-MNIST as batched tensors, on any device. Chapter 00 looks at it, chapter 05 measures the loaders.

The images stay uint8 tensors, on the device you name; a loader indexes, resizes and scales *whole batches*. The common
pipeline (one PIL image at a time) does the same sums 60,000 times an epoch.
"""

import os
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler

from nin_course import fetch, files
from nin_course.device import find_device

LABELS = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
MEAN, STD = 0.2860, 0.3530  # of the 60,000 training images, pixels in [0, 1]


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
    device = find_device(device)
    folder, hashes = (files.SAMPLE_DIR, files.sample_hashes()) if sample else fetch.full_or_sample(root)
    images, labels = files.read_split(folder, "train", hashes)
    if held_out:
        kept, apart = _hold_out(labels, held_out)
        train, test = (images[kept], labels[kept]), (images[apart], labels[apart])
    else:
        train, test = (images, labels), files.read_split(folder, "t10k", hashes)
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


def _check_whole_number(name: str, value, meaning: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name}={value!r} must be a whole number of at least 1: {meaning}.")
