"""Makes the embedded sample of Fashion-MNIST out of the full set: `python -m nin_course.assets.make_sample`.

The first 1,000 training and the first 200 test images of each class, in the order of the files; gzip without a date.
"""

import gzip
import hashlib
import json
import struct
from pathlib import Path

import torch

from nin_course.data import LABELS
from nin_course.fetch import fetch_full
from nin_course.files import FULL, SAMPLE_DIR, read_split

PER_CLASS = {"train": 1000, "t10k": 200}


def sample_files() -> dict[str, bytes]:
    """The four IDX files of the sample, by name, made from the full set."""
    folder, files = fetch_full(), {}
    for part, n in PER_CLASS.items():
        images, labels = read_split(folder, part, FULL)
        keep = torch.cat([(labels == k).nonzero().flatten()[:n] for k in range(len(LABELS))]).sort().values
        size, pixels = len(keep), images[keep].numpy().tobytes()
        files[f"{part}-images-idx3-ubyte"] = struct.pack(">4I", 0x803, size, 28, 28) + pixels
        files[f"{part}-labels-idx1-ubyte"] = struct.pack(">2I", 0x801, size) + labels[keep].byte().numpy().tobytes()
    return files


def main(folder: Path = SAMPLE_DIR) -> None:
    """Writes the four files and their card."""
    folder.mkdir(exist_ok=True)
    hashes = {}
    for name, content in sample_files().items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
        hashes[name] = hashlib.sha256(content).hexdigest()
    card = {  # nin_course.files reads "sha256"
        "what": "10,000 training and 2,000 test images of Fashion-MNIST, 28 x 28, every class equally often",
        "chosen": "the first 1,000 training and the first 200 test images of each class, in the order of the files",
        "source": "https://github.com/zalandoresearch/fashion-mnist (Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747)",
        "licence": "MIT, Copyright (c) 2017 Zalando SE, https://tech.zalando.com",
        "command": "python -m nin_course.assets.make_sample",
        "sha256": hashes,
        "sha256_of_the_full_set": FULL,
    }
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
