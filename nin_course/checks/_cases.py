"""A student's function on several cases: is each value right, and if not, which known mistake gives exactly these?

What is expected is computed before the answer is called, and the answer gets copies, so it cannot touch the check. A
diagnosis is a tested hypothesis: the wrong rule that it names must give the student's outcome on every case.
"""

import copy
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from nin_course.checks import _read
from nin_course.checks._calling import Outcome, call, returned, the_function
from nin_course.checks._ladder import Wrong
from nin_course.checks._read import show

Parts = dict[str, torch.Tensor]  # what an outcome is compared as: name of the part -> numbers


@dataclass
class Judge:
    """How a function is judged: its name, the right rule, what it returns, the cases, and the known mistakes.

    `read(value)` gives the Parts of a returned value or raises Wrong. `mistakes` are sentences -> the rule that gives
    this wrong answer; `of_part` the same for one part of the answer, by its name. A rule may raise, as the mistake
    does.
    """

    name: str
    rule: Callable
    read: Callable[[object], Parts]
    cases: Sequence[tuple]
    mistakes: Mapping[str, Callable] = field(default_factory=dict)
    of_part: Mapping[str, Mapping[str, Callable]] = field(default_factory=dict)
    tolerance: float = 1e-9
    say: Callable[[float], str] = show  # a number in words
    called: Callable[..., str] | None = None  # a case in words
    constant: Callable[[Parts], str] = lambda _: "It gives the same in all of these cases."
    see: Callable[[object], Parts] | None = None  # a reader that forgives shapes, to compare mistakes with
    special: Callable[..., bool] = lambda *_: False  # a case that an answer may ask for first, and so have right
    tell: Mapping[str, Callable] = field(default_factory=dict)  # part -> (got, wanted) of one shape, in words

    def __call__(self, answer) -> str:
        """ "", or a remark on a right answer; raises Wrong, with a diagnosis if one is proved."""
        names = _read.signature(self.rule)
        wanted = [self.read(self.rule(*copy.deepcopy(case))) for case in self.cases]
        self.answer = answer = the_function(answer, self.name)
        outcomes = [call(answer, *case, names=names) for case in self.cases]
        problems = [self._problem(*three) for three in zip(self.cases, outcomes, wanted, strict=True)]
        changed = sorted({name for outcome in outcomes for name in outcome.changed}, key=names.index)
        wrong = [i for i, problem in enumerate(problems) if problem]
        it, what = "It also" if wrong else "But it", " and ".join(changed)
        remark = f" {it} changes {what} in place, behind the caller's back." if changed else ""
        kept = self._kept(outcomes[0], names)
        if not wrong and kept:
            raise Wrong(f"{self._called(self.cases[0])} is right the first time. {kept}")
        if not wrong:
            return remark
        nothing = [o for o in outcomes if not o.error and (o.value is None or o.value is ...)]
        said = "" if nothing else kept or self._diagnosis(outcomes, wanted)
        first = min(wrong, key=lambda i: (_size(self.cases[i]), i))
        raise Wrong(f"{problems[first]} {said}".strip() + remark)

    def _kept(self, outcome: Outcome, names: Sequence[str]) -> str:
        """A sentence if the first case, called once more after the others, gives something else."""
        again = call(self.answer, *self.cases[0], names=names)
        first, second = (self._seen(o, self.see or self.read) for o in (outcome, again))
        same = self._agree(first, second) or (isinstance(first, Exception) and type(first) is type(second))
        return "" if same else "Called again with the same arguments, it gives something else."

    def _called(self, case) -> str:
        return (self.called or _call)(self.name, _read.signature(self.rule), case)

    def _problem(self, case, outcome: Outcome, wanted: Parts) -> str:
        """What is wrong with one outcome, in facts; "" if nothing is."""
        called = self._called(case)
        try:
            got = self.read(returned(outcome, called))
        except Wrong as wrong:
            text = str(wrong)
            return text if text.startswith(called) else f"{called.rstrip(',')}: {text.rstrip('.')}."
        parts = [part for part in wanted if not _same(got.get(part), wanted[part], self.tolerance)]
        facts = [self._facts(part if len(wanted) > 1 else "", got[part], wanted[part]) for part in parts]
        return f"{called.rstrip(',')}: {'; '.join(facts)}." if parts else ""

    def _facts(self, part: str, got: torch.Tensor, wanted: torch.Tensor) -> str:
        if part in self.tell and got.shape == wanted.shape:
            return self.tell[part](got, wanted)
        return _facts(part, got, wanted, self.say)

    def _diagnosis(self, outcomes: list[Outcome], wanted: list[Parts]) -> str:
        see = self.see or self.read
        seen, got = ([self._seen(outcome, read) for outcome in outcomes] for read in (see, self.read))
        values = [g for g in seen if not isinstance(g, Exception)]
        if not values:
            return ""
        same = len(values) == len(got) and _constant(values) and not _constant(wanted)
        if same and not any(v.any() for v in values[0].values()):  # zeros are what many mistakes give
            return self.constant(values[0])
        asked = self._asked_first(got, wanted)
        said = self._mistake(seen, [False] * len(seen)) or (any(asked) and self._mistake(seen, asked))
        if said:
            return said
        said = self._of_parts(got, wanted) if self.of_part else ""
        return said or (self.constant(values[0]) if same else self._ignored(got))

    def _mistake(self, seen: list, asked: list[bool]) -> str:
        """The sentence whose rule gives what is seen in every case but those that the answer asked for first."""
        for sentence, rule in self.mistakes.items():
            ruled = (self._seen(call(rule, *case), self.see or self.read) for case in self.cases)
            if all(a or self._agree(g, r) for a, g, r in zip(asked, seen, ruled, strict=True)):
                return sentence
        return ""

    def _asked_first(self, got: list, wanted: list[Parts]) -> list[bool]:
        """Which cases may be right because the answer asked for them first: special ones, if not all others are."""
        special = [self.special(*case) for case in self.cases]
        right = [self._agree(g, w) for g, w in zip(got, wanted, strict=True)]
        wrong = any(not s and not r for s, r in zip(special, right, strict=True))
        return [wrong and s and r for s, r in zip(special, right, strict=True)]

    def _ignored(self, got: list) -> str:
        """A sentence if an argument makes no difference to the answer, where it does to the right rule."""
        if all(isinstance(g, Exception) for g in got):
            return ""
        names = _read.signature(self.rule)
        ignored = [name for i, name in enumerate(names) if name[0] != "_" and self._is_ignored(i, got)]
        known = "another one it" if len(ignored) == 1 else "others it"
        return f"Its result does not depend on {' or '.join(ignored)}: with {known} is the same." if ignored else ""

    def _is_ignored(self, place: int, got: list) -> bool:
        pairs = list(zip(self.cases, got, strict=True))
        if all(self._unmoved(g, self._answers(case, place, object())) for case, g in pairs):
            return True  # whatever it had done with such a thing would have raised an error
        if any(isinstance(g, Exception) for g in got):
            return False
        tried = 0
        for case, g in pairs:
            right = self._seen(call(self.rule, *case), self.read)
            for other in _others(case[place]):
                if self._agree(right, self._answers(case, place, other, self.rule)):
                    continue  # here it makes no difference to the right answer, either
                tried += 1
                if not self._agree(g, self._answers(case, place, other)):
                    return False
        return tried >= len(self.cases)

    def _unmoved(self, a: Parts | Exception, b: Parts | Exception) -> bool:
        """The same value, or the same error in the same words."""
        return type(a) is type(b) and (str(a) == str(b) if isinstance(a, Exception) else self._agree(a, b))

    def _answers(self, case: tuple, place: int, other, function: Callable | None = None) -> Parts | Exception:
        """What it gives (the answer, or another function) with `other` in this place."""
        changed = [other if i == place else a for i, a in enumerate(case)]
        return self._seen(call(function or self.answer, *changed), self.read)

    def _of_parts(self, got: list, wanted: list[Parts]) -> str:
        """Each part may have its own mistake; where the answer stopped with an error, one of them has to explain it."""
        known = {part: [("", [w[part] for w in wanted])] for part in self.of_part}
        for part, rules in self.of_part.items():
            known[part] += [(words, [self._part(rule, case) for case in self.cases]) for words, rule in rules.items()]
        explained = self._explained(known, got)
        if not any(isinstance(g, Exception) for g in got):
            said = [fits[0][0] for fits in explained if fits]
            if len(known) == 2:
                one, two = known
                turned = self._explained(known, [{one: g[two], two: g[one]} for g in got])
                also = [fits[0][0] for fits in turned if fits]
                if all(turned) and not (all(explained) and sum(map(bool, said)) <= 1 + sum(map(bool, also))):
                    said = [f"They stand in the other order: ({one}, {two}).", *also]
            return " ".join(filter(None, said))
        for choice in itertools.product(*explained):
            stops = zip(*(values for _, values in choice), strict=True)
            if all(not isinstance(g, Exception) or type(g) in map(type, s) for g, s in zip(got, stops, strict=True)):
                return " ".join(sentence for sentence, _ in choice if sentence)
        return ""

    def _explained(self, known: dict, got: list) -> list[list]:
        """For each part the sentences and values that stand in it, in every outcome."""
        return [[(s, v) for s, v in rules if self._fits(part, v, got)] for part, rules in known.items()]

    def _part(self, rule: Callable, case: tuple) -> torch.Tensor | Exception:
        try:
            return _read.tensor(rule(*copy.deepcopy(case)))
        except Exception as error:
            return error

    def _fits(self, part: str, values: list, got: list) -> bool:
        """Does a rule's value stand in this part of every outcome that has a value?"""
        pairs = [(g[part], v) for g, v in zip(got, values, strict=True) if not isinstance(g, Exception)]
        return bool(pairs) and all(_same(a, b, self.tolerance, nan=True) for a, b in pairs)

    def _seen(self, outcome: Outcome, read: Callable) -> Parts | Exception:
        if outcome.error:
            return outcome.error
        try:
            return read(outcome.value)
        except Wrong as wrong:
            return wrong

    def _agree(self, a: Parts | Exception, b: Parts | Exception) -> bool:
        if isinstance(a, Exception) or isinstance(b, Exception):
            return type(a) is type(b) and not isinstance(a, Wrong)
        return a.keys() == b.keys() and all(_same(a[k], b[k], self.tolerance, nan=True) for k in a)


