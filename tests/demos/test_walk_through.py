"""Walk through: the ten stages to scale, what each costs, and where an image that is too small ends."""

from functools import cache

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from seeing import BLUE, GREY, ORANGE, WHITE, Watched, bars, box, color
from torch import nn

import nin_course as d2l
from nin_course.demos import WalkThrough
from nin_course.demos.walk_through import short

DEMO = Watched(WalkThrough, size=224, width=1.0, head="notes")
STAGES = ["block 1", "pool", "block 2", "pool", "block 3", "pool", "dropout", "block 4", "average", "flatten"]
UNITS = {"k": 1e3, "M": 1e6, "G": 1e9}
NUMBERS = 4  # bytes in a float32


@cache
def costs(size, width, head):
    """(shapes after each stage, parameters, MACs and bytes of each), of a network that really runs, without numbers."""
    with torch.device("meta"):
        net = d2l.nin(head=head, width=width).eval()
        X = torch.empty(1, 1, size, size)
    shapes, parameters, macs, memory = [], [], [], []
    for stage in net:
        inside, before = [0, 0], X
        for layer in stage if isinstance(stage, nn.Sequential) else [stage]:
            try:
                before = layer(before)
            except RuntimeError:
                return shapes, parameters, macs, memory
            if isinstance(layer, nn.Conv2d):
                inside[0] += before.numel() * layer.weight[0].numel()
                inside[1] += NUMBERS * before.numel()
        X = before
        shapes.append(tuple(X.shape[1:]))
        parameters.append(sum(p.numel() for p in stage.parameters()))
        macs.append(inside[0])
        memory.append(inside[1])
    return shapes, parameters, macs, memory


def read(text):
    """1.23 M, 3.36 MB or 840 B as a number."""
    number, _, unit = text.removesuffix("B").strip().partition(" ")
    return float(number) * UNITS.get(unit, 1)


@settings(max_examples=12, deadline=None)
@example(224, 1.0, "notes")
@example(224, 1.0, "wide")
@example(67, 0.25, "wide")
@example(66, 1.0, "notes")
@example(35, 2.0, "notes")
@example(32, 1.0, "notes")
@given(st.integers(32, 320), st.sampled_from([0.25, 0.5, 1.0, 1.75]), st.sampled_from(["notes", "wide"]))
def test_every_stage_is_drawn_to_scale_and_costs_what_its_layers_do(size, width, head):
    DEMO.at(size=size, width=width, head=head)
    shapes, *budgets = costs(size, width, head)
    drawn = [(1, size, size), *shapes]
    maps, *charts = DEMO.figure.axes
    # the maps
    names = [text.get_text() for text in maps.texts[::2]]
    assert names == ["input", *STAGES]
    for x, (patch, name, text) in enumerate(zip(maps.patches, maps.texts[::2], maps.texts[1::2], strict=True)):
        assert patch.get_visible() == (x < len(drawn))
        assert name.get_position()[0] == text.get_position()[0] == x
        if x >= len(drawn):
            continue
        left, bottom, wide, high = box(patch)
        assert (left + wide / 2, bottom + high / 2) == pytest.approx((x, 0.5), abs=1e-5)
        assert 0 < wide < 1
        channels, *place = drawn[x]
        assert text.get_text() == (f"{channels}\n{place[0]} × {place[1]}" if place else f"{channels}")
        assert color(text) == "#000000"
        assert high == pytest.approx(place[0] / size if place else 0.02, abs=1e-5)
        kind = BLUE if "block" in name.get_text() else GREY if name.get_text() in ("pool", "average") else WHITE
        assert color(patch) == kind
    widths = sorted({(shape[0], box(patch)[2]) for shape, patch in zip(drawn, maps.patches, strict=False) if shape[1:]})
    assert widths == sorted(widths, key=lambda pair: pair[1])  # the more channels, the wider
    assert len({w for _, w in widths}) >= len({min(c, 600) for c, _ in widths})
    after = [text.get_text() for text in maps.texts[1::2]][len(drawn) :]
    assert after == ["breaks\nhere", *[""] * 9][: len(after)]
    if after:
        assert color(maps.texts[1::2][len(drawn)]) == ORANGE
    # the budgets
    assert [chart.get_ylabel() for chart in charts] == ["parameters", "MACs", "memory"]
    for chart, values in zip(charts, budgets, strict=True):
        values = values + [0] * (10 - len(values))
        (group,) = bars(chart)
        positive = [v for v in values if v]
        assert chart.get_xlim() == maps.get_xlim()  # a bar stands below its stage
        assert chart.get_ylim()[0] == 0 < 1.2 < chart.get_ylim()[1]
        for i, (bar, text, value) in enumerate(zip(group, chart.texts, values, strict=True)):
            assert bar.get_visible() == (value > 0)
            assert bar.get_x() + bar.get_width() / 2 == pytest.approx(i + 1) == text.get_position()[0]
            if not value:
                assert text.get_text() == ""
                continue
            assert bar.get_height() == pytest.approx(max(value / max(values), 0.1))
            assert read(text.get_text()) == pytest.approx(value, rel=0.005)
            assert text.get_text().endswith("B") == (chart.get_ylabel() == "memory")
            assert bar.get_height() < text.get_position()[1] < bar.get_height() + 0.2
        dearest, cheapest = values.index(max(values)), values.index(min(positive, default=0))
        assert [i for i, bar in enumerate(group) if color(bar) == ORANGE and bar.get_visible()] == [dearest] * bool(
            positive
        )
        pale = {i for i, bar in enumerate(group) if color(bar) not in (ORANGE, BLUE)}
        assert pale == ({cheapest} - {dearest} if positive else set())
    if len(shapes) < 10:
        return
    # in words
    parameters, macs, memory = map(sum, budgets)
    said = DEMO.line.split(" of activations. Orange, the most expensive: ")
    totals = said[0].split(", ")
    assert totals[0] == f"{parameters:,} parameters"
    assert totals[1].endswith(" MACs")
    assert read(totals[1].removesuffix(" MACs")) == pytest.approx(macs, rel=0.005)
    assert read(totals[2]) == pytest.approx(memory, rel=0.005)
    best = [f"{STAGES[b.index(max(b))]} ({n})" for b, n in zip(budgets, ("parameters", "MACs", "memory"), strict=True)]
    assert said[1] == f"{', '.join(best)}. Pale: the smallest above zero."


