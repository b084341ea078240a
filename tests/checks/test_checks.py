"""Every exercise's check takes each right answer, names each wrong one, and is calm about none."""

import ast
import itertools
import re
import time

import mutants
import pytest
import torch
import verdicts
from exercises import EXERCISES, OWN
from in_chinese import CHINESE, unknown
from torch import nn

from nin_course.budget import summary
from nin_course.checks import ch04, ch06
from nin_course.checks._patients import five_cases
from nin_course.checks.ch01 import FOUR_LAYERS
from nin_course.checks.ch06 import FAULTS
from nin_course.train import train_epoch

FUNCTIONS = [name for name, e in EXERCISES.items() if callable(next(iter(e.right.values()))[0])]  # not a chosen letter
RIGHT = [(name, kind) for name, e in EXERCISES.items() for kind in e.right]
SOLUTIONS = {name: rest for name, *rest in mutants.solutions()}


@pytest.mark.parametrize(("name", "kind"), RIGHT)
def test_a_right_answer_passes_however_it_is_written_and_would_on_a_machine_ten_times_as_slow(name, kind):
    start = time.process_time()
    verdict = EXERCISES[name](*EXERCISES[name].right[kind])
    assert 10 * (time.process_time() - start) < EXERCISES[name].seconds
    assert verdict.passed is True, verdict
    verdicts.as_before(name, f"right: {kind}", verdict.text)
    assert not unknown(CHINESE.translate(verdict.text), *OWN), verdict


@pytest.mark.parametrize("name", EXERCISES)
def test_each_wrong_answer_is_named_and_told_something_else(name):
    exercise, told = EXERCISES[name], {}
    for kind, (answer, words) in exercise.wrong.items():
        verdict = exercise(*answer)
        assert verdict.passed is False, (kind, verdict)
        assert words in verdict.text, (kind, verdict)
        verdicts.as_before(name, f"wrong: {kind}", verdict.text)
        assert verdict.text not in told, (kind, told[verdict.text], verdict)
        assert not unknown(CHINESE.translate(verdict.text), *OWN), (kind, verdict)
        assert not re.search(r"[^.]\.\.(?![./])", verdict.text), (kind, verdict)  # two full stops
        told[verdict.text] = kind
    assert len(told) >= 4


def test_no_answer_is_remembered_that_is_asked_no_more():
    assert {*verdicts.written()} == {(name, kind) for name in EXERCISES for kind in verdicts.answers(name)}


@pytest.mark.parametrize("name", SOLUTIONS)
def test_the_students_placeholder_is_met_calmly_and_nothing_else_is(name):
    definitions, takes, source = SOLUTIONS[name]
    space, exercise = {}, EXERCISES[name]
    exec(definitions, space)
    cells = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    for function in cells:
        doc = [node for node in function.body if mutants.docstring(node)][:1]
        function.body = [*doc, ast.Expr(ast.Constant(...))]
        exec(ast.unparse(ast.fix_missing_locations(function)), space)
    own = set(takes) & ({f.name for f in cells} | {"said", "letter"} | set(exercise.takes) - {"of_image", "right"})
    empty = [space[take] if take in {f.name for f in cells} else ... for take in takes]
    if not {"of_image", "right"} & set(takes):
        verdict = exercise(*empty)
        assert verdict.passed is None
        assert "No answer yet" in verdict.text
    assert own
    assert exercise().passed is None


@pytest.mark.parametrize("name", FUNCTIONS)
def test_help_shows_the_call_that_the_chapter_asks_for(name):
    body = ast.parse(SOLUTIONS[name][2]).body
    asked = {f.name: [a.arg for a in f.args.args] for f in body if isinstance(f, ast.FunctionDef)}
    called, arguments = re.match(r"(\w+)\((.*)\) ->", EXERCISES[name].__doc__).groups()
    arguments = re.sub(r" \([^()]*\)", "", arguments)  # the shapes
    assert asked[called] == [argument.split()[0] for argument in arguments.split(",") if argument]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_empty_printed_forgotten_and_unfinished_are_four_things(name, capsys):
    exercise = EXERCISES[name]
    rest = next(iter(exercise.right.values()))[1:]

    def forgotten(*arguments):
        result = len(arguments)  # noqa: F841

    def printed(*arguments):
        print("the result is", 3 + 4)

    def unfinished(*arguments):
        result = ...
        return result

    def empty(*arguments):
        """What it should do."""
        ...

    answers = (empty, forgotten, unfinished, printed)
    empty, forgotten, unfinished, printed = (exercise(answer, *rest) for answer in answers)
    assert empty.passed is None
    assert forgotten.passed is unfinished.passed is printed.passed is False
    wanted = {"returned None. Is": forgotten, "returned `...`. Is": unfinished, "printed 'the result is 7'": printed}
    for words, verdict in wanted.items():
        assert words in verdict.text or "no training image" in verdict.text or "no step" in verdict.text
    assert capsys.readouterr().out.startswith("the result is 7\n")


