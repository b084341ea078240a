"""Every demo: its sums, its controls, its display. No kernel is needed: ipywidgets call back at once without one."""

import base64
import time

import ipywidgets as widgets
import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgba

import nin_course as d2l
from nin_course.data import LABELS, MEAN, STD
from nin_course.demos import (
    ALL,
    Autopsy,
    BallotBox,
    Bets,
    ChannelMixer,
    FewPixels,
    GuessingGame,
    OneCell,
    Predict,
    SlidingWindow,
    TrainingDesk,
    WalkThrough,
)
from nin_course.demos.ballot_box import voters
from nin_course.demos.channel_mixer import signed, three_channels
from nin_course.demos.few_pixels import one_of_each
from nin_course.demos.guessing_game import HUMAN, ROUND
from nin_course.demos.run import LOOK
from nin_course.demos.stages import ONE, draw_stages, stages
from nin_course.demos.training_desk import PATIENCE
from nin_course.plots import ORANGE
from nin_course.weights import recorded_run_card, stuck_runs

PNG = b"\x89PNG"


def another(control):
    """A value of a control that is not its present one."""
    if isinstance(control, widgets.SelectionSlider):
        return next(v for _, v in control.options if v != control.value)
    if isinstance(control, widgets.Checkbox):
        return not control.value
    if isinstance(control, widgets.IntRangeSlider):
        return control.min + 1, control.max - 1
    return control.max if control.value != control.max else control.min


@pytest.mark.parametrize("demo", ALL)
def test_a_demo_shows_a_widget_a_picture_and_one_plain_line(demo):
    bundle = demo()._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    assert base64.b64decode(bundle["image/png"]).startswith(PNG)
    assert len(bundle["text/plain"].splitlines()) == 1
    assert demo.title in bundle["text/plain"]


@pytest.mark.parametrize(("demo", "name"), [(demo, name) for demo in ALL for name in demo().controls])
def test_every_control_changes_the_picture_and_changing_back_restores_it(demo, name):
    played = demo()
    control, before, value = played.controls[name], played.picture.value, played.controls[name].value
    control.value = another(control)
    changed = played.picture.value
    control.value = value
    assert changed != before
    assert played.picture.value == before


@pytest.mark.parametrize("demo", ALL)
def test_a_demo_keeps_one_picture_widget_and_one_figure(demo):
    played = demo()
    picture, figure, axes = played.picture, played.figure, len(played.figure.axes)
    played.update()
    assert played.picture is picture
    assert played.figure is figure
    assert len(figure.axes) == axes


@pytest.mark.parametrize("demo", ALL)
def test_a_demo_tells_the_instructor_what_to_ask_set_and_see(demo):
    assert demo.try_this
    assert demo.ask.rstrip().endswith("?") or "?" in demo.ask
    assert demo.set
    assert demo.see


# ---- few pixels -----------------------------------------------------------------------------------------------------


def test_all_pixels_are_the_images_themselves_and_one_pixel_is_their_mean():
    full = FewPixels.compute({"size": 28, "names": True})
    assert {tuple(image.flatten().tolist()) for image in full["images"]} == {
        tuple(image.flatten().tolist()) for image in one_of_each()
    }
    one = FewPixels.compute({"size": 1, "names": True})["images"]
    torch.testing.assert_close(one.flatten(), full["images"].mean((1, 2)))


def test_the_names_belong_to_the_garments_and_are_hidden_at_first():
    shown = FewPixels.compute({"size": 28, "names": True})
    for image, name in zip(shown["images"], shown["names"], strict=True):
        assert torch.equal(image, one_of_each()[LABELS.index(name), 0])
    assert set(FewPixels.compute(FewPixels().state)["names"]) == {"?"}


# ---- the guessing game ----------------------------------------------------------------------------------------------


def play(game, right):
    """Presses twelve buttons, `right` of them the right ones."""
    for i in range(ROUND):
        truth = game.compute(game.state)["truth"][i]
        game.buttons[truth if i < right else (truth + 1) % 10].click()


def test_a_round_played_through_says_the_score_beside_the_human_one():
    game = GuessingGame()
    play(game, right=9)
    assert "9 of 12, that is 0.750" in game.text
    assert str(HUMAN) in game.text
    assert "0.835" in game.text


