"""Where a network's multiplications are: each product noted as it happens, whoever asks for it. Chapter 09.

`budget.summary` listens at layers, so it misses what is multiplied without calling one: `nn.MultiheadAttention` never
calls its projections as layers. Here PyTorch itself says which tensors it multiplies, on `meta`, as in `budget`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from nin_course.budget import run_on_meta
from nin_course.weights import ASSETS

KINDS = {
    "1×1": "1×1 convolution",
    "linear": "nn.Linear at every place",
    "window": "larger window",
    "depthwise": "depthwise convolution",
    "attention": "attention's own products (no weights)",
    "dense": "dense, at one place",
}
FAMILIES = (  # one of each family in torchvision.models, in the order of their papers
    *("alexnet", "vgg11", "googlenet", "inception_v3", "resnet50", "squeezenet1_1", "densenet121", "resnext50_32x4d"),
    *("mobilenet_v2", "shufflenet_v2_x1_0", "mnasnet1_0", "mobilenet_v3_large", "efficientnet_b0", "regnet_y_800mf"),
    *("vit_b_16", "swin_t", "convnext_tiny", "maxvit_t"),
)
aten = torch.ops.aten
PRODUCTS = (aten.convolution, aten.mm, aten.addmm, aten.bmm, aten.baddbmm)
MEANS = (aten.mean, aten.avg_pool2d, aten._adaptive_avg_pool2d)
RELUS = (aten.relu, aten.relu_, aten.hardtanh, aten.hardtanh_)  # the last two are ReLU6


@dataclass
class Step:
    """A product, with `kind` one of KINDS; or "GAP", a mean over whole maps; or "ReLU". All for one image.

    places: at how many each weight is used (0 without weights); of a GAP, how many cells it averages. channels:
    numbers that come out at each place. parameters: weight and bias, where used first. name: of the weight's layer.
    """

    kind: str
    places: int
    channels: int
    parameters: int = 0
    macs: int = 0
    name: str = ""


class _Watch(TorchDispatchMode):
    """Notes a Step for each product, global average pooling and ReLU while it is on."""

    def __init__(self, images: int):
        super().__init__()
        self.images, self.steps, self.parameters, self.used = images, [], {}, set()

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        result = op(*args, **(kwargs or {}))
        kind = op.overloadpacket
        if kind in PRODUCTS:
            self.steps.append(self._product(args, result, kind is aten.convolution))
        elif kind in MEANS and args[0].ndim == 4 and result.numel() == args[0].shape[:2].numel() < args[0].numel():
            self.steps.append(Step("GAP", args[0].shape[2:].numel(), args[0].shape[1]))
        elif kind in RELUS:
            self.steps.append(Step("ReLU", result[0, 0].numel(), result.shape[1]))
        return result

    def _product(self, args, result: torch.Tensor, convolved: bool) -> Step:
        factors = args[:2] if convolved else [a for a in args if isinstance(a, torch.Tensor)][-2:]
        macs = result.numel() * (factors[1][0].numel() if convolved else factors[0].shape[-1])
        owned = [(t, *self.parameters[key]) for t in factors if (key := t.untyped_storage()._cdata) in self.parameters]
        if not owned:
            return Step("attention", 0, result.shape[-1], macs=macs // self.images)
        weight, name, whole = owned[-1]
        distinct = prod(
            n for n, stride in zip(weight.shape, weight.stride(), strict=True) if stride
        )  # it may be expanded
        places = macs // distinct // self.images
        kind = "dense" if places == 1 else _kind(weight, args[8]) if convolved else "linear"
        layer, _, own = name.rpartition(".")
        bias = f"{layer}.{own.replace('weight', 'bias')}".lstrip(".")
        held = {name: whole.numel()} | {n: p.numel() for n, p in self.parameters.values() if n == bias}
        parameters = sum(size for n, size in held.items() if n not in self.used)
        self.used |= set(held)
        return Step(kind, places, result.numel() // self.images // places, parameters, macs // self.images, layer)


def _kind(weight: torch.Tensor, groups: int) -> str:
    window = weight.shape[2:].numel()
    return "depthwise" if groups > 1 == weight.shape[1] else "1×1" if window == 1 else "window"


def steps(net: nn.Module, input_shape: Sequence[int] = (1, 3, 224, 224)) -> list[Step]:
    """What `net` does to an input of `input_shape` (N, C, H, W), step by step; only its shape is needed, on `meta`.

    A MAC is one multiplication and one addition, as in `budget.summary`; biases, norms and pooling are not counted.
    Raises RuntimeError, as the network does, if it does not take the input.

    >>> [(step.kind, step.macs) for step in steps(nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU()), (1, 3, 10, 10))]
    [('1×1', 2400), ('ReLU', 0)]
    """
    watch = _Watch(input_shape[0])

    def know(copied, _inputs):  # whose storage is which parameter, in the copy that runs
        watch.parameters = {p.untyped_storage()._cdata: (name, p) for name, p in copied.named_parameters()}

    hook = net.register_forward_pre_hook(know)
    try:
        with watch:
            run_on_meta(net, input_shape)
    finally:
        hook.remove()
    return watch.steps


def shares(done: Iterable[Step]) -> dict[str, tuple[float, float]]:
    """Of each kind: its share of the parameters that multiply (with their biases), and of the MACs."""
    done = [step for step in done if step.kind in KINDS]
    whole = [max(1, sum(getattr(step, what) for step in done)) for what in ("parameters", "macs")]
    of = {kind: [step for step in done if step.kind == kind] for kind in KINDS}
    return {k: (sum(s.parameters for s in v) / whole[0], sum(s.macs for s in v) / whole[1]) for k, v in of.items()}


def head(done: Sequence[Step]) -> tuple[Step | None, list[Step]]:
    """The global average pooling that a network ends in, or None; and the products behind it, or the dense ones."""
    last = max((i for i, step in enumerate(done) if step.kind == "GAP"), default=-1)
    behind = [step for step in done[last + 1 :] if step.kind in KINDS]
    if last >= 0 and all(step.kind == "dense" for step in behind):
        return done[last], behind
    ends = max(i for i, step in enumerate(done) if step.kind in KINDS and step.kind != "dense")
    return None, [step for step in done[ends + 1 :] if step.kind in KINDS]


def named(name: str) -> nn.Module:
    """A network of torchvision's, by its name there, for 1,000 classes: no numbers, nothing to fetch."""
    from torchvision import models

    options = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    make = lambda: models.get_model(name, weights=None, **options)  # noqa: E731
    try:
        with torch.device("meta"):
            return make()
    except NotImplementedError:  # RegNet works out its widths with tensors
        return make()


def mobile_block(in_channels: int, out_channels: int, hidden: int) -> nn.Sequential:
    """Widen, look, mix: 1×1 to `hidden` channels, 3×3 in each of them alone, 1×1; a ReLU after each. Keeps the size.

    (N, in_channels, H, W) -> (N, out_channels, H, W). After Sandler et al. 2018, arXiv:1801.04381, §3.3, but for its
    shortcut, and with a ReLU at the end, so that `add_batch_norm` finds all three.
    """
    return nn.Sequential(
        nn.Conv2d(in_channels, hidden, kernel_size=1),
        nn.ReLU(),
        nn.Conv2d(hidden, hidden, kernel_size=3, padding=1, groups=hidden),
        nn.ReLU(),
        nn.Conv2d(hidden, out_channels, kernel_size=1),
        nn.ReLU(),
    )


def block_runs() -> list[dict]:
    """The recorded runs of *small* with two second blocks: `block`, `seed`, `accuracy` (0 to 1). Chapter 09."""
    lines = (ASSETS / "block_runs" / "runs.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]
