"""Takes a network from an answer: is it one, does it take the images, can PyTorch see all of it?

What it computes is asked in `_computes`, the maps that it makes on the way are in `_maps`.
"""

import torch
from torch import nn
from torch.nn.utils import parametrize

from nin_course.checks._ladder import Wrong, raised
from nin_course.checks._read import kind


def network(value, called: str) -> nn.Module:
    """The value, if it is a network."""
    if isinstance(value, nn.Module):
        return value
    cure = ""
    if isinstance(value, type) and issubclass(value, nn.Module):
        cure = " Make one of it, with brackets."
    elif isinstance(value, (list, tuple)) and value and all(isinstance(part, nn.Module) for part in value):
        cure = " `nn.Sequential(*layers)` makes a network of them."
    raise Wrong(f"{called} should be a network, an nn.Module; this is {kind(value)}.{cure}")


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
    if not output.isfinite().all():
        raise Wrong(
            f"{called} gives nan or infinity for ordinary images, in place of numbers. Is there a division by zero, a "
            "logarithm or a root in its forward?"
        )
    if not isinstance(again, torch.Tensor) or not torch.allclose(output, again):
        raise Wrong(
            f"{called} gives other numbers each time for the same images, in evaluation mode, too. Is a layer made "
            "anew in forward, or does dropout not ask for the mode?"
        )
    return output


def each_alone(net: nn.Module, X: torch.Tensor, called: str) -> None:
    """Raises Wrong unless the network says of three of the images alone what it says of them together."""
    with torch.no_grad():
        among, alone = net(X[:3]), torch.cat([net(X[i : i + 1]) for i in range(3)])
    if among.shape != alone.shape or not torch.allclose(among, alone, equal_nan=True):
        raise Wrong(
            f"{called} gives other numbers for an image alone than for the same image in a batch: does it mix images, "
            "along dim=0?"
        )


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
    known = {id(part) for part in (*net.modules(), *net.parameters())}
    for module in net.modules():
        for name, value in vars(module).items():
            inside = list(value.values()) if type(value) is dict else value
            if not isinstance(inside, (list, tuple)):
                continue
            if any(isinstance(part, (nn.Module, nn.Parameter)) and id(part) not in known for part in inside):
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
