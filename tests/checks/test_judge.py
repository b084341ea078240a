"""How a function is judged, and how answers are read: seen on toys whose verdicts are written out here."""

import collections
import copy
import functools
import inspect
import itertools
import json
import math
import re
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from exercises import EXERCISES, JUDGED, judged
from known import PAGE, known
from torch import nn

from nin_course.checks import _read, ch02
from nin_course.checks._away import DEVICE, away, home
from nin_course.checks._calling import call
from nin_course.checks._cases import Judge
from nin_course.checks._ladder import Wrong
from nin_course.checks._patients import Case

# ---- a judge --------------------------------------------------------------------------------------------------------


def told(answer, rule=lambda a, b: a * b, cases=((10, 20), (3, 4), (2, 2), (5, 1)), read=None, **settings):
    """What a judge says: of a right answer "" or a remark."""
    read = read or (lambda value: {"": _read.tensor(value)})
    try:
        return Judge("toy", rule, read, cases, **settings)(answer)
    except Wrong as wrong:
        return str(wrong)


ADDED = {"You added.": lambda a, b: a + b}


def doubles_at(n):
    """Right, but for its n-th call."""
    calls = []

    def answer(a, b):
        calls.append(1)
        return a * b * (2 if len(calls) == n else 1)

    return answer


def otherwise_later(first):
    """In each of the four cases what `first` says, and something else when it is called again."""
    calls = []

    def answer(a, b):
        calls.append(1)
        return first(a, b) + (len(calls) > 4)

    return answer


def divides(a, b):
    return a // 0


def seven_or_stops(a, b):
    return 7 // (a * b > 4)


def prints(a, b):
    print("first")
    print(a * b)


SAID = [
    (lambda a, b: a * b, ""),
    (lambda a, b: a + b, "toy(5, 1): you say 6, it should be 5. You added."),
    (lambda a, b: a + b if a == 3 else a * b, "toy(3, 4): you say 7, it should be 12."),  # not added in every case
    (lambda a, b: 5, "toy(2, 2): you say 5, it should be 4. It gives the same in all of these cases."),
    (lambda a, b: a * a, "toy(5, 1): you say 25, it should be 5. Its result does not depend on b: with another one it "
     "is the same."),
    (divides, "toy(2, 2) stopped with ZeroDivisionError, at `return a // 0`: integer division or modulo by zero."),
    (seven_or_stops, "toy(2, 2) stopped with ZeroDivisionError, at `return 7 // (a * b > 4)`: integer division or "
     "modulo by zero."),  # it does not give the same in all cases
    (lambda a, b: None, "toy(2, 2) returned None. Is the `return` missing, or not reached?"),
    (lambda a, b: [...][0], "toy(2, 2) returned `...`. Is the `return` missing, or not reached?"),
    (prints, "toy(2, 2) printed '4' and returned None. `print` shows a value and forgets it; `return` gives it to "
     "whoever called."),
    (lambda a, b: "much", "toy(2, 2): numbers are wanted; this is the string 'much'."),
    (7, "Give the check the function itself, toy, without brackets; this is the number 7."),
    (nn.ReLU(), "Give the check the function itself, toy, without brackets; this is a network (ReLU)."),
    (doubles_at(1), "toy(10, 20): you say 400, it should be 200. Called again with the same arguments, it gives "
     "something else."),
    (doubles_at(2), "toy(3, 4): you say 24, it should be 12."),
    (doubles_at(4), "toy(5, 1): you say 10, it should be 5."),
    *(  # no rule explains what changes
        (otherwise_later(first), f"{facts} Called again with the same arguments, it gives something else.")
        for first, facts in (
            (lambda a, b: a + b, "toy(5, 1): you say 6, it should be 5."),
            (lambda a, b: 5, "toy(2, 2): you say 5, it should be 4."),
            (lambda a, b: a * a, "toy(5, 1): you say 25, it should be 5."),
        )
    ),
    (doubles_at(5), "toy(10, 20) is right the first time. Called again with the same arguments, it gives something "
     "else."),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "said"), SAID)
def test_a_judge_tells_the_smallest_wrong_case_and_a_mistake_that_fits_all_cases(answer, said, capsys):
    assert told(answer, mistakes=ADDED) == said


def tells_the_shape(X):
    return X.sum(dim=1)


def spoils(X):
    X += 1
    return X


MAPS = [(torch.tensor([[1.0, 2.0], [3.0, 4.0]]),), (torch.tensor([[5.0, 0.0], [0.0, 2.0], [1.0, 1.0]]),)]


