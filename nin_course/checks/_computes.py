"""What a network computes, whatever it is made of: what a cell sees, which layers work, whether anything folds."""

import copy
from collections.abc import Callable

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten
PRODUCTS = (aten.convolution, aten.mm, aten.addmm, aten.bmm)
DTYPES = (torch.Tensor.to, torch.Tensor.type)  # these take a dtype without its name


class _NoCasts(TorchFunctionMode):
    """Where a network asks for another precision, it gets double precision all the same."""

    OTHERS = (torch.float32, torch.float16, torch.bfloat16)
    CASTS = (torch.Tensor.float, torch.Tensor.half, torch.Tensor.bfloat16)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function in self.CASTS:
            return args[0].double()
        args = [torch.float64 if a in self.OTHERS else a for a in args] if function in DTYPES else args
        kwargs = {k: torch.float64 if k == "dtype" and v in self.OTHERS else v for k, v in (kwargs or {}).items()}
        return function(*args, **kwargs)


class InDouble(nn.Module):
    """A copy of a network that computes in double precision, whatever its forward asks for."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = copy.deepcopy(net).double()

    def forward(self, X):
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            with _NoCasts():
                return self.net(X)
        finally:
            torch.set_default_dtype(before)


def redrawn(net: nn.Module, seed: int) -> InDouble:
    """A copy in double precision and evaluation mode, every parameter drawn anew: nothing is zero by accident.

    Weights of either sign in each row and biases above zero, so that behind a ReLU hardly a channel is dead.
    """
    copied = InDouble(net).eval().requires_grad_(True)
    made = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in copied.parameters():
            drawn = torch.randn(p.shape, generator=made, dtype=p.dtype)
            if p.ndim < 2:
                drawn = 0.3 * drawn.abs()
            elif p[0].numel() > 1:
                drawn -= drawn.mean(dim=tuple(range(1, p.ndim)), keepdim=True)
            p.copy_(drawn)
    return copied


def sees(maps: Callable[[torch.Tensor], torch.Tensor], X: torch.Tensor, corner: bool = False) -> torch.Tensor:
    """Which pixels a cell of maps(X) depends on, for any image: (H, W) of bool, by its gradient.

    It is the cell in the middle, or the one in the upper left corner.
    """
    X = X.clone().requires_grad_(True)
    found = maps(X)
    cell = found[:, :, 0, 0] if corner else found[:, :, found.shape[2] // 2, found.shape[3] // 2]
    (gradient,) = torch.autograd.grad((cell * torch.randn_like(cell)).sum(), X, allow_unused=True)
    return torch.zeros(X.shape[2:], dtype=torch.bool) if gradient is None else (gradient != 0).any(dim=(0, 1))


def box(seen: torch.Tensor) -> tuple[int, int, int, int]:
    """First row, last row, first column, last column of what is seen."""
    rows, columns = seen.any(dim=1).nonzero().flatten().tolist(), seen.any(dim=0).nonzero().flatten().tolist()
    return (rows[0], rows[-1], columns[0], columns[-1]) if rows else (0, -1, 0, -1)


def bends(net: nn.Module, X: torch.Tensor) -> bool:
    """False if the network is affine: one weighted sum, whatever its layers are called."""
    a, b = X.flip(0), X
    with torch.no_grad():
        return not torch.allclose(net(a + b) + net(0 * a), net(a) + net(b), atol=1e-8, rtol=1e-8)


def smooth(net: nn.Module, X: torch.Tensor) -> bool:
    """True if it bends everywhere (sigmoid, tanh, GELU); with ReLUs it is straight but for a few corners."""
    step = 1e-4 * torch.randn_like(X)
    with torch.no_grad():
        bent = (net(X + step) + net(X - step) - 2 * net(X)).abs()
        return bool((bent > 1e-13 * net(X).abs().max()).double().mean() > 0.5)


def free(net: nn.Module, X: torch.Tensor) -> tuple[int, int]:
    """(how many parameters have any effect, how many directions of them change the function).

    Two layers with a ReLU between them have one direction a channel that changes nothing: one weight larger, the next
    smaller. Without the ReLU they fold, and every invertible mixing of the channels changes nothing.
    """
    parameters = list(net.parameters())
    output, rows = net(X), []
    for _ in range(sum(p.numel() for p in parameters) + 10):
        weights = torch.randn_like(output)
        found = torch.autograd.grad((output * weights).sum(), parameters, retain_graph=True, allow_unused=True)
        found = [torch.zeros_like(p) if g is None else g for g, p in zip(found, parameters, strict=True)]
        rows.append(torch.cat([g.flatten() for g in found]))
    jacobian = torch.stack(rows)
    size = jacobian.abs().amax(dim=0)
    return int((size > 0).sum()), int(torch.linalg.matrix_rank(jacobian / size.clamp_min(1e-300), rtol=1e-9))


class Products(TorchDispatchMode):
    """Notes every convolution and matrix product: (storage of its weight, places it is used at, is it 1×1, outputs)."""

    def __init__(self, net: nn.Module, images: int):
        super().__init__()
        self.weights = {p.untyped_storage().data_ptr() for p in net.parameters()}
        self.images, self.found = images, []

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        result = op(*args, **(kwargs or {}))
        if op.overloadpacket in PRODUCTS:
            tensors = [a for a in args[:3] if isinstance(a, torch.Tensor)]
            owned = [t for t in tensors if t.untyped_storage().data_ptr() in self.weights and t.ndim > 1]
            if owned:
                weight, groups = owned[-1], 1
                one_by_one = True
                if op.overloadpacket is aten.convolution:
                    groups = args[8]
                    one_by_one = weight[0, 0].numel() == 1 and groups == 1
                channels = result.shape[1] if op.overloadpacket is aten.convolution else _out(result, weight)
                places = result.numel() // max(channels, 1) // self.images
                self.found.append((weight.untyped_storage().data_ptr(), places, one_by_one, result.numel()))
        return result


def _out(result: torch.Tensor, weight: torch.Tensor) -> int:
    """How many numbers a matrix product puts out at each place: the side of the weight that is in the result."""
    return next((n for n in (result.shape[-1], result.shape[-2]) if n in weight.shape), result.shape[-1])
