"""Makes the runs of chapter 09, *small* with two second blocks: `python -m nin_course.assets.make_block_runs`.

The same first block and the same order of images for both blocks of a seed, one after the other. A run that is written
down is not made again, so the command goes on where it stopped.
"""

import json
from itertools import islice
from pathlib import Path

import torch
from torch import nn

from nin_course.checkpoint import write_whole
from nin_course.data import load_data_fashion_mnist
from nin_course.files import sample_hashes
from nin_course.models import nin_small
from nin_course.modern import mobile_block
from nin_course.norm import add_batch_norm
from nin_course.runs import made_on, write_json
from nin_course.train import evaluate_accuracy, train_epoch
from nin_course.weights import ASSETS

BLOCKS = ("NiN", "MobileNet-like")
HIDDEN = 530  # the width at which the second costs as many MACs as the first, to 0.1%
SEEDS, STEPS, BATCH, LR = range(5), 50, 100, 4e-3


def network(block: str, seed: int) -> nn.Sequential:
    """nin_small with this second block and batch norm, untrained: (N, 1, 28, 28) -> (N, 10)."""
    torch.manual_seed(seed)
    net = nin_small()
    if block != BLOCKS[0]:
        net[2] = mobile_block(64, 128, HIDDEN)
    return add_batch_norm(net).to(memory_format=torch.channels_last)


def one_run(block: str, seed: int, train_iter, test_iter) -> dict:
    """STEPS batches of `train_iter`, with Adam and one cycle up to LR and down; accuracy (0 to 1) on `test_iter`."""
    net = network(block, seed)
    torch.manual_seed(seed)  # the order of the images
    optimizer = torch.optim.Adam(net.parameters(), lr=LR)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=STEPS, pct_start=0.25)
    train_epoch(net, islice(train_iter, STEPS), optimizer, "cpu", lambda *_: scheduler.step())
    return {"block": block, "seed": seed, "accuracy": evaluate_accuracy(test_iter, net)}


def main(folder: Path = ASSETS / "block_runs") -> None:
    path, wanted = folder / "runs.jsonl", [(block, seed) for seed in SEEDS for block in BLOCKS]
    folder.mkdir(exist_ok=True)
    made = {}
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines()
        made = {(run["block"], run["seed"]): run for run in map(json.loads, lines)}
    train_iter, test_iter = load_data_fashion_mnist(BATCH, sample=True, normalize=True)
    for block, seed in wanted:
        if (block, seed) not in made:
            made[block, seed] = one_run(block, seed, train_iter, test_iter)
            write_whole(path, "".join(json.dumps(run) + "\n" for run in made.values()).encode())
            print(f"{block}, seed {seed}: accuracy {made[block, seed]['accuracy']:.4f}", flush=True)
    card = {
        "what": "nin_small() with batch norm; its second block as it is, and a MobileNet-like one of as many MACs",
        "command": "python -m nin_course.assets.make_block_runs",
        "hidden": HIDDEN,
        "steps": f"{STEPS} of {BATCH} images, half of the sample; Adam, one cycle up to {LR} and down",
        "accuracy": "on the sample's 2,000 test images, at the end",
        "made_on": made_on("cpu", False),
        "data_sha256": sample_hashes(),
    }
    write_json(folder / "card.json", card)


if __name__ == "__main__":
    main()
