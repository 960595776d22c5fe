"""Faults are named, take a value where they need one, and near names are suggested."""

from __future__ import annotations

import pytest

from mvp_real.errors import MvpRealError
from mvp_real.nodes.faults import FAULTS, Fault


def test_every_fault_parses() -> None:
    for name, (_, needs_value) in FAULTS.items():
        fault = Fault.parse(f"{name}=0.3" if needs_value else name)
        assert fault == Fault(name, 0.3 if needs_value else 0.0)
    assert Fault.parse("") == Fault()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("camera_stp", "did you mean camera_stop"),
        ("image_delay", "is written 'image_delay=SECONDS'"),
        ("camera_stop=1", "is written 'camera_stop'"),
        ("clock_jump=much", "not a number"),
    ],
)
def test_wrong_faults_are_refused(text: str, message: str) -> None:
    with pytest.raises(MvpRealError, match=message):
        Fault.parse(text)
