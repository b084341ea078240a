"""A device that is not there: tensors with real numbers that say they are on `meta`, and refuse to meet one of the CPU.

`with Away():` makes every tensor that is asked for on DEVICE such a one, however it is asked for. They can be computed
with and brought back, as on a GPU; what would stop a program there stops it here.
"""

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

DEVICE = torch.device("meta")
aten = torch.ops.aten
CROSSING = (aten._to_copy.default, aten.copy_.default)  # the operations that may see two devices

BROUGHT_BACK = (torch.Tensor.tolist, torch.Tensor.__repr__, torch.Tensor.__format__)


class There(torch.Tensor):
    """A tensor on DEVICE; its numbers are in `here`."""

    @staticmethod
    def __new__(cls, here: torch.Tensor):
        return torch.Tensor._make_wrapper_subclass(
            cls, here.shape, strides=here.stride(), dtype=here.dtype, device=DEVICE, requires_grad=False
        )

    def __init__(self, here: torch.Tensor):
        self.here = here

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function in BROUGHT_BACK:  # PyTorch refuses these for subclasses
            return function(args[0].to("cpu"), *args[1:])
        with torch._C.DisableTorchFunctionSubclass():
            return function(*args, **(kwargs or {}))

    @classmethod
    def __torch_dispatch__(cls, op, types, args=(), kwargs=None):
        return _run(op, args, kwargs or {})


class Away(TorchDispatchMode):
    """Inside, what is made or moved on DEVICE is There."""

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        return _run(op, args, kwargs or {})


def _run(op, args, kwargs):
    seen: list[torch.Tensor] = []
    tree_map(lambda x: seen.append(x) if isinstance(x, torch.Tensor) else None, (args, kwargs))
    there = any(isinstance(x, There) for x in seen)
    if there and op not in CROSSING and any(not isinstance(x, There) and x.ndim for x in seen):
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found at least two devices, {DEVICE} and cpu!"
        )
    asked = kwargs.get("device")
    if asked is not None:
        there = torch.device(asked) == DEVICE
        kwargs = kwargs | {"device": torch.device("cpu") if there else asked}
    elif op is aten.copy_.default:
        there = isinstance(args[0], There)
    args, kwargs = tree_map(lambda x: x.here if isinstance(x, There) else x, (args, kwargs))
    result = op(*args, **kwargs)
    in_place = op._schema.is_mutable and seen and isinstance(result, torch.Tensor)
    if in_place and any(isinstance(x, There) and x.here is result for x in seen):
        return next(x for x in seen if isinstance(x, There) and x.here is result)
    return tree_map(lambda x: There(x) if there and isinstance(x, torch.Tensor) else x, result)


def home(value):
    """The value with its tensors on the CPU."""
    return tree_map(lambda x: x.detach().to("cpu") if isinstance(x, torch.Tensor) else x, value)
