"""Every small change to a reference solution is refused by its check, but for those that are no mistake."""

import ast
import itertools
import re
import time

import mutants
import pytest
import torch
from exercises import EXERCISES

from nin_course.checks import ch03, ch04, ch05, ch06, ch07, ch08, ch09

SOLUTIONS = {name: rest for name, *rest in mutants.solutions()}
FUNCTIONS = [
    n for n, (_, _, source) in SOLUTIONS.items() if any(isinstance(b, ast.FunctionDef) for b in ast.parse(source).body)
]


def test_every_exercise_has_a_solution_in_its_chapter():
    assert len(SOLUTIONS) == 31
    assert set(mutants.EQUIVALENT) <= set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_changed_solution_is_refused(name, monkeypatch):
    definitions, takes, source = SOLUTIONS[name]
    start = time.perf_counter()
    assert mutants.verdict(name, definitions, takes, source, {}).passed is True
    enough = 3 + 5 * (time.perf_counter() - start)  # for a change that is no mistake; one that never ends is stopped
    monkeypatch.setattr(EXERCISES[name], "seconds", min(enough, EXERCISES[name].seconds))
    made = list(mutants.mutants(source))
    assert len(made) >= 3
    accepted = [change for change, changed in made if mutants.verdict(name, definitions, takes, changed, {}).passed]
    listed = [change for changes in mutants.EQUIVALENT.get(name, {}).values() for change in changes]
    assert sorted(accepted) == sorted(listed)


def maps(lead):
    """Class maps of three classes of which class 2 wins over class 1 with this lead, cell by cell."""
    return torch.stack([torch.full_like(lead, -50), torch.zeros_like(lead), lead])


STATED = {  # of the lead in each cell, in the words of the four sentences
    "A": lambda lead: all(x > 0 for x in lead),
    "B": lambda lead: len([x for x in lead if x < 0]) > len([x for x in lead if x >= 0]),
    "C": lambda lead: len(lead) > len([x for x in lead if x > 0]) > len(lead) / 2 and -min(lead) > max(lead),
    "D": lambda lead: len(lead) > len([x for x in lead if x > 0]) > len(lead) / 2 and -min(lead) < max(lead),
}


def test_ch03_a_letter_is_given_if_its_sentence_is_true_and_none_if_no_sentence_is():
    for cells in itertools.product((-3, -1, 0, 1, 3), repeat=4):
        true = [letter for letter, holds in STATED.items() if holds(cells)]
        assert [ch03.explanation(torch.tensor(cells).reshape(2, 2))] == (true or [None]), cells


LEADS = {
    "A": torch.tensor([[1.0, 2.0, 1.0], [3.0, 1.0, 2.0]]),
    "B": torch.tensor([[9.0, -1.0, -1.0], [8.0, -1.0, -1.0]]),
    "C": torch.tensor([[3.0, 3.0, 3.0], [3.0, 3.0, -5.0]]),
    "D": torch.tensor([[3.0, 3.0, 6.0], [3.0, 3.0, -5.0]]),
}


@pytest.mark.parametrize("true", "ABCD")
def test_ch03_of_four_letters_one_is_right(true):
    assert [said for said in "ABCD" if ch03.why_wrong(said, maps(LEADS[true]), 1).passed] == [true]


def test_ch04_one_of_512_triples_of_names_is_right():
    names = ch04._alexnet()
    assert [t for t in itertools.product(names, repeat=3) if ch04.dearest(*t).passed] == [
        ("dense 1", "conv 2", "conv 1")
    ]


@pytest.mark.parametrize(("check", "letters", "key"), [
    (ch05.too_large, "ABCD", "BD"),
    (ch07.what_changes, "ABCDE", "CDE"),
    (ch08.what_follows, "ABCDEF", "AD"),
    (ch09.in_disguise, "ABCDEFGH", "ACEGH"),
], ids=lambda value: value if isinstance(value, str) else value.look.__module__[-4:])  # fmt: skip
def test_of_all_sets_of_letters_one_is_right_and_of_another_the_first_letter_that_differs_is_told(check, letters, key):
    for some in (set(c) for n in range(1, len(letters) + 1) for c in itertools.combinations(letters, n)):
        verdict, off = check(some), sorted(some ^ set(key))
        assert verdict.passed is (not off)
        told = re.findall(r"\b[A-H]\b", verdict.text)[:1]
        assert not off or told == off[:1] or verdict.text == "Those are the ones that *do* fit.", verdict


def test_ch06_every_other_letter_for_one_of_five_cases_is_refused():
    key = "EFBDA"  # shuffled labels, a frozen block, all maps killed, a tiny rate, a huge one: as they were made
    assert ch06.name_the_faults(key).passed is True
    for i, letter in itertools.product(range(5), ch06.FAULTS):
        changed = key[:i] + letter + key[i + 1 :]
        assert (ch06.name_the_faults(changed).passed is True) == (changed == key)


@pytest.mark.parametrize("kind", [set, frozenset])
def test_ch06_what_has_no_order_cannot_name_five_cases(kind):
    text = "Five letters are wanted in the order of the cases; a set has no order."
    assert ch06.name_the_faults(kind("EFBDA")).text == text


def test_a_description_in_the_list_names_one_change():
    for name in mutants.EQUIVALENT:
        changes = [change for change, _ in mutants.mutants(SOLUTIONS[name][2])]
        assert len(set(changes)) == len(changes)