def test_the_smallest_case_is_told_among_fractions_and_numbers_below_zero_too():
    cases = ((-9, 2.5), (-8.5, 2.5), (0.5, 1.5), (0.5, 7))
    assert told(lambda a, b: a + b, cases=cases).startswith("toy(0.5, 1.5): ")


def test_a_judge_tells_the_shape_then_the_first_place_that_differs_and_the_largest_difference():
    rule = lambda X: X.T  # noqa: E731
    assert told(tells_the_shape, rule, MAPS) == "toy(X (2, 2)): the shape is (2,), it should be (2, 2)."
    assert told(lambda X: X.T + torch.tensor([[0.0], [5.0]]), rule, MAPS[:1]).startswith(
        "toy(X (2, 2)): the shape is right; at [1, 0] stands 7, it should be 2 (the largest difference is 5)."
    )


def test_the_place_that_is_told_is_the_first_that_differs_beside_the_largest_number():
    wanted, given = torch.tensor([100.0, 0.01, 5.0]), torch.tensor([100.0, 0.02, 6.0])
    assert "at [2] stands 6, it should be 5 " in told(lambda X: given, lambda X: wanted, MAPS)
    for odd in (math.nan, math.inf, -math.inf):
        given[1] = odd
        assert f"at [1] stands {odd}, it should be 0.01 " in told(lambda X: given, lambda X: wanted, MAPS)


def test_an_answer_gets_copies_and_is_told_what_it_changes():
    before = [X.clone() for (X,) in MAPS]
    changes = "changes X in place, behind the caller's back."
    assert told(spoils, lambda X: X + 1, MAPS) == f" But it {changes}"
    assert told(spoils, lambda X: X + 2, MAPS).endswith(f"It also {changes}")
    assert told(lambda X: X + 1, lambda X: X + 1, MAPS) == ""
    turns = lambda X: X.copy_(X.flip(-1)).flip(-1) + 1  # noqa: E731  the same numbers, each row turned round
    assert told(turns, lambda X: X + 1, MAPS) == f" But it {changes}"
    assert all(torch.equal(X, kept) for (X,), kept in zip(MAPS, before, strict=True))


def test_an_answer_that_changes_what_the_rule_computes_with_is_compared_with_what_the_rule_gave_before():
    uses = {"rule": lambda a, b: a * b}

    def bends(a, b):
        uses["rule"] = lambda a, b: a + b
        return a + b

    assert told(bends, lambda a, b: uses["rule"](a, b)).startswith("toy(5, 1): you say 6, it should be 5.")


def number_to(value):
    return lambda given, at: given.__setitem__(at, value)


@pytest.mark.parametrize("late", range(3))
@pytest.mark.parametrize(("given", "at", "changes"), [
    ([torch.ones(2), torch.ones(3)], 1, lambda given, at: given[at].zero_()),
    ([1, 2], 1, number_to(0)),
    ({0: 1.5, 3: 2.5}, 3, number_to(0.5)),
    ({0: "a", 3: "b"}, 3, number_to("c")),
    ({0: [1], 3: [2]}, 3, lambda given, at: given[at].append(1)),
    ({0: 1, 3: 2}, 3, lambda given, at: given.pop(at)),
])  # fmt: skip
def test_one_of_several_things_that_is_changed_in_one_of_several_cases_is_noticed(given, at, changes, late):
    def spoils(pair, case):
        first = pair[0]
        if case == late:
            changes(pair, at)
        return first

    cases = [(given, case) for case in range(3)]
    read = lambda value: {"": _read.tensor(ord(value) if isinstance(value, str) else value)}  # noqa: E731
    assert told(spoils, lambda pair, case: pair[0], cases, read) == (
        " But it changes pair in place, behind the caller's back."
    )


@pytest.mark.parametrize(("factor", "right"), [(1.0009, True), (0.9991, True), (1.003, False), (0.997, False)])
def test_the_tolerance_is_a_share_of_the_largest_number(factor, right):
    assert (told(lambda a, b: factor * a * b, tolerance=1e-3) == "") == right


def test_a_case_that_was_asked_for_first_does_not_hide_a_mistake():
    settings = dict(mistakes=ADDED, special=lambda a, b: a == 5)
    asks = lambda a, b: a * b if a == 5 else a + b  # noqa: E731
    assert told(asks, **settings).endswith("it should be 12. You added.")
    assert told(asks, mistakes=ADDED).endswith("it should be 12.")
    assert told(lambda a, b: a * b if a == 3 else a + b, **settings).endswith("it should be 5.")
    assert told(lambda a, b: 7 if a == 5 else a + b, **settings).endswith("it should be 5.")
    only = dict(mistakes={"You powered.": lambda a, b: a**b if a > 4 else a * b}, special=lambda a, b: a > 4)
    assert told(lambda a, b: 100_000 if a == 10 else a * b, cases=((10, 5), (5, 2), (3, 4)), **only).endswith("50.")