@pytest.mark.parametrize(("size", "stage", "arrives"), [(66, 5, 2), (35, 5, 1), (34, 3, 2), (32, 3, 2)])
def test_an_image_too_small_breaks_at_the_stage_that_the_demo_names(size, stage, arrives):
    DEMO.at(size=size, width=1.0, head="notes")
    net, X = d2l.nin(width=0.25), torch.zeros(1, 1, size, size)
    assert net[:stage](X).shape[-1] == arrives
    with pytest.raises(RuntimeError):
        net[: stage + 1](X)
    assert DEMO.line == (
        f"{size} px are too small: a map of {arrives} × {arrives} arrives at stage {stage + 1}, pool, "
        "whose window is 3 × 3. PyTorch raises an error. The smallest that comes through has 67 px."
    )


def test_numbers_are_shortened_at_every_thousand():
    shortened = [short(n) for n in (0, 1, 999, 1000, 12_345, 999_499, 1_000_000, 1_234_567, 45_700_000_000)]
    assert shortened == ["0", "1", "999", "1 k", "12.3 k", "999 k", "1 M", "1.23 M", "45.7 G"]
    assert (short(12, "B"), short(2_000, "B")) == ("12 B", "2 kB")


def test_what_chapter_04_says_was_found_in_the_walk_through_is_there():
    walk = lambda **changes: WalkThrough.compute({"size": 224, "width": 1.0, "head": "notes"} | changes)  # noqa: E731
    for size in range(67, 321, 11):
        assert walk(size=size)["dearest"]["MACs"] == 2
    whole, half, wide = (
        {name: sum(values) for name, values in walk(**changes)["costs"].items()}
        for changes in ({}, {"width": 0.5}, {"head": "wide"})
    )
    assert 0.25 < half["parameters"] / whole["parameters"] < 0.27
    assert 0.25 < half["MACs"] / whole["MACs"] < 0.27
    assert half["memory"] / whole["memory"] == pytest.approx(0.5, abs=0.001)
    assert walk(head="wide")["dearest"] == {"parameters": 7, "MACs": 2, "memory": 0}
    assert walk(head="wide")["costs"]["parameters"][7] == 1_479_178
    assert wide["MACs"] / whole["MACs"] < 1.05
    assert wide["memory"] / whole["memory"] < 1.02
