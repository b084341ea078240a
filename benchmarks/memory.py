"""What a chapter's kernel takes: `make memory` writes memory.md, `python benchmarks/memory.py 03 A --cells` only asks.

The most that it ever held, and what it holds at the end, in MB; with --cells also where the most grew by 50 MB or more.
"""

import argparse
import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

import nbclient

sys.path.insert(0, str(Path(__file__).parents[1] / "notebooks" / "source"))
import build

PAGE = Path(__file__).parent / "memory.md"
WATCH = """
import json, pathlib, sys, time, psutil
from IPython import get_ipython
_most, _start = [], time.process_time()
def _now(status=pathlib.Path("/proc/self/status")):
    if status.exists():  # Linux; there ru_maxrss may be that of the process that started this one
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
get_ipython().events.register("post_run_cell", lambda *_: _most.append(_now() / 1e6))
"""
REPORT = """
import gc
gc.collect()
print(json.dumps([_most, psutil.Process().memory_info().rss / 1e6, time.process_time() - _start]))
"""


def measure(chapter: Path) -> tuple[list[float], float, float]:
    """The most held after each code cell, what is held in the end (MB), and the processor seconds that it took."""
    notebook = build.assemble(chapter, solved=True)
    v4 = build.nbformat.v4
    notebook.cells = [v4.new_code_cell(WATCH), *notebook.cells, v4.new_code_cell(REPORT)]
    os.environ["OMP_NUM_THREADS"] = "1"
    where = {"metadata": {"path": str(build.STUDENT)}}
    nbclient.NotebookClient(notebook, timeout=600, resources=where).execute()
    return json.loads(notebook.cells[-1].outputs[-1].text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chapters", nargs="*", help="for example 03 A; all of them, if none is named")
    parser.add_argument("--cells", action="store_true", help="say at which code cells the most grew")
    chosen = parser.parse_args()
    rows = []
    for chapter in build.chapters():
        name = chapter.stem.split("_")[0]
        if chosen.chapters and name not in chosen.chapters:
            continue
        most, end, seconds = measure(chapter)
        rows.append(f"| {name} | {most[-1]:,.0f} | {end:,.0f} | {seconds:.0f} |")
        print(rows[-1], flush=True)
        for i in range(1, len(most)) if chosen.cells else ():
            if most[i] - most[i - 1] >= 50:
                print(f"  code cell {i}: {most[i - 1]:,.0f} → {most[i]:,.0f} MB")
    if not chosen.chapters:
        PAGE.write_text(page(rows), encoding="utf-8")


def page(rows: list[str]) -> str:
    return f"""# What a chapter's kernel takes

Written by `make memory` on {time.strftime("%Y-%m-%d")}, as `make lab` starts JupyterLab, with one thread, PyTorch
{version("torch")}. Of this, 0.55 GB is PyTorch itself.

| chapter | most, MB | in the end, MB | processor seconds |
| -- | -- | -- | -- |
{chr(10).join(rows)}
"""


if __name__ == "__main__":
    main()