def _others(value) -> list:
    """Other values of the same kind and shape, where they are easy to find."""
    if type(value) is int:
        return [value + 1, value + 2]
    if not isinstance(value, torch.Tensor) or value.numel() < 2:
        return []
    turned = value.flatten().roll(1).reshape(value.shape)
    if value.is_floating_point():
        return [1.5 * turned + 0.5, -value]
    if torch.equal(value.flatten().msort(), torch.arange(value.numel())):
        return [turned, value.flip(0)]  # an order stays one
    return [turned, value // 2, torch.full_like(value, int(value.max()))]


def _constant(values: list[Parts]) -> bool:
    return all(_same(values[0].get(k), v[k], 1e-9, nan=True) for v in values for k in v)


def _same(a, b, tolerance: float, nan: bool = False) -> bool:
    if not isinstance(a, torch.Tensor) or not isinstance(b, torch.Tensor):
        return a == b
    if a.shape != b.shape:
        return False
    largest = float(b.nan_to_num().abs().max()) if b.numel() else 0.0
    return torch.allclose(a, b, atol=tolerance * largest, rtol=tolerance, equal_nan=nan)


def _facts(part: str, got, wanted, say) -> str:
    """What came, what was wanted, and where they differ first."""
    of = f" for {part}" if part else ""
    if got.shape != wanted.shape:
        return f"the shape{of} is {tuple(got.shape)}, it should be {tuple(wanted.shape)}"
    if not wanted.ndim:
        return f"you say {say(got)}{of}, it should be {say(wanted)}"
    off = (got - wanted).abs()
    at = tuple((~(off <= 1e-3 * wanted.abs().max())).nonzero()[:1].flatten().tolist()) or (0,) * wanted.ndim
    return (
        f"the shape{of} is right; at {list(at)} stands {say(got[at])}, it should be {say(wanted[at])} "
        f"(the largest difference is {say(off.max())})"
    )


def _call(name: str, names: Sequence[str], case: tuple) -> str:
    shown = [
        f"{n} {tuple(v.shape)}" if isinstance(v, torch.Tensor) else str(v) for n, v in zip(names, case, strict=True)
    ]
    return f"{name}({', '.join(shown)})"


def _size(case: tuple) -> float:
    if isinstance(case, torch.Tensor):
        return case.numel()
    if isinstance(case, (list, tuple)):
        return sum(map(_size, case))
    return abs(case) if isinstance(case, (int, float)) else 0
