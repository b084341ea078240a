"""Networks, judged by what they do on real tensors: what a cell sees, which layers work, whether anything folds.

The maps that they make on the way are in `_maps`.
"""

import copy
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from nin_course.checks._ladder import Wrong, raised
from nin_course.checks._read import kind

aten = torch.ops.aten
DTYPES = (torch.Tensor.to, torch.Tensor.type)  # these take a dtype without its name


def network(value, called: str) -> nn.Module:
    """The value, if it is a network."""
    if isinstance(value, nn.Module):
        return value
    cure = ""
    if isinstance(value, type):
        cure = " Make one of it, with brackets."
    elif isinstance(value, (list, tuple)) and all(isinstance(part, nn.Module) for part in value):
        cure = " `nn.Sequential(*layers)` makes a network of such a list."
    raise Wrong(f"{called} should return a network, an nn.Module; this is {kind(value)}.{cure}")


def forward(net: nn.Module, X: torch.Tensor, called: str) -> torch.Tensor:
    """net(X) in evaluation mode, and it stays in it, in its own dtype, without gradients; a failure is a sentence."""
    dtype = next((p.dtype for p in net.parameters() if p.is_floating_point()), X.dtype)
    given = X.to(dtype, copy=True)
    with torch.no_grad():
        try:
            output, again = net.eval()(given), net(X.to(dtype, copy=True))
        except Exception as error:
            hidden = unregistered(net) or _fractions(net)
            raise Wrong(hidden or f"{called} does not take {tuple(X.shape)}: {raised(error)}") from error
    if not isinstance(output, torch.Tensor):
        missing = " Is the `return` in its forward missing?" if output is None else ""
        raise Wrong(f"{called} should put out a tensor; this is {kind(output)}.{missing}")
    if hidden := unregistered(net):
        raise Wrong(hidden)
    if not torch.equal(given, X.to(dtype)):
        raise Wrong(f"{called} changes the images that it is given, in place.")
    if not isinstance(again, torch.Tensor) or not torch.allclose(output, again, equal_nan=True):
        raise Wrong(
            f"{called} gives other numbers each time for the same images, in evaluation mode, too. Is a layer made "
            "anew in forward, or does dropout not ask for the mode?"
        )
    return output


def _fractions(net: nn.Module) -> str:
    """A sentence about a layer whose window, stride or padding is no whole number; or ""."""
    for layer in net.modules():
        for what in ("kernel_size", "stride", "padding"):
            sizes = getattr(layer, what, None)
            if any(isinstance(size, float) for size in (sizes if isinstance(sizes, tuple) else (sizes,))):
                return (
                    f"The {what} of a {type(layer).__name__} is {sizes}: whole numbers are wanted, as `//` gives them."
                )
    return ""


def unregistered(net: nn.Module) -> str:
    """A sentence about layers or parameters that PyTorch cannot see, because they are in a plain container; or ""."""
    for module in net.modules():
        for name, value in vars(module).items():
            inside = list(value.values()) if type(value) is dict else value
            if name.startswith("_") or not isinstance(inside, (list, tuple)):
                continue
            if any(isinstance(part, (nn.Module, nn.Parameter)) for part in inside):
                right = "nn.ModuleDict" if type(value) is dict else "nn.ModuleList (or nn.ParameterList)"
                return (
                    f"The layers in `self.{name}` are in a plain {type(value).__name__}: PyTorch does not see them, so "
                    f"they would not be trained or moved. Use {right}."
                )
    return ""


def bare(net: nn.Module) -> nn.Module:
    """The network with its parametrizations (weight norm, for example) worked into plain weights."""
    for module in list(net.modules()):
        for name in list(getattr(module, "parametrizations", {})):
            parametrize.remove_parametrizations(module, name, leave_parametrized=True)
    return net


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
        if op.overloadpacket in (aten.convolution, aten.mm, aten.addmm, aten.bmm):
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
