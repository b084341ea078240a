"""Family tree: the bars' lengths and the head's boxes, against counts of its own."""

from functools import cache

import pytest
import torch
from matplotlib.colors import to_hex
from seeing import BLUE, GREY, ORANGE, WHITE, Watched, color, legend
from torch import nn
from torchvision import models

from nin_course.demos import FamilyTree

DEMO = Watched(FamilyTree, **FamilyTree().state)
COLORS = {BLUE: "1×1", "#8fc1e3": "linear", ORANGE: "window", "#f5b57f": "depthwise", GREY: "attention"}
COLORS |= {"#2b2b2b": "dense"}


def rows():
    """Name of the row -> {kind: (left, right)} of its bars, in per cent, as they stand in the picture."""
    axis = DEMO.figure.axes[0]
    names = [label.get_text() for label in axis.get_yticklabels()]
    found = {name: {} for name in names}
    for bar in axis.patches:
        if bar.get_visible():
            name = names[round(bar.get_y() + bar.get_height() / 2)]
            kind = COLORS[to_hex(bar.get_facecolor())]
            found[name][kind] = bar.get_x(), bar.get_x() + bar.get_width()
            assert bar.get_x() + bar.get_width() <= axis.get_xlim()[1]
            assert bar.get_y() > min(axis.get_ylim())
    return found


def boxes():
    """What stands in the head's boxes, from the top; the blue ones in capitals."""
    texts = [t for t in DEMO.figure.axes[1].texts if t.get_visible() and t.get_text() not in ("↓", "its head")]
    texts.sort(key=lambda t: t.get_position()[1])
    blue = [to_hex(t.get_bbox_patch().get_facecolor()) == BLUE for t in texts]
    assert {to_hex(t.get_bbox_patch().get_facecolor()) for t in texts} <= {BLUE, WHITE}
    return [t.get_text().upper() if b else t.get_text() for t, b in zip(texts, blue, strict=True)]


@cache
def hooked(name, side, what):
    """Per cent of MACs or parameters by (map side, kind), counted at the layers of a real network by its shapes."""
    with torch.device("meta"):
        net = models.get_model(name).eval()
    found, stage = {}, [0]

    def hook(layer, inputs, output):
        if isinstance(layer, nn.Conv2d):
            places, each = output.shape[2] * output.shape[3], layer.weight.numel()
            window = layer.kernel_size[0] * layer.kernel_size[1]
            kind = "1×1" if window == 1 else "depthwise" if layer.groups == layer.in_channels else "window"
        else:
            places, each, kind = 1, layer.weight.numel(), "dense"
        if places == 1:
            kind = "dense"
        else:
            stage[0] = places
        size = each * places if what == "macs" else sum(p.numel() for p in layer.parameters())
        key = (1 if isinstance(layer, nn.Linear) else stage[0], kind)
        found[key] = found.get(key, 0) + size

    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(hook)
    with torch.no_grad():
        net(torch.empty(1, 3, side, side, device="meta"))
    whole = sum(found.values())
    return {key: 100 * size / whole for key, size in found.items() if size}, whole


@pytest.mark.parametrize(("name", "side", "count"), [
    ("resnet50", 224, "macs"),
    ("squeezenet1_1", 320, "macs"),
    ("mobilenet_v3_large", 224, "parameters"),
    ("efficientnet_b0", 288, "macs"),
    ("alexnet", 256, "parameters"),
    ("inception_v3", 448, "macs"),
])  # fmt: skip
def test_each_bar_is_as_long_as_an_independent_count_says_and_none_overlaps_another(name, side, count):
    DEMO.at(name=name, side=side, count=count)
    expected, whole = hooked(name, side, count)
    side_of = {f"{k} × {k}": k * k for k in range(2, 449)} | {"head": 1}
    shown = {(side_of[row], kind): right - left for row, bars in rows().items() for kind, (left, right) in bars.items()}
    assert shown == pytest.approx(expected, abs=1e-6)
    assert [side_of[row] for row in rows()] == sorted({places for places, _ in expected}, reverse=True)
    for bars in rows().values():
        edges = sorted(bars.values())
        assert [0, *(right for _, right in edges)][: len(edges)] == pytest.approx([left for left, _ in edges])
    word = "MACs" if count == "macs" else "parameters"
    axis = DEMO.figure.axes[0]
    assert axis.get_xlabel() == f"% of its {word}, stage by stage"
    assert axis.get_title(loc="left") == f"{name}, {side} px"
    texts = [t for t in axis.texts if t.get_visible() and t.get_text()]
    for text, bars in zip(texts, rows().values(), strict=True):  # each at the end of its row, and in view
        end = max(right for _, right in bars.values())
        assert text.get_position() == (pytest.approx(end), list(rows().values()).index(bars))
        assert text.get_text().strip() == ("under 1%" if end < 0.5 else f"{end:.0f}%")
    bottom, top = axis.get_ylim()
    assert (bottom, top) == (len(rows()) - 0.5, -0.5)
    blind = sum(v for (_, kind), v in expected.items() if kind == "1×1")
    assert DEMO.line.startswith(f"{name}, {side} px: {whole / 1e6:,.1f} M {word}, {blind:.0f}% of them at every place")