def test_after_twelve_guesses_a_button_does_nothing_and_a_new_round_has_new_images():
    game = GuessingGame()
    play(game, right=12)
    over, text = game.picture.value, game.text
    game.buttons[0].click()
    assert (game.picture.value, game.text) == (over, text)
    first = game.compute(game.state)["images"]
    game.again.click()
    assert game.guesses == ()
    assert not torch.equal(game.compute(game.state)["images"], first)


def test_a_wrong_guess_is_told_the_truth():
    game = GuessingGame()
    truth = game.compute(game.state)["truth"][0]
    game.buttons[(truth + 3) % 10].click()
    assert f"it was {LABELS[truth]}" in game.text


# ---- the channel mixer ----------------------------------------------------------------------------------------------

WEIGHT = st.integers(-20, 20).map(lambda i: i / 10)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9), WEIGHT, WEIGHT, WEIGHT, st.integers(-10, 10), st.integers(0, 27), st.integers(0, 27))
def test_the_weighted_maps_and_the_bias_sum_to_the_output_and_linear_agrees(image, w1, w2, w3, bias, row, column):
    state = dict(image=image, w1=w1, w2=w2, w3=w3, bias=bias / 10, row=row, column=column)
    result = ChannelMixer.compute(state)
    torch.testing.assert_close(result["weighted"].sum(0) + bias / 10, result["output"], atol=1e-5, rtol=1e-5)
    assert abs(result["linear"] - result["output"][row, column].item()) < 1e-5
    by_hand = sum(w * x for w, x in zip((w1, w2, w3), result["pixel"], strict=True)) + bias / 10
    assert abs(by_hand - result["linear"]) < 1e-5


def test_the_three_channels_are_the_garment_and_its_two_edge_maps():
    X = three_channels(8)
    assert torch.equal(X[0], one_of_each()[8, 0])
    padded = F.pad(X[0], (1, 1, 1, 1))
    by_hand = (padded[9, 8] + 2 * padded[10, 8] + padded[11, 8]) - (padded[9, 6] + 2 * padded[10, 6] + padded[11, 6])
    assert abs(X[1, 9, 6] - by_hand / 4) < 1e-6


def test_numbers_are_shown_without_a_negative_zero():
    assert [signed(v, 2) for v in (-0.001, 0.0, -1.234, 2)] == ["0.00", "0.00", "−1.23", "2.00"]


# ---- predictions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "answer"), [("1,024", 1024), ("1e3", 1000), (" 0.5 ", 0.5), ("", None), ("lots", None)]
)
def test_a_number_may_be_typed_in_any_usual_way(typed, answer):
    bet = Predict("How many?")
    bet.control.value = typed
    assert bet.answer == answer


def test_the_answer_is_told_beside_the_prediction():
    bet = Predict("How many?")
    assert "no prediction" in repr(bet.reveal(4160, "64 · 64 + 64."))
    bet.control.value = "40"
    assert "a factor of 104 off" in repr(bet.reveal(4160))
    bet.control.value = "4,160"
    assert "Just as you said" in repr(bet.reveal(4160))
    bet.control.value = "-3"
    assert "You said -3." in repr(bet.reveal(4160))


def test_a_choice_starts_open_and_is_compared():
    bet = Predict("Which?", choices=["the one", "the other"])
    assert bet.answer is None
    bet.control.value = "the other"
    assert "You said: the other." in repr(bet.reveal("the one"))
    bet.control.value = "the one"
    assert "Just as you said" in repr(bet.reveal("the one"))


def test_several_bets_are_told_beside_their_answers():
    bets = Bets("How many?", ["cats", "dogs", "mice"])
    assert bets.answers == [None, None, None]
    assert bets.reveal([1, 2, 3.5]).verdict == "You made no prediction this time."
    for control, value in zip(bets.controls, ("1", "3", "3.3"), strict=True):
        control.value = value
    assert bets.answers == [1, 3, 3.3]
    told = bets.reveal([1, 2, 3.5], "Counted.")
    assert told.verdict == "Counted. You had 2 of 3 right."
    assert repr(told).splitlines()[:3] == ["How many?", "      you said  it is", "cats         1      1"]
    assert "<td>3.3</td><td><b>3.5</b></td>" in told._repr_html_()
    with pytest.raises(ValueError, match="zip"):
        bets.reveal([1, 2])


