"""Every fuzz target on damaged seeds: `MvpRealError` or a result, and within seconds."""

from __future__ import annotations

import functools
import random

import pytest
from fuzz.target import damaged
from fuzz.targets import TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# What reading one of these costs sets how many a CI run can afford.
EXAMPLES = {"episode": 60, "system": 60, "card": 60, "hand_table": 60}


@functools.cache
def seeds(name: str) -> list[bytes]:
    return TARGETS[name].seeds()


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_themselves_are_accepted(name: str) -> None:
    assert seeds(name)
    for seed in seeds(name):
        assert TARGETS[name].one_input(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_our_own_error_comes_out(name: str) -> None:
    @settings(max_examples=EXAMPLES.get(name, 120), suppress_health_check=[HealthCheck.too_slow])
    @given(st.integers(0, 2**32), st.one_of(st.none(), st.none(), st.binary(max_size=64)))
    def read(number: int, data: bytes | None) -> None:
        source = random.Random(number)
        TARGETS[name].one_input(damaged(source.choice(seeds(name)), source) if data is None else data)

    read()
