"""What the package says has a translation, no template is taken for another, and words are translated where they leave.

That no English is left in what checks and demos say is looked at where they are tried, in tests/checks and tests/demos.
"""

import io
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import ipywidgets
import matplotlib
import pytest
import templates
import torch
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from in_chinese import BOOK, CHINESE, english
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.figure import Figure

import nin_course as d2l
from nin_course.assets import make_font
from nin_course.checks._ladder import Verdict
from nin_course.doctor import doctor
from nin_course.history import History
from nin_course.language import say, speak
from nin_course.plots import png
from nin_course.train import train_ch5

ROOT = Path(__file__).parents[2]
TEMPLATES, ALL = BOOK["templates"], templates.everything()
PLURAL = re.compile(r"(?<=[a-z])\{\}")  # the place of an s
GLUED = re.compile(r"(?<=[\w}.)])\{\}")  # a place for what may be missing


@pytest.fixture
def chinese():
    speak("zh")
    yield
    speak("en")
    del os.environ["NIN_COURSE_LANGUAGE"]


# ---- the catalogue --------------------------------------------------------------------------------------------------


def test_every_template_has_a_translation_and_every_translation_a_template():
    assert not {text: place for text, place in ALL.items() if not TEMPLATES.get(text)}, "python docs/templates.py"
    assert not set(TEMPLATES) - set(ALL)
    assert len(ALL) > 1400


def test_a_translation_uses_each_place_once_but_for_a_plurals_end():
    for text, words in TEMPLATES.items():
        plural = {text.count("{}", 0, found.start()) for found in PLURAL.finditer(text)}
        used = [int(n) for n in re.findall(r"\{(\d+)=?\}", words)]
        assert sorted({*used, *plural}) == list(range(text.count("{}"))), text
        assert len(set(used)) == len(used), text
        assert "{}" not in words


def test_a_template_is_found_wherever_it_is_said_and_what_only_code_reads_is_not():
    source = '''
"""A docstring of a module."""
KINDS = {"dense": "a word"}
MEANT = {"PyTorch says this": "and this it means"}
class Demo:
    """A docstring of a class."""
    title = "Titled"
    style = {"description_width": "a b"}
    def draw(self, n: "a hint of two words", found) -> str:
        axis.set_title("alone")
        box = dict(description="shown", style="border: 1px solid red", layout={"flex_flow": "row wrap"})
        if "not looked at" in found or found["a key of it"]:
            found["A mistake in the second place."] = re.compile("a pattern of words")
        return f"{n} of {self.all:,} cells{'s' if n else ', the last one'}" + " and more".join(found)
'''
    words = {"a word", "and this it means", "Titled", "alone", "shown", "A mistake in the second place."}
    assert set(templates.templates(source)) == words | {"{} of {} cells{}", ", the last one", "and more"}


def test_what_has_no_translation_yet_is_printed_module_by_module(monkeypatch, capsys):
    said = {"a b": "x.py:3", "c d": "x.py:5", "e f": "y/z.py:1", "put together": ""}
    monkeypatch.setattr(templates, "everything", lambda: said)
    monkeypatch.setattr(templates, "book", lambda: {"c d": "words"})
    templates.main()
    lacking = {"x.py": {"a b": ""}, "y/z.py": {"e f": ""}, "": {"put together": ""}}
    assert json.loads(capsys.readouterr().out) == lacking


def some_filling(random) -> str:
    """What may stand in a place of a template."""
    natural = ("3", "1,234", "0.5", "−0.12", "(2, 3, 4)", "[0, 1]", "12.5%", "`net(X)`", "fold(A (3, 3), b (3,))")
    natural += ("Sneaker", "'W'", "nn.Linear", "kernel_size", "RuntimeError", "/tmp/a/b.pt", "Shirt")
    return random.choice(natural)