def test_a_folded_answer_previews_its_question_and_not_the_answer():
    bet = Predict("How many?")
    reveal = bet.reveal(4160)
    assert repr(reveal).splitlines()[0] == reveal._repr_html_().splitlines()[0] == "How many?"


# ---- the sliding window ---------------------------------------------------------------------------------------------


def window(**changes):
    return SlidingWindow.compute(SlidingWindow().state | changes)


@settings(max_examples=40, deadline=None)
@given(st.integers(8, 32), st.integers(1, 11), st.integers(1, 8), st.integers(0, 5), st.integers(0, 1023))
def test_the_window_is_the_convolutions_and_the_unseen_rows_are_those_without_a_gradient(
    size, kernel, stride, padding, step
):
    result = window(size=size, kernel=kernel, stride=stride, padding=padding, step=step)
    conv = torch.nn.Conv2d(1, 1, kernel, stride, padding=0)
    X = result["padded"][None, None].clone().requires_grad_()
    if not result["outputs"]:
        with pytest.raises(RuntimeError):
            conv(X)
        return
    torch.nn.init.constant_(conv.weight, 1.0)
    output = conv(X)
    assert output.shape[2:] == (result["outputs"], result["outputs"])
    output.sum().backward()
    assert torch.equal(X.grad[0, 0].diagonal() > 0, result["seen"])
    row, column = result["cell"]
    torch.testing.assert_close(result["output"][row, column], result["window"].mean())


def test_parameters_and_macs_of_the_window_are_those_of_the_layer():
    result = window(**{"in": 3, "out": 8, "size": 28, "kernel": 5, "stride": 2, "padding": 1})
    layer = torch.nn.Conv2d(3, 8, 5, 2, 1)
    found = d2l.summary(layer, (1, 3, 28, 28))
    assert (result["parameters"], result["macs"]) == (found.parameters, found.macs)
    assert result["numbers"] == 75


def test_a_window_that_does_not_fit_is_said_in_words_and_drawn_without_an_output():
    demo = SlidingWindow()
    demo.controls["size"].value, demo.controls["kernel"].value = 8, 11
    assert demo.text.startswith("A window of 11 does not fit into 8 + 2·0 = 8 rows: nn.Conv2d raises an error.")
    assert not demo.output.get_visible()
    demo.controls["padding"].value = 2
    assert "1 × 1 outputs" in demo.text
    assert demo.output.get_visible()


@pytest.mark.parametrize("state", [dict(network="wide", image=6), dict(network="small", image=9), dict(image=0)])
def test_the_scale_of_the_votes_is_whole(state):
    demo = OneCell()
    for name, value in state.items():
        demo.controls[name].value = value
    figure = demo.pictures[2].figure
    figure.canvas.draw()
    labels = [text for axis in figure.axes for text in axis.get_yticklabels() if text.get_text()]
    assert len(labels) >= 3
    assert max(text.get_window_extent().x1 for text in labels) <= figure.bbox.x1


def test_a_drawn_network_has_a_box_for_the_input_and_each_stage():
    net = d2l.nin_small()
    assert [shape for _, shape in stages(net, (1, 1, 28, 28))][:3] == [(1, 28, 28), (64, 28, 28), (64, 28, 28)]
    assert len(stages(net, (1, 1, 28, 28))) == 1 + 9 + 2 + 1  # input, convolutions, poolings, global average pooling


def test_a_drawn_network_marks_its_1x1_layers_and_keeps_one_scale():
    figure, axis = plt.subplots()
    found = stages(d2l.nin_small(), (1, 1, 28, 28))
    draw_stages(axis, found, 28)
    boxes = axis.patches
    striped = [box.get_hatch() is not None for box in boxes]
    assert striped == [kind == ONE for kind, _ in found]
    assert sum(striped) == [text.get_text() for text in axis.texts].count(ONE) == 6
    heights = [round(28 * box.get_height()) for box in boxes[:-1]]  # the last has no place
    assert heights == [shape[1] for _, shape in found[:-1]]
    draw_stages(axis, found, 56)
    assert [round(56 * box.get_height()) for box in axis.patches[len(found) : -1]] == heights
    plt.close(figure)


# ---- walk through ---------------------------------------------------------------------------------------------------


def walk(**changes):
    return WalkThrough.compute({"size": 224, "width": 1.0, "head": "notes"} | changes)


