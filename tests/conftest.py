"""One plain closing line for the whole run, whatever it was made of."""

import pytest

COUNTS = pytest.StashKey[dict]()


def pytest_terminal_summary(terminalreporter, config):
    stats = terminalreporter.stats
    failed = sum(len(stats.get(kind, ())) for kind in ("failed", "error"))
    config.stash[COUNTS] = {"passed": len(stats.get("passed", ())), "failed": failed}
    if skipped := len(stats.get("skipped", ())):
        config.stash[COUNTS]["skipped"] = skipped


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    if counts := config.stash.get(COUNTS, None):
        print(", ".join(f"{n} {what}" for what, n in counts.items()))