def test_a_vision_transformer_is_one_stage_of_197_tokens():
    """12 layers, 768 features: 12 · 768² weights each, 2 · 197² · 768 products without a weight."""
    DEMO.at(name="vit_b_16", side=224, count="macs")
    embed, linear = 196 * 768 * 3 * 256, 12 * 197 * 12 * 768**2
    attention, dense = 12 * 2 * 197**2 * 768, 768 * 1000
    whole = (embed + linear + attention + dense) / 100
    assert rows() == {
        "197 tokens": {
            "linear": pytest.approx((0, linear / whole)),
            "attention": pytest.approx((linear / whole, (linear + attention) / whole)),
        },
        "14 × 14": {"window": pytest.approx((0, embed / whole))},
        "head": {"dense": pytest.approx((0, dense / whole))},
    }
    assert DEMO.line.startswith(f"vit_b_16, 224 px: 17,563.8 M MACs, {linear / whole:.0f}% of them at every place")


@pytest.mark.parametrize(("name", "said"), [
    ("vgg11", ["no global average", "dense to 4,096", "dense to 4,096", "dense to 1,000"]),
    ("resnet50", ["2,048 maps of 7 × 7", "GLOBAL AVERAGE", "dense to 1,000"]),
    ("squeezenet1_1", ["1,000 maps of 13 × 13", "ReLU", "GLOBAL AVERAGE"]),
    ("mobilenet_v3_large", ["960 maps of 7 × 7", "GLOBAL AVERAGE", "dense to 1,280", "dense to 1,000"]),
    ("vit_b_16", ["no global average", "dense to 1,000"]),
])  # fmt: skip
def test_the_head_stands_there_in_words(name, said):
    DEMO.at(name=name, side=224, count="macs")
    assert boxes() == said
    arrows = [t for t in DEMO.figure.axes[1].texts if t.get_text() == "↓" and t.get_visible()]
    assert len(arrows) == len(said) - 1
    assert DEMO.line.endswith(f"Head: {', '.join(said).replace('GLOBAL AVERAGE', 'global average')}.")


def test_a_size_that_a_network_does_not_take_is_said_in_words_and_nothing_is_drawn():
    pytorch = "Expected 224 but got 256", "is invalid for input of size 802816"
    for name, side, its_words in zip(("vit_b_16", "maxvit_t"), (256, 448), pytorch, strict=True):
        DEMO.at(name=name, side=side, count="macs")
        assert rows() == {}
        assert boxes() == []
        said = f"{name} does not take {side} px."
        assert [t.get_text() for t in DEMO.figure.axes[0].texts if t.get_visible()] == [said]
        assert DEMO.figure.axes[0].get_title(loc="left") == f"{name}, {side} px"
        assert DEMO.line.startswith(f"{said} It says: ")
        assert its_words in DEMO.line
    DEMO.at(side=224)
    assert "" in [t.get_text() for t in DEMO.figure.axes[0].texts]


def test_the_legend_gives_each_kind_its_colour_and_hatch():
    shown = {words: color(patch) for words, patch in legend(DEMO.figure).items()}
    words = ("1×1 convolution", "nn.Linear at every place", "larger window", "depthwise convolution")
    words += ("attention's own products (no weights)", "dense, at one place")
    assert shown == dict(zip(words, COLORS, strict=True))
    hatches = {color(bar): bar.get_hatch() for bar in DEMO.figure.axes[0].patches}
    assert hatches == {color(patch): patch.get_hatch() for patch in legend(DEMO.figure).values()}