@settings(max_examples=20, deadline=None)
@given(st.integers(67, 320), st.sampled_from([0.25, 0.5, 1.0, 1.75]), st.sampled_from(["notes", "wide"]))
def test_what_the_stages_cost_adds_up_to_the_network(size, width, head):
    result = walk(size=size, width=width, head=head)
    whole = d2l.summary(d2l.nin(head=head, width=width), (1, 1, size, size))
    totals = {name: sum(values) for name, values in result["costs"].items()}
    assert totals == {"parameters": whole.parameters, "MACs": whole.macs, "memory": 4 * whole.activations}
    assert len(result["shapes"]) == 10
    assert result["broken"] is None


@pytest.mark.parametrize(("size", "stage", "arrives"), [(66, 5, 2), (35, 5, 1), (34, 3, 2), (32, 3, 2)])
def test_an_image_too_small_breaks_at_the_stage_that_the_demo_names(size, stage, arrives):
    result = walk(size=size)
    assert (result["broken"], result["arrives"][-1]) == (stage, arrives)
    X = torch.zeros(1, 1, size, size)
    net = d2l.nin()
    assert net[:stage](X).shape[-1] == arrives
    with pytest.raises(RuntimeError):
        net[: stage + 1](X)
    demo = WalkThrough()
    demo.controls["size"].value = size
    assert f"a map of {arrives} × {arrives} arrives at stage {stage + 1}, pool, whose window is 3 × 3" in demo.text


def test_what_chapter_04_says_was_found_in_the_walk_through_is_there():
    for size in range(67, 321):
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


# ---- what one cell sees ---------------------------------------------------------------------------------------------


def one_cell(**changes):
    return OneCell.compute({"network": "small", "image": 9, "row": 3, "column": 3} | changes)


@pytest.mark.parametrize("network", ["small", "wide"])
@pytest.mark.parametrize("cell", [(0, 0), (2, 3), (4, 4), (6, 6)])
def test_what_a_cell_feels_lies_in_what_it_sees(network, cell):
    result = one_cell(network=network, row=cell[0], column=cell[1])
    rows, columns = result["regions"][0]
    outside = result["felt"].clone()
    outside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = 0
    assert (outside == 0).all()
    assert result["felt"].max() > 0
    assert 1 <= result["half"] < len(rows) * len(columns) / 2


def test_the_cells_of_the_demo_are_the_votes_of_the_shipped_network():
    result = one_cell()
    with torch.no_grad():
        maps = d2l.pretrained_nin()[:-2]((one_of_each()[9:] - MEAN) / STD)[0]
    assert result["label"] == maps.mean((1, 2)).argmax() == 9
    torch.testing.assert_close(result["maps"], maps[9])


def test_the_large_networks_maps_are_5_by_5_and_a_slider_beyond_them_means_the_last():
    assert one_cell(network="wide", row=6, column=5)["cell"] == (4, 4)
    assert one_cell(network="wide")["maps"].shape == (5, 5)


def test_what_chapter_04_says_was_found_with_one_cell_is_there():
    cells = {(row, column): one_cell(row=row, column=column) for row in range(7) for column in range(7)}
    first = [cell for cell, result in cells.items() if all(0 in region for region in result["regions"][0])]
    assert first == [(row, column) for row in range(3) for column in range(3)]
    rows, columns = cells[1, 1]["regions"][0]
    square = cells[1, 1]["image"][rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert 1 / 16 < (square > 0.1).float().mean() < 1 / 14
    assert cells[1, 1]["maps"][1, 1].item() == pytest.approx(2.4, abs=0.05)
    shares = torch.tensor([r["half"] / (len(r["regions"][0][0]) * len(r["regions"][0][1])) for r in cells.values()])
    assert 1 / 8 < shares.mean() < 1 / 6


# ---- the ballot box -------------------------------------------------------------------------------------------------


def ballot(**changes):
    return BallotBox.compute(BallotBox().state | changes)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 59), st.integers(0, 6), st.integers(0, 6), st.integers(0, 6), st.integers(0, 6))
def test_two_halves_of_the_votes_add_up_to_the_networks_answer(image, top, bottom, left, right):
    cells = {
        "image": image,
        "rows": (min(top, bottom), max(top, bottom)),
        "columns": (min(left, right), max(left, right)),
    }
    inside, others = ballot(**cells), ballot(**cells, outside=True)
    assert inside["counted"].sum() == (abs(top - bottom) + 1) * (abs(left - right) + 1)
    assert not (inside["counted"] & others["counted"]).any()
    torch.testing.assert_close(inside["logits"] + others["logits"], inside["all"])