def test_a_part_whose_numbers_are_names_is_told_in_its_own_words():
    tell = {"": lambda got, wanted: f"{int((got != wanted).sum())} off"}
    assert told(lambda X: X.T + torch.eye(2), lambda X: X.T, MAPS[:1], tell=tell) == "toy(X (2, 2)): 2 off."
    assert "the shape is (2,)" in told(tells_the_shape, lambda X: X.T, MAPS[:1], tell=tell)


def test_an_argument_is_ignored_also_by_an_answer_that_sometimes_stops():
    def first_nine(a, b):
        return [a * 2 for _ in range(9)][a]

    assert "does not depend on b" in told(first_nine)
    assert "depend" not in told(lambda a, b: [b, b, b][a - 2] if a < 5 else [][a])
    assert "depend" not in told(lambda a, b: a * 2 if a < 9 else [][0 if b == 20 else int(b)])
    assert "depend" not in told(lambda a, b: a * 2 if a < 9 else {}[type(b)])  # a KeyError each time, of another key


def test_an_argument_is_ignored_only_if_other_values_of_it_were_tried_often_enough():
    even = ((10, 20), (3, 4), (2, 2))
    assert "depend" not in told(lambda a, b: a * (b // 2), cases=even)  # one more makes no difference, two more do
    up_to_three = lambda a, b: a * min(b, 3)  # noqa: E731  of the three cases one alone can tell
    assert "depend" not in told(lambda a, b: 7 * a + 0 * b, up_to_three, even)
    assert "depend on b" in told(lambda a, b: 7 * a + 0 * b, cases=even)


STOPS = {  # what the verdict quotes is a line of this: so what it should say stands elsewhere
    "mean of bool": lambda a, b: torch.tensor([a > b]).mean(),
    "mean of int": lambda a, b: torch.tensor([a]).mean(),
    "minus a bool": lambda a, b: torch.ones(1) - torch.tensor([a > b]),
    "two bools": lambda a, b: torch.tensor([True]) - torch.tensor([a > b]),
    "topk": lambda a, b: torch.ones(1, 9).topk(2, 0),
}


@pytest.mark.parametrize(("stops", "words"), [
    ("mean of bool", "Got: Bool. True and False have no mean in PyTorch: first `.float()`"),
    ("mean of int", "Got: Long. Whole numbers have no mean in PyTorch: first `.float()`."),
    ("minus a bool", "True and False cannot be subtracted: first `.float()`."),
    ("two bools", "True and False cannot be subtracted: first `.float()`."),
    ("topk", "along `dim`, and there are fewer."),
])  # fmt: skip
def test_what_pytorch_says_is_told_with_what_it_means(stops, words):
    assert words in told(STOPS[stops])


@pytest.mark.parametrize("stops", [lambda a, b: torch.ones(2).mean(dtype=torch.bool), lambda a, b: -torch.tensor(True)])
def test_of_another_error_in_similar_words_nothing_is_said_beyond_pytorchs_own(stops):
    assert ".float()" not in told(stops)


PARTS = {
    "sum": {"The sum is a difference.": lambda a, b: a - b, "The sum lacks b.": lambda a, b: a},
    "product": {
        "The product is a power.": lambda a, b: a**b,
        "The product is a sum.": lambda a, b: a + b,
        "The product lacks b.": lambda a, b: a,
    },
}


@pytest.mark.parametrize(("answer", "said"), [
    (lambda a, b: (a - b, a * b), "The sum is a difference."),
    (lambda a, b: (a, a**b), "The sum lacks b. The product is a power."),
    (lambda a, b: (a * b, a + b), "They stand in the other order: (sum, product)."),
    (lambda a, b: (a**b, a + b), "They stand in the other order: (sum, product). The product is a power."),
    (lambda a, b: (a, a + b), "The sum lacks b. The product is a sum."),  # turned round it would be two mistakes, too
])  # fmt: skip
def test_each_of_two_parts_has_its_own_mistake(answer, said):
    settings = dict(cases=((2, 5), (3, 4), (5, 3)), of_part=PARTS)
    read = lambda value: _read.numbers(value, ("sum", "product"))  # noqa: E731
    found = told(answer, lambda a, b: (a + b, a * b), read=read, **settings)
    assert found.endswith(f". {said}")
    assert "for sum" in found or "for product" in found


# ---- the exercises' judges ------------------------------------------------------------------------------------------

NUMBERS = dict(four=4, five=5, six=6, seven=7, eight=8, nine=9, ten=10, eleven=11, twelve=12)


@pytest.mark.parametrize("name", JUDGED)
def test_the_cases_tell_each_known_mistake_from_every_other(name):
    """Of two that give the same in every case only the first could ever be said."""
    verdict, judge = judged(name)
    if name != "ch01.notices":  # whose praise counts layers
        counted = [NUMBERS[word] for word in re.findall(r"\w+", verdict.text) if word in NUMBERS]
        assert counted[:1] in ([], [len(judge.cases)])
    see = judge.see or judge.read
    rules = {"": judge.rule, **judge.mistakes}
    told_apart({w: [judge._seen(call(rule, *case), see) for case in judge.cases] for w, rule in rules.items()}, name)
    for rules in judge.of_part.values():
        told_apart({w: [judge._part(rule, case) for case in judge.cases] for w, rule in rules.items()}, name)


@pytest.mark.parametrize("name", JUDGED)
def test_each_known_mistake_gives_what_it_gave_when_it_was_tried_on_readers(name):
    written = {words: values for of, words, values in json.loads(PAGE.read_text("utf-8")) if of == name}
    found = known(name)
    assert list(found) == list(written)
    for words, cases in found.items():
        for one, other in zip(cases, written[words], strict=True):
            stopped = isinstance(other[0], str)  # with this error
            assert one == (other if stopped else pytest.approx(other, rel=1e-3, abs=1e-5, nan_ok=True)), words


def told_apart(given, name):
    """Combinations of mistakes, one sentence each, may give what a combination gives that is as simple."""
    combined = name in ("ch04.block_parameters", "ch05.seconds_a_step")
    for (other, before), (words, values) in itertools.combinations(given.items(), 2):
        same = all(alike(a, b) for a, b in zip(before, values, strict=True))
        as_simple = combined and other.count(".") <= words.count(".") > 1
        assert not same or as_simple, f"{words!r} can never be said: so gives {other!r}"


def alike(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return a.shape == b.shape and torch.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True)
    return type(a) is type(b) and not isinstance(a, Wrong)


def times(value, factor):
    """So many times what it should be, wherever it is no whole number by nature."""
    if isinstance(value, (list, tuple)):
        return tuple(times(part, factor) if isinstance(part, (float, torch.Tensor)) else part for part in value)
    return value * factor


@pytest.mark.parametrize("name", [
    *("ch00.accuracy", "ch01.conv1x1_stride2", "ch02.fold", "ch03.pooling_matrix", "ch05.seconds_a_step"),
    *("ch05.train_and_test", "ch06.never_said", "ch06.bias_gradient", "ch07.overlap", "ch07.even_error"),
    *("ch08.paired_difference", "ch09.on_patches"),
])  # fmt: skip
def test_what_is_rounded_is_right_and_what_is_no_number_is_not(name):
    """Half precision is enough, and sums in it; in chapter 09, whose images are double, single is."""
    right = next(iter(EXERCISES[name].right.values()))[0]
    rounded = {"ch01.conv1x1_stride2": 1.003, "ch02.fold": 1.003, "ch09.on_patches": 1.00015}.get(name, 1.0008)
    for factor, passed in ((rounded, True), (math.nan, False), (math.inf, False)):
        verdict, _ = judged(name, lambda *arguments, factor=factor: times(right(*arguments), factor))
        assert verdict.passed is passed, (factor, verdict)
        assert "stopped with" not in verdict.text, (factor, verdict)


def off(value, way):
    """The value and ways to be a little off: one of its numbers, in one of its parts, by as little as would be told."""
    if isinstance(value, (list, tuple)) and not all(type(part) is int for part in value):
        for i, part in enumerate(value):
            yield from (type(value)([*value[:i], other, *value[i + 1 :]]) for other in off(part, way))
    elif isinstance(value, bool):
        yield not value
    else:
        numbers = torch.as_tensor(value, dtype=torch.float64).clone()
        whole, largest = not torch.as_tensor(value).is_floating_point(), float(numbers.abs().max())
        for place in {0, numbers.numel() // 2, numbers.numel() - 1}:
            changed = numbers.clone()
            changed.view(-1)[place] += way * (max(0.4, 3e-9 * largest) if whole else 0.005 * max(largest, 1e-3))
            yield changed if numbers.ndim else changed.item()


@pytest.mark.parametrize("name", JUDGED)
def test_one_number_that_is_a_little_off_in_one_part_of_one_case_is_not_right(name):
    """Half a hundredth of the largest number; of whole numbers, that one was not rounded."""
    right, (_, judge) = next(iter(EXERCISES[name].right.values()))[0], judged(name)
    for wrong in range(len(judge.cases)):
        n, made = 0, [None]
        while n < len(made):
            calls = itertools.count()

            def answer(*given, wrong=wrong, n=n, calls=calls, made=made):
                value = right(*given)
                if next(calls) == wrong:
                    made[:] = off(value, (-1) ** wrong)
                    return made[n]
                return value

            with pytest.raises(Wrong):
                judge(answer)
            n += 1


def kept(value):
    """What a check keeps from one answer to the next, in plain values."""
    if isinstance(value, nn.Module):
        return value.training, kept(value.state_dict())
    if isinstance(value, (list, tuple)):
        return [kept(part) for part in value]
    if isinstance(value, dict):
        return {key: kept(part) for key, part in value.items()}
    return (value.dtype, value.tolist()) if isinstance(value, torch.Tensor) else repr(value)


def spoiled(X):
    """Whatever can be changed of an argument is changed."""
    for part in X.values() if isinstance(X, dict) else X if isinstance(X, (list, tuple)) else ():
        spoiled(part)
    if isinstance(X, nn.Module):
        spoiled([*X.eval().parameters()])
    elif isinstance(X, torch.Tensor):
        X.detach().zero_()
    elif isinstance(X, (list, dict)):
        X.clear()


@pytest.mark.parametrize("name", JUDGED)
def test_what_an_answer_does_to_what_it_was_given_spoils_no_later_case_and_no_later_answer(name):
    right = next(iter(EXERCISES[name].right.values()))[0]
    module = {k: v for k, v in vars(inspect.getmodule(EXERCISES[name].look)).items() if not isinstance(v, ModuleType)}
    before = kept(module)

    def spoils(*given):
        value = copy.deepcopy(right(*given))
        spoiled(given)
        return value

    verdict, judge = judged(name, spoils)
    assert verdict.passed is True
    assert kept(module) == before
    changed = any(isinstance(part, (torch.Tensor, list, dict)) for case in judge.cases for part in case)
    assert ("in place, behind the caller's back." in verdict.text) is changed


@pytest.mark.parametrize(("name", "kind"), [("ch02.deep_block", "a list"), ("ch04.design", "narrow")])
def test_a_network_that_an_answer_keeps_computes_as_before(name, kind):
    build = functools.cache(EXERCISES[name].right[kind][0])
    nets = {arguments: build(*arguments) for arguments in (ch02.BLOCKS if name == "ch02.deep_block" else [()])}
    before = [kept(net.state_dict()) for net in nets.values()]
    assert EXERCISES[name](lambda *arguments: build(*arguments)).passed is True
    assert [kept(net.state_dict()) for net in nets.values()] == before


def painted(box, other):
    canvas = np.zeros((2, 60, 60), bool)
    for one, (top, left, bottom, right) in zip(canvas, (box, other), strict=True):
        one[top:bottom, left:right] = True
    return float(canvas.all(0).sum() / canvas.any(0).sum())


def summed(box, other):
    share = EXERCISES["ch07.overlap"].right["formula"][0](box, other)
    return 1 if box == other else share / (1 + share)


def none_first(box, other):
    share = EXERCISES["ch07.overlap"].right["formula"][0](box, other)
    return 1 - share if share else 0


@pytest.mark.parametrize(("answer", "words"), [
    (painted, "You count whole pixels"),
    (summed, "You divided by the sum of both areas"),
    (none_first, "That is 1 minus the overlap."),
])  # fmt: skip
def test_ch07_an_overlap_that_is_right_for_some_boxes_is_told_its_mistake(answer, words):
    assert words in judged("ch07.overlap", answer)[0].text


def boxes(divided, side=lambda low, high: max(0, high - low)):
    """An overlap that divides the shared area and both others in some way."""

    def answer(a, b):
        shared = side(max(a[0], b[0]), min(a[2], b[2])) * side(max(a[1], b[1]), min(a[3], b[3]))
        return divided(shared, (a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))

    return answer


def binned(share, cut=lambda v, bins: v.reshape(bins, -1), centre=lambda v: v.mean(dim=1)):
    def answer(confidence, right, bins):
        order = confidence.argsort()
        sure, true = (cut(v[order], bins) for v in (confidence, share(right)))
        return (centre(sure) - true.mean(dim=1)).abs().mean()

    return answer


def by_rank(confidence, right, bins):
    number = confidence.argsort() // (len(confidence) // bins)
    of = [number == b for b in range(bins)]
    return sum((confidence[m].mean() - right[m].float().mean()).abs() for m in of) / bins


def voted(strengths, best):
    def answer(maps, labels, k):
        classes = labels[best(strengths(maps), k)]
        most = nn.functional.one_hot(classes).sum(dim=0).max(dim=1)
        return most.indices, most.values / k

    return answer


def weighed(maps, labels, k):
    best = maps.amax((2, 3)).topk(k, dim=0)
    votes = nn.functional.one_hot(labels[best.indices]) * best.values[..., None]
    classes = votes.sum(dim=0).argmax(dim=1)
    return classes, (labels[best.indices] == classes).float().mean(dim=0)


@pytest.mark.parametrize(("name", "answer", "words"), [
    ("overlap", boxes(lambda s, a, b: s / (a + b - 2 * s)), "subtracted the shared area twice"),
    ("overlap", boxes(lambda s, a, b: s / (a + b - s), lambda low, high: abs(high - low)), "`abs` makes"),
    ("overlap", boxes(lambda s, a, b: s // (a + b - s)), "Its fraction is lost"),
    ("overlap", boxes(lambda s, a, b: round(s / (a + b - s), 2)), "rounded to 2 digits"),
    ("even_error", binned(torch.Tensor.float, lambda v, bins: v.reshape(-1, bins)), "holds `bins` images"),
    ("even_error", binned(torch.Tensor.float, lambda v, bins: torch.stack(v.split(bins))), "holds `bins` images"),
    ("even_error", binned(lambda r: (~r).float()), "share of wrong answers"),
    ("even_error", binned(torch.Tensor.float, centre=lambda v: v.median(dim=1).values), "the median confidence"),
    ("even_error", binned(lambda r: r), "True and False have no mean"),
    ("even_error", by_rank, "it is not the rank"),
    ("even_error", lambda c, r, bins: (c.mean() - r.float().mean()).abs(), "or made no bins"),
    ("favourites", voted(lambda m: m.amax((2, 3)), lambda s, k: s.topk(k).indices), "Along dim=1 of (N, C) lie the"),
    ("favourites", voted(lambda m: m.amax(3).mean(2), lambda s, k: s.topk(k, 0).indices), "cells of their rows"),
    ("favourites", voted(lambda m: m.amax((2, 3)), lambda s, k: s.topk(k + 1, 0).indices), "count k + 1 images"),
    ("favourites", weighed, "Each vote is weighed"),
])  # fmt: skip
def test_ch07_a_mistake_that_is_written_another_way_is_named(name, answer, words):
    assert words in judged(f"ch07.{name}", answer)[0].text


# ---- what an answer is ----------------------------------------------------------------------------------------------


def sentence(read, *arguments):
    """What a reader gives, or its complaint."""
    try:
        return read(*arguments)
    except Wrong as wrong:
        return str(wrong)


@pytest.mark.parametrize(("value", "words"), [
    (None, "None"),
    (..., "`...`"),
    (True, "True"),
    (torch.zeros(2, 3), "a tensor of shape (2, 3)"),
    (np.zeros(4), "an array of shape (4,)"),
    (nn.Linear(1, 1), "a network (Linear)"),
    (nn.Linear, "the class Linear itself"),
    (len, "a function, not what it returns"),
    (1234567, "the number 1,234,567"),
    (0.123456, "the number 0.1235"),
    (-2.0, "the number -2"),
    ("B" * 40, f"the string '{'B' * 30}'"),
    ([1, 2], "a list of 2"),
    (collections.OrderedDict(a=1), "an OrderedDict of 1"),
    (object(), "an object"),
    (_read.drawn(iter("abc")), "a generator of 3"),
    (_read.drawn(iter(range(_read.MOST))), f"a generator of {_read.MOST}"),
    (_read.drawn(iter(int, 1)), f"a generator of more than {_read.MOST:,}"),
])  # fmt: skip
def test_an_answer_is_called_what_it_is(value, words):
    assert _read.kind(value) == words


@pytest.mark.parametrize(("value", "read"), [
    (3, 3.0), ([3], 3.0), (torch.tensor([[0.5]]), 0.5), (np.float32(0.5), 0.5), ((n for n in [2]), 2.0),
    (True, "a number is wanted; this is True"),
    ([True], "a number is wanted; this is True"),
    ([["3"]], "a number is wanted; this is the string '3'"),
    (torch.tensor([True]), "a number is wanted; this is a tensor of shape (1,)"),
    (torch.ones(2), "a number is wanted; this is a tensor of shape (2,)"),
    ("3", "a number is wanted; this is the string '3'"),
    (b"3", "a number is wanted; this is bytes"),
    ({3}, "a number is wanted; this is a set of 1"),
    (frozenset([3]), "a number is wanted; this is a frozenset of 1"),
    ({3: 3}, "a number is wanted; this is a dict of 1"),
    (nn.Sequential(), "a number is wanted; this is a network (Sequential)"),
    ([[1], [1, 2]], "a number is wanted; this is a list of 2"),
    (3j, "a number is wanted; this is a complex number"),
    (10**400, "a number is wanted; this is a number of more than 308 digits"),
    (int, "a number is wanted; this is the class int itself"),
    (np.complex64(3j), "a number is wanted; this is a complex number"),
    (np.array(None), "a number is wanted; this is an array of shape ()"),
    (torch.tensor([3j]), "a number is wanted; this is a tensor of shape (1,) of complex numbers"),
    (torch.ones(1, device="meta"), "a number is wanted; this is a tensor of shape (1,) on meta"),
])  # fmt: skip
def test_a_number_is_read_out_of_whatever_holds_one(value, read):
    assert sentence(_read.number, value) == read


def test_tensors_are_read_as_copies_in_double_precision():
    half = torch.tensor([1.5], dtype=torch.float16, requires_grad=True)
    read = _read.tensor(half)
    assert (read.dtype, read.requires_grad, read.tolist()) == (torch.float64, False, [1.5])
    double = torch.ones(2, dtype=torch.float64)
    _read.tensor(double).zero_()
    assert double.tolist() == [1, 1]
    assert _read.tensor({"a": 1, "b": 2}.values()).tolist() == [1, 2]
    assert _read.tensor([[True, 2], (3.5, np.int8(4))]).tolist() == [[1, 2], [3.5, 4]]
    assert _read.tensor([]).tolist() == []


@pytest.mark.parametrize(("value", "read"), [
    ("b", "B"), (" (c). ", "C"), ("B:", "B"), ("E", "Answer with one letter, A, B, C or D; this is the string 'E'."),
    ("AB", "Answer with one letter, A, B, C or D; this is the string 'AB'."),
    (2, "Answer with one letter, A, B, C or D; this is the number 2."),
])  # fmt: skip
def test_a_letter_is_read_in_either_case(value, read):
    assert sentence(_read.letter, value, "ABCD") == read


@pytest.mark.parametrize(("value", "read"), [
    ("db", ["D", "B"]), (["b", " a "], ["B", "A"]), ("B, d", ["B", "D"]), ({"d", "a", "b"}, ["A", "B", "D"]),
    (["A", 3], "Answer with letters, A to D, in a list or a string; this is a list of 2 with the number 3 in it."),
    ({1, 2}, "Answer with letters, A to D, in a list or a string; this is a set of 2 with the number 1 in it."),
    (itertools.cycle("AB"), "Answer with letters, A to D, in a list or a string; this is a generator of more than "
     "20,000"),
    (3, "Answer with letters, A to D, in a list or a string; this is the number 3."),
    ("A, C and D", ["A", "C", "D"]), ("A and D", ["A", "D"]), ("A、C和D", ["A", "C", "D"]), ("A，D", ["A", "D"]),
    ("A与D", ["A", "D"]),
    ("AandD", "Answer with letters, A to D, in a list or a string; this is the string 'AandD'."),
])  # fmt: skip
def test_letters_keep_their_order_and_those_of_a_set_are_sorted(value, read):
    assert sentence(_read.letters, value, "ABCD") == read


@pytest.mark.parametrize(("value", "told"), [
    ("CA", None), (["a", "C", "a"], None),
    ("C", "A, a first, is one. Because 1."), ("B", "A, a first, is one. Because 1."),
    ("BA", "B is none. Because 2."), ("CDA", "D is none. Because 4."), ("A", "C, a third, is one. Because 3."),
    ("", "Some are: answer with at least one letter."), ([], "Some are: answer with at least one letter."),
    ("E", "Answer with letters, A to D, in a list or a string; this is the string 'E'."),
])  # fmt: skip
def test_of_letters_all_and_no_others_are_wanted_and_the_first_that_is_not_right_is_told(value, told):
    statements = {"A": "a first", "B": "a second", "C": "a third", "D": "a fourth"}
    words = dict(none="Some are", extra="{0} is none.", missing="{0}, {1}, is one.")
    exactly = lambda v: _read.exactly(v, "AC", statements, lambda k: f"Because {' ABCD'.index(k)}", **words)  # noqa: E731
    assert sentence(exactly, value) == told


@pytest.mark.parametrize(("value", "read"), [
    ((1, 2), {"one": 1.0, "two": 2.0}),
    (torch.tensor([[3, 4]]), {"one": 3.0, "two": 4.0}),
    (torch.tensor([[3, 4]]).to_sparse(), {"one": 3.0, "two": 4.0}),
    (torch.zeros(2, 3), "Two things are wanted, (one, two); this is a tensor of shape (2, 3)"),
    (torch.eye(3).to_sparse(), "Two things are wanted, (one, two); this is a tensor of shape (3, 3)"),
    (_read.drawn(iter(int, 1)), "Two things are wanted, (one, two); this is a generator of more than 20,000"),
    ((1, 2, 3), "Two things are wanted, (one, two); this is a tuple of 3"),
    (5, "Two things are wanted, (one, two); this is the number 5"),
    ((1, "2"), "a number for two is wanted; this is the string '2'"),
])  # fmt: skip
def test_several_numbers_are_read_by_name(value, read):
    assert sentence(_read.numbers, value, ("one", "two")) == read


@pytest.mark.parametrize(("n", "word"), [(2, "Two"), (3, "Three"), (4, "Four"), (5, "Five"), (6, "6")])
def test_as_many_things_are_wanted_as_there_are_names(n, word):
    assert sentence(_read.several, 5, "abcdef"[:n]).startswith(f"{word} things are wanted, (a, b")


# ---- a device that is not there -------------------------------------------------------------------------------------


def test_on_a_device_that_is_not_there_one_can_compute_but_not_mix():
    with away():
        there, here = torch.arange(3.0).to(DEVICE), torch.ones(3)
        assert (
            there.device == torch.zeros(2, device="meta").device == torch.tensor([1.0], device=DEVICE).device == DEVICE
        )
        for mixed in (
            lambda: there + here,
            lambda: here + there,
            lambda: torch.cat([there, here]),
            lambda: here @ there,
        ):
            with pytest.raises(RuntimeError, match="same device"):
                mixed()
        made = (torch.tensor, torch.as_tensor, torch.asarray)
        assert all(home(make([1.0], device=DEVICE)).tolist() == [1] for make in (*made, there.new_tensor))
        total = (2 * there + torch.tensor(1.0)).sum()  # a number of the CPU may meet it
        there[torch.tensor([0])] = 7.0
        there.add_(1)
        assert isinstance(there, type(total))
        back = home([there, {"total": total}, "word"])
    assert back[0].tolist() == [8, 2, 3]
    assert back[1]["total"].item() == 9
    assert back[0].device.type == "cpu"
    assert back[2] == "word"


# ---- the patients ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("found", "letter"), [
    (dict(finite=False), "A"),
    (dict(loss=23.1), "A"),  # ten times ln 10, and a little
    (dict(loss=23.0), "G"),
    (dict(dead=[3], hopeless=True), "B"),
    (dict(dead=[3]), "C"),
    (dict(images_tell_labels=False), "E"),
    (dict(moved={"a": 0.0, "b": 0.019}), "D"),
    (dict(moved={"a": 0.0, "b": 0.021}), "F"),
    (dict(moved={"a": 0.001, "b": 0.021}), "G"),
])  # fmt: skip
def test_an_examination_tells_what_is_wrong(found, letter):
    healthy = dict(finite=True, loss=0.5, classes=10, dead=[], hopeless=False, images_tell_labels=True)
    health = SimpleNamespace(**(healthy | dict(moved={"a": 0.2, "b": 12.4}) | found))
    assert Case([2.3], health).fault == letter


def test_a_patients_line_ends_with_the_least_and_the_most_that_a_block_has_moved():
    health = SimpleNamespace(line=lambda: "loss 1.0", moved={"a": 0.5, "b": 1234.0, "c": 0.0})
    assert Case([2.3], health).line == "loss 1.0, weights moved 0.0% to 1,234 times"
    health.moved = {"a": 10.0, "b": 9.99}
    assert Case([2.3], health).moved == "999.0% to 10 times"
