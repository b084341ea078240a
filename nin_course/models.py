"""The networks of the course, each as plain as it can be written. Chapter 04 builds them."""

from torch import nn

from nin_course.blocks import FlattenLayer, GlobalAvgPool2d, nin_block


def nin(num_classes: int = 10, in_channels: int = 1, *, head: str = "notes", width: float = 1.0) -> nn.Sequential:
    """Network in Network for large images: (N, in_channels, H, W) -> (N, num_classes) logits, H and W at least 67.

    Lin, Chen, Yan 2013, sized as in Dive into Deep Learning (Zhang et al.), §8.3 (an ImageNet-sized first layer).
    The class map, the grid that global average pooling averages, is 5×5 at 224 px and only 1×1 below 99 px.

    head="notes": the last block is `nin_block(384, num_classes, ...)`: 384 channels squeezed to 10 at once, then two
        10-wide layers, and a ReLU on the logits, so no logit is ever negative. Chapter 06 shows what this costs.
    head="wide": the last block keeps its 384 channels until its last 1×1 convolution narrows them to the classes, and
        has no ReLU there. (The paper's own widths, §4.1, without the ReLU that the paper keeps at every layer.)
    width: multiplies the channels of the first three blocks, 96, 256 and 384 (the idea is MobileNet's: Howard et al.
        2017, arXiv:1704.04861, §3.3).

    Raises ValueError for any other head, or a width that leaves a block without a channel.

    >>> sum(p.numel() for p in nin().parameters())
    1992166
    """
    heads = {"notes": _notes_head, "wide": _wide_head}
    if head not in heads:
        raise ValueError(f"head={head!r} is not one of {', '.join(map(repr, heads))}.")
    first, second, third = (round(width * channels) for channels in (96, 256, 384))
    if first < 1:
        raise ValueError(f"width={width!r} leaves the first block without a channel; it has 96 at width 1.")
    return nn.Sequential(
        nin_block(in_channels, first, kernel_size=11, stride=4, padding=0),
        nn.MaxPool2d(kernel_size=3, stride=2),
        nin_block(first, second, kernel_size=5, stride=1, padding=2),
        nn.MaxPool2d(kernel_size=3, stride=2),
        nin_block(second, third, kernel_size=3, stride=1, padding=1),
        nn.MaxPool2d(kernel_size=3, stride=2),
        nn.Dropout(0.5),
        heads[head](third, num_classes),
        GlobalAvgPool2d(),
        FlattenLayer(),
    )


def nin_small(num_classes: int = 10, in_channels: int = 1, *, head: str = "average") -> nn.Sequential:
    """The same idea at the data's own size: (N, in_channels, H, W) -> (N, num_classes) logits, H and W at least 4.

    At 28 px nothing is upsampled, the class map is 7×7, and an image costs 46 million multiply-accumulates, a
    sixteenth of `nin()` at 224 px. Three blocks, the last with a wide head. 480,394 parameters.

    head="average": one class map a class, averaged. head="dense": its twin for chapter 03; the same body, and one dense
        layer over all cells of the last 256 maps instead. It takes 28 px (to 31) only. Raises ValueError for any other.

    >>> sum(p.numel() for p in nin_small().parameters())
    480394
    """
    if head not in ("average", "dense"):
        raise ValueError(f"head={head!r} is not one of 'average', 'dense'.")
    body = [
        nin_block(in_channels, 64, kernel_size=5, stride=1, padding=2),
        nn.MaxPool2d(kernel_size=2, stride=2),
        nin_block(64, 128, kernel_size=3, stride=1, padding=1),
        nn.MaxPool2d(kernel_size=2, stride=2),
    ]
    last = _wide_head(128, num_classes, width=256)
    if head == "dense":
        return nn.Sequential(*body, last[:-1], FlattenLayer(), nn.Linear(256 * 7 * 7, num_classes))
    return nn.Sequential(*body, last, GlobalAvgPool2d(), FlattenLayer())


def alexnet(num_classes: int = 10, in_channels: int = 1) -> nn.Sequential:
    """AlexNet in one column: (N, in_channels, 224, 224) -> (N, num_classes) logits. It takes 195 to 226 px, no more.

    Krizhevsky, Sutskever, Hinton 2012, sized as in Dive into Deep Learning (Zhang et al.), §8.1: five convolutions, and
    three dense layers that hold 43 of its 47 million parameters.
    """
    return nn.Sequential(
        *_conv(in_channels, 96, 11, stride=4),
        nn.MaxPool2d(kernel_size=3, stride=2),
        *_conv(96, 256, 5),
        nn.MaxPool2d(kernel_size=3, stride=2),
        *_conv(256, 384, 3),
        *_conv(384, 384, 3),
        *_conv(384, 256, 3),
        nn.MaxPool2d(kernel_size=3, stride=2),
        *_dense_head(256 * 5 * 5, num_classes),
    )


def vgg11(num_classes: int = 10, in_channels: int = 1) -> nn.Sequential:
    """VGG-11: (N, in_channels, 224, 224) -> (N, num_classes) logits. It takes 224 to 255 px.

    Simonyan, Zisserman 2014, arXiv:1409.1556 (their network A), as in Dive into Deep Learning (Zhang et al.), §8.2.
    """
    layers, channels = [], in_channels
    for width, depth in ((64, 1), (128, 1), (256, 2), (512, 2), (512, 2)):
        for _ in range(depth):
            layers += _conv(channels, width, 3)
            channels = width
        layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
    return nn.Sequential(*layers, *_dense_head(512 * 7 * 7, num_classes))


def _conv(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> list[nn.Module]:
    padding = kernel_size // 2 if stride == 1 else 0  # keeps the size, or drops what does not fit
    return [nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding), nn.ReLU()]


def _dense_head(features: int, num_classes: int) -> list[nn.Module]:
    first = [FlattenLayer(), nn.Linear(features, 4096), nn.ReLU(), nn.Dropout(0.5)]
    return [*first, nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4096, num_classes)]


def _notes_head(in_channels: int, num_classes: int) -> nn.Sequential:
    return nin_block(in_channels, num_classes, kernel_size=3, stride=1, padding=1)


def _wide_head(in_channels: int, num_classes: int, width: int | None = None) -> nn.Sequential:
    width = width or in_channels
    return nn.Sequential(
        nn.Conv2d(in_channels, width, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, width, kernel_size=1),
        nn.ReLU(),
        nn.Conv2d(width, num_classes, kernel_size=1),
    )
