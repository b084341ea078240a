"""A device that is not there: tensors with real numbers that say they are on it, and refuse to meet one of the CPU.

`with away():` makes every tensor that is asked for on DEVICE such a one, however it is asked for. They can be computed
with and brought back, as on a GPU; what would stop a program there stops it here. (Not every device can be pretended
so: autograd must treat it as it treats the CPU, which it does with `meta` and `lazy`.)
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

DEVICE = torch.device("meta")
aten = torch.ops.aten
CROSSING = (aten.copy_,)  # the operations that may see two devices
INDEXING = (aten.index, aten.index_put, aten.index_put_)  # these take indices that are on the CPU
BROUGHT_BACK = (torch.Tensor.tolist, torch.Tensor.__repr__, torch.Tensor.__format__)
FROM_NUMBERS = (torch.tensor, torch.as_tensor, torch.asarray)


class There(torch.Tensor):
    """A tensor on the device; its numbers are in `here`."""

    @staticmethod
    def __new__(cls, here: torch.Tensor, device: torch.device):
        return torch.Tensor._make_wrapper_subclass(
            cls, here.shape, strides=here.stride(), dtype=here.dtype, device=device, requires_grad=False
        )

    def __init__(self, here: torch.Tensor, device: torch.device):
        self.here, self.there = here, device

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function in BROUGHT_BACK:  # PyTorch refuses these for subclasses
            return function(args[0].to("cpu"), *args[1:])
        if function is torch.Tensor.new_tensor:
            return torch.tensor(args[1], dtype=args[0].dtype).to(args[0].there)
        with torch._C.DisableTorchFunctionSubclass():
            return function(*args, **(kwargs or {}))

    @classmethod
    def __torch_dispatch__(cls, op, types, args=(), kwargs=None):
        return _run(op, args, kwargs or {})


class _Made(TorchFunctionMode):
    """Numbers that are made into a tensor on a device are made here, and moved: PyTorch would look into the result."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if function in FROM_NUMBERS and kwargs.get("device") is not None:
            device = kwargs.pop("device")
            return function(*args, **kwargs).to(device)
        return function(*args, **kwargs)


class _Moved(TorchDispatchMode):
    """What is moved on the device, or made there otherwise, is There."""

    def __init__(self, device: torch.device):
        super().__init__()
        self.device = device

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        if torch.is_inference_mode_enabled():  # then an operation like `to` comes whole
            with self, torch._C.DisableTorchFunction():
                result = op.decompose(*args, **(kwargs or {}))
            if result is not NotImplemented:
                return result
        return _run(op, args, kwargs or {}, self.device)


@contextmanager
def away(device: torch.device = DEVICE) -> Iterator[None]:
    """Inside, `device` is one on which one can compute."""
    with _Made(), _Moved(device):
        yield


def _run(op, args, kwargs, device=None):
    seen: list[torch.Tensor] = []
    mapped(lambda x: seen.append(x) if isinstance(x, torch.Tensor) else None, (args, kwargs))
    device = device or next(x.there for x in seen if isinstance(x, There))
    there = any(isinstance(x, There) for x in seen)
    may_be_here = op.overloadpacket in CROSSING or (op.overloadpacket in INDEXING and isinstance(args[0], There))
    if there and not may_be_here and any(not isinstance(x, There) and x.ndim for x in seen):
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices, {device} and cpu!"
        )
    asked = kwargs.get("device")
    if asked is not None:
        there = torch.device(asked) == device
        kwargs = kwargs | {"device": torch.device("cpu") if there else asked}
    elif op.overloadpacket is aten.copy_:
        there = isinstance(args[0], There)
    args, kwargs = mapped(lambda x: x.here if isinstance(x, There) else x, (args, kwargs))
    result = op(*args, **kwargs)
    in_place = op._schema.is_mutable and seen and isinstance(result, torch.Tensor)
    if in_place and any(isinstance(x, There) and x.here is result for x in seen):
        return next(x for x in seen if isinstance(x, There) and x.here is result)
    return mapped(lambda x: There(x, device) if there and isinstance(x, torch.Tensor) else x, result)


def mapped(function, value):
    """`value` with `function` of everything in it: what operations take and give is in lists, tuples and dicts."""
    if type(value) in (list, tuple):
        return type(value)(mapped(function, part) for part in value)
    if type(value) is dict:
        return {key: mapped(function, part) for key, part in value.items()}
    return function(value)


def home(value):
    """The value with its tensors on the CPU."""
    return mapped(lambda x: x.detach().to("cpu") if isinstance(x, torch.Tensor) else x, value)
