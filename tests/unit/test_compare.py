"""`python -m nin_course compare`: what is measured is drawn beside the course's points, what is not is named."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import made_runs
import pytest
from made_runs import TEMPLATE, score, template, written
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.image import imread

import nin_course as d2l
from nin_course import compare as module
from nin_course.__main__ import main
from nin_course.audit import Audited
from nin_course.compare import course, drawn, find, named, parted, table
from nin_course.lab import Costs
from nin_course.recipe import NETS, Recipe

BLUE, ORANGE, GREY = "#0b5fa5", "#d95f02", "#6b6b6b"


def line(net, accuracies, images, **recipe):
    for seed, accuracy in enumerate(accuracies):
        looks = {"test": {"accuracy": accuracy / 100}, "test_sample": {"accuracy": accuracy / 100 + 0.01}}
        recipe = {"net": net, "size": 28, **recipe}
        made_on = {"device": "CPU, 1 threads", "autocast": "no"}
        yield {"images": images, "seed": seed, "tried": False, "recipe": recipe, "made_on": made_on, **looks}


# In thousands of parameters: squeeze 35.75, 3x3@macs 90.036, 2 121.418, M 480.394.
MADE = [
    *line("squeeze", [83, 84, 85], 10_000),
    *line("3x3@macs", [82, 82, 82], 10_000),
    *line("2", [88, 89, 90], 10_000),
    *line("M", [95, 95], 10_000),  # too few seeds for the curve
    *line("2", [50, 50, 50], 1_000),
    *line("2", [92, 92, 92], 60_000),
    *line("M", [94, 94, 97], 60_000),
]


@pytest.fixture(autouse=True)
def made(monkeypatch):
    monkeypatch.setattr(module, "runs", lambda: MADE)
    monkeypatch.setitem(NETS, "template", template)


def run(accuracy, parameters, images=2_000):
    return Audited(Recipe(), accuracy / 100, images, Costs(parameters, 1_000 * parameters, 0, 0))


RUNS = {
    "ana/first": run(86, 100_000),
    "small": run(85.5, 7_850),
    "ben/one": run(91.25, 300_000),
    "full": run(96, 500_000, 10_000),
}


# ---- finding and naming ---------------------------------------------------------------------------------------------


@pytest.fixture
def pool(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("ana/first", "ben/first", "ben/deep/er/second"):
        Path("pool", name).mkdir(parents=True)
        Path("pool", name, "card.json").write_text("{}")
    Path("pool/ana/stopped").mkdir()
    Path("pool/ana/stopped/history.jsonl").write_text("")
    Path("pool/comparison.png").write_text("")
    return Path("pool")


@pytest.mark.parametrize("paths", [
    ["pool"], ["pool/*/*"],
    ["pool/ana", "pool/ben"], ["pool/*"], ["pool/*/*", "pool"], ["pool/ana/first/card.json", "pool/ben"],
    ["pool", "pool/../pool/ana/first", "pool/ana"], [str(Path("pool/ana/first")) + "/", "pool/comparison.png", "pool"],
])  # fmt: skip
def test_folders_in_folders_are_found_each_once(paths, pool):
    folders, left_out = find(paths)
    assert sorted(map(str, folders)) == ["pool/ana/first", "pool/ben/deep/er/second", "pool/ben/first"]
    assert paths != ["pool"] or folders == sorted(folders)
    stopped = ["pool/ana/stopped: there is no card.json in it, as a run has that has come to its end"]
    assert left_out == (stopped if "pool/*/*" in paths else [])


def test_a_path_that_leads_nowhere_is_named(pool):
    assert find(["nosuch", "no/*", "pool/ana/stopped"]) == ([], [
        "nosuch: there is no such folder",
        "no/*: nothing is called so",
        "pool/ana/stopped: there is no card.json in it, as a run has that has come to its end",
    ])  # fmt: skip


def test_a_folder_may_have_a_star_in_its_name_and_may_be_the_one_that_one_is_in(pool, monkeypatch):
    Path("[1] *").mkdir()
    Path("[1] *", "card.json").write_text("{}")
    assert find(["[1] *"]) == ([Path("[1] *")], [])
    monkeypatch.chdir("pool/ana/first")
    folders, left_out = find(["."])
    assert (list(named(folders).values()), left_out) == (["first"], [])


def test_two_runs_of_one_name_are_told_apart_by_the_folders_above(pool):
    folders, _ = find(["pool"])
    assert sorted(named(folders).values()) == ["ana/first", "ben/first", "second"]
    same = [Path("/a/x/run"), Path("/b/x/run"), Path("/b/y/run"), Path("/run")]
    assert list(named(same).values()) == ["a/x/run", "b/x/run", "y/run", "/run"]


# ---- the table and the picture --------------------------------------------------------------------------------------


def test_the_course_stands_with_runs_on_as_many_images_measured_on_the_same_ones():
    assert {point.net: round(point.mean, 6) for point in course(2_000)} == {
        "squeeze": 0.85, "3x3@macs": 0.83, "2": 0.90, "M": 0.96,
    }  # fmt: skip
    assert {point.net: round(point.mean, 6) for point in course(10_000)} == {"2": 0.92, "M": 0.95}


def test_the_table_has_the_best_first_and_the_course_for_no_more():
    (images, some), (full, other) = parted(RUNS)
    assert (images, list(some), full, list(other)) == (2_000, ["ben/one", "ana/first", "small"], 10_000, ["full"])
    assert table(images, some, "parameters") == [
        "trained on 10,000 images, measured on 2,000 test images; cost: parameters, in thousands",
        "     run             cost  % right  the course, for no more",
        "  1  ben/one        300.0    91.25  90.00, yours +1.25",
        "  2  ana/first      100.0    86.00  85.00, yours +1.00",
        "  3  small            7.8    85.50  85.00, yours +0.50",
    ]
    assert table(full, other, "macs")[0].endswith("measured on 10,000 test images; cost: MACs an image, in millions")
    assert table(full, other, "macs")[2] == "  1  full      500.0    96.00  95.00, yours +1.00"


def test_what_the_course_has_not_recorded_is_said(monkeypatch):
    monkeypatch.setattr(module, "runs", list)
    assert table(2_000, {"a": run(80, 1_000)}, "parameters")[2].endswith("80.00  not recorded yet")
    (axis,) = drawn({"a": run(80, 1_000)}, "parameters").axes
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["yours"]


def places(axis, color, marker):
    (found,) = [a for a in axis.lines if to_hex(a.get_color()) == color and a.get_marker() == marker]
    assert (found.get_linestyle() == "None") == (marker != "None")
    return [(round(float(x), 4), round(float(y), 4)) for x, y in found.get_xydata()]


def test_the_runs_are_drawn_over_the_courses_points_and_its_best():
    figure = drawn(RUNS, "parameters")
    sample, full = figure.axes
    assert sample.get_title(loc="left") == "trained on 10,000 images, measured on 2,000"
    assert full.get_title(loc="left") == "trained on 60,000 images, measured on 10,000"
    assert places(sample, ORANGE, "D") == [(300, 91.25), (100, 86), (7.85, 85.5)]
    assert sorted(places(sample, GREY, "o")) == [(35.75, 85), (90.036, 83), (121.418, 90), (480.394, 96)]
    right = round(sample.get_xlim()[1], 4)
    assert places(sample, BLUE, "None") == [(35.75, 85), (121.418, 90), (right, 90)]
    assert places(full, ORANGE, "D") == [(500, 96)]
    assert places(full, BLUE, "None")[:2] == [(121.418, 92), (480.394, 95)]
    for axis in figure.axes:
        assert axis.get_xlabel() == "parameters, in thousands"
        (low, high), (bottom, top) = axis.get_xlim(), axis.get_ylim()
        drawn_at = places(axis, ORANGE, "D") + places(axis, GREY, "o")
        assert all(low < x < high and bottom < y < top for x, y in drawn_at)
        said = [text.get_text() for text in axis.get_legend().get_texts()]
        assert said == ["the course's best for no more", "the course's means", "yours"]
    (steps,) = [a for a in sample.lines if to_hex(a.get_color()) == BLUE]
    assert steps.get_drawstyle() == "steps-post"
    numbers = {t.get_text(): t.xy for t in sample.texts if t.get_text().isdigit()}
    assert numbers == {"1": (300, 91.25), "2": (100, 86), "3": (7.85, 85.5)}
    listed = [t.get_text() for t in sample.texts if "\n" in t.get_text()]
    assert listed == ["1  ben/one  91.25%\n2  ana/first  86.00%\n3  small  85.50%"]


def test_the_picture_is_of_the_cost_that_is_asked_for():
    macs = [(7.7, 85), (11.9, 90), (12.2, 83), (46.3, 96)]  # in millions: squeeze, 2, 3x3@macs, M
    (axis,) = drawn({"a": run(86, 100_000), "b": run(85, 12_000)}, "macs").axes
    assert axis.get_xlabel() == "MACs an image, in millions"
    assert places(axis, ORANGE, "D") == [(100, 86), (12, 85)]
    assert [(round(x, 1), y) for x, y in sorted(places(axis, GREY, "o"))] == macs
    assert [(round(x, 1), y) for x, y in places(axis, BLUE, "None")[:-1]] == macs[:2]


def test_the_higher_list_has_the_higher_axis_and_a_name_of_28_letters_is_whole():
    full = {f"{'full':·>28}{i}"[-28:]: run(90 - i, 500_000, 10_000) for i in range(25)}
    figure = drawn(full | {f"{'one':·>29}": run(90, 500_000)}, "parameters")
    few, many = figure.axes
    FigureCanvasAgg(figure).draw()
    assert many.bbox.height > 1.3 * few.bbox.height
    assert [t.get_text() for t in few.texts][1] == f"1  …{'one':·>27}  90.00%"
    assert next(t.get_text() for t in many.texts if "\n" in t.get_text()).startswith(f"1  {'full0':·>28}  90.00%")


@pytest.mark.parametrize("n", [12, 30])
def test_the_numbers_of_a_class_with_one_network_do_not_cover_each_other(n):
    some = {f"student {i:02}/with a long name and $1 of _{i}_": run(90 - i / 50, 100_000) for i in range(n)}
    figure = drawn(some, "parameters")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    (axis,), renderer = figure.axes, canvas.get_renderer()
    numbers = [t for t in axis.texts if t.get_text().isdigit()]
    boxes = [t.get_window_extent(renderer) for t in sorted(numbers, key=lambda t: int(t.get_text()))]
    assert len(boxes) == n
    assert all(0 <= a.y0 - b.y1 + 1.5 < 8 for a, b in pairwise(boxes))  # pixels
    (listed,) = [t for t in axis.texts if "\n" in t.get_text()]
    assert listed.get_text().splitlines()[3] == "4  …h a long name and $1 of _3_  89.94%"
    assert listed.get_window_extent(renderer).x1 <= figure.bbox.x1
    assert min(t.get_window_extent(renderer).x0 for t in (listed, axis.get_legend())) >= axis.bbox.x1
    assert listed.get_window_extent(renderer).y1 <= axis.bbox.y1 + 1
    assert listed.get_window_extent(renderer).y0 >= axis.get_legend().get_window_extent(renderer).y1


# ---- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A class's pool: two runs that are what they say, of one name, and three that are not."""
    folder, weights, net = tmp_path_factory.mktemp("class"), made_runs.means(), template()
    net.load_state_dict(weights)
    right = score(net)
    for name in ("ana/first", "ben/first", "cleo/gone", "cleo/cut"):
        written(folder / name, weights, right, TEMPLATE)
    written(folder / "cleo" / "lies", weights, 0.95, TEMPLATE)
    (folder / "cleo" / "gone" / "weights.pt").unlink()
    os.truncate(folder / "cleo" / "cut" / "weights.pt", 1_000)
    return folder, f"{100 * right:.2f}"


