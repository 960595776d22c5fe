"""The board of an emulated device's faults: values, names, subscribers, several threads."""

from __future__ import annotations

import threading

import pytest

from mvp_real.emulators.fault_board import COMMON_FAULTS, FaultBoard, FaultSpec, common_faults
from mvp_real.errors import MvpRealError


def board() -> FaultBoard:
    return FaultBoard(
        {**common_faults("silence", "delay", "garble", "error"), "drift": FaultSpec("drifts", "rad")}
    )


def test_a_fault_is_active_from_set_to_clear() -> None:
    faults = board()
    assert faults.value("silence") is None
    faults.set("silence")
    assert faults.value("silence") == 1.0
    faults.clear("silence")
    assert faults.value("silence") is None
    faults.clear("silence")  # clearing twice is no error


@pytest.mark.parametrize("value", [None, 0.0, 7.0])
def test_a_switch_reads_one_whatever_was_given(value: float | None) -> None:
    faults = board()
    faults.set("silence", value)
    assert faults.value("silence") == 1.0


def test_a_value_is_kept_and_can_be_changed() -> None:
    faults = board()
    faults.set("delay", 0.2)
    faults.set("delay", 0.3)
    faults.set("error", 31)
    assert faults.active() == {"delay": 0.3, "error": 31.0}
    faults.clear()
    assert faults.active() == {}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("silense", None, "did you mean silence"),
        ("delay", None, "needs a value in s"),
        ("delay", float("nan"), "finite"),
        ("delay", -0.1, "finite number >= 0"),
        ("garble", 1.5, "between 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_and_value(
    name: str, value: float | None, message: str
) -> None:
    faults = board()
    with pytest.raises(MvpRealError, match=message):
        faults.set(name, value)
    assert faults.active() == {}


def test_unknown_names_cannot_be_cleared_or_taken_from_the_common_ones() -> None:
    with pytest.raises(MvpRealError, match="unknown fault"):
        board().clear("drop")
    with pytest.raises(MvpRealError, match="unknown common fault"):
        common_faults("silence", "drift")
    assert board().value("drop") is None, "a device may ask for faults that it does not list"


def test_every_common_fault_says_what_the_device_does() -> None:
    assert list(COMMON_FAULTS) == [
        "error", "silence", "drop", "delay", "jitter", "garble", "freeze", "power_cycle", "wrong_version",
        "emergency_stop",
    ]  # fmt: skip
    assert all(spec.what for spec in COMMON_FAULTS.values())


def test_subscribers_hear_each_change_and_may_change_the_board() -> None:
    faults = FaultBoard(common_faults("power_cycle", "delay"))
    heard: list[tuple[str, float | None]] = []

    def restart(name: str, value: float | None) -> None:
        heard.append((name, value))
        if name == "power_cycle" and value is not None:
            faults.clear("power_cycle")

    faults.subscribe(restart)
    faults.set("delay", 0.1)
    faults.set("power_cycle")
    faults.clear()
    assert heard == [("delay", 0.1), ("power_cycle", 1.0), ("power_cycle", None), ("delay", None)]
    assert faults.active() == {}


def test_many_threads_leave_a_consistent_board() -> None:
    faults = board()

    def toggle(name: str, value: float | None) -> None:
        for _ in range(300):
            faults.set(name, value)
            faults.active()
            faults.clear(name)

    threads = [
        threading.Thread(target=toggle, args=arguments)
        for arguments in [("silence", None), ("delay", 0.5), ("error", 31.0), ("silence", None)]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20.0)
    assert faults.active() == {}
