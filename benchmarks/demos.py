"""How fast a demo answers: `python benchmarks/demos.py`. Milliseconds in the kernel, from a control to the new picture.

Every control of every demo is moved to its other values in turn, and every button pressed; the clock stands around the
whole callback: the sums, the figure and the PNG. What the browser adds is not in it.
"""

import os
import statistics
import time

import ipywidgets as widgets

from nin_course.demos import ALL

MOVES = 10  # a control


def values(control) -> list:
    """Up to MOVES values of a control, the present one last."""
    if isinstance(control, widgets.SelectionSlider):
        found = [value for _, value in control.options]
    elif isinstance(control, widgets.IntRangeSlider):
        found = [(low, high) for low in range(control.min, control.max) for high in (control.max - 1, control.max)]
    elif isinstance(control, (widgets.Checkbox, widgets.ToggleButton)):
        found = [not control.value, control.value] * (MOVES // 2)
    elif isinstance(control, (widgets.IntSlider, widgets.FloatSlider)):
        span = control.max - control.min
        found = [type(control.value)(control.min + span * i / MOVES) for i in range(MOVES)]
    else:
        return []
    return [*[v for v in found if v != control.value][:MOVES], control.value]


def measure(demo) -> list[float]:
    """Milliseconds of each answer."""
    played, spent = demo(), []
    for button in getattr(played, "buttons", {}).values():
        start = time.perf_counter()
        button.click()
        spent.append(1000 * (time.perf_counter() - start))
    for control in played.controls.values():
        for value in values(control):
            if value != control.value:
                start = time.perf_counter()
                control.value = value
                spent.append(1000 * (time.perf_counter() - start))
    return spent


def table() -> list[str]:
    """Lines of Markdown: a row a demo."""
    lines = ["| demo | moves | median | worst |", "|---|---|---|---|"]
    for demo in ALL:
        spent = measure(demo)
        lines.append(f"| {demo.title} | {len(spent)} | {statistics.median(spent):.0f} ms | {max(spent):.0f} ms |")
    return lines


if __name__ == "__main__":
    if hasattr(os, "getloadavg"):
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("\n".join(table()))
