"""Settings for every test: shared machines are slow at times, and that is no failure of a property."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("project", deadline=None, max_examples=50)
settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    """One more switch."""
    parser.addoption("--extended", action="store_true", help="run the tests marked 'extended', too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of real processes get a second try: they assert on times, and a machine may lose a second.

    What would make every run too long, and what only repeats a fault on a further device, waits for `--extended`.
    """
    if not (config.getoption("--extended") or os.environ.get("MVP_REAL_EXTENDED_TESTS")):
        waiting = [item for item in items if item.get_closest_marker("extended")]
        config.hook.pytest_deselected(items=waiting)
        items[:] = [item for item in items if not item.get_closest_marker("extended")]
    # Whoever says how often, for a table of results say, is obeyed.
    again = config.pluginmanager.hasplugin("rerunfailures") and config.getoption("reruns", None) is None
    for item in items:
        if again and item.get_closest_marker("nodes"):
            item.add_marker(pytest.mark.flaky(reruns=2))
