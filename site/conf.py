"""Sphinx's settings for the site. `make site` starts it, on the pages that site/make_site.py has prepared."""

from pathlib import Path

project = "Network in Network, a course you can run"
extensions = ["myst_nb"]
myst_enable_extensions = ["dollarmath"]
nb_execution_mode = "off"  # the notebooks are stored with their outputs
html_theme = "sphinx_book_theme"
html_title = "Network in Network"
html_favicon = "static/favicon.svg"
html_static_path = ["static", "built/play"]
html_css_files = ["play.css"]
html_js_files = ["play.js"]
html_search_scorer = str(Path(__file__).parent / "scorer.js")
mathjax_path = "mathjax.js"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system has it
html_theme_options = {
    "footer_content_items": ["extra-footer"],
    "extra_footer": "MIT licence. Fashion-MNIST is © 2017 Zalando SE, also MIT.",
    "home_page_in_toc": True,
    "navbar_persistent": [],  # one field for the search is enough
    "show_toc_level": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "use_source_button": False,
}
