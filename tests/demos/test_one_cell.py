"""What one cell sees: its square in the image and on the way, what it feels there, and its vote."""

import re
from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from seeing import (
    FIRST,
    IMAGES,
    NAMES,
    Watched,
    axis_named,
    fills,
    framed,
    frames,
    in_reading_order,
    picture,
    shown,
    votes_for_in_orange,
)
from torch import nn

import nin_course as d2l
from nin_course.data import MEAN, STD
from nin_course.demos import OneCell

DEMO = Watched(OneCell, network="small", image=9, row=3, column=3)
SIDES, LAST = {"small": 28, "wide": 224}, {"small": 6, "wide": 4}
CELLS = [("small", 9, 3, 3), ("small", 9, 0, 5), ("small", 6, 6, 1), ("small", 0, 2, 4)]
CELLS += [("wide", 9, 2, 1), ("wide", 3, 6, 0), ("wide", 9, 4, 4)]


@cache
def network(name):
    if name == "small":
        return d2l.pretrained_nin()
    torch.manual_seed(0)
    return d2l.nin(head="wide", width=0.25).eval()


@cache
def passed(name, label):
    """(the image, its class maps, and (layer, the mean map that enters it) of each layer with a window)."""
    side, layers = SIDES[name], []
    X = F.interpolate(torch.tensor(IMAGES[FIRST[label]])[None, None], (side, side), mode="bilinear", antialias=True)
    Y = X = ((X - MEAN) / STD).requires_grad_()
    for stage in network(name)[:-2]:
        for layer in stage if isinstance(stage, nn.Sequential) else [stage]:
            if isinstance(layer, (nn.Conv2d, nn.MaxPool2d)) and layer.kernel_size not in (1, (1, 1)):
                layers.append((layer, Y[0].mean(0).detach().numpy()))
            Y = layer(Y)
    return X, Y, layers


def one(value):
    return value if isinstance(value, int) else value[0]


def regions(layers, cell):
    """(rows, columns) that a cell behind the layers sees of what enters each of them, counted backwards."""
    (low, high), found = ((c, c) for c in cell), []
    sides = [low, high]
    for layer, entering in reversed(layers):
        kernel, stride, padding = one(layer.kernel_size), one(layer.stride), one(layer.padding)
        sides = [(a * stride - padding, b * stride - padding + kernel - 1) for a, b in sides]
        sides = [(max(a, 0), min(b, len(entering) - 1)) for a, b in sides]
        found.append(tuple(range(a, b + 1) for a, b in sides))
    return found[::-1]


