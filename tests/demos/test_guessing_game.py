"""You against Fashion-MNIST: what is asked, what was right, and the score."""

from random import Random

import numpy as np
import pytest
from matplotlib.colors import to_hex
from seeing import BLUE, GREY, IMAGES, LABELS, NAMES, ORANGE, Watched, color, in_reading_order, is_grey, picture, shown

from nin_course.demos import GuessingGame

ROUND = 12


def label_of(image) -> int:
    """The class of a test image, found by its pixels."""
    (found,) = np.flatnonzero((np.abs(IMAGES - shown(image)) < 1e-6).all(axis=(1, 2)))
    return LABELS[found]


def large_and_small(figure):
    by_width = sorted(figure.axes, key=lambda axis: axis.get_position().width)
    return by_width[-1], in_reading_order(by_width[:-1])


def truth_of(number) -> list[int]:
    """The classes of a round's twelve images, as they are shown one after the other."""
    game, found = Watched(GuessingGame), []
    for n in range(ROUND):
        game.at(round=number, guesses=(0,) * n)
        found.append(label_of(picture(large_and_small(game.figure)[0])))
    return found


@pytest.mark.parametrize("number", [0, 1, 7])
def test_after_each_guess_the_image_goes_to_the_small_ones_with_its_verdict_and_the_next_is_asked(number):
    truth, random = truth_of(number), Random(number)
    guesses = [k if random.random() < 0.5 else (k + random.randint(1, 9)) % 10 for k in truth]
    guesses[:2] = truth[0], (truth[1] + 1) % 10
    right = [guess == k for guess, k in zip(guesses, truth, strict=True)]
    game = Watched(GuessingGame)
    for n in range(ROUND + 1):
        game.at(round=number, guesses=tuple(guesses[:n]))
        large, small = large_and_small(game.figure)
        assert is_grey(picture(large))
        assert label_of(picture(large)) == truth[min(n, ROUND - 1)]
        for i, axis in enumerate(small):
            image, edges = picture(axis), {(to_hex(s.get_edgecolor()), s.get_linewidth()) for s in axis.spines.values()}
            assert is_grey(image)
            if i < n:
                verdict = (BLUE, f"✓ {NAMES[truth[i]]}") if right[i] else (ORANGE, f"✗ {NAMES[truth[i]]}")
                assert label_of(image) == truth[i]
                assert (color(axis.title), axis.get_title()) == verdict
                assert edges == {(verdict[0], 2)}
            else:
                assert (color(axis.title), axis.get_title()) == (GREY, str(i + 1))
                assert edges == {(GREY, 0.5)}
                assert len(np.unique(shown(image))) == 1
                assert shown(image).min() > 0.9
        hits = sum(right[:n])
        if n == 0:
            assert game.line == "Twelve images, ten buttons."
        elif n < ROUND:
            said = "Right" if right[n - 1] else "Not quite"
            assert game.line == f"{said}: it was {NAMES[truth[n - 1]]}. {hits} of {n} so far."
        if n < ROUND:
            assert large.get_title() == f"Image {n + 1} of 12: what is it?"
        else:
            assert large.get_title() == f"You said {NAMES[guesses[-1]]}"
            assert game.line.startswith(f"{hits} of 12, that is {hits / 12:.3f}. People")
            assert "0.835 on 1,000 images" in game.line  # the data set's README
            assert "one image more or less is 0.083" in game.line


def test_a_rounds_images_are_twelve_different_ones_and_every_round_has_its_own():
    game, rounds = Watched(GuessingGame), []
    for number in range(8):
        images = game.at(round=number, guesses=())["images"].numpy()
        rounds.append({image.tobytes() for image in images})
        assert len(rounds[-1]) == len(images) == ROUND
    assert all(len(a & b) <= 2 for i, a in enumerate(rounds) for b in rounds[:i])


def test_a_buttons_word_is_the_guess_and_after_twelve_only_a_new_round_is_heard():
    game = GuessingGame()
    first = game.compute(game.state)["images"]
    for k, button in [*game.buttons.items(), *list(game.buttons.items())[:2]]:
        button.click()
        assert button.description == NAMES[k]
        assert game.guesses[-1] == k
    assert game.guesses == (*range(10), 0, 1)
    over = bytes(game.picture.value), game.line.value
    assert " of 12, that is " in game.text
    game.buttons[5].click()
    assert (bytes(game.picture.value), game.line.value, len(game.guesses)) == (*over, ROUND)
    for number in (1, 2):
        game.again.click()
        assert game.state == {"round": number, "guesses": ()}
        assert game.text == "Twelve images, ten buttons."
        game.buttons[3].click()
    fresh = Watched(GuessingGame)
    fresh.at(**game.state)
    assert fresh.line == game.text
    assert not np.array_equal(first, game.compute(game.state)["images"])