def test_the_votes_are_those_of_the_shipped_network():
    images, labels, _ = voters()
    X = (images[:, None] - MEAN) / STD
    with torch.no_grad():
        logits = d2l.pretrained_nin()(X)
    for image in (0, 31, 59):
        result = ballot(image=image)
        torch.testing.assert_close(result["all"], logits[image])
        assert result["label"] == labels[image] == image // 6
        assert torch.equal(result["image"], images[image])


def test_some_of_the_images_are_named_wrongly_so_that_there_is_something_to_find():
    _, labels, maps = voters()
    wrong = (maps.mean((2, 3)).argmax(1) != labels).sum()
    assert 1 <= wrong <= 12


def test_the_line_says_when_the_answer_changed():
    demo = BallotBox()
    assert demo.text == "Image 36: 49 of 49 cells counted. The answer is: T-shirt (as with all 49)."
    demo.controls["rows"].value = (0, 5)
    assert demo.text == "Image 36: 42 of 49 cells counted. The answer is: Shirt (with all 49 it is: T-shirt)."


def answer(image, rows=(0, 6), columns=(0, 6)):
    return LABELS[ballot(image=image, rows=rows, columns=columns)["logits"].argmax()]


def test_what_chapter_03_says_was_found_in_the_ballot_box_is_there():
    assert {answer(42, (row, row)) for row in range(7)} == {"Sneaker"}
    assert [row for row in range(7) if answer(58, (row, row)) == "Ankle boot"] == [3]
    assert (answer(1), answer(1, (0, 5))) == ("T-shirt", "Shirt")
    assert (answer(27), answer(27, (1, 6))) == ("Coat", "Shirt")
    _, labels, maps = voters()
    assert (maps.mean((2, 3)).argmax(1) != labels).nonzero().flatten().tolist() == [20, 28, 36, 55, 58]
    assert (answer(20), answer(20, (1, 6))) == ("Trouser", "Dress")
    assert (answer(55), answer(55, columns=(0, 3))) == ("Sandal", "Ankle boot")


def test_what_chapter_02_says_was_found_with_the_sliding_window_is_there():
    for kernel in range(2, 12):
        assert window(size=28, stride=2, kernel=kernel)["seen"].all() == (kernel % 2 == 0)
        padded = window(size=28, stride=2, kernel=kernel, padding=1)["seen"]
        assert padded[1:-1].all()  # of the image itself; what is dropped is padding
    assert window(size=12, kernel=5, stride=1, padding=2)["outputs"] == 12
    assert not window(size=28, kernel=2, stride=4)["seen"][2:26].all()


# ---- the training desk ----------------------------------------------------------------------------------------------


def test_the_recorded_run_is_shown_as_far_as_it_had_come_by_a_step():
    desk = TrainingDesk()
    whole, early = (TrainingDesk.compute(desk.state | {"step": step}) for step in (desk.record.last, 300))
    card = recorded_run_card()["snapshots"]
    assert whole["valid_acc"] == [(s["step"], s["accuracy"]) for s in card]
    assert early["valid_acc"] == [(s["step"], s["accuracy"]) for s in card if s["step"] <= 300]
    assert max(step for step, _ in early["loss"]) == 300
    assert len(early["train_acc"]) == 1
    assert (whole["finding"], TrainingDesk.compute(desk.state | {"step": 50})["finding"]) == ("", None)


@pytest.fixture
def desk():
    desk = TrainingDesk()
    yield desk
    desk.end()
    assert desk.run.over.wait(60)


def test_a_run_at_the_desk_trains_pauses_takes_a_new_rate_and_stops(desk):
    desk.start()
    assert wait_for(lambda: desk.record.last >= LOOK, 120)
    desk.pause()
    desk.controls["lr"].value = 1e-5
    held = desk.record.last
    assert wait_for(lambda: desk.run.lr == 1e-5, 5)
    assert not wait_for(lambda: desk.record.last > held + LOOK, 3)
    assert desk.running
    desk.pause()
    desk.end()
    assert wait_for(lambda: not desk.running, 60)
    assert desk.record.loss[0][1] < 2
    assert desk.keys["Stop"].disabled
    assert not desk.keys["Start"].disabled
    desk.recorded()
    assert desk.text.startswith("The recorded run, step 1256 of 1256")


