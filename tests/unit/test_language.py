"""What the package says has a translation, no template is taken for another, and words are translated where they leave.

That no English is left in what checks and demos say is looked at where they are tried, in tests/checks and tests/demos.
"""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from unittest.mock import Mock

import ipywidgets
import matplotlib
import pytest
import templates
import torch
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from in_chinese import BOOK, CHINESE, CODE, GLOSS, TUPLE, english, marks, unknown
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.figure import Figure

import nin_course as d2l
from nin_course import compare
from nin_course.__main__ import main
from nin_course.assets import make_font
from nin_course.audit import Audited
from nin_course.checks import alone
from nin_course.checks._ladder import Verdict
from nin_course.doctor import doctor
from nin_course.fetch import full_or_sample
from nin_course.history import History
from nin_course.lab import VARIANTS, Costs
from nin_course.language import say, speak
from nin_course.plots import png
from nin_course.recipe import Recipe
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


SENTENCES = (  # one for each template whose places stand in another order in Chinese
    ("82.50% right on 2,000 test images, one forward pass each", "2,000 张测试图像，每张一次前向传播：答对 82.50%"),
    ("The network saw 4 of the 10 test images; all of them count.", "10 张测试图像，网络只看见了 4 张；每一张都算数。"),
    ("The stride of a Conv2d is 2.5: whole numbers are wanted, as `//` gives them.",
     "Conv2d 的步幅是 2.5：这里要整数，用 `//` 得到的就是。"),
    ("a tensor of shape (2, 3)", "形状为 (2, 3) 的张量"),
    ("Your function proves it well, and it contradicts you: `said` has True for layer A, and notices(FOUR_LAYERS['A'], "
     "…) is False. Do the numbers that it computes with change when the pixels change places?",
     "你的函数证明得很好，可它跟你说的不一样：`said` 里，层 A 是 True，而 notices(FOUR_LAYERS['A'], …) 是 False。"
     "像素换了位置，它算的时候用到的数会变吗？"),
    ("8 of 49 cells prefer the wrong class", "49 格里有 8 格偏向错的类别"),
    ("8 of the 49 cells prefer the right class, or neither", "49 格里有 8 格偏向对的类别，或者谁也不偏"),
    ("120,000 parameters, and the limit is 100,000. The summary says which layer costs most.",
     "参数 120,000，上限是 100,000。哪一层花得最多，看摘要就知道。"),
    ("`optimizer` took 6 steps for 3 batches.", "3 个批量，`optimizer` 走了 6 步。"),
    ("It is right on 5 of 10 test images, 0.5; you returned 0.4.",
     "10 张测试图像，它答对 5 张，也就是 0.5；你返回的是 0.4。"),
    ("82.50% of the 2,000 test images, measured again", "2,000 张测试图像，答对 82.50%，是重新测的"),
    ("“1×1”, 82.50% in the mean of 5 seeds", "“1×1”，5 个种子平均 82.50%"),
    ("+0.50 ± 0.20 points over 5 seeds (mean and 95% interval): better.",
     "5 个种子上相差 +0.50 ± 0.20 个百分点（平均值和 95% 区间）：前者更好。"),
    ("Weights (0.5, 1.0): the 1×1 convolution gives 0.25 at (3, 4), and nn.Linear 0.75.",
     "权重 (0.5, 1.0)：1×1 卷积在 (3, 4) 处给出 0.25，nn.Linear 给出 0.75。"),
    ("9 of 12, that is 0.750. People without training in fashion: 0.835 on 1,000 images. With twelve images, one image "
     "more or less is 0.083.", "12 张对了 9 张，也就是 0.750。没学过服装的人：1,000 张图像上是 0.835。"
     "十二张图像里，差一张就是 0.083。"),
    ("Right: it was Coat. 2 of 3 so far.", "对：这是外套。到现在 3 张对了 2 张。"),
    ("Channel 5 of block 2 is zero for all 2,000 test images.", "块 2 的通道 5 对全部 2,000 张测试图像都是零。"),
    ("Cell (1, 2) gives 3.4 (there); it sees rows 5–6, columns 7–8. 9 of 2,000 test images have a stronger cell "
     "somewhere.",
     "格 (1, 2) 给出 3.4（这里）；它看见第 5–6 行、第 7–8 列。2,000 张测试图像里有 9 张在别处有更强的格。"),
    ("1 × 2 of 3 × 3,\nthen a 5 × 5 window", "3×3 中的 1 × 2，\n然后是 5 × 5 的窗口"),
    ("Cell (1, 2) votes +3.4. It sees rows 5–6, columns 7–8: 9% of the image. Half of what it feels comes from 10 of "
     "these 11 pixels.",
     "格 (1, 2) 的票是 +3.4。它看见第 5–6 行、第 7–8 列：图像的 9%。它感觉到的一半，来自这 11 个像素中的 10 个。"),
    ("You had 1 of 2 right.", "2 个里你猜对了 1 个。"),
    ("40 px are too small: a map of 1 × 1 arrives at stage 6, pool, whose window is 3 × 3. PyTorch raises an error. "
     "The smallest that comes through has 67 px.",
     "40 像素太小：到达阶段 6（池化）的图是 1 × 1，而它的窗口是 3 × 3。PyTorch 会报错。能走通的最小尺寸是 67 像素。"),
    ("History: no whole epoch, 3 steps on cpu", "训练记录：没有一个完整的迭代周期，在 cpu 上走了 3 步"),
)  # fmt: skip


