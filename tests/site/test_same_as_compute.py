"""A demo in a page computes what the course's own `compute` computes, and says the same words."""

import random

import numpy as np
import playable
import pytest
import torch

from nin_course.demos import ALL, BallotBox, ChannelMixer, GuessingGame, SlidingWindow

CHAPTERS = {
    GuessingGame: "chapters/00_start_here.html",
    ChannelMixer: "chapters/01_one_by_one_convolution.html",
    SlidingWindow: "chapters/02_the_nin_block.html",
    BallotBox: "chapters/03_global_average_pooling.html",
}
ASK = """async ([name, states]) => {
    const data = nin.given[name], demo = nin.demos[data.engine ?? name](data), found = [];
    for (const state of states) {
        const result = await demo.compute(state);
        found.push([demo.line(result), result]);
    }
    return JSON.parse(JSON.stringify(found, (_, v) => (ArrayBuffer.isView(v) ? Array.from(v) : v)));
}"""


def states(demo, number: int) -> list[dict]:
    """So many states of a demo's controls, drawn at random, and the one that it opens with."""
    if isinstance(demo, GuessingGame):
        return [
            {"round": k % playable.ROUNDS, "guesses": tuple(draw.choices(range(10), k=k % 13))}
            for k, draw in enumerate(random.Random(k) for k in range(number))
        ]
    draw = random.Random(number)
    return [demo.state] + [
        {name: value(control, draw) for name, control in demo.controls.items()} for _ in range(number - 1)
    ]


def value(control, draw):
    if options := getattr(control, "options", None):
        return draw.choice(options)[1]
    if isinstance(control.value, bool):
        return draw.random() < 0.5
    if isinstance(control.value, tuple):
        return tuple(sorted(draw.choices(range(control.min, control.max + 1), k=2)))
    if isinstance(control.value, int):
        return draw.randint(control.min, control.max)
    return round(draw.randint(0, round((control.max - control.min) / control.step)) * control.step + control.min, 6)


@pytest.mark.parametrize("kind", list(CHAPTERS), ids=lambda kind: kind.__name__)
def test_the_page_computes_and_says_what_the_notebook_does(visit, kind):
    demo, one = kind(), visit()
    some = states(demo, 60)
    one.play(kind.__name__, CHAPTERS[kind])
    for state, (line, found) in zip(some, one.page.evaluate(ASK, [kind.__name__, some]), strict=True):
        wanted = demo.compute(state)
        assert line == demo.draw(wanted), state
        common = wanted.keys() & found.keys()
        assert len(common) >= 6
        for key in common:
            same(found[key], wanted[key], f"{state}: {key}")
    assert not one.errors


def same(found, wanted, where: str) -> None:
    """Numbers within a hundred-thousandth, in whatever shape they come; words and truths exactly."""
    if isinstance(wanted, torch.Tensor):
        wanted = wanted.numpy()
    if isinstance(wanted, np.ndarray | list | tuple | float | int) and not isinstance(wanted, bool):
        np.testing.assert_allclose(flat(found), flat(wanted), atol=1e-5, err_msg=where)
    else:
        assert found == wanted, where


def flat(values) -> np.ndarray:
    if isinstance(values, torch.Tensor):
        values = values.numpy()
    if isinstance(values, list | tuple):
        return np.concatenate([flat(value) for value in values]) if values else np.zeros(0)
    return np.asarray(values, dtype=float).ravel()


def test_every_demo_that_is_computed_in_a_page_is_compared_here():
    assert set(CHAPTERS) == set(playable.COMPUTED)
    assert set(playable.COMPUTED) <= set(ALL)
