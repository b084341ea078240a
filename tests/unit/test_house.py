"""The order of the package, written down in docs/house.py and drawn in docs/contributing.md, is the one it has."""

import house

ORDER = [name for names in house.rooms().values() for name in names]


def test_every_module_has_one_place():
    assert sorted(ORDER) == sorted(house.modules())


def test_nothing_imports_upward_and_there_is_no_circle():
    upward = [(name, other) for name, other in house.arrows() if ORDER.index(other) > ORDER.index(name)]
    assert not upward


def test_an_import_is_found_however_it_is_written(tmp_path):
    module = tmp_path / "module.py"
    module.write_text(
        "import os, nin_course\nimport nin_course.plots as p\nfrom nin_course import norm, fit\n"
        "from nin_course.checks import _read\nfrom nin_course.demos.live import LivePicture\nfrom data import files\n"
        "class A:\n    def f(self):\n        if self:\n            from nin_course.train import fit\n"
    )
    wanted = {"__init__", "plots", "norm", "checks._read", "demos.live", "train"}
    assert house.imports(module, house.modules()) == wanted


def test_the_map_is_current():
    assert house.PAGE.read_text(encoding="utf-8") == house.page(), "python docs/house.py"
