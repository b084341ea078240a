"""One network, many processes: what `torchrun` needs from a training run. Chapter 05.

    torchrun --nproc-per-node 2 -m nin_course train --preset laptop --out runs/two

starts the same command twice. Each process holds the whole network and works on its share of every batch;
DistributedDataParallel averages the gradients, so all take the same step (Li et al. 2020, arXiv:2006.15704). Without
torchrun every function here does nothing.
"""

import os
from collections.abc import Iterator

import torch
import torch.distributed as dist
from torch import nn
from torch.utils.data import DataLoader

from nin_course.device import find_device


def join_processes(device: str | torch.device | None = None) -> torch.device:
    """Under torchrun, meets the other processes; returns the device of this one.

    `device` is the GPU if there is one, unless named; each process takes a GPU of its own. Apple's mps is one GPU, for
    one process: there several train on the CPU.
    """
    device = find_device(device)
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        return device
    if device.type == "mps":
        device = torch.device("cpu")
    if device.type != "cpu":
        device = torch.device(device.type, int(os.environ["LOCAL_RANK"]))
        torch.accelerator.set_device_index(device)
    if not dist.is_initialized():
        dist.init_process_group(dist.get_default_backend_for_device(device))
    return device


def rank() -> int:
    """The number of this process; 0, which prints and writes files, is also the number of one that is alone."""
    return dist.get_rank() if _joined() else 0


def processes() -> int:
    """How many processes train together."""
    return dist.get_world_size() if _joined() else 1


def together(net: nn.Module) -> nn.Module:
    """`net`, or a DistributedDataParallel around it that averages its gradients over the processes."""
    return nn.parallel.DistributedDataParallel(net) if _joined() else net


def mean_over_processes(numbers: tuple[float, ...]) -> tuple[float, ...]:
    """The mean of each number over all processes."""
    if not _joined():
        return numbers
    everyones = [None] * processes()
    dist.all_gather_object(everyones, numbers)
    return tuple(sum(each) / len(each) for each in zip(*everyones, strict=True))


def share(train_iter: DataLoader) -> DataLoader:
    """This process's part of a loader of `load_data_fashion_mnist`: every world-size-th image of every batch."""
    if not _joined():
        return train_iter
    return DataLoader(train_iter.dataset, sampler=_Share(train_iter.sampler), batch_size=None)


class _Share:
    """The batches of indices that process 0 draws, cut into equal parts; what is left over of a batch is dropped."""

    def __init__(self, batches):
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        drawn = [list(self.batches) if rank() == 0 else None]
        dist.broadcast_object_list(drawn)
        for batch in drawn[0]:
            if len(batch) >= processes():
                yield batch[rank() : len(batch) - len(batch) % processes() : processes()]


def _joined() -> bool:
    return dist.is_available() and dist.is_initialized()
