"""What every check does with an answer, whichever exercise it is: seen on toys whose verdicts are written out here."""

import contextlib
import signal
import threading
import time

import pytest
import torch

from nin_course.checks import _ladder, _networks
from nin_course.checks._ladder import TimeUp, Wrong, exercise, untouched


def toy(look=None, **settings):
    """An exercise whose answer is a function; it says what that returns, or that it is not seven."""

    def seven(answer) -> str:
        found = look() if look else answer()
        if found != 7:
            raise Wrong(f"{found} is not <seven>.")
        return "Seven."

    seven.__module__ = "nin_course.checks.ch99"
    return exercise("Count.", "After six.", "7", **settings)(seven)


def test_a_verdict_has_a_mark_of_its_own_for_right_wrong_and_nothing_to_judge():
    verdicts = [toy()(lambda: 7), toy()(lambda: 8), toy()(...)]
    assert [repr(v)[:24] for v in verdicts] == ["[OK] Seven.", "[not yet] 8 is not <seve", "[--] No answer yet: that"]
    shown = [v._repr_html_() for v in verdicts]
    assert [f"<b>{mark}</b>" in html for mark, html in zip(("[OK]", "[not yet]", "[--]"), shown, strict=True)] == [
        True
    ] * 3
    assert "8 is not &lt;seven&gt;." in shown[1]
    blue, orange, grey = (html.split("solid ")[1][:7] for html in shown)
    assert [int(c[1:3], 16) > int(c[5:7], 16) for c in (blue, orange)] == [False, True]  # more red than blue?
    assert grey[1:3] == grey[3:5] == grey[5:7]


@pytest.mark.parametrize(("said", "told"), [
    ("None is", "None is."), ("None is.", "None is."), ("It is (2, 10)", "It is (2, 10)."), ("Is it?", "Is it?"),
    ("It is. (So is that.)", "It is. (So is that.)"),
])  # fmt: skip
def test_whatever_is_wrong_is_told_in_a_sentence_with_its_stop(said, told):
    def look(answer):
        raise Wrong(said)

    assert exercise("a", "b", "c")(look)(7).text == told


def test_hints_come_one_at_a_time_in_their_order_and_the_last_one_stays():
    asked = toy()
    assert [repr(asked.hint()) for _ in range(4)] == [
        "[--] Hint 1 of 3: Count.",
        "[--] Hint 2 of 3: After six.",
        "[--] Hint 3 of 3: 7",
        "[--] Hint 3 of 3: 7",
    ]


def test_a_call_without_an_answer_is_no_mistake_and_one_with_too_many_is():
    none, two = toy()(), toy()(lambda: 7, lambda: 7)
    assert (none.passed, two.passed) == (None, False)
    assert none.text == two.text == "Give your answer to this check: ch99.seven(answer)"


def stops(error):
    raise error


def endless():
    until = time.monotonic() + 10  # if nothing stops it, a test fails and does not hang
    while time.monotonic() < until:
        pass


ENDS = {  # what the answer does -> the verdict
    "right": (lambda: 7, True, "Seven."),
    "wrong": (lambda: 8, False, "8 is not <seven>."),
    "interrupted": (lambda: stops(KeyboardInterrupt), None, "Interrupted before there was a verdict."),
    "error": (
        lambda: stops(ValueError("One.\n  Two!")),
        False,
        "It stopped with ValueError, at `raise error`: One. Two.",
    ),
    "long error": (
        lambda: stops(KeyError("x" * 900)),
        False,
        f"It stopped with KeyError, at `raise error`: '{'x' * 299}.",
    ),
    "exit": (lambda: stops(SystemExit()), False, "It stopped with SystemExit, at `raise error`."),
    "endless": (endless, False, "It did not end within 0.2 seconds, at `pass`. Is there a loop that never stops?"),
}


@pytest.mark.parametrize("end", ENDS)
def test_however_it_ends_pytorch_the_alarm_and_the_random_numbers_are_as_they_were(end, capsys):
    answer, passed, text = ENDS[end]
    inside, rang = [], []

    def meddles():
        print(end)
        inside.append(
            (torch.get_num_threads(), torch.is_grad_enabled(), torch.get_default_dtype(), torch.initial_seed())
        )
        torch.set_num_threads(2), torch.set_grad_enabled(True), torch.set_default_dtype(torch.bfloat16)
        torch.manual_seed(1)  # all of it otherwise than before
        return answer()

    def settings():
        state = torch.get_rng_state().tolist(), signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
        return torch.get_num_threads(), torch.is_grad_enabled(), torch.get_default_dtype(), *state

    first = torch.get_num_threads(), torch.is_grad_enabled(), torch.get_default_dtype()
    handler = signal.signal(signal.SIGALRM, lambda *_: rang.append(1))
    try:
        torch.set_num_threads(3), torch.set_grad_enabled(False), torch.set_default_dtype(torch.float64)
        before, start = settings(), time.monotonic()
        verdict = toy(meddles, seconds=0.2)(answer)
        assert settings() == before
        assert time.monotonic() - start < _ladder.SECONDS / 2  # its own limit, not the usual one
    finally:
        torch.set_num_threads(first[0]), torch.set_grad_enabled(first[1]), torch.set_default_dtype(first[2])
        signal.signal(signal.SIGALRM, handler)
    assert inside == [(1, True, torch.float32, 0)]
    assert (verdict.passed, verdict.text.replace("while time.monotonic() < until:", "pass")) == (passed, text)
    assert capsys.readouterr().out == f"{end}\n"