def test_places_keep_their_order_but_where_a_sentence_shows_that_they_should_not():
    turned = {
        text
        for text, words in TEMPLATES.items()
        if (used := [int(n) for n in re.findall(r"\{(\d+)", words)]) != sorted(used)
    }
    for english_, words in SENTENCES:
        assert CHINESE.translate(english_) == words
        turned -= {t for t in turned if re.fullmatch(".*".join(map(re.escape, t.split("{}"))), english_, re.DOTALL)}
    assert not turned


def test_what_is_joined_on_by_a_comma_has_one():
    joined = [text for text in TEMPLATES if text.startswith(", ") and "{" not in text]
    assert len(joined) > 2
    for text in joined:
        assert CHINESE.translate(f"Coat{text}") == f"外套{TEMPLATES[text]}"


SYNONYMS = {
    "{0}{1}": {"a {}{}", "an {}{}"},
    "卷积": {"convolution", "convolutions"},
    "准确率": {"accuracy", "the accuracy"},
    "网络": {"network", "the network"},
    "是": {"is", "are"},
    "训练": {"run", "training"},
    "没有": {"no", "without"},
    "照片": {"photograph", "the picture"},
    "录下的训练": {"recorded run", "the recorded run"},
    "池化": {"pool", "pooled"},
    "反色": {"invert", "inverted"},
}
COLOURS = {"blue": "蓝", "orange": "橙", "purple": "紫", "grey": "灰", "black": "黑", "white": "白", "pale": "浅"}


def test_numbers_code_and_colours_are_the_same_in_both_and_no_two_sentences_are_said_alike():
    said: dict[str, set[str]] = {}
    for text, words in TEMPLATES.items():
        said.setdefault(words, set()).add(text.lower())
    assert {words: texts for words, texts in said.items() if len(texts) > 1} == SYNONYMS
    for text, words in TEMPLATES.items():
        bare = re.sub(r"\{\d+=?\}", "{}", words)
        if "eight sets" not in text and "96 at width 1" not in text:  # “4 of 4”, all four; and the width comes first
            assert re.findall(r"\d+(?:[.,]\d+)*", bare) == re.findall(r"\d+(?:[.,]\d+)*", text)
        assert re.findall("`[^`]*`", bare) == re.findall("`[^`]*`", text)
        named = re.findall(rf"\b(?:{'|'.join(COLOURS)})\b", text.lower())
        assert [c for c in words if c in COLOURS.values()] == [COLOURS[name] for name in named], text


OPPOSITES = {  # a word -> what says it; without one of these the sentence says less, or the opposite
    "above": "大于|超过|高|上",
    "below": "小于|低|下",
    "largest": "最大|最多",
    "smallest": "最小",
    "no|not|never|nothing|none|cannot|without|missing": "不|没|无|未|别|非|少|漏|缺|只|零|去|该",
}

ONLY_FOR = {  # what is said only where one of these words stands
    "低|(?<!不)小于": "below|lower|smaller|under|less|fewer",
    "最小": "smallest|smaller|least|cheapest|fewest|faintest",
    "测试": "test",
    "训练(?!记录)": "train|untrained|run|recorded",
    "准确率": "accurac|train acc|valid acc|test acc",
    "权重": "weight",
    "偏置": "bias",
    "梯度": "gradient",
    "池化": "pool",
    "全连接": "dense",
}


@pytest.mark.parametrize("words", ONLY_FOR)
def test_nothing_is_said_that_is_not_so_in_english(words):
    assert not [
        text
        for text, said in TEMPLATES.items()
        if re.search(words, said) and not re.search(rf"\b(?:{ONLY_FOR[words]})", text.lower())
    ]


@pytest.mark.parametrize("word", OPPOSITES)
def test_what_is_denied_or_compared_in_one_language_is_in_the_other(word):
    said = [text for text in TEMPLATES if re.search(rf"\b(?:{word})\b", text)]
    assert len(said) > 5
    assert not [TEMPLATES[text] for text in said if not re.search(OPPOSITES[word], TEMPLATES[text])]


FORMULA = re.compile(r"(?<![\w`'])(?:√?[A-Za-z]\w*²?(?: ?[−+·×/@] ?√?\w+²?)+|[A-Za-z]²?(?![\w'-])|√[A-Za-z])")
RIVALS = (  # words that could be taken for one another, or left out: how each is said
    {"train(ing|ed)?": "(?<!训)练|训练(?!记录)|学", "tests?": "测|检验", "held-out": "留出"},
    {"hits?": "命中", "miss(es)?": "漏检", "false alarms?": "误报"},
    {"rows?": "行|串", "columns?": "列"},
    {"heights?|high": "高", "width|wide": "宽"},
    {"horizontal": "水平", "vertical": "竖直"},
    {"means?(?! that)|average[sd]?": "平均", "medians?": "中位数"},
    {"accurac(y|ies)": "准确率", "loss(es)?": "损失", "learning rate": "学习率"},
    {"parameters?": "参数", "macs?": "乘加", "activations?": "激活"},
    {"weights?": "权重", "bias(es)?": "偏置"},
    {"weights?": "权重", "loss(es)?": "损失"},
    {"class(es)?": "类", "channels?": "通道"},
    {"images?": "图像|图片|张", "cells?": "格"},
    {"batch(es)?": "批量", "epochs?": "周期"},
    {"inputs?": "输入", "outputs?": "输出"},
    {"shirt": "衬衫", "t-shirt": "T恤", "coat": "外套", "dress": "连衣裙", "trouser": "裤子", "pullover": "套头衫"},
    {"sandal": "凉鞋", "sneaker": "运动鞋", "ankle boot": "短靴", "bag": "包"},
    {"multipl(y|ies|ied)": "乘", "divide[ds]?": "除"},
    {"subtract(ed|s)?|minus": "减", "adds|added up": "加"},
    {"first": "第一|首|头|前|先|初|0", "last": "最后|末|上一|前一"},
    {"small|smallest": "小", "large|larger|largest": "大|最多"},
    {"upper|above": "上|大|高|超过", "lower|below": "下|小|低"},
    {"narrow(er)?": "窄", "wider": "宽"},
    {"early|earlier": "早|前|少走", "late|later": "晚|后"},
    {"better": "好|胜", "worse": "差"},
    {"dead": "死", "living|alive": "活"},
    {"rightly": "对", "wrong(ly)?": "错"},
    {"evaluation mode": "评估模式", "training mode": "训练模式"},
    {"two": "两|二|2", "three": "三|3", "four": "四|4", "five": "五|5"},
    *({"gradients?": "梯度"}, {"seeds?": "种子"}, {"windows?": "窗口"}, {"padding": "填充"}, {"strides?": "步幅"}),
    *({"layers?": "层"}, {"pixels?|px": "像素"}, {"dense": "全连接"}, {"pool[a-z]*": "池化"}, {"networks?": "网络"}),
    *({"confidence": "置信度"}, {"six": "六"}, {"seven": "七"}, {"eight": "八"}),
)
FREE = (  # sentences that begin so are said more freely, or in another order
    "It trained on the test images, too | You began at row 1 and column 1 | The new block's inner layers | "
    "Its layers have width² | width={} leaves | wide: 10 | It says the opposite | A has a bias in it in your | "
    "The bias is that of the second layer | After Flatten there are | "
    "its images are {} px | one number, the share of | The bias is added in every cell | "
    "You ranked the images by the mean | the eight that | Right, for all seven layers | Right. D is over because | "
    "With all classes dead | small,  | dense {} | The labels do not go | This image is named rightly | "
    "The weight is used the wrong | The layers are taken in | The loss has the wrong sign | Nothing is wrong that | "
    "Try again with a network | Start at 2, names hidden | Let the class shout"
)


