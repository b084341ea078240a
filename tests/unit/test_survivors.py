"""`make mutants` sees which changes of a module its tests notice."""

import shutil
import subprocess
import sys
from pathlib import Path

import house
import pytest
import survivors

HERE = Path(__file__).parents[2]
TOY = '''
def largest(a, b):
    """Of two."""
    return max(a, b)


def unlooked_at(a: int | None = 7) -> int | None:
    return a
'''


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A repository with one module, of which one function is tested."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "toy.py").write_text(TOY)
    (tmp_path / "tests" / "unit").mkdir(parents=True)
    test = "import sys\nsys.path.insert(0, 'docs')\nimport toy\n\ndef test_it():\n    assert toy.largest(1, 2) == 2\n"
    (tmp_path / "tests" / "unit" / "test_it.py").write_text(test)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    monkeypatch.setattr(survivors, "ROOT", tmp_path)
    monkeypatch.setattr(survivors, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(survivors, "LIBRARIES", ())
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return tmp_path


def test_a_kill_and_a_survivor_are_told_apart_and_the_tree_stays_as_it_was(toy, capsys):
    survivors.main(["--number", "9", "--table"])
    said = capsys.readouterr().out
    survivors_of_toy = sorted(line for line in said.splitlines() if line.startswith("docs/"))
    assert survivors_of_toy == [
        "docs/toy.py:4  return max(a, b)  ->  return max(b, a)",  # which is no mistake
        "docs/toy.py:7  unlooked_at(a: int | None=7) -> int | No  ->  unlooked_at(a: int | None=6) -> int | No",
        "docs/toy.py:7  unlooked_at(a: int | None=7) -> int | No  ->  unlooked_at(a: int | None=8) -> int | No",
    ]
    page = (toy / "page.md").read_text()
    assert "| tools | 4 | 1 | 3 | 25% |\n| all | 4 | 1 | 3 | 25% |\n" in page
    assert sorted(page.split("```")[1].splitlines()[1:]) == survivors_of_toy
    shutil.copy(HERE / ".mdformat.toml", toy)
    subprocess.run([sys.executable, "-m", "mdformat", "--check", toy / "page.md"], check=True)
    assert (toy / "docs" / "toy.py").read_text() == TOY


@pytest.mark.parametrize("three", ["(x, 2, x)", "[x, 2, x]", "{x, 2, x}"])
def test_each_member_is_left_out_once_and_nothing_that_is_assigned_to(three):
    source = f"def f(x):\n    a, b, c = {three}\n    return a\n"
    tried = [change.split("  ->  ") for _, change, _ in survivors.some(source, 99, 0)]
    fewer = [after for _, after in tried if after.count(",") == 3]
    assert len(set(fewer)) == 3
    assert all(after.startswith("a, b, c = ") for after in fewer)


def test_in_place_of_the_most_the_first_and_the_last_are_tried():
    tried = [change for _, change, _ in survivors.some("def most(x):\n    return max(x)\n", 99, 0)]
    assert {f"return max(x)  ->  return [*x][{end}]" for end in (0, -1)} < set(tried)


ODD = """def f():
    with locked():
        return g()
    try:
        return g()
    except KeyError:
        pass
    try:
        g()
    except ValueError:
        pass
    finally:
        end()
"""


def test_what_only_an_odd_case_needs_is_left_out():
    tried = {changed for _, _, changed in survivors.some(ODD, 99, 0)}
    one, other = "    except KeyError:\n        pass\n", "    except ValueError:\n        pass\n"
    for old, new in (
        ("with locked():", "if True:"),
        ("try:\n        return g()\n" + one, "if True:\n        return g()\n"),
        (other, ""),
        (
            f"try:\n        g()\n{other}    finally:\n",
            "if True:\n        try:\n            g()\n        except ValueError:\n            pass\n",
        ),
    ):
        assert ODD.count(old) == 1
        assert ODD.replace(old, new).strip() in tried


def test_a_change_that_never_ends_is_noticed(toy):
    endless = TOY.replace("return max(a, b)", "while True: pass")
    assert survivors.noticed(toy, "docs/toy.py", endless, ["tests/unit/test_it.py"], limit=2)


def test_tests_that_fail_as_it_is_are_no_measure(toy):
    (toy / "docs" / "toy.py").write_text(TOY.replace("max", "min"))
    with pytest.raises(SystemExit, match="do not pass as it is"):
        survivors.main([])


def test_a_module_without_tests_is_said_so_and_not_measured_by_all_others(toy):
    (toy / "docs" / "other.py").write_text("FOUR = 4\n")
    with pytest.raises(SystemExit, match=r"docs/other\.py: its nearest tests, none, do not pass"):
        survivors.main(["docs/other.py"])


def test_the_same_seed_draws_the_same_changes_and_each_changes_one_line():
    source = Path(house.__file__).read_text()
    drawn = list(survivors.some(source, 8, seed=3))
    assert drawn == list(survivors.some(source, 8, seed=3))
    assert drawn != list(survivors.some(source, 8, seed=4))
    assert len({changed for _, _, changed in drawn}) == 8
    lines = source.splitlines()
    for line, change, _ in drawn:
        assert change.split("  ->  ")[0] != change.split("  ->  ")[1]
        assert lines[line - 1].strip()


def test_every_module_has_a_group_and_tests_that_exist():
    for module in survivors.modules():
        tests = survivors.nearest(module)
        assert tests, module
        assert all((survivors.ROOT / test).exists() for test in tests if "/" in test), module
        assert survivors.group(module) in survivors.GROUPS
