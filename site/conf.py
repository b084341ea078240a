"""Sphinx's settings for the site. `make site` starts it twice, on the pages that site/make_site.py has prepared."""

import itertools
import re
from pathlib import Path

from sphinx.search.en import SearchEnglish

chinese = tags.has("zh")  # noqa: F821, what `-t zh` says

language = "zh_CN" if chinese else "en"
project = "Network in Network，一门可以运行的课" if chinese else "Network in Network, a course you can run"
extensions = ["myst_nb"]
myst_enable_extensions = ["dollarmath"]
nb_execution_mode = "off"  # the notebooks are stored with their outputs
templates_path = ["templates"]
html_theme = "sphinx_book_theme"
html_title = "Network in Network"
html_favicon = "static/favicon.svg"
html_static_path = ["static"] if chinese else ["static", "built/play"]  # the Chinese pages use what the others have
html_css_files = ["play.css"]
html_js_files = ["play.js"]
html_search_scorer = str(Path(__file__).parent / "scorer.js")
mathjax_path = "mathjax.js"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system has it
html_context |= {  # the other language: its folder, seen from this one's front page, its tag and its name
    "other": ["../", "en", "English"] if chinese else ["zh/", "zh-CN", "中文"],
}
footer = {
    "en": "MIT licence. Fashion-MNIST is © 2017 Zalando SE, also MIT.",
    "zh_CN": "MIT 许可。Fashion-MNIST © 2017 Zalando SE，也是 MIT。",
}
html_theme_options = {
    "article_header_end": ["language.html", "article-header-buttons.html"],
    "footer_content_items": ["extra-footer"],
    "extra_footer": footer[language],
    "home_page_in_toc": True,
    "navbar_persistent": [],  # one field for the search is enough
    "show_toc_level": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "use_source_button": False,
}


class SearchChinese(SearchEnglish):
    """Chinese has no spaces: every character is a word, and every two in a row. A longer word is found by its pairs."""

    lang = "zh"
    js_splitter_code = r"""
    var splitQuery = (query) => (query.match(/[\u2e80-\u9fff]+|(?:(?![\u2e80-\u9fff])[\p{L}\p{N}_])+/gu) ?? []).flatMap(
      (run) => (run > "\u2e80" && run[1] ? Array.from(run.slice(1), (letter, k) => run[k] + letter) : [run]));
    """

    def split(self, text: str) -> list[str]:
        found = []
        for run in re.findall(r"[\u2e80-\u9fff]+|[^\W\u2e80-\u9fff]+", text):
            pairs = map("".join, itertools.pairwise(run))
            found += [*run, *pairs] if run > "\u2e80" else [run]
        return found


def setup(app) -> None:
    app.add_search_language(SearchChinese)
