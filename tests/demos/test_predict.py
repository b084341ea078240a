"""Predictions: what may be typed, and what is told when the truth is out."""

import pytest

from nin_course.demos import Bets, Predict

VIEW = "application/vnd.jupyter.widget-view+json"


def told(typed, truth, because=""):
    bet = Predict("How many?")
    bet.control.value = typed
    question, *lines = repr(bet.reveal(truth, because)).splitlines()
    assert question == "How many?"
    return lines


@pytest.mark.parametrize(
    ("typed", "answer"),
    [("1,024", 1024), ("1e3", 1000), ("1_000", 1000), (" 0.5 ", 0.5), ("-3", -3), ("", None), ("lots", None)],
)
def test_a_number_may_be_typed_in_any_usual_way(typed, answer):
    bet, bets = Predict("How many?"), Bets("How many?", ["cats"])
    bet.control.value = bets.controls[0].value = typed
    assert bet.answer == answer
    assert bets.answers == [answer]


@pytest.mark.parametrize(
    ("typed", "truth", "shown", "verdict"),
    [
        ("", 4160, "4,160", "You made no prediction this time."),
        ("4,160", 4160, "4,160", "Just as you said."),
        ("40", 4160, "4,160", "You said 40: a factor of 104 off."),
        ("8320", 4160, "4,160", "You said 8,320: a factor of 2 off."),
        ("4000", 4160, "4,160", "You said 4,000: close."),
        ("10", 9, "9", "You said 10: a factor of 1.11 off."),
        ("11", 10, "10", "You said 11: a factor of 1.1 off."),
        ("-3", 4160, "4,160", "You said -3."),
        ("-3", -6.0, "-6", "You said -3: a factor of 2 off."),
        ("0", 5, "5", "You said 0."),
        ("5", 0, "0", "You said 5."),
        ("0", 0, "0", "Just as you said."),
        ("0.12345", 0.98765, "0.9877", "You said 0.1235: a factor of 8 off."),
        ("480395", 480394, "480,394", "You said 480,395: close."),
        ("3", 2.5e7, "2.5e+07", "You said 3: a factor of 8.33e+06 off."),
    ],
)
def test_the_truth_is_told_beside_the_prediction(typed, truth, shown, verdict):
    assert told(typed, truth) == [shown, verdict]
    assert told(typed, truth, "64 · 64 + 64.") == [f"{shown}. 64 · 64 + 64.", verdict]


def test_a_choice_starts_open_and_is_compared():
    bet = Predict("Which?", choices=["the one", "the other"])
    assert bet.answer is None
    assert list(bet.control.options) == ["the one", "the other"]
    assert repr(bet.reveal("the one")) == "Which?\nThe one\nYou made no prediction this time."
    bet.control.value = "the other"
    assert bet.answer == "the other"
    assert repr(bet.reveal("the one")).splitlines()[2] == "You said: the other."
    bet.control.value = "the one"
    assert repr(bet.reveal("the one", "So it is.")) == "Which?\nThe one. So it is.\nJust as you said."


def test_several_bets_are_told_beside_their_answers():
    bets = Bets("How many & why?", ["cats", "dogs", "mice <3"])
    assert [control.description for control in bets.controls] == ["cats", "dogs", "mice <3"]
    assert bets.answers == [None, None, None]
    assert bets.reveal([1, 2, 3.5]).verdict == "You made no prediction this time."
    for control, value in zip(bets.controls, ("12,345", "", "3.3"), strict=True):
        control.value = value
    assert bets.answers == [12345, None, 3.3]
    reveal = bets.reveal([12345, 2, 3.5], "Counted.")
    assert repr(reveal).splitlines() == [
        "How many & why?",
        "         you said   it is",
        "cats       12,345  12,345",
        "dogs            –       2",
        "mice <3       3.3     3.5",
        "Counted. You had 2 of 3 right.",
    ]
    with pytest.raises(ValueError, match="zip"):
        bets.reveal([1, 2])


@pytest.mark.parametrize(
    ("bet", "truth", "right"),
    [("11", 10, 0), ("10", 10, 1), ("11", 10.0, 1), ("11.1", 10.0, 0), ("8.9", 10.0, 0), ("-9.5", -10.0, 1)],
)
def test_a_whole_number_is_met_exactly_and_any_other_within_a_tenth(bet, truth, right):
    bets = Bets("How many?", ["cats"])
    bets.controls[0].value = bet
    assert bets.reveal([truth]).verdict == f"You had {right} of 1 right."


def test_a_folded_answer_previews_its_question_and_shows_the_rest_below_as_it_was_written():
    bet, bets = Predict("Is a < b?"), Bets("Is a < b?", ["a & b", "c"])
    page, table = bet.reveal(4160, "a < b.")._repr_html_(), bets.reveal([1, 2.5], "a < b.")._repr_html_()
    assert page.splitlines()[0] == table.splitlines()[0] == "Is a &lt; b?"
    assert "<b>4,160. a &lt; b.</b>" in page
    assert "<i>You made no prediction this time.</i>" in page
    rows = [row.split("</td>")[:3] for row in table.split("<tr>")[1:]]
    cells = [[cell.replace("</b>", "").rpartition(">")[2] for cell in row] for row in rows]
    assert cells == [["", "you said", "it is"], ["a &amp; b", "–", "1"], ["c", "–", "2.5"]]
    assert "<i>a &lt; b. You made no prediction this time.</i>" in table


@pytest.mark.parametrize(
    "bet", [Predict("How many?"), Predict("How many?", ["1", "2"]), Bets("How many?", ["a", "bcd"])]
)
def test_a_question_is_framed_and_stands_above_its_boxes(bet):
    assert repr(bet) == "Your prediction: How many?"
    bundle = bet._repr_mimebundle_()
    assert set(bundle) == {VIEW, "text/plain"}
    assert (bundle[VIEW]["model_id"], bundle["text/plain"]) == (bet.view.model_id, repr(bet))
    text, *asked = bet.view.children
    assert text.value == "<b>Your prediction.</b> How many?"
    assert asked == (bet.controls if isinstance(bet, Bets) else [bet.control])
    assert bet.view.layout.border_top == "1px solid #bbb"
    assert bet.view.layout.padding == "8px"
    if not isinstance(bet, Bets) and hasattr(bet.control, "options"):
        assert bet.control.style.button_width == "auto"
        return
    assert {box.placeholder for box in asked} == {"a number, then Enter"}
    if isinstance(bet, Bets):  # the names in a column, 0.62 em a letter and one to spare: three letters
        assert {box.style.description_width for box in asked} == {"3em"}
    assert {box.layout.width for box in asked} == {"calc(3em + 180px)" if isinstance(bet, Bets) else "200px"}


@pytest.mark.parametrize(
    ("name", "em"),
    [("全连接，自己的 1,000 张", 13), ("每一格都是汉字", 8), ("the dense head", 10)],
    ids=["8 of 1 em, 7 of 0.62, 1 to spare", "7 of 1, 1 to spare", "14 of 0.62, 1 to spare"],
)
def test_the_column_of_names_has_room_for_the_longest_chinese_or_not(name, em):
    boxes = Bets("How many?", ["a", name, "b"]).controls
    assert {box.style.description_width for box in boxes} == {f"{em}em"}
