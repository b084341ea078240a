"""Where the sums are done: on the accelerator, whoever made it, or on the CPU.

PyTorch calls a GPU by its maker's way in: `cuda` (NVIDIA, and AMD's ROCm), `mps` (Apple), `xpu` (Intel).
"""

import torch


def find_device(device: str | torch.device | None = None) -> torch.device:
    """`device`, or if it is None the GPU, of any make, if there is one and else the CPU.

    Raises ValueError, naming what there is, if `device` does not work here.
    """
    here = torch.accelerator.current_accelerator(check_available=True)
    try:
        found = torch.device(device or here or "cpu")
        torch.empty(1, device=found)
    except (RuntimeError, TypeError, AssertionError, NotImplementedError) as error:
        which = f"'cpu', or {here.type!r}, the GPU" if here else "'cpu': PyTorch finds no GPU here"
        raise ValueError(f"device={device!r} does not work here. Use {which}.") from error
    return found


def device_name(device: str | torch.device) -> str:
    """Who does the sums there: "NVIDIA H100", "GPU (mps)" (PyTorch has no name for Apple's), "CPU, 8 threads"."""
    kind = torch.device(device).type
    if kind == "cpu":
        return f"CPU, {torch.get_num_threads()} threads"
    name = getattr(torch.get_device_module(kind), "get_device_name", None)
    return name(device) if name else f"GPU ({kind})"
