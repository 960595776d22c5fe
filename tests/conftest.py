"""Settings for every test: shared machines are slow at times, and that is no failure of a property."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("project", deadline=None, max_examples=50)
settings.load_profile("project")
