"""Faults are named, take a value where they need one, and near names are suggested."""

from __future__ import annotations

import pytest

from mvp_real.errors import MvpRealError
from mvp_real.nodes.faults import DIGIT_FAULTS, FAULTS, Fault


@pytest.mark.parametrize("faults", [FAULTS, DIGIT_FAULTS])
def test_every_fault_parses(faults: dict[str, tuple[str, str]]) -> None:
    for name, (_, unit) in faults.items():
        fault = Fault.parse(f"{name}=0.3" if unit else name, faults)
        assert fault == Fault(name, 0.3 if unit else 0.0)
    assert Fault.parse("", faults) == Fault()


def test_faults_of_another_robot_are_unknown() -> None:
    with pytest.raises(MvpRealError, match="unknown fault 'camera_stop'"):
        Fault.parse("camera_stop", DIGIT_FAULTS)
    with pytest.raises(MvpRealError, match="is written 'gain_drop=SHARE'"):
        Fault.parse("gain_drop", DIGIT_FAULTS)


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