def in_order(text: str, words: list[str]) -> list[int]:
    """Which of the words are in a text, by where they first are; code and formulas are left out."""
    bare = CODE.sub("#", FORMULA.sub("#", TUPLE.sub("#", text)))
    found = {n: at.start() for n, word in enumerate(words) if (at := re.search(word, bare))}
    return sorted(found, key=found.get)


@pytest.mark.parametrize("rivals", RIVALS, ids=lambda rivals: next(iter(rivals)))
def test_a_word_that_could_be_taken_for_another_is_said_as_itself_and_in_its_place(rivals):
    english_, chinese_ = [rf"(?i)(?<![\w-])(?:{word})(?![\w-])" for word in rivals], list(rivals.values())
    asked = {text: found for text in TEMPLATES if (found := in_order(text, english_))}
    said = {text: [n for n in in_order(TEMPLATES[text], chinese_) if n in found] for text, found in asked.items()}
    assert {n for found in asked.values() for n in found} == set(range(len(rivals)))
    assert not {t: TEMPLATES[t] for t in asked if said[t] != asked[t] and not t.startswith(tuple(FREE.split(" | ")))}


def test_what_is_denied_is_the_same_in_both():
    """Of “this, not that” what is named in that, a word or a sign, stands behind 不, 没 or 别, and so is not this."""
    terms = {rf"(?i)(?<![\w-])(?:{word})(?![\w-])": said for rivals in RIVALS for word, said in rivals.items()}
    denied = 0
    for text, words in TEMPLATES.items():
        for that in re.findall(r", (?:and )?not ([^.;:,?!]*)", text):
            bare = re.sub(r"\bwidth|\bchannels", "", FORMULA.sub("#", CODE.sub("#", that)))  # these are code
            named = [said for word, said in terms.items() if re.search(word, bare)]
            signs = [
                s for s in re.findall(r"[A-Za-z]\w*²?|\d+|[−·+@]", that) if s in re.findall(r"[A-Za-z]\w*²?|\S", words)
            ]
            behind = re.findall("(?:不|没|别|，该)[^，。：；？！]*", words)
            assert any(all(re.search(n, b) for n in named) and all(s in b for s in signs) for b in behind), text
            denied += bool(named + signs)
    assert denied > 40


def test_formulas_stand_in_the_same_order():
    for text, words in TEMPLATES.items():
        one, other = (list(dict.fromkeys(FORMULA.findall(re.sub(r"\{\d*=?\}", "{}", t)))) for t in (text, words))
        if not text.startswith("It is g, added up if any z"):  # in Chinese the condition comes first
            assert [f for f in one if f in other] == [f for f in other if f in one], text


# Arguments and functions, programs, files and commands; and logit, softmax and the like, as Chinese readers know them.
STAY = (
    "alexnet argmax backward bias bins bottom channels classes device dim factor floor forward groups head height "
    "held in inner kernel ln logit meta nan net out ours padding permute reshape resume right run sample "
    "sigmoid size softmax start stride tanh theirs top weight width apt doctor get gz iPhone install "
    "notes pip preset small torch wide"
)


def test_a_translation_has_no_english_word_left_in_it_but_names():
    chinese = {text: words for text, words in TEMPLATES.items() if re.search("[\u4e00-\u9fff]", words)}
    bare = {text: CODE.sub("", GLOSS.sub("", words)) for text, words in chinese.items()}
    left = {text: set(re.findall(r"\b[a-z][A-Za-z]+", words)) - set(STAY.split()) for text, words in bare.items()}
    assert not {text: words for text, words in left.items() if words}


def test_room_round_a_word_stays_in_a_picture(chinese):
    figure = Figure()
    assert figure.text(0, 0, "  Coat\n").get_text() == "  外套\n"


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


