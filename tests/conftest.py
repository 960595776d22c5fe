"""Settings for every test: shared machines are slow at times, and that is no failure of a property."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("project", deadline=None, max_examples=50)
settings.load_profile("project")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of real processes get a second try: they assert on times, and a machine may lose a second."""
    for item in items:
        if item.get_closest_marker("nodes"):
            item.add_marker(pytest.mark.flaky(reruns=2))
