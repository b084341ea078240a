"""The order of the package, written down in docs/house.py and drawn in docs/contributing.md, is the one it has."""

import house

ORDER = [name for names in house.rooms().values() for name in names]


def test_every_module_has_one_place():
    assert sorted(ORDER) == sorted(house.modules())


def test_nothing_imports_upward_and_there_is_no_circle():
    upward = [(name, other) for name, other in house.arrows() if ORDER.index(other) > ORDER.index(name)]
    assert not upward


def test_the_arrows_are_found_at_the_top_and_inside_of_functions():
    assert {("train", "budget"), ("data", "fetch"), ("__main__", "doctor"), ("doctor", "__init__")} <= set(
        house.arrows()
    )


def test_the_map_is_current():
    assert house.PAGE.read_text(encoding="utf-8") == house.page(), "python docs/house.py"