@pytest.mark.parametrize(("name", "image", "row", "column"), CELLS)
def test_the_square_the_gradient_and_the_vote_are_those_of_the_cell(name, image, row, column):
    DEMO.at(network=name, image=image, row=row, column=column)
    figure, side = DEMO.figure, SIDES[name]
    cell = min(row, LAST[name]), min(column, LAST[name])
    X, maps, layers = passed(name, image)
    label = int(maps.mean((2, 3)).argmax())
    (gradient,) = torch.autograd.grad(maps[0, label][cell], X, retain_graph=True)
    felt, seen = gradient[0, 0].abs().numpy(), regions(layers, cell)
    rows, columns = seen[0]
    # the image, what is felt, the votes
    titles = ("image", "what it feels", f"{LAST[name] + 1} × {LAST[name] + 1} votes")
    look, feel, votes = (axis_named(figure, title) for title in titles)
    assert in_reading_order(a for a in figure.axes if a.get_title())[:3] == [look, feel, votes]
    assert look.get_title() == f"image, {side} × {side}: what it sees"
    assert feel.get_title() == "what it feels (its gradient)"
    assert votes.get_title() == f"{LAST[name] + 1} × {LAST[name] + 1} votes: {NAMES[label]}"
    np.testing.assert_allclose(shown(picture(look)), X.detach()[0, 0] * STD + MEAN, atol=1e-5)
    np.testing.assert_allclose(shown(picture(feel)), felt, atol=1e-4 * felt.max())
    np.testing.assert_allclose(shown(picture(votes)), maps.detach()[0, label], atol=1e-4)
    assert frames(look) == frames(feel) == [framed(rows, columns)]
    assert frames(votes) == [framed([cell[0]], [cell[1]])]
    assert picture(look).get_clim() == (0, 1)
    assert picture(feel).get_clim() == pytest.approx((0, felt.max()), rel=1e-3)
    assert votes_for_in_orange(picture(votes), float(maps.detach()[0, label].abs().max()))
    brightness = picture(feel).to_rgba(np.linspace(0, felt.max(), 9))[:, :3].sum(1)
    assert (np.diff(brightness) > 0).all()
    # on the way
    way = in_reading_order(a for a in figure.axes if a.get_visible() and "window" in a.get_title())
    assert len(way) == len(layers) - 1
    for axis, (layer, entering), (r, c) in zip(way, layers[1:], seen[1:], strict=True):
        np.testing.assert_allclose(shown(picture(axis)), entering, atol=1e-4 * np.abs(entering).max() + 1e-6)
        assert frames(axis) == [framed(r, c)]
        kernel, wide = one(layer.kernel_size), len(entering)
        assert axis.get_title() == f"{len(r)} × {len(c)} of {wide} × {wide},\nthen a {kernel} × {kernel} window"
        high = entering.max() or 1
        assert picture(axis).get_clim() == pytest.approx((entering.min(), high), rel=1e-3, abs=1e-6)
        assert picture(axis).get_cmap().name == picture(look).get_cmap().name == "gray"
    assert all(fills(picture(axis)) for axis in (look, feel, votes, *way))
    # in words
    pixels, order = len(rows) * len(columns), np.sort(felt.astype(float).ravel())[::-1].cumsum()
    half = int(re.search(r"comes from ([\d,]+) of", DEMO.line)[1].replace(",", ""))
    assert order[half - 2] < 0.50001 * order[-1]  # one pixel less is less than half
    assert order[half - 1] > 0.49999 * order[-1]
    assert DEMO.line == (
        f"Cell {cell} votes {maps[0, label][cell].item():+.1f}. "
        f"It sees rows {rows[0]}–{rows[-1]}, columns {columns[0]}–{columns[-1]}: {100 * pixels / side**2:.0f}% of the "
        f"image. Half of what it feels comes from {half:,} of these {pixels:,} pixels."
        + (" This network is untrained." if name == "wide" else "")
    )
    outside = felt.copy()
    outside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = 0
    assert not outside.any()  # what it feels lies in what it sees


@pytest.mark.parametrize("state", [("wide", 6), ("small", 9), ("small", 0)])
def test_the_scale_of_the_votes_is_whole(state):
    DEMO.at(network=state[0], image=state[1], row=3, column=3)
    DEMO.figure.canvas.draw()
    labels = [text for axis in DEMO.figure.axes for text in axis.get_yticklabels() if text.get_text()]
    assert len(labels) >= 3
    assert max(text.get_window_extent().x1 for text in labels) <= DEMO.figure.bbox.x1


def test_what_chapter_04_says_was_found_with_one_cell_is_there():
    places = [(row, column) for row in range(7) for column in range(7)]
    state = {"network": "small", "image": 9}
    cells = {place: OneCell.compute(state | dict(zip(("row", "column"), place, strict=True))) for place in places}
    first = [cell for cell, result in cells.items() if all(0 in region for region in result["regions"][0])]
    assert first == [(row, column) for row in range(3) for column in range(3)]
    rows, columns = cells[1, 1]["regions"][0]
    square = cells[1, 1]["image"][rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert 1 / 16 < (square > 0.1).float().mean() < 1 / 14
    assert cells[1, 1]["maps"][1, 1].item() == pytest.approx(2.4, abs=0.05)
    shares = torch.tensor([r["half"] / (len(r["regions"][0][0]) * len(r["regions"][0][1])) for r in cells.values()])
    assert 1 / 8 < shares.mean() < 1 / 6


def test_there_is_a_row_and_a_column_for_each_vote():
    controls = OneCell().controls
    controls["row"].value = 6
    controls["network"].value = "wide"
    assert (controls["row"].max, controls["row"].value, controls["column"].max) == (4, 4, 4)
    controls["network"].value = "small"
    assert (controls["row"].max, controls["column"].max) == (6, 6)