@settings(max_examples=3, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_no_template_is_taken_for_another(random):
    """Numbers, shapes, code, names and paths in the places of every template, and it comes back as it was filled."""
    for text, words in TEMPLATES.items():
        if text == "a {}{}":  # a type's name, which a number is not
            continue
        glued = [bool(GLUED.match(text, found.start())) for found in re.finditer(r"\{\}", text)]
        parts = ["" if g else some_filling(random) for g in glued]
        filled, said = iter(parts), [TEMPLATES.get(part, part) for part in parts]
        found = CHINESE.translate(re.sub(r"\{\}", lambda _, filled=filled: next(filled), text))
        wanted = re.sub(r"\{(\d+)(=?)\}", lambda at, s=said, p=parts: (p if at[2] else s)[int(at[1])], words)
        assert found.replace(" ", "").rstrip(".。") == wanted.replace(" ", "").rstrip(".。"), text


@pytest.mark.parametrize(("text", "words"), [
    ("f(3): you say 2 for dense, it should be 5; you say 0 for pooled, it should be 7. It divides by h, not by h·w.",
     "f(3)：你给出的是 2（dense），应该是 5；你给出的是 0（pooled），应该是 7。它除以了 h，该除以 h·w。"),
    ("How few pixels? (run this cell to play): 4 × 4 = 16 numbers an image; the data set has 28 × 28 = 784.",
     "寥寥几个像素（运行这一格就能玩）：每张图像 4 × 4 = 16 个数；数据集里是 28 × 28 = 784 个。"),
    ("f(2) stopped with RuntimeError: shape '[2]' is invalid for input of size 4 and more.",
     "f(2) 中途出错停下：RuntimeError：shape '[2]' is invalid for input of size 4 and more。"),
    ("f(2) stopped with TypeError: unsupported operand type(s) for &: 'tuple' and 'tuple'.",
     "f(2) 中途出错停下：TypeError：unsupported operand type(s) for &: 'tuple' and 'tuple'。"),
    ("nothing that the package says, and some more", "nothing that the package says, and some more"),
    ("", ""),
])  # fmt: skip
def test_a_message_is_taken_apart_and_put_together_again(text, words):
    assert CHINESE.translate(text) == words


# ---- where words leave ----------------------------------------------------------------------------------------------


def test_english_is_spoken_until_another_language_is_chosen(chinese):
    assert say("Everything is ready.") == "都准备好了。"
    assert os.environ["NIN_COURSE_LANGUAGE"] == "zh"
    speak("en")
    assert say("Everything is ready.") == "Everything is ready."
    assert matplotlib.rcParams["font.family"] == ["DejaVu Sans"]


def test_a_process_of_its_own_speaks_as_the_environment_says():
    done = [
        subprocess.run(
            [sys.executable, "-m", "nin_course", "data"],
            env={**os.environ, **language},
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
        ).stdout
        for language in ({}, {"NIN_COURSE_LANGUAGE": "zh"})
    ]
    assert not english(done[1].splitlines()[0].split("Fashion-MNIST")[0])
    assert CHINESE.translate(done[0]).strip() == done[1].strip() != done[0].strip()


def test_a_figure_is_written_in_chinese_with_glyphs_for_it(chinese):
    figure = Figure()
    axis = figure.subplots()
    axis.bar(range(2), [1, 2], label="training")
    axis.set(xlabel="step", title="in truth: Ankle boot")
    axis.set_xticks(range(2), ["Coat", "Bag"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png(figure)
    ticks = [label.get_text() for label in axis.get_xticklabels()]
    assert (axis.get_xlabel(), axis.get_title(), ticks) == ("步", "真相：短靴", ["外套", "包"])
    assert axis.containers[0].get_label() == "training"


def test_the_page_gets_a_widget_in_chinese_and_the_kernel_keeps_it_in_english(chinese):
    slider = ipywidgets.SelectionSlider(options=[("Coat", 4), ("Bag", 8)], value=8, description="image")
    asked = ipywidgets.HTML("<b>你的猜测。</b> 缺哪个词，Trouser 还是 Bag？")
    assert asked.get_state()["value"] == asked.value  # what a chapter says is said
    line = ipywidgets.HTML("<b title='image'>image</b> &amp; <i>pixel&#x27;s row</i>")
    stop = ipywidgets.Button(description="Stop", tooltip="End the run and keep what it has").get_state()
    assert (stop["description"], stop["tooltip"]) == ("停止", "结束这次训练，保留学到的东西")
    assert ipywidgets.Text(placeholder="a number, then Enter").get_state()["placeholder"] == "一个数，然后回车"
    state = slider.get_state()
    assert (state["description"], list(state["_options_labels"]), state["index"]) == ("图像", ["外套", "包"], 1)
    assert (slider.description, slider.label, slider.value) == ("image", "Bag", 8)
    assert line.get_state()["value"] == "<b title='image'>图像</b> &amp; <i>像素的行</i>"


def test_what_a_training_prints_is_translated_and_its_numbers_are_not(chinese, capsys):
    history = History("cpu", 0, loss=[0.5], train_acc=[0.75], valid_acc=[0.25])
    assert re.findall(r"[\d.]+", str(history)) == ["1", "0.5000", "0.750", "0.250"]
    assert not english(str(history).removeprefix("History: "))
    batches = [(torch.rand(8, 1, 28, 28), torch.arange(8))]
    train_ch5(d2l.nin_small(), batches, batches, 8, None, "cpu", 1)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2
    assert not any(map(english, printed))


def test_a_verdict_and_the_doctor_speak_chinese_and_judge_as_they_did(chinese, capsys, monkeypatch):
    verdict = Verdict(False, "It stopped with NameError: name 'x' is not defined.")
    assert (verdict.passed, repr(verdict)) == (False, "[还不对] 中途出错停下：NameError：name 'x' is not defined。")
    assert "<b>[还不对]</b>" in verdict._repr_html_()
    assert repr(Verdict(True, "")) == "[OK] "
    for check in ("_python", "_packages", "_training", "_full_set", "_accelerator"):
        monkeypatch.setattr(
            f"nin_course.doctor.{check}", lambda: ("[OK]", "a small network takes a step forward and back")
        )
    monkeypatch.setattr("nin_course.doctor._sample", lambda: 1 / 0)
    assert doctor() is False
    first, *_, broken, _, _, last = capsys.readouterr().out.splitlines()
    assert first == "[OK]   一个小网络，前向、反向各走一步"
    assert broken == "[FAIL] division by zero"
    assert last == CHINESE.translate("Mend what says [FAIL], then run the doctor again.")


def test_a_table_keeps_its_columns(chinese):
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten())
    head, *rows, total = str(d2l.summary(net, (1, 1, 8, 8))).split("\n")
    assert head.split() == ["层", "种类", "输出形状", "参数", "乘加"]
    wide = [sum(2 if letter > "\u2e80" else 1 for letter in head[:place]) for place in (0, head.index("输"))]
    speak("en")
    plain = str(d2l.summary(net, (1, 1, 8, 8))).split("\n")
    assert wide == [0, plain[0].index("output shape")]
    assert [*rows, total.split()[1:]] == [*plain[1:-1], plain[-1].split()[1:]]


def test_an_error_of_the_package_is_told_in_chinese_and_a_students_own_is_left_alone(chinese, monkeypatch):
    shell, written = InteractiveShell.instance(), io.StringIO()
    from nin_course.language import _told

    monkeypatch.setattr(shell, "showtraceback", lambda raised, tb_offset: written.write(f"{raised[1]}\n"))
    for code in ("d2l.nin(head='x')", "raise ValueError('The image is too small: nothing is left.')"):
        try:
            exec(code, {"d2l": d2l})
        except ValueError as error:
            _told(shell, type(error), error, error.__traceback__)
    first, second = written.getvalue().splitlines()
    assert first == CHINESE.translate("head='x' is not one of 'notes', 'wide'.")
    assert second == "The image is too small: nothing is left."


# ---- the font, and the words --------------------------------------------------------------------------------------


def test_the_font_has_every_character_that_may_be_drawn_and_is_small():
    folder = make_font.FONT.parent
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    has = TTFont(make_font.FONT).getBestCmap()
    assert not [letter for letter in make_font.needed() if ord(letter) not in has], "python -m " + make_font.__name__
    assert card["characters"] == len(make_font.needed())
    assert make_font.FONT.stat().st_size < 400_000
    assert "SIL OPEN FONT LICENSE" in (folder / "LICENSE").read_text(encoding="utf-8")
    assert TTFont(make_font.FONT)["name"].getDebugName(1) in BOOK["fonts"]


def test_a_character_that_a_chapter_newly_draws_is_needed(tmp_path, monkeypatch):
    chapter = '# 龘\n\n```{code-cell} ipython3\n---\ntags: [reveal]\n---\n%env A=魑\naxis.set_title("魅")  # 魍\n```\n'
    (tmp_path / "01_toy.md").write_text(chapter, encoding="utf-8")
    monkeypatch.setattr(make_font, "CHAPTERS", tmp_path)
    assert "魅" in make_font.needed()
    assert not set("龘魑魍") & set(make_font.needed())


def wrong_words() -> dict[str, str]:
    """The words that are not used -> the one that is, from docs/glossary.md."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]*) \|", (ROOT / "docs" / "glossary.md").read_text(), re.M)[2:]
    return {word.strip(): right for _, right, wrong in rows for word in wrong.split(",") if word.strip()}


def test_the_chinese_keeps_to_the_glossary():
    places = {f"{path.name}, line {n}": line for path in sorted((ROOT / "notebooks/source/zh").glob("*.md"))
              for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)}  # fmt: skip
    places |= {f"zh.json: {text}": words for text, words in TEMPLATES.items()}
    places |= {
        f"README.zh.md, line {n}": line for n, line in enumerate((ROOT / "README.zh.md").read_text().splitlines(), 1)
    }
    found = [
        (word, right, place) for place, text in places.items() for word, right in wrong_words().items() if word in text
    ]
    assert len(wrong_words()) > 60
    assert not found


def test_an_answer_its_reason_and_the_verdict_are_told_apart_in_chinese(chinese):
    from nin_course.demos import Bets, Predict

    assert Predict("几倍？").reveal(14584, "56 比 3。").answer == "14,584。56 比 3。"
    assert repr(Bets("几个？", ["甲"]).reveal([2], "41%。")).endswith("\n41%。这次你没有猜。")


def test_a_widgets_words_that_stay_english_stay_letter_by_letter(chinese):
    from ipywidgets import HTML

    kept = "<b>Zork</b> isn&#x27;t &quot;it&quot;"
    assert HTML(kept).get_state()["value"] == kept
