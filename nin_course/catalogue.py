"""A text that was put together from templates is taken apart again, and put together in another language.

A `Catalogue` is made from a book (`assets/zh.json`): English templates, texts whose places are held open, `{}`, with
their translations, in which `{0}` is what stands in the first place, translated as well, and `{0=}` the same as it is;
and the joints between parts of a message. Which templates a text is made of is found by trying: the reading wins that
leaves the least in English. Names, numbers and what PyTorch says are in no book, and stay. (docs/decisions/0023)
"""

import re
from collections.abc import Iterator
from functools import lru_cache

# What is no language: `code`, 'quoted', and names that are called, dotted, or hold a digit or a _.
CODE = r"`[^`]*`|'[^']*'|\w+\([^()]*(?:\([^()]*\)[^()]*)*\)|(?<!\w)/[\w./-]*\w|\w*[\d_×]\w*(?:\.\w+)*|\w+(?:\.\w+)+"
CODE, HELD = re.compile(CODE), r"[([{][^][(){}]*[])}]"
for _ in range(4):  # brackets in brackets, as deep as images have axes
    HELD = rf"[([{{](?:[^][(){{}}]|{HELD})*[])}}]"
HELD = f"`[^`]*`|{HELD}"
BRACKETS, PART = re.compile(HELD), f"((?:{HELD}|.)*?)"  # nothing is taken apart in brackets
WORD, NAME = re.compile(r"[A-Za-z]{2,}"), re.compile(r"(?<!\w)[A-Z][a-z-]+(?!\w)(?: [a-z]+)?")
PLACES, PLACE = re.compile(r"(?:\{\})+"), re.compile(r"\{(\d+)(=?)\}")
FOREIGN = 4  # so many words and more are no name: they are PyTorch's, or a student's
# Between Chinese characters, and round their full stops, there is no space; and a sentence ends in 。
CHINESE = re.compile(r"[\u2e80-\u9fff]")
SPACE = re.compile(r"(?<=[\u2e80-\u9fff]) (?=[\u2e80-\u9fff])|(?<=[，。：；？！、（）]) | (?=[，。：；？！、（）])")
STOP = r"(?<=[\u2e80-\u9fff])\. |(?<=[^\s.。])\.(?: (?=[\u2e80-\u9fff“\d(]|[\w ×·.]{1,20}[\u2e80-\u9fff])|$)"
STOP = re.compile(STOP)


class Catalogue:
    """What a book says: `Catalogue(book).translate(text)`."""

    def __init__(self, book: dict):
        self.joints = [(re.compile(between), words, sentences) for between, words, sentences in book["joints"]]
        self.said, self.open = {}, []  # templates without a place, and the others: (pieces, translation, pattern)
        templates = book["templates"]  # what is joined on by a comma may have lost it there
        joined = {text[2:]: words.removeprefix("，") for text, words in templates.items() if text.startswith(", ")}
        for english, words in (joined | templates).items():
            pieces = PLACES.split(english)  # places side by side are one: what fills them is taken apart together
            if len(pieces) == 1:
                self.said[english] = words
                continue
            runs = enumerate(PLACES.findall(english))
            now = [f"{{{n}%s}}" if not i else "%.0s" for n, run in runs for i in range(len(run) // 2)]  # new numbers
            words = PLACE.sub(lambda place, now=now: now[int(place[1])] % place[2], words)
            pattern = PART.join(re.escape(p) + r"(?!\w)" * (p == ".") for p in pieces)
            pattern = pattern.replace(f"`{PART}`", "`([^`]*)`")
            self.open.append((pieces, words, re.compile(pattern, re.DOTALL)))
        self.open.sort(key=lambda one: -sum(map(len, one[0])))  # the one with the most words of its own first
        self.best, self.whole = lru_cache(10_000)(self._best), lru_cache(10_000)(self._whole)

    def translate(self, text: str) -> str:
        """The text in the book's language, as far as the book knows it."""
        text = SPACE.sub("", self.best(text)[1] if WORD.search(text) else text)
        return STOP.sub("。", text) if CHINESE.search(text) else text

    def _best(self, text: str) -> tuple[float, str]:
        """(how many words are left in English, the text in translation), as one template or as several, joined."""
        if (bare := text.strip()) != text:
            cost, words = self.best(bare)
            return cost, text.replace(bare, words, 1) if bare else text
        best = self.whole(text)
        for start, end, between, sentences in self._parted(text) if best[0] else ():
            left, limit = self.whole(text[:start]), best[0] if sentences else min(best[0], FOREIGN)
            if left[0] < limit:
                right = self.best(text[end:])
                if left[0] + right[0] + (left[0] >= FOREIGN) < limit:
                    best = left[0] + right[0], left[1] + between + right[1]
        return best

    def _parted(self, text: str) -> Iterator[tuple[int, int, str, bool]]:
        """The joints in a text: (from, to, the same in translation, does it join sentences?)."""
        inside = [found.span() for found in BRACKETS.finditer(text)]
        for joint, between, sentences in self.joints:
            for found in joint.finditer(text):
                if not any(start <= found.start() < end - 1 for start, end in inside):
                    yield *found.span(), between or found[0], sentences

    def _whole(self, text: str) -> tuple[float, str]:
        """The same, as one template or none."""
        if text in self.said:
            return 0, self.said[text]
        words = len(WORD.findall(CODE.sub("", text)))
        names = NAME.sub(lambda name: self.said.get(name[0], name[0]), text)
        best = words + FOREIGN if words > 1 else words / 10, names
        for pieces, translation, pattern in self.open if words else ():
            if all(piece in text for piece in pieces) and (found := pattern.fullmatch(text)):
                cost, filled = self._filled(translation, found.groups())
                better = cost < best[0] or (cost == best[0] and best[1] == names)
                if better and (cost < FOREIGN or len(WORD.findall("".join(pieces))) > 1):
                    best = cost, filled
                    if not cost:
                        break
        return best

    def _filled(self, translation: str, parts: tuple[str, ...]) -> tuple[float, str]:
        """The translation with these parts in its places. Only at its end one may be several sentences."""
        end, cost, filled = translation.rstrip("。")[-3:], 0, {}
        for n, part in enumerate(parts):
            if f"`{{{n}=}}`" in translation:  # code, in its quotes
                filled[f"{n}="] = part
                continue
            left, words = self.best(part)
            parted = [] if part in self.said else [*self._parted(part)]
            several = any(sentences for *_, sentences in parted)
            bare = CODE.sub("", part)
            torn = any(bare.count(opens) != bare.count(closes) for opens, closes in ("()", "[]", "{}"))
            last = f"{{{n}}}" == end
            cost += left + FOREIGN * (torn or (several and (not last or (part + words)[-1] == ".")))
            if not last:  # what follows a comma is rather joined to the whole than in the middle of it
                cost += sum(bool(between.strip()) for _, _, between, _ in parted) / 100
            filled[f"{n}"], filled[f"{n}="] = words, self._listed(part)
        return cost, PLACE.sub(lambda place: filled[place[1] + place[2]], translation)

    def _listed(self, names: str) -> str:
        """Names as they are, with the joints of a list between them."""
        joints = {start: rest for start, *rest in reversed([*self._parted(names)])}  # of two at one place the first
        for start, (end, between, sentences) in sorted(joints.items(), reverse=True):
            names = names if sentences else names[:start] + between + names[end:]
        return names