@pytest.mark.parametrize("caught", [TimeUp, Exception])
def test_an_answer_cannot_keep_the_alarm_to_itself(caught):
    def stubborn():
        with contextlib.suppress(caught):
            endless()
        endless()  # the alarm rings again after a second

    assert "did not end within 0.1 seconds" in toy(seconds=0.1)(stubborn).text


def test_in_a_thread_there_is_no_alarm_and_a_verdict_all_the_same():
    verdicts = []
    thread = threading.Thread(target=lambda: verdicts.append(toy()(lambda: 7)))
    thread.start(), thread.join()
    assert verdicts[0].passed is True


def test_an_error_is_placed_in_the_students_own_last_line_not_in_the_librarys():
    def halves():
        wide = torch.zeros(4, 3)
        return wide.softmax(dim=7)

    assert "IndexError, at `return wide.softmax(dim=7)`: Dimension" in toy()(halves).text


def test_a_library_that_is_reached_by_a_symbolic_link_is_a_library(tmp_path, monkeypatch):
    (tmp_path / "library").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "library")
    code = compile("def refuse():\n    raise ValueError", str(tmp_path / "link" / "module.py"), "exec")
    (tmp_path / "library" / "module.py").write_text("def refuse():\n    raise ValueError")
    exec(code, library := {})
    monkeypatch.setattr(_ladder, "NOT_THEIRS", (*_ladder.NOT_THEIRS, str((tmp_path / "library").resolve())))

    def asks():
        return library["refuse"]()

    assert 'at `return library["refuse"]()`' in toy()(asks).text


def test_an_error_in_code_without_a_source_is_placed_in_the_line_that_called_it():
    exec(compile("def refuse():\n    raise ValueError", "<nowhere>", "exec"), made := {})

    def asks():
        return made["refuse"]()

    assert toy()(asks).text == 'It stopped with ValueError, at `return made["refuse"]()`.'


def documented(x):
    """Says what it should do."""


def passes(x):
    pass


def dots(x): ...


def zero(x):
    return 0


def named(x):
    return x


def test_the_placeholder_is_one_that_computes_nothing():
    assert all(map(untouched, (..., documented, passes, dots, lambda: ..., lambda: None)))
    assert not any(map(untouched, (zero, named, lambda: 0, lambda: "", lambda: len(()), None, 0, "", print, int)))


def of(forward=lambda X: X, **attributes):
    """A network with this forward; what an attribute holds may be layers that PyTorch does not see."""
    net = torch.nn.Module()
    net.forward = forward
    vars(net).update(attributes)
    return net


UNSEEN = "PyTorch does not see them, so they would not be trained or moved. Use nn."
WHOLE = ": whole numbers are wanted, as `//` gives them."
OFTEN = "net gives other numbers each time for the same images, in evaluation mode, too."


@pytest.mark.parametrize(("net", "said"), [
    (torch.nn.MaxPool2d((3, 1.5)), f"The kernel_size of a MaxPool2d is (3, 1.5){WHOLE}"),
    (torch.nn.AvgPool2d(3, stride=1.5), f"The stride of a AvgPool2d is 1.5{WHOLE}"),
    (torch.nn.Conv2d(1, 1, 3, padding=(1.5, 1)), f"The padding of a Conv2d is (1.5, 1){WHOLE}"),
    (of(lambda _: None), "net should put out a tensor; this is None. Is the `return` in its forward missing?"),
    (of(lambda _: [1, 2]), "net should put out a tensor; this is a list of 2."),
    *(
        (of(inside=holds(part)), f"The layers in `self.inside` are in a plain {kind}: {UNSEEN}{cure}")
        for part in (torch.nn.ReLU(), torch.nn.Parameter(torch.ones(1)))
        for kind, holds, cure in (
            ("list", lambda part: [part], "ModuleList (or nn.ParameterList)."),
            ("dict", lambda part: {"a": part}, "ModuleDict."),
            ("tuple", lambda part: (1, part), "ModuleList (or nn.ParameterList)."),
        )
    ),
    (of(torch.Tensor.zero_), "net changes the images that it is given, in place."),
    (of(torch.rand_like), OFTEN),
    (torch.nn.Linear(5, 1), "net does not take (1, 1, 8, 8): RuntimeError"),
])  # fmt: skip
def test_what_is_wrong_with_a_network_is_told_with_its_cure(net, said):
    with pytest.raises(Wrong) as wrong:
        _networks.forward(net, torch.ones(1, 1, 8, 8), "net")
    assert str(wrong.value).startswith(said)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf")])
def test_a_network_that_gives_what_is_no_number_is_told_just_that(odd):
    with pytest.raises(Wrong, match="net gives nan or infinity for ordinary images, in place of numbers"):
        _networks.forward(of(lambda X: torch.cat([X, odd * X])), torch.ones(1, 1, 8, 8), "net")
    _networks.each_alone(of(lambda X: odd * X), torch.ones(3, 1, 8, 8), "net")  # no image is mixed with another


@pytest.mark.parametrize(("value", "said"), [
    (torch.nn.ReLU, "f() should be a network, an nn.Module; this is the class ReLU itself. Make one of it, with "
     "brackets."),
    ([torch.nn.ReLU()], "f() should be a network, an nn.Module; this is a list of 1. `nn.Sequential(*layers)` "
     "makes a network of them."),
    ([torch.nn.ReLU(), 3], "f() should be a network, an nn.Module; this is a list of 2."),
    ((), "f() should be a network, an nn.Module; this is a tuple of 0."),
    (int, "f() should be a network, an nn.Module; this is the class int itself."),
])  # fmt: skip
def test_what_is_no_network_is_told_how_it_becomes_one(value, said):
    with pytest.raises(Wrong) as wrong:
        _networks.network(value, "f()")
    assert str(wrong.value) == said
