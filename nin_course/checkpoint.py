"""A training run on disk: written in one step, so that it is whole whenever the power goes. Chapter 05."""

import io
import os
from dataclasses import asdict
from pathlib import Path

import torch

from nin_course.history import History, Steps


def save_checkpoint(path, net, optimizer, scheduler, steps: Steps, best: dict | None) -> None:
    """Writes all that a run needs to go on, whole or not at all."""
    random, (here, gpus) = {"cpu": torch.get_rng_state()}, _gpus()
    if here:
        random[here] = getattr(gpus, "get_rng_state_all", gpus.get_rng_state)()  # mps is one
    content = {
        "net": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict() if scheduler else None,
        "best": best,
        "history": asdict(steps.history),
        "steps": {"step": steps.step, "images": steps.images, "images_read": steps.images_read},
        "examiner": steps.examiner.state_dict() if steps.examiner else None,
        "random": random,
    }
    file = io.BytesIO()
    torch.save(content, file)
    write_whole(path, file.getvalue())


def write_whole(path, content: bytes) -> None:
    """Writes a file whole or not at all: beside its place, synced to the disk, and moved over what was there."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def load_checkpoint(path) -> dict:
    """What `save_checkpoint` wrote: "net", "history" (a History), "best" (epoch, valid_acc, net), and the rest.

    Loaded as weights only, so no file can run code. Raises OSError if it cannot be read, ValueError if it is none.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        content["history"] = History(**content["history"])
    except OSError:  # it may be whole, and only cannot be read
        raise
    except Exception as error:
        raise ValueError(
            f"{path} is not a checkpoint of this course, or it is damaged. Delete it, or name another."
        ) from error
    return content


def restore(content: dict, net, optimizer, scheduler, steps: Steps) -> dict | None:
    """Puts a loaded checkpoint into the parts of a run; returns the best epoch so far."""
    net.load_state_dict(content["net"])
    optimizer.load_state_dict(content["optimizer"])
    if scheduler:
        scheduler.load_state_dict(content["scheduler"])
    if steps.examiner and content["examiner"]:
        steps.examiner.load_state_dict(content["examiner"])
    vars(steps).update(content["steps"])
    torch.set_rng_state(content["random"]["cpu"])
    here, gpus = _gpus()
    if here in content["random"]:
        getattr(gpus, "set_rng_state_all", gpus.set_rng_state)(content["random"][here])
    return content["best"]


def _gpus():
    """How many of which kind there are, "2 cuda", and PyTorch's module for them; elsewhere dropout draws anew."""
    here = torch.accelerator.current_accelerator(check_available=True)
    return (f"{torch.accelerator.device_count()} {here.type}", torch.get_device_module(here)) if here else ("", None)