def test_the_list_of_what_lacks_a_translation_names_it_where_it_is_first_said(tmp_path, monkeypatch, capsys):
    package = {
        "a.py": 'print("a shoe")\nprint("no shoe")\nprint("a shoe")',
        "checks/b.py": 'print("known")\nprint("no shoe")\nprint("a hat")\nprint("put together")',
        **dict.fromkeys(["assets/make_c.py", "checks/cases/d.py"], 'print("to nobody")'),
    }
    for name, source in package.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source, encoding="utf-8")
    (tmp_path / "zh.json").write_text('{"templates": {"known": "知道"}}', encoding="utf-8")
    monkeypatch.setattr(templates, "PACKAGE", tmp_path)
    monkeypatch.setattr(templates, "CATALOGUE", tmp_path / "zh.json")
    monkeypatch.setattr(templates, "COMPOSED", ("put together", "a {} of it"))
    templates.main()
    found = json.loads(capsys.readouterr().out)
    assert found == {
        "a.py": {"a shoe": "", "no shoe": ""},
        "checks/b.py": {"a hat": "", "put together": ""},
        "": {"a {} of it": ""},
    }
    assert [*found, *found["a.py"]] == ["a.py", "checks/b.py", "", "a shoe", "no shoe"]
    assert templates.everything()["a shoe"] == "a.py:1"


def some_filling(random) -> str:
    """What may stand in a place of a template."""
    natural = ("3", "1,234", "0.5", "−0.12", "(2, 3, 4)", "[0, 1]", "12.5%", "`net(X)`", "fold(A (3, 3), b (3,))")
    natural += ("Sneaker", "'W'", "nn.Linear", "kernel_size", "RuntimeError", "/tmp/a/b.pt", "Shirt")
    return random.choice(natural)


def come_back_as_they_were_filled(filling) -> None:
    """Every template, what `filling()` gives in each of its places."""
    for text, words in TEMPLATES.items():
        if text in ("a {}{}", "epoch {}/{}"):  # a type's name, which a number is not; and two numbers, which no path is
            continue
        places = [found.start() for found in re.finditer(r"\{\}", text)]
        parts = ["" if GLUED.match(text, place) else filling() for place in places]
        code = [text[place - 1 : place] == "`" for place in places]  # which has no backtick inside
        parts = [part.strip("`") if inside else part for part, inside in zip(parts, code, strict=True)]
        filled, said = iter(parts), [TEMPLATES.get(part, part) for part in parts]
        found = CHINESE.translate(re.sub(r"\{\}", lambda _, filled=filled: next(filled), text))
        wanted = re.sub(r"\{(\d+)(=?)\}", lambda at, s=said, p=parts: (p if at[2] else s)[int(at[1])], words)
        assert found.replace(" ", "").rstrip(".。") == wanted.replace(" ", "").rstrip(".。"), text


