"""Draws the map of the package in docs/contributing.md from its imports: `python docs/house.py`."""

import ast
from pathlib import Path

PAGE = Path(__file__).parent / "contributing.md"
PACKAGE = PAGE.parents[1] / "nin_course"
BEGIN, END = "<!-- the map: python docs/house.py -->", "<!-- end of the map -->"

# From the ground up. A module may import what stands before it, and nothing else of the package.
ROOMS = {
    "data": "device files fetch data augment photo",
    "networks": "blocks models norm weights",
    "measuring": "budget receptive diagnose evidence collage calibration lab results modern",
    "training": "history checkpoint processes speed train recipe",
    "drawing": "plots frontier",
    "the package": "__init__",
    "language": "catalogue language",
    "command line": "runs doctor audit compare __main__",
    "assets": (
        "assets.make_sample assets.make_recorded_run assets.make_stuck_runs assets.make_block_runs assets.make_photos "
        "assets.make_font"
    ),
    "demos": (
        "demos._base demos.predict demos.live demos.stages demos.few_pixels demos.guessing_game demos.channel_mixer "
        "demos.sliding_window demos.ballot_box demos.walk_through demos.one_cell demos.autopsy demos.record demos.run "
        "demos.run_picture demos.training_desk demos.inside demos.microscope demos.find_the_shoes demos.your_photo "
        "demos.bench demos.family_tree demos demos.board"
    ),
    "checks": (
        "checks checks._ladder checks._read checks._calling checks._cases checks._networks checks._computes "
        "checks._maps checks._away checks._patients checks._epoch checks.alone"
    ),
}


def rooms() -> dict[str, list[str]]:
    """Each room's modules in their order; what the checks have for every chapter comes last, as it is found."""
    found = {room: names.split() for room, names in ROOMS.items()}
    for of_chapters in ("checks.mistakes", "checks.ch", "checks.cases"):
        found["checks"] += sorted(name for name in modules() if name.startswith(of_chapters))
    return found


def modules() -> dict[str, Path]:
    """Name -> file of every module of the package."""
    paths = {path: path.relative_to(PACKAGE).with_suffix("").parts for path in sorted(PACKAGE.rglob("*.py"))}
    return {".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "__init__": p for p, parts in paths.items()}


def imports(path: Path, known) -> set[str]:
    """The modules of the package that a file imports, at its top or inside of a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "nin_course":
            base = node.module.removeprefix("nin_course").lstrip(".")
            for name in (f"{base}.{alias.name}".lstrip(".") for alias in node.names):
                found.add(name if name in known else base or "__init__")
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.split(".")[0] == "nin_course"]
            found |= {name.removeprefix("nin_course").lstrip(".") or "__init__" for name in names}
    return found


def arrows() -> list[tuple[str, str]]:
    """(module, what it imports) of the whole package."""
    known = modules()
    return [(name, other) for name, path in known.items() for other in sorted(imports(path, known) - {name})]


def drawn() -> str:
    """The map as Markdown: the rooms, without arrows that follow from others, and a table of what is in them."""
    place = {name: room for room, names in rooms().items() for name in names}
    pairs = {(place[a], place[b]) for a, b in arrows() if place[a] != place[b]}
    pairs = [(a, b) for a, b in pairs if not any((a, c) in pairs and (c, b) in pairs for c in ROOMS)]
    number = {room: f"r{i}" for i, room in enumerate(ROOMS)}
    lines = ["```mermaid", "flowchart TB", *(f"    {number[room]}[{room}]" for room in reversed(ROOMS))]
    lines += sorted(f"    {number[a]} --> {number[b]}" for a, b in pairs)
    lines += ["```", "", "| room | modules, each importing only what stands before it |", "| -- | -- |"]
    lines += [f"| {room} | {' · '.join(f'`{name}`' for name in names)} |" for room, names in rooms().items()]
    return "\n".join(lines)


def page() -> str:
    """contributing.md with the map as it is now."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{drawn()}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
