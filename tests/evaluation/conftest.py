from __future__ import annotations

from hypothesis import settings

# A crowded machine is no failure of the code under test.
settings.register_profile("no_deadline", deadline=None, max_examples=60)
settings.load_profile("no_deadline")