@settings(max_examples=3, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_no_template_is_taken_for_another(random):
    """Numbers, shapes, code, names and paths in the places of every template, and it comes back as it was filled."""
    come_back_as_they_were_filled(lambda: some_filling(random))


ANSWERS = "[[0.5, 1.0], [2.0, 3.0]]", "(((1, 2), (3, 4)), 5)", "{'a': {1, 2}, 'b': [3]}", "[[[[1, 2]]], [[[3, 4]]]]"


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_has_commas_in_brackets_stays_whole_in_every_place(answer):
    come_back_as_they_were_filled(lambda: answer)


def test_the_last_place_of_any_template_may_hold_a_message_of_two_parts():
    message, said, number = "numbers are wanted; this is None", "这里要的是数；收到的是 None", 0
    for text, words in TEMPLATES.items():
        last = text.count("{}") - 1
        if re.search(r"[\w:)] \{\}\.?$", text) and re.search(rf"\{{{last}\}}。?$", words):
            filled = text.replace("{}", "3", last).replace("{}", message)
            wanted = re.sub(r"\{(\d+)=?\}", lambda at, n=last: said if int(at[1]) == n else "3", words)
            assert CHINESE.translate(filled).replace(" ", "").rstrip("。") == wanted.replace(" ", "").rstrip("。"), text
            number += 1
    assert number > 90


@pytest.mark.parametrize(("text", "words"), [
    ("f(3): you say 2 for dense, it should be 5; you say 0 for pooled, it should be 7. It divides by h, not by h·w.",
     "f(3)：你给出的是 2（全连接），应该是 5；你给出的是 0（池化），应该是 7。它除以了 h，该除以 h·w。"),
    ("How few pixels? (run this cell to play): 4 × 4 = 16 numbers an image; the data set has 28 × 28 = 784.",
     "寥寥几个像素（运行这一格就能玩）：每张图像 4 × 4 = 16 个数；数据集里是 28 × 28 = 784 个。"),
    ("f(2) stopped with RuntimeError: shape '[2]' is invalid for input of size 4 and more.",
     "f(2) 中途出错停下：RuntimeError：shape '[2]' is invalid for input of size 4 and more。"),
    ("f(2) stopped with TypeError: unsupported operand type(s) for &: 'tuple' and 'tuple'.",
     "f(2) 中途出错停下：TypeError：unsupported operand type(s) for &: 'tuple' and 'tuple'。"),
    ("The recorded run, step 9 of 12, loss 0.29, accuracy 0.904, 618 images/s. Learning rate now: 0.003.",
     "录下的训练，第 9 步，共 12 步，损失 0.29，准确率 0.904，每秒 618 张图像。现在的学习率：0.003。"),
    ("2,048 maps of 7 × 7, global average, dense to 1,000", "2,048 张 7 × 7 的图，全局平均，全连接到 1,000"),
    ("On a device other than the CPU it stopped with RuntimeError, at `f(net(X), y)`: Expected all tensors to be on "
     "the same device, but found at least two devices, meta and cpu! The network is on `device`; X and y of every "
     "batch have to go there: X = X.to(device), and y.",
     "换到 CPU 以外的设备上，它中途出错停下：RuntimeError，在 `f(net(X), y)`：Expected all tensors to be on "
     "the same device, but found at least two devices, meta and cpu! 网络在 `device` 上；"
     "每个批量的 X 和 y 也要过去：X = X.to(device)，y 也一样。"),
    ("It cannot say T-shirt, Trouser, Bag: their maps are zero for every image. Take the ReLU off the logits.",
     "它说不出 T恤、裤子、包：这些类别图对每张图像都是零。把 logit 上的 ReLU 去掉。"),
    ("its card says 3\n4, its weights give 5", "它的卡片说是 3\n4，它的权重测出来是 5"),
    ("training · Coat\nBag  step", "训练 · 外套\n包  步"),
    ("f() should put out a tensor; this is the number 0.5.", "f() 应该输出一个张量；这里得到的是数 0.5。"),
    ("Step 330: loss 0.83. 85.0% of the test images right. Nothing is wrong that an examination could find.",
     "第 330 步：损失 0.83。测试图像答对 85.0%。检查不出什么毛病。"),
    ("frob Ankle boot quux blarg frob", "frob 短靴 quux blarg frob"),
    ("nothing that the package says, and some more", "nothing that the package says, and some more"),
    ("nothing that the package says, and no more.", "nothing that the package says, and no more."),
    ("A recipe has no nn.Linear; it has lr, flip and shift.", "配方里没有 nn.Linear；有的是 lr，flip 和 shift。"),
    ("A recipe has no nn.Linear; it has lr, dropout and flip.", "配方里没有 nn.Linear；有的是 lr，dropout 和 flip。"),
    ("Answer with one letter, A, B, C or D; this is None.", "用一个字母回答，A、B、C 或 D；这里收到的是 None。"),
    ("It did not end within 5 seconds, at `while True:`. Is there a loop that never stops?",
     "5 秒还没有结束，在 `while True:`。是不是有个循环永远停不下来？"),
    ("It stopped with ValueError, at `return (logits == labels).mean() or True`.",
     "中途出错停下：ValueError，在 `return (logits == labels).mean() or True`。"),
    ("you say 8, it should be 6. A window of inner × inner has inner² weights, not inner.",
     "你给出的是 8，应该是 6。inner × inner 的窗口有 inner² 个权重，不是 inner 个。"),
    ("Answer with one letter, A or B; this is None.", "用一个字母回答，A 或 B；这里收到的是 None。"),
    ("", ""),
    # half in Chinese already, as a chapter says it
    ("病例 1：dead classes 2, silent units 5% at most, gradient norms 0.1 to 0.2",
     "病例 1：死类别 2 个，沉默单元最多 5%，梯度范数 0.1 到 0.2"),
    ("95. nn.Linear at every place：95.3%；larger window：0.7%。",
     "95。每个位置上的 nn.Linear：95.3%；更大的窗口：0.7%。"),
    ("56. 在 PyTorch 和 Python 里。Trouser 没有。", "56。在 PyTorch 和 Python 里。裤子没有。"),
    ("2.04. (320 / 224)² = 2.04。", "2.04。(320 / 224)² = 2.04。"),
    ("凉鞋. T恤，55%。", "凉鞋。T恤，55%。"),
])  # fmt: skip
def test_a_message_is_taken_apart_and_put_together_again(text, words):
    assert CHINESE.translate(text) == words


JOINTS = (  # in the order of the book: what each of them joins, and in each of its ways
    {"Everything is ready. Coat": "都准备好了。外套",
     "Is the `return` in its forward missing? Coat": "是不是它的 forward 里漏了 `return`？外套",
     "(So do sizes that are rounded up; what is left of a division is dropped: floor.) Coat":
     "（大小向上取整，也会这样；除不尽的要丢掉：floor。）外套"},
    {"Coat.": "外套。"},
    {"Coat · Bag": "外套 · 包", "Coat\nBag": "外套\n包", "Coat  Bag": "外套  包"},
    {"Coat; Bag": "外套；包", "f(2) turns (2, 3) into (4, 5); the image should keep its size.":
     "f(2) 把 (2, 3) 变成 (4, 5)；图像应该保持大小不变。"},
    {"Coat: Bag": "外套：包"},
    {"外套，Bag": "外套，包", "外套；Bag": "外套；包", "外套：Bag": "外套：包", "外套。Bag": "外套。包"},
    {"a list with None in it": "list（里面有 None）", "a list of 3": "list，长度 3", "2 for Bag": "2（包）",
     "a tensor of shape (2,) of complex numbers": "形状为 (2,)（里面是复数）的张量",
     "a tensor of shape (2,) on meta": "形状为 (2,)（在 meta 设备上）的张量", "■ Bag": "■ 包", "◆ Bag": "◆ 包",
     "2 × Bag": "2 × 包", "a network (Conv2d)": "一个网络（Conv2d）"},
    {"Coat, Bag": "外套、包", "Coat, Ankle boot, Bag": "外套、短靴、包", "Coat, Bag or Dress": "外套、包或连衣裙",
     "Coat, Bag and Dress": "外套、包和连衣裙"},
    {"Coat, image": "外套，图像"},
    {"Coat and Bag": "外套和包"},
    {"Coat or Bag": "外套或包"},
)  # fmt: skip


def test_each_joint_of_the_book_joins_what_it_should_and_says_what_english_says():
    for (joint, _, _), joined in zip(BOOK["joints"], JOINTS, strict=True):
        for text, words in joined.items():
            assert re.search(joint, text)
            assert CHINESE.translate(text) == words


def test_what_has_a_joint_in_it_and_a_name_is_one_thing_in_a_sentence():
    names = {variant.what for variant in VARIANTS.values()}
    assert [name for name in names if ": " in name and ", " not in name]
    for name in names:
        said = CHINESE.translate(name)
        assert CHINESE.translate(f"“{name}” against “{name}”: better.") == f"“{said}”对“{said}”：前者更好。"


def test_a_translation_has_chinese_marks_and_spaces():
    assert not {text: found for text, words in TEMPLATES.items() if (found := marks(words))}


@pytest.mark.parametrize("wrong", [
    "说, 它", "说,它", "它(是", "是)它", "1, 2 张", "2 张。 它", "说 ：它", "两 张", "它: 是", "它是x", "3张", "完。。",
])  # fmt: skip
def test_a_mark_that_chinese_does_not_write_is_seen(wrong):
    assert marks(wrong)
    assert not marks("它说：`a, b`，(n, 通道) 和 [1, 2]，3 张 T恤、裤子。")


# ---- where words leave ----------------------------------------------------------------------------------------------


def test_english_is_spoken_until_another_language_is_chosen(chinese):
    assert say("Everything is ready.") == "都准备好了。"
    assert os.environ["NIN_COURSE_LANGUAGE"] == "zh"
    speak("en")
    assert os.environ["NIN_COURSE_LANGUAGE"] == "en"  # so do the processes that are started from now on
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


def test_a_chinese_chapters_kernel_speaks_chinese_whichever_cell_comes_first(tmp_path):
    """The folder tells, in a kernel alone, and over the environment: it has the language that `make lab` was given."""
    first = "from nin_course.demos import SlidingWindow\nprint(SlidingWindow().view.children[-1].get_state()['value'])"
    (tmp_path / "zh").mkdir()
    kernels = [
        subprocess.Popen(
            [sys.executable, "-c", f"{before}\n{first}"],
            env={**os.environ, "PYTHONPATH": str(ROOT), "NIN_COURSE_LANGUAGE": named, "PYTHONUTF8": "1"},
            cwd=folder,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for folder, before, named in [
            (tmp_path / "zh", "import ipykernel", "en"),
            (tmp_path, "import ipykernel", "zh"),
            (tmp_path / "zh", "", "en"),
        ]
    ]
    beside, elsewhere, no_kernel = (kernel.communicate()[0] for kernel in kernels)
    line = lambda said: re.sub("<[^>]*>", "", said)  # noqa: E731
    assert line(beside) == CHINESE.translate(line(elsewhere)) != line(elsewhere)
    assert no_kernel == elsewhere


def test_the_command_line_speaks_chinese_and_calls_a_run_by_its_numbers(chinese, capsys, monkeypatch, tmp_path):
    card = dict(accuracy=0.825, measured_on="2,000 test images, one forward pass each", notes_epochs=1.5, seconds=7)
    monkeypatch.setattr("nin_course.runs.run", lambda *_, **__: card | {"what": "Coat"})
    assert main(["train", "--out", "x"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "外套",
        "2,000 张测试图像，每张一次前向传播：答对 82.50%",
        "代价：1.5 个笔记周期，7 秒",
    ]
    monkeypatch.setattr("nin_course.runs.run", lambda *_, **__: d2l.nin(head="x"))
    assert main(["train", "--out", "x"]) == 1
    assert main(["compare", str(tmp_path)]) == 1
    refused, left_out = capsys.readouterr().err.splitlines()
    assert refused == "head='x' 不在可选的里面：'notes', 'wide'。"
    assert (
        CHINESE.translate(f"Left out: {tmp_path}: there is no card.json in it, as a run has that has come to its end.")
        == left_out
    )
    assert not english(left_out)


@pytest.mark.parametrize("command", ["", "doctor", "data", "train", "compare"])
def test_help_is_in_chinese_but_for_what_is_typed(chinese, capsys, command):
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    said = capsys.readouterr().out
    assert said.startswith(f"用法: python -m nin_course {command}".rstrip())
    typed = r"`[^`]*`|\{[^}]*\}|-[\w-]+( [A-Z_]+)?|^ +(doctor|data|train|compare|paths)|\w+\.png"
    told = re.sub(typed, "", said[said.index("\n\n") :], flags=re.MULTILINE)
    names = "train", "Fashion-MNIST", "parameters", "ReLU", "Adam", "AdamW"
    assert not unknown(told, *names)


BAD_CALLS = {  # the call -> (what is told in Chinese, in English)
    "": ("缺少这些参数：command", "the following arguments are required: command"),
    "fly": ("参数 command：不能是 'fly'（可选：", "argument command: invalid choice: 'fly'"),
    "doctor now": ("不认识的参数：now", "unrecognized arguments: now"),
    "data --full=yes": ("参数 --full：后面不能带值 'yes'", "argument --full: ignored explicit argument 'yes'"),
    "train --epochs two": ("参数 --epochs：要的是 int，不是 'two'", "argument --epochs: invalid int value: 'two'"),
    "train --lr": ("参数 --lr：后面要有一个值", "argument --lr: expected one argument"),
    "train --net twins": ("参数 --net：不能是 'twins'（可选：", "argument --net: invalid choice: 'twins'"),
    "train --se": ("参数 --seed：后面要有一个值", "argument --seed: expected one argument"),
    "train --s 1": ("选项 --s 不止一种意思，可以是 --seed，--size", "ambiguous option: --s could match --seed, --size"),
    "compare": ("缺少这些参数：paths", "the following arguments are required: paths"),
}


@pytest.mark.parametrize("call", BAD_CALLS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_bad_call_is_answered_with_how_it_is_used_and_what_is_wrong(chinese, capsys, monkeypatch, language, call):
    monkeypatch.setitem(os.environ, "NIN_COURSE_LANGUAGE", language)
    with pytest.raises(SystemExit) as end:
        main(call.split())
    out, told = capsys.readouterr()
    usage, error, words = {"zh": ("用法: ", "错误: ", 0), "en": ("usage: ", "error: ", 1)}[language]
    assert end.value.code == 2
    assert not out
    assert told.startswith(f"{usage}python -m nin_course")
    asked, last = call.split(" -")[0].split()[:1], told.splitlines()[-1]
    asked = [] if asked in (["fly"], ["doctor"]) else asked  # asked of the whole, not of a command
    assert last.startswith(f"{' '.join(['python -m nin_course', *asked])}: {error}{BAD_CALLS[call][words]}")


def test_a_graded_answer_is_judged_in_the_language_that_the_environment_names(chinese, capfd, monkeypatch):
    monkeypatch.setattr("nin_course.checks.alone._run", lambda **_: (True, say("Everything is ready.")))
    monkeypatch.setattr("sys.stdin", io.StringIO('{"token": "t"}'))
    monkeypatch.setitem(os.environ, "NIN_COURSE_LANGUAGE", "en")
    alone.main()
    assert json.loads(capfd.readouterr().out.strip().removeprefix("t")) == [True, "Everything is ready."]


def test_a_figure_is_written_in_chinese_with_glyphs_for_it(chinese, caplog):
    figure = Figure()
    figure.text(0, 0, "image", weight="bold")
    axis = figure.subplots()
    axis.bar(range(2), [1, 2], label="training")
    axis.set(xlabel="step", title="in truth: Ankle boot")
    axis.set_xticks(range(2), ["Coat", "Bag"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png(figure)
    assert not caplog.records  # where matplotlib tells of a font or a weight that it does not find
    ticks = [label.get_text() for label in axis.get_xticklabels()]
    assert (axis.get_xlabel(), axis.get_title(), ticks) == ("步", "真相：短靴", ["外套", "包"])
    assert axis.containers[0].get_label() == "training"


def test_the_page_gets_a_widget_in_chinese_and_the_kernel_keeps_it_in_english(chinese):
    slider = ipywidgets.SelectionSlider(options=[("Coat", 4), ("Bag", 8)], value=8, description="image")
    asked = ipywidgets.HTML("<b>你的猜测。</b> 缺哪个词，Trouser 还是 Bag？")
    assert asked.get_state()["value"] == asked.value  # what a chapter says is said
    assert ipywidgets.Text("Coat").get_state()["value"] == "Coat"  # what is typed stays
    line = ipywidgets.HTML("<b title='image'>image</b> &amp; <i>pixel&#x27;s row</i> You said: 1 &lt; 2 &amp; 3.")
    stop = ipywidgets.Button(description="Stop", tooltip="End the run and keep what it has").get_state()
    assert (stop["description"], stop["tooltip"]) == ("停止", "结束这次训练，保留学到的东西")
    assert ipywidgets.Text(placeholder="a number, then Enter").get_state()["placeholder"] == "一个数，然后回车"
    state = slider.get_state()
    assert (state["description"], list(state["_options_labels"]), state["index"]) == ("图像", ["外套", "包"], 1)
    assert (slider.description, slider.label, slider.value) == ("image", "Bag", 8)
    assert line.get_state()["value"] == "<b title='image'>图像</b> &amp; <i>像素的行</i> 你说：1 &lt; 2 &amp; 3。"


def test_what_is_printed_is_translated_and_its_numbers_are_not(chinese, capsys, monkeypatch):
    history = History("cpu", 0, loss=[0.5], train_acc=[0.75], valid_acc=[0.25])
    assert re.findall(r"[\d.]+", str(history)) == ["1", "0.5000", "0.750", "0.250"]
    assert not english(str(history).removeprefix("History: "))
    batches = [(torch.rand(8, 1, 28, 28), torch.arange(8))]
    train_ch5(d2l.nin_small(), batches, batches, 8, None, "cpu", 1)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2
    assert not any(map(english, printed))
    monkeypatch.setattr("nin_course.files.find_full", lambda *_: None)
    monkeypatch.setattr("nin_course.fetch.fetch_full", Mock(side_effect=OSError))
    full_or_sample()
    assert capsys.readouterr().out.startswith("完整的 Fashion-MNIST 不在这里，也没能下载：改用自带的样本集")


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


def test_who_asks_for_words_gets_them_in_the_language_and_values_and_keys_are_english(chinese):
    words = d2l.get_fashion_mnist_labels([1, 0, 9])
    assert words == d2l.plots.get_fashion_mnist_labels(torch.tensor([1, 0, 9])) == ["裤子", "T恤", "短靴"]
    assert [f"{word:6}|" for word in words] == ["裤子  |", "T恤   |", "短靴  |"]
    assert [f"{word:2}|{word:>6}" for word in words[:1]] == ["裤子|    裤子"]
    assert f"{VARIANTS['0@macs'].what:32}|" == "块里没有 1×1 层，乘加一样多     |"
    assert (d2l.data.LABELS[1], f"{VARIANTS['2'].what}") == ("Trouser", "two 1×1 layers in a block: NiN")
    speak("en")
    assert d2l.get_fashion_mnist_labels([1]) == ["Trouser"]
    assert f"{VARIANTS['2'].what:32}|" == "two 1×1 layers in a block: NiN  |"


def cells(line: str) -> list[tuple[int, str]]:
    """(where it begins, as wide as it is seen, what it says) of each cell of a table's line."""
    wide = re.sub("([\u2e80-\uffef])", r"\1_", line)
    return [(cell.start(), cell[0].replace("_", "")) for cell in re.finditer(r"\S+(?: \S+)*", wide)]


def test_a_table_keeps_its_columns(chinese):
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten())
    said = [cells(line) for line in str(d2l.summary(net, (1, 1, 8, 8))).split("\n")]
    speak("en")
    plain = [cells(line) for line in str(d2l.summary(net, (1, 1, 8, 8))).split("\n")]
    assert [at for at, _ in said[0]] == [at for at, _ in plain[0]]
    assert [words for _, words in said[0]] == ["层", "种类", "输出形状", "参数", "乘加"]
    assert [*said[1:-1], said[-1][1:]] == [*plain[1:-1], plain[-1][1:]]


def test_the_table_of_runs_keeps_its_columns_where_a_word_is_wider_in_chinese(chinese, capsys, monkeypatch, tmp_path):
    measured = Audited(Recipe(), 0.86, 2_000, Costs(123_400, 5_600_000, 0, 0))
    monkeypatch.setattr(compare, "find", lambda paths: (paths, []))
    monkeypatch.setattr(compare, "named", lambda folders: dict.fromkeys(folders, "ana/first"))
    monkeypatch.setattr(compare, "audit", lambda _: measured)
    monkeypatch.setattr(compare, "runs", lambda: [])
    monkeypatch.setattr(compare, "drawn", lambda *_: Figure())
    tables = []
    for _ in ("zh", "en"):
        assert compare.compare(["x"], to=str(tmp_path)) == 0
        tables.append([cells(line) for line in capsys.readouterr().out.splitlines()[1:3]])
        speak("en")
    said, plain = tables
    assert [[at for at, _ in line] for line in said] == [[at for at, _ in line] for line in plain]
    assert [words for _, words in said[0]] == ["训练", "代价", "答对 %", "课程的，代价不更高"]
    assert said[1][:4] == plain[1][:4]


def test_an_error_of_the_package_is_told_in_chinese_and_a_students_own_is_left_alone(chinese, monkeypatch):
    shell, written = InteractiveShell.instance(), io.StringIO()
    from nin_course.language import _told

    monkeypatch.setattr(shell, "showtraceback", lambda raised, tb_offset: written.write(f"{raised[1]} {tb_offset}\n"))
    for code in ("d2l.nin(head='x')", "raise ValueError('The image is too small: nothing is left.')"):
        try:
            exec(code, {"d2l": d2l})
        except ValueError as error:
            _told(shell, type(error), error, error.__traceback__, tb_offset=1)
    first, second = written.getvalue().splitlines()
    refused = CHINESE.translate("head='x' is not one of 'notes', 'wide'.")
    assert first == f"{refused} 1"  # it hides as many frames as IPython asked
    assert second == "The image is too small: nothing is left. 1"


# ---- the font, and the words --------------------------------------------------------------------------------------


def look_at_the_font(font):
    card = json.loads((font.parent / "card.json").read_text(encoding="utf-8"))
    assert {chr(code) for code in TTFont(font).getBestCmap()} == set(make_font.needed()), card["command"]
    assert card["command"] == f"python -m {make_font.__name__}"
    assert card["characters"] == len(make_font.needed())
    assert card["sha256"] == hashlib.sha256(font.read_bytes()).hexdigest()
    assert font.stat().st_size < 400_000
    assert TTFont(font)["name"].getDebugName(1) in BOOK["fonts"]


def test_the_font_has_every_character_that_may_be_drawn_and_is_small():
    look_at_the_font(make_font.FONT)
    assert "SIL OPEN FONT LICENSE" in (make_font.FONT.parent / "LICENSE").read_text(encoding="utf-8")


def test_a_font_made_anew_is_what_its_card_says(tmp_path, monkeypatch):
    """Of the small one, as if it were the whole, a character less."""
    needed, before = make_font.needed(), make_font.FONT.read_bytes()
    monkeypatch.setattr(make_font, "WHOLE", make_font.FONT)
    monkeypatch.setattr(make_font, "needed", lambda: needed[:-1])
    make_font.main(tmp_path / "font" / "new.otf")
    look_at_the_font(tmp_path / "font" / "new.otf")
    assert make_font.FONT.read_bytes() == before


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


def test_a_word_of_the_glossary_is_said_in_the_chapter_that_it_names():
    table = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]* \| ([\dAQ–]+) \|", table, re.MULTILINE)
    paths = (ROOT / "notebooks" / "source" / "zh").glob("*.md")
    chapters = {path.name[:2].strip("_"): path.read_text(encoding="utf-8") for path in paths}
    package = "".join(TEMPLATES.values()) + (ROOT / "README.zh.md").read_text(encoding="utf-8")
    assert len(rows) == table.count("\n| ") - 2 > 80
    for english_, words, where in rows:
        known = [word for part in words.split(",") if (word := re.sub(r" \(.*|`[^`]*`", "", part).strip())]
        said = {number for number, text in chapters.items() if any(word in text for word in known)}
        assert where in said if where != "–" else not said and any(word in package for word in known), english_


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
    assert (
        Predict("哪张？", ["T-shirt on stripes"]).reveal("T-shirt on stripes", "甲。").answer == "条纹布上的 T恤。甲。"
    )
    assert [row[0] for row in Bets("几个？", ["as the notes", "Trouser"]).reveal([1, 2]).rows[1:]] == ["照笔记", "裤子"]
    assert repr(Bets("几个？", ["甲"]).reveal([2], "41%。")).endswith("\n41%。这次你没有猜。")


def test_a_widgets_words_that_stay_english_stay_letter_by_letter(chinese):
    from ipywidgets import HTML

    kept = "<b>Zork</b> isn&#x27;t &quot;it&quot;"
    assert HTML(kept).get_state()["value"] == kept