def test_a_pool_is_compared_and_what_cannot_be_is_named(trained, tmp_path, capsys):
    folder, right = trained
    assert main(["compare", str(folder), "--to", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[2:] == [
        f"  1  ana/first        7.8    {right}  85.00, yours −{85 - float(right):.2f}",
        f"  2  ben/first        7.8    {right}  85.00, yours −{85 - float(right):.2f}",
        "",
        f"The picture is in {tmp_path / 'comparison.png'}.",
    ]
    assert [text for text in said.err.splitlines() if text.startswith("Left out")] == [
        "Left out: cut: its weights.pt is not the file that its card describes: damaged, or of another run.",
        "Left out: gone: its weights.pt is missing.",
        f"Left out: lies: its card says 95.00%, its weights give {right}%.",
    ]
    assert said.err.splitlines()[:2] == ["measuring 1 of 5: ana/first", "measuring 2 of 5: ben/first"]
    assert imread(tmp_path / "comparison.png").shape[:2] == (440, 1155)


def test_the_tables_of_the_sample_and_of_the_full_set_stand_apart(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(module, "find", lambda paths: ([Path("full"), Path("small")], []))
    monkeypatch.setattr(module, "audit", lambda folder: RUNS[str(folder)])
    assert main(["compare", "a", "--to", str(tmp_path)]) == 0
    starts = [line[:17] for line in capsys.readouterr().out.splitlines()]
    assert starts[3:5] == ["", "trained on 60,000"]
    assert starts[0] == "trained on 10,000"


def test_nothing_left_out_is_status_0_and_nothing_found_is_1(trained, tmp_path, capsys, monkeypatch):
    folder, _ = trained
    monkeypatch.chdir(tmp_path)
    figures, really = [], module.png
    monkeypatch.setattr(module, "png", lambda figure: figures.append(figure) or really(figure))
    for _ in range(2):  # the second picture takes the place of the first
        assert main(["compare", str(folder / "ana"), "--cost", "macs"]) == 0
    assert "cost: MACs an image, in millions" in capsys.readouterr().out
    assert [figure.axes[0].get_xlabel() for figure in figures] == 2 * ["MACs an image, in millions"]
    assert Path("comparison.png").read_bytes().startswith(b"\x89PNG")
    Path("empty").mkdir()
    assert main(["compare", "empty", "--to", "other.png"]) == 1
    assert "Left out: empty: there is no card.json in it" in capsys.readouterr().err
    assert main(["compare", "comparison.png", "--to", "other.png"]) == 1
    assert not Path("other.png").exists()


def test_a_picture_that_cannot_be_written_is_said_and_the_table_is_there(trained, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["compare", str(trained[0] / "ana"), "--to", str(tmp_path / "file" / "a.png")]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("trained on 10,000 images")
    assert f"Left out: the picture: {tmp_path / 'file' / 'a.png'} cannot be written: " in said.err
    assert "The picture" not in said.out


def test_the_command_passes_on_what_it_was_asked_and_has_its_defaults(monkeypatch):
    asked = []
    monkeypatch.setattr(module, "compare", lambda *a, **k: asked.append((a, k)) or 7)
    assert main(["compare", "a", "b/*"]) == 7
    assert main(["compare", "a", "--cost", "to_train", "--to", "x.png"]) == 7
    assert asked == [
        ((), {"paths": ["a", "b/*"], "cost": "parameters", "to": "comparison.png"}),
        ((), {"paths": ["a"], "cost": "to_train", "to": "x.png"}),
    ]


@pytest.mark.parametrize("wrong", [["a", "--cost", "seconds"], []])
def test_another_cost_and_no_folder_are_refused(wrong, capsys):
    with pytest.raises(SystemExit):
        main(["compare", *wrong])


def test_it_draws_where_there_is_no_display():
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")}
    code = "import sys; from nin_course.compare import Audited, drawn, png; from nin_course.lab import Costs; "
    code += (
        "png(drawn({'a': Audited(None, 0.8, 2000, Costs(9, 9, 9, 9))}, 'macs')); print('pyplot' in str(sys.modules))"
    )
    paths = str(Path(d2l.__file__).parents[1])
    command, environment = [sys.executable, "-c", code], environment | {"PYTHONPATH": paths}
    drew = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert drew.stdout == "False\n", drew.stderr
