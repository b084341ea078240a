"""An accelerator that is not there: `with pretended("mps"):` is a machine with an Apple GPU, as far as Python can tell.

Its tensors hold real numbers, say that they are on it, and refuse to meet one of the CPU (`nin_course.checks._away`);
PyTorch answers as it would there: `torch.accelerator`, the module of that kind, and no other kind's.
"""

import contextlib
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode

from nin_course.checks._away import There, away, mapped

KINDS = ("cuda", "mps", "xpu")
STAND_IN = torch.device("lazy")  # nothing else here uses it, and autograd takes it
NAMES = {"cuda": "NVIDIA Pretend", "xpu": "Intel Pretend"}  # PyTorch has no name for Apple's; the second: … 1


class _Named(TorchFunctionMode):
    """The kind's name means the stand-in, on the way in, and the stand-in has the kind's name on the way out."""

    def __init__(self, kind: str):
        super().__init__()
        self.kind = kind

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function == torch.Tensor.device.__get__ and isinstance(args[0], There):
            return torch.device(self.kind, 0)
        if function is torch.device:
            return function(*args, **(kwargs or {}))
        return function(*mapped(self._meant, args), **mapped(self._meant, kwargs or {}))

    def _meant(self, value):
        if isinstance(value, torch.device) or (isinstance(value, str) and value.split(":")[0] == self.kind):
            return STAND_IN if torch.device(value).type == self.kind else value
        return value


def _answers(kind: str, calls: list[str]) -> dict:
    """What PyTorch's module for this kind of GPU answers, as far as the kind has it; `calls` notes what was asked."""
    state = torch.zeros(16, dtype=torch.uint8)
    answers = dict(
        is_available=lambda: True,
        device_count=lambda: 1,
        synchronize=lambda device=None: calls.append("synchronize"),
        empty_cache=lambda: None,
        get_rng_state=lambda *device: state.clone(),
        set_rng_state=lambda new, *device: calls.append("set_rng_state"),
    )
    if kind == "mps":
        return answers
    return answers | dict(
        get_device_name=lambda device=None: NAMES[kind] + f" {torch.device(device or kind).index or ''}".rstrip(),
        get_rng_state_all=lambda: [state.clone()],
        set_rng_state_all=lambda new: calls.append("set_rng_state"),
        is_bf16_supported=lambda including_emulation=True: True,
        max_memory_allocated=lambda device=None: 3 * 2**20,
        reset_peak_memory_stats=lambda device=None: None,
    )


@contextlib.contextmanager
def pretended(kind: str):
    """Inside, there is one accelerator, of this kind; gives the list of what is asked of it: synchronize and so on."""
    calls: list[str] = []
    accelerator = dict(
        is_available=lambda: True,
        current_accelerator=lambda check_available=False: torch.device(kind),
        device_count=lambda: 1,
        current_device_index=lambda: 0,
        set_device_index=lambda device: calls.append("set_device_index"),
        synchronize=lambda device=None: calls.append("synchronize"),
    )
    patches = [(torch.accelerator, name, answer) for name, answer in accelerator.items()]
    patches += [(getattr(torch, kind), name, answer) for name, answer in _answers(kind, calls).items()]
    patches += [(getattr(torch, other), "is_available", lambda: False) for other in KINDS if other != kind]
    patches += [(torch, "autocast", _autocast(kind)), *((torch.optim.Optimizer, n, lambda self: None) for n in HEALTH)]
    patches += _files(kind)
    with contextlib.ExitStack() as stack:
        for owner, name, answer in patches:
            stack.enter_context(mock.patch.object(owner, name, answer, create=name in HEALTH))
        stack.enter_context(away(STAND_IN))
        stack.enter_context(_Named(kind))
        yield calls


def _files(kind: str) -> list[tuple]:
    """A file says of each of the stand-in's tensors that it was on this kind, as PyTorch's own do."""
    written, place = set(), torch.serialization.location_tag

    def into_file(self, protocol):
        written.add(self.here.untyped_storage().data_ptr())
        return self.here.__reduce_ex__(protocol)

    def tag(storage):
        if storage.data_ptr() not in written:
            return place(storage)
        written.remove(storage.data_ptr())  # a copy on the CPU has the same numbers at the same place
        return f"{kind}:0"

    return [(There, "__reduce_ex__", into_file), (torch.serialization, "location_tag", tag)]


HEALTH = ("_accelerator_graph_capture_health_check", "_cuda_graph_capture_health_check")  # now, and in PyTorch 2.7


def _autocast(kind: str):
    """Autocast on the stand-in: what PyTorch's own does on the CPU, on whose numbers the sums are really done."""
    real = torch.autocast
    return lambda device_type, *args, **kwargs: real("cpu" if device_type == kind else device_type, *args, **kwargs)