def _rows_only(layer, X, order):
    rows = order[order < X.shape[2]]
    return not torch.allclose(layer(X[:, :, rows]), layer(X)[:, :, rows], atol=1e-4)


def _largest_logit(net, train_iter, test_iter, optimizer, device):
    train_epoch(net, train_iter, optimizer, device)
    with torch.no_grad():
        net.eval()
        right = [(net(X.to(device)).max(dim=1).values == y.to(device)).sum().item() for X, y in test_iter]
    return sum(right) / 10


def _from_the_wall(step, synchronize, clock, n):
    step(), synchronize(), step(), synchronize()
    return (clock() - time.time()) / n


MISLEADING = {  # what was once said of an answer that had made another mistake
    "the same classes as often": (
        "ch00.accuracy",
        lambda logits, labels: (logits.argmax(1).bincount(minlength=10) == labels.bincount(minlength=10)).sum() / 10,
        "depend",
    ),
    "a value for a place": ("ch05.train_and_test", _largest_logit, "ut off"),
    "a wrong name, with gradients where they belong": (
        "ch05.train_and_test",
        lambda net, train_iter, *others: train_epoch(net, train_iter, *others[1:]) + net.accuracy,
        "no_grad",
    ),
    "rows alone": ("ch01.notices", _rows_only, "depend"),
    "a clock of its own": ("ch05.seconds_a_step", _from_the_wall, "depend"),
    "nothing if a cell is dead": ("ch06.bias_gradient", lambda z, g: g.sum() * (z > 0).all(), "depend"),
    "no bound": (
        "ch02.deep_block",
        lambda c, d, k, n: torch.nn.Sequential(torch.nn.Conv2d(c, d, k, padding=k // 2), Absolute()),
        "stop at",
    ),
}


class Absolute(torch.nn.Module):
    def forward(self, X):
        return X.abs()


@pytest.mark.parametrize("kind", MISLEADING, ids=lambda kind: f"{MISLEADING[kind][0]}-{kind}")
def test_nothing_is_said_that_the_answer_has_not_done(kind):
    name, answer, words = MISLEADING[kind]
    verdict = EXERCISES[name](answer, *next(iter(EXERCISES[name].right.values()))[1:])
    assert verdict.passed is False, verdict
    assert words not in verdict.text, verdict


class Off(torch.nn.Module):
    """A network whose numbers are half a hundredth larger: always, in training, or each second time."""

    def __init__(self, net, when):
        super().__init__()
        self.net, self.when, self.times = net, when, 0

    def forward(self, X):
        self.times += 1
        off = {"always": True, "in training": self.training, "each second time": self.times % 2}[self.when]
        return (1.005 if off else 1) * self.net(X)


@pytest.mark.parametrize(("name", "when", "words"), [
    ("ch04.design", "always", "Its ten numbers are not the means of ten maps"),
    ("ch04.design", "each second time", "my_nin() gives other numbers each time for the same images"),
    ("ch02.deep_block", "in training", "gives other numbers in training mode than in evaluation mode"),
    ("ch02.deep_block", "each second time", "gives other numbers each time for the same images"),
])  # fmt: skip
def test_a_network_whose_numbers_are_half_a_hundredth_off_is_not_right(name, when, words):
    right = next(iter(EXERCISES[name].right.values()))[0]
    assert words in EXERCISES[name](lambda *arguments: Off(right(*arguments), when)).text


class Weighed(nn.Module):
    """A network whose images are weighed by a dense layer, each by its own mean, before it sees them."""

    def __init__(self, net):
        super().__init__()
        self.net, self.dense = net, nn.Linear(1, 1)

    def forward(self, X):
        return self.net(X * self.dense(X.mean(dim=(2, 3)))[..., None, None])


def test_ch04_a_dense_layer_is_seen_before_the_maps_too():
    right = EXERCISES["ch04.design"].right["the solution"][0]
    text = EXERCISES["ch04.design"](lambda: Weighed(right())).text
    assert text.startswith("It has a dense layer: weights that are used once for an image, at no place.")


def block(c, d, k, n, *, padding=(0, 0), wider=0, more=0, last=nn.ReLU, shared=0):
    """A deep block; wider and with more padding in its width, with more layers, another end, or layers used again."""
    k, n = (k, k + wider), n + more
    first = nn.Conv2d(c, d, k, padding=tuple(side // 2 + p for side, p in zip(k, padding, strict=True)))
    ones = [nn.Conv2d(d, d, 1) for _ in range(n)]
    ones[:shared] = ones[:1] * len(ones[:shared])
    layers = [part for layer in (first, *ones) for part in (layer, nn.ReLU())]
    return nn.Sequential(*layers[:-1], last())


@pytest.mark.parametrize(("changes", "said"), [  # in which no two numbers are the same by accident
    (dict(last=lambda: nn.Hardtanh(0, 1000)), "(3, 5, 3, 1) ends with another function than a ReLU: its numbers stop "
     "at 1e+03."),
    (dict(wider=2), "One output pixel of deep_block(3, 5, 3, 1) sees 3 × 5 pixels; a window of 3 and n 1×1 layers see "
     "3 × 3, with the pixel itself in the middle."),
    (dict(padding=(0, 1)), "(3, 5, 3, 1) turns (2, 3, 12, 9) into (2, 5, 12, 11); the image should keep its size."),
    (dict(last=lambda: nn.Conv2d(5, 6, 1)), "(3, 5, 3, 1) turns (2, 3, 12, 9) into (2, 6, 12, 9); it should be "
     "(2, 5, 12, 9): out_channels = 5."),
    (dict(shared=2), "(2, 4, 5, 3) should be a convolution and n = 3 layers of 1×1; it uses the weights of one layer 2 "
     "times. Make a new layer each time."),
    (dict(more=2), "(3, 5, 3, 1) should be a convolution and n = 1 layers of 1×1; it has the weights of 3."),
])  # fmt: skip
def test_ch02_each_number_of_a_sentence_is_what_it_says(changes, said):
    changed = lambda c, d, k, n: block(c, d, k, n, **(changes if (d, n) in ((5, 1), (4, 3)) else {}))  # noqa: E731
    assert EXERCISES["ch02.deep_block"](changed).text == (said if said[0] == "O" else f"deep_block{said}")


class TimesZero(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1)

    def forward(self, X):
        return X + 0 * self.conv(X)


def test_ch02_a_layer_whose_numbers_count_for_nothing_is_named():
    zeroed = lambda c, d, k, n: block(c, d, k, n) if n != 1 else block(c, d, k, 0, last=lambda: TimesZero(d))  # noqa: E731
    text = "deep_block(3, 5, 3, 1) has a layer that does not work: 1.conv changes nothing in the output."
    assert EXERCISES["ch02.deep_block"](zeroed).text == text


@pytest.mark.parametrize("pad", [nn.ZeroPad2d, nn.ReflectionPad2d])
@pytest.mark.parametrize("rows", [True, False])
def test_ch02_a_border_that_is_made_after_the_window_is_told_in_one_direction_too(rows, pad):
    def padded(c, d, k, n):
        half = k // 2 if k < 7 else 0  # there is nothing to reflect in 9 rows less 6
        inside, around = ((-half, 0), (0, 0, half, half)) if rows else ((0, -half), (half, half, 0, 0))
        return nn.Sequential(block(c, d, k, n, padding=inside), pad(around))

    told = "The output pixel in the corner of deep_block(3, 5, 3, 1) does not see the corner of the image."
    assert EXERCISES["ch02.deep_block"](padded).text == told


@pytest.mark.parametrize(
    ("side", "seen"), [("left", "3 × 4"), ("right", "3 × 4"), ("top", "4 × 3"), ("bottom", "4 × 3")]
)
def test_ch02_a_window_that_reaches_further_on_one_side_is_told(side, seen):
    def further(c, d, k, n):
        around = [k // 2 + (side == of) for of in ("left", "right", "top", "bottom")]
        first = nn.Conv2d(c, d, (sum(around[2:]) + 1, sum(around[:2]) + 1))
        return nn.Sequential(nn.ZeroPad2d(around), first, *block(c, d, k, n)[1:])

    told = f"One output pixel of deep_block(3, 5, 3, 1) sees {seen} pixels; a window of 3 and n 1×1 layers see 3 × 3"
    assert EXERCISES["ch02.deep_block"](further).text.startswith(told)


@pytest.mark.parametrize(("channels", "words"), [
    ([2], "1 of the 4 classes is wrong; channel 2: you say class 7, it should be class 0."),
    ([1, 2, 3], "3 of the 4 classes are wrong; channel 1: you say class 7, it should be class 0."),
])  # fmt: skip
def test_ch07_a_wrong_class_is_told_with_its_channel_and_both_names(channels, words):
    exercise = EXERCISES["ch07.favourites"]
    right = next(iter(exercise.right.values()))[0]

    def answer(maps, labels, k):
        classes, shares = right(maps, labels, k)
        changed = [c + 7 * (n in channels) for n, c in enumerate(classes.tolist())]
        return torch.tensor(changed), shares

    assert exercise(answer).text == f"favourites(maps (5, 4, 2, 2), labels, k=4): {words}"


def test_ch03_praise_tells_what_was_measured():
    exercise = EXERCISES["ch03.why_wrong"]
    leads = [5, 5, -6, 2, 1, 3, 1, -2, 1, 2, 1, 1, -1, 4, 2]  # of the case C
    said = f"12 of 15 cells prefer the wrong class, and on average over all cells its lead is {sum(leads) / 15:.2f}."
    assert exercise(*exercise.right["C"]).text == f"Right: {said}"


def costs(build):
    layers = [layer for layer in summary(build(), (1, 1, 28, 28)).layers if layer.parameters]
    found = dict(parameters="parameters", MACs="macs", activations="activations")
    return {name: sum(getattr(layer, what) for layer in layers) for name, what in found.items()}


def test_ch04_the_limit_itself_is_within_it_and_one_more_is_not_and_the_praise_counts(monkeypatch):
    """In the solution's millions 1,000,000 and 2^20 are not the same after rounding."""
    exercise = EXERCISES["ch04.design"]
    (solution,) = exercise.right["the solution"]
    spent = costs(solution)
    least = dict(LEAST_MAP=7, LEAST_FIELD=20)
    for name, value in dict(least, LIMITS=spent).items():
        monkeypatch.setattr(ch04, name, value)
    said = f"{spent['parameters']:,} parameters, {spent['MACs'] / 1e6:.1f} M MACs, {spent['activations']:,} activations"
    assert f"{spent['MACs'] / 2**20:.1f}" not in said
    assert exercise(solution).text == f"Within the limits: {said}. A NiN of your own."
    for name, value in least.items():
        with monkeypatch.context() as patch:
            patch.setattr(ch04, name, value + 1)
            text = exercise(solution).text
        assert f"{value} × {value} " in text
        assert f"; at least {value + 1} × {value + 1} are wanted" in text
    for what, limit in spent.items():
        monkeypatch.setattr(ch04, "LIMITS", spent | {what: limit - 1})
        assert exercise(solution).text.startswith(f"{limit:,} {what}, and the limit is {limit - 1:,}.")


@pytest.mark.parametrize(("place", "budget"), [*enumerate(ch04.BUDGETS)])
def test_ch04_of_each_layer_it_is_told_how_many_are_dearer(place, budget):
    right = EXERCISES["ch04.dearest"].right["names"]
    cost = {name: of[budget] for name, of in ch04._alexnet().items()}
    for name in cost.keys() - {right[place]}:
        more = len([other for other in cost.values() if other > cost[name]])
        others = "one layer has more." if more == 1 else f"{more} layers have more."
        text = EXERCISES["ch04.dearest"](*right[:place], name, *right[place + 1 :]).text
        assert text.startswith(f"{budget}: {name} has {cost[name]:,}; {others} ")


def test_ch01_the_praise_gives_each_layer_its_own_reason():
    exercise = EXERCISES["ch01.notices"]
    praise = exercise(*next(iter(exercise.right.values()))).text
    reasons = dict(zip("ABCD", re.split(" ?[A-D]: ", praise)[1:], strict=True))
    of = {
        nn.ReLU: "ReLU looks at one number",
        nn.MaxPool2d: "3×3 window",
        nn.BatchNorm2d: "BatchNorm2d",
        nn.Softmax: "dim=3",
    }
    for letter, layer in FOUR_LAYERS.items():
        assert of[type(layer)] in reasons[letter]


def test_ch05_what_stops_on_the_cpu_too_is_told_without_a_device_and_prints_once(capsys):
    def stops(*arguments):
        print("so far")
        raise ValueError("no further")

    def stops_there(*arguments):
        return stops() if arguments[-1].type != "cpu" else 0.5

    said = 'stopped with ValueError, at `raise ValueError("no further")`: no further.'
    for answer, where in ((stops, "It"), (stops_there, "On a device other than the CPU it")):
        assert EXERCISES["ch05.train_and_test"](answer).text == f"{where} {said}"
        assert capsys.readouterr().out == "so far\n"


@pytest.mark.parametrize(("tolerance", "passed"), [(0.05, True), (0.1, False)])
def test_ch01_a_tolerance_is_small_enough_for_a_layer_of_small_numbers(tolerance, passed):
    def notices(layer, X, order):
        shuffled = lambda X: X.flatten(2)[:, :, order].reshape(X.shape)  # noqa: E731
        return not torch.allclose(layer(shuffled(X)), shuffled(layer(X)), atol=tolerance)

    exercise = EXERCISES["ch01.notices"]
    verdict = exercise(notices, next(iter(exercise.right.values()))[1])
    assert verdict.passed is passed
    assert passed or verdict.text.startswith("notices, for a layer that adds a neighbour, and makes all numbers small:")


@pytest.mark.parametrize("letter", "ABCDEFG")
def test_ch06_a_wrong_letter_is_answered_with_the_numbers_of_its_case(letter):
    exercise, key = EXERCISES["ch06.name_the_faults"], next(iter(EXERCISES["ch06.name_the_faults"].right.values()))[0]
    for number, (case, fault) in enumerate(zip(five_cases(), key, strict=True), 1):
        if letter == fault:
            continue
        told = exercise(key[: number - 1] + letter + key[number:]).text
        assert told.startswith(f"Case {number} is not {letter} ({FAULTS[letter]}). ")
        moved = f"{case.moved}" if letter in "DEFG" and not (letter == "D" and fault == "B") else ""
        fell = f"from {case.losses[0]:.2f} to {case.health.loss:.2f}" if letter in "AEG" else ""
        dead = f"counts {10 * (fault == 'B')} dead classes" if letter in "BC" else ""
        assert all(fact in told for fact in (moved, fell, dead)), told


def test_ch06_the_loss_of_a_case_is_the_mean_of_its_last_ten_steps():
    for case in five_cases():
        assert len(case.losses) == 60
        assert case.health.loss == pytest.approx(sum(case.losses[50:]) / 10, nan_ok=True)


@pytest.mark.parametrize(("accuracies", "passed"), [((0.99, 0.1, 0.37), True), ((0.99, 0.1, 0.364), False)])
def test_ch06_the_middle_of_three_networks_has_to_be_good_enough(accuracies, passed, monkeypatch):
    measured, trained = iter(accuracies), []

    def trains(net, batches, optimizer, device):
        assert [len(X) for X, _ in batches] == [64] * 120
        assert list(map(id, optimizer.param_groups[0]["params"])) == list(map(id, net.parameters()))
        trained.append((net, {float(n) for X, _ in batches for n in X.sum(dim=(1, 2, 3))}))
        return 2.0, 0

    def measures(images, net):
        assert images is ch06._images()[1]  # those of the test
        assert net is trained[-1][0]
        return next(measured)

    monkeypatch.setattr(ch06, "train_epoch", trains)
    monkeypatch.setattr(ch06, "evaluate_accuracy", measures)
    verdict = EXERCISES["ch06.repaired"](*next(iter(EXERCISES["ch06.repaired"].right.values())))
    assert verdict.passed is passed
    assert all(len(images) > 2_000 for _, images in trained)  # more than those of the test
    assert not any(one == other for (_, one), (_, other) in itertools.combinations(trained, 2))
    right = "It learns: the middle one of 3 seeds gets more than 37% right, and no class is dead."
    wrong = "After 120 steps the 3 networks get 99%, 10%, 36% right, the middle one 36%; 37% are wanted. No class is"
    assert verdict.text.startswith(right if passed else wrong)


def test_one_empty_answer_of_two_is_named():
    verdict = EXERCISES["ch01.notices"](..., {"A": False})
    assert (verdict.passed, verdict.text) == (None, "Half done: notices is still empty.")


@pytest.mark.parametrize("name", EXERCISES)
def test_an_exercise_has_three_hints_of_its_own(name):
    hints = [hint for exercise in EXERCISES.values() for hint in exercise.hints]
    assert len(EXERCISES[name].hints) == 3
    assert all(hint and hints.count(hint) == 1 for hint in EXERCISES[name].hints)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_bug_in_the_answer_is_reported_with_its_own_line_and_nothing_else(name):
    def helper():
        return device_of_undefined_shape  # noqa: F821

    def broken(*_):
        return helper()

    rest = next(iter(EXERCISES[name].right.values()))[1:]
    verdict = EXERCISES[name](broken, *rest)
    assert verdict.passed is False
    assert "NameError, at `return device_of_undefined_shape" in verdict.text
    assert verdict.text.endswith(": name 'device_of_undefined_shape' is not defined.")  # nothing is guessed at


def test_an_error_inside_pytorch_is_reported_with_the_students_line():
    def accuracy(logits, labels):
        wide = logits.reshape(3, -1)
        return wide

    verdict = EXERCISES["ch00.accuracy"](accuracy)
    assert "RuntimeError, at `wide = logits.reshape(3, -1)`: shape" in verdict.text


def test_ch01_a_product_for_each_sample_is_right_and_told_that_one_would_do():
    def each(X, weight, bias):
        rows = [weight @ x[:, ::2, ::2].flatten(1) + bias[:, None] for x in X]
        return torch.stack(rows).unflatten(2, X[0, 0, ::2, ::2].shape)

    def one(X, weight, bias):
        return (X[:, :, ::2, ::2].permute(0, 2, 3, 1) @ weight.T + bias).permute(0, 3, 1, 2)

    told = [EXERCISES["ch01.conv1x1_stride2"](answer) for answer in (each, one)]
    assert [verdict.passed for verdict in told] == [True, True]
    assert ["Right, in 2 products" in verdict.text for verdict in told] == [True, False]


@pytest.mark.parametrize(("wrong", "counted"), [(0, "5 of 10 test images, 0.5;"), (1, "6 of 11 test images, 0.545;")])
@pytest.mark.parametrize("said", ["0.123", "nan"])
def test_ch05_the_images_that_are_counted_are_those_of_the_wrong_run(wrong, counted, said):
    exercise, runs = EXERCISES["ch05.train_and_test"], itertools.count()
    right = next(iter(exercise.right.values()))[0]

    def train_and_test(*given):
        accuracy = right(*given)
        return float(said) if next(runs) == wrong else accuracy

    assert exercise(train_and_test).text == f"It is right on {counted} you returned {said}."


@pytest.mark.parametrize(
    ("late", "words"), [("eval", "net.eval() is missing"), ("no_grad", "put it under torch.no_grad")]
)
def test_ch05_one_batch_that_is_tested_as_if_it_were_trained_on_is_one_too_many(late, words):
    def train_and_test(net, train_iter, test_iter, optimizer, device):
        train_epoch(net, train_iter, optimizer, device)
        right = count = 0
        for i, (X, y) in enumerate(test_iter):
            net.train(late == "eval" and i == 0)
            with torch.set_grad_enabled(late == "no_grad" and i == 0):
                right += (net(X.to(device)).argmax(dim=1) == y.to(device)).sum().item()
            count += len(y)
        return right / count

    assert words in EXERCISES["ch05.train_and_test"](train_and_test).text
