"""The same sums in less time: channels-last memory and bfloat16, where the device has it. Chapter 05 measures both."""

import torch
from torch import nn


def has_bfloat16(device: str | torch.device) -> bool:
    """True if `device` multiplies bfloat16 numbers in hardware, so that autocast makes it faster, not slower."""
    kind = torch.device(device).type
    if kind == "cpu":
        can = getattr(torch.cpu, "get_capabilities", dict)()  # an older PyTorch does not tell
        return bool(can.get("avx512_bf16") or can.get("amx_bf16"))
    if kind not in ("cuda", "xpu"):  # Apple's mps works in bfloat16, but does not tell whether that is faster
        return False
    return torch.get_device_module(kind).is_bf16_supported(including_emulation=False)


class Fast(nn.Module):
    """`net` as it is used while it trains fast: images X (N, C, H, W) -> float32 logits (N, classes).

    The weights stay the ones of `net`, and stay float32. channels_last keeps a pixel's channels side by side in
    memory, which suits a 1×1 convolution. autocast lets convolutions work in bfloat16 (7 bits of mantissa).
    """

    def __init__(self, net: nn.Module, *, channels_last: bool = False, autocast: bool = False):
        super().__init__()
        self.net, self.autocast = net, autocast
        self.memory_format = torch.channels_last if channels_last else torch.preserve_format
        net.to(memory_format=self.memory_format)

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        X = X.to(memory_format=self.memory_format)
        if not self.autocast:
            return self.net(X)
        with torch.autocast(X.device.type, torch.bfloat16):
            return self.net(X).float()