def test_what_the_guide_says_of_a_run_without_batch_norm_and_with_the_relu_is_so(desk):
    desk.controls["batch_norm"].value = False
    desk.controls["relu"].value = True
    desk.controls["lr"].value = 0.1
    desk.start()
    assert wait_for(lambda: not desk.running, 120)
    assert "It has exploded" in desk.text or "All 10 class maps are zero" in desk.text
    assert desk.drawn.lamp.get_facecolor() == to_rgba(ORANGE)


def test_a_desk_that_nobody_looks_at_ends_its_run(desk):
    desk.start()
    desk.missed = PATIENCE + 1
    desk._watch()
    assert wait_for(lambda: not desk.running, 60)


def test_a_run_that_breaks_off_says_why_and_gives_the_keys_back(desk, monkeypatch, capsys):
    def no_batches(*_args, **_settings):
        raise OSError("no such file")

    monkeypatch.setattr("nin_course.demos.run.load", no_batches)
    desk.start()
    assert wait_for(lambda: not desk.running and desk.keys["Stop"].disabled, 10)
    assert not desk.keys["Start"].disabled
    assert desk.text.startswith("Your run, with batch norm, broke off: OSError, step 0 of 0.")
    assert "OSError: no such file" in capsys.readouterr().err


def wait_for(true, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False


# ---- the autopsy ----------------------------------------------------------------------------------------------------


def autopsy(**changes):
    return Autopsy.compute({"recipe": "as the notes", "seed": 1, "step": 0} | changes)


def test_the_autopsy_shows_what_was_recorded():
    for run in stuck_runs()[::17]:
        for step, kept in run["health"].items():
            result = autopsy(recipe=run["recipe"], seed=run["seed"], step=int(step))
            assert result["evidence"] == run["evidence"][step]
            assert list(result["gradient"].values()) == list(kept["gradient"].values())
            assert result["health"].dead == kept["dead"]
            assert result["findings"] == result["health"].findings()
            assert (result["lamp"] == "well") == (not result["findings"])


def test_a_dead_class_has_no_bar_and_is_named():
    demo = Autopsy()
    dead = autopsy()["health"].dead
    assert dead
    for k in range(10):
        assert (demo.bars[k].get_width() == 0) == (k in dead)
        assert ("dead" in demo.marks[k].get_text()) == (k in dead)
        assert (LABELS[k] in demo.text) == (k in dead)


def test_the_lamp_goes_out_where_no_gradient_reaches_the_first_block():
    last, seen = Autopsy().controls["step"].options[-1][1], set()
    for run in stuck_runs():
        result = autopsy(recipe=run["recipe"], seed=run["seed"], step=last)
        assert (result["lamp"] == "walled") == (result["health"].gradient["0"] == 0)
        seen.add(result["lamp"])
    assert seen == {"walled", "ill", "well"}


def test_what_chapter_06_says_was_found_in_the_autopsy_is_there():
    last = Autopsy().controls["step"].options[-1][1]
    first, end = (autopsy(seed=8, step=step)["health"].dead for step in (0, last))
    assert [LABELS[k] for k in set(first) - set(end)] == ["T-shirt", "Trouser", "Bag"]
    assert [LABELS[k] for k in set(end) - set(first)] == ["Dress"]
    for recipe, seed in (("no ReLU on the logits", 9), ("width kept", 16)):
        result = autopsy(recipe=recipe, seed=seed, step=last)
        assert result["health"].dead == []
        assert result["gradient"]["block 1"] == 0
        assert 1.0 in result["health"].silent.values()
    norms = {
        recipe: sorted(autopsy(recipe=recipe, seed=seed)["gradient"]["block 1"] for seed in range(20))[10]
        for recipe in ("width kept", "Kaiming")
    }
    assert 5e4 < norms["Kaiming"] / norms["width kept"] < 2e5


def test_the_accuracy_is_told_at_the_last_step_only():
    demo = Autopsy()
    told = []
    for _, step in demo.controls["step"].options:
        demo.controls["step"].value = step
        told.append("of the test images right" in demo.text)
    assert told == [False] * 7 + [True]
