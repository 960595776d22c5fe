"""Which faults an emulated device is to show at the moment; one board per device.

The names mean the same on every device: `error`, `silence`, `drop`, `delay`, `jitter`, `garble`, `freeze`,
`power_cycle`, `wrong_version`, `emergency_stop`. A device lists those it knows and may add its own.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mvp_real.errors import MvpRealError, unknown_name

__all__ = ["COMMON_FAULTS", "FaultBoard", "FaultCallback", "FaultSpec", "common_faults"]

FaultCallback = Callable[[str, "float | None"], None]


@dataclass(frozen=True)
class FaultSpec:
    """One fault that a device can show.

    Attributes:
        what: What the device does while the fault is active, in one line.
        unit: Unit of the fault's value, e.g. "s"; empty for a switch that is only on or off.
    """

    what: str
    unit: str = ""


COMMON_FAULTS: dict[str, FaultSpec] = {
    "error": FaultSpec("the device reports this error of its own numbering", "number"),
    "silence": FaultSpec("connections stay, but nothing is answered or sent"),
    "drop": FaultSpec("connections are closed once and refused while active"),
    "delay": FaultSpec("this is added to every reply and report", "s"),
    "jitter": FaultSpec("a random time up to this is added to every reply and report", "s"),
    "garble": FaultSpec("this share of the outgoing frames is corrupted", "share"),
    "freeze": FaultSpec("measurements keep coming, but stop changing"),
    "power_cycle": FaultSpec("the device restarts: connections and all its state are lost"),
    "wrong_version": FaultSpec("the device reports a firmware that is not supported"),
    "emergency_stop": FaultSpec("the device's own emergency stop is pressed"),
}


def common_faults(*names: str) -> dict[str, FaultSpec]:
    """The named ones of `COMMON_FAULTS`, in this order, for a device's board.

    Raises:
        MvpRealError: A name is not a common fault.
    """
    for name in names:
        if name not in COMMON_FAULTS:
            raise unknown_name("common fault", name, COMMON_FAULTS)
    return {name: COMMON_FAULTS[name] for name in names}


class FaultBoard:
    """Active faults of one device. Safe to use from several threads.

    Args:
        specs: The faults that this device can show.
    """

    def __init__(self, specs: Mapping[str, FaultSpec]) -> None:
        self.specs: dict[str, FaultSpec] = dict(specs)
        self._active: dict[str, float] = {}
        self._callbacks: list[FaultCallback] = []
        self._lock = threading.Lock()

    def set(self, name: str, value: float | None = None) -> None:
        """Make a fault active, or change its value.

        Args:
            name: One of `specs`.
            value: In the fault's unit; a switch needs none and always reads 1.0.

        Raises:
            MvpRealError: Unknown name, a value missing or not a finite number >= 0, or a share above 1.
        """
        number = self._checked(name, value)
        with self._lock:
            self._active[name] = number
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback(name, number)

    def clear(self, name: str | None = None) -> None:
        """End one fault, or all of them. Ending a fault that is not active does nothing.

        Raises:
            MvpRealError: Unknown name.
        """
        if name is not None and name not in self.specs:
            raise unknown_name("fault", name, self.specs)
        with self._lock:
            ended = [known for known in self._active if name is None or known == name]
            for known in ended:
                del self._active[known]
            callbacks = list(self._callbacks)
        for known in ended:
            for callback in callbacks:
                callback(known, None)

    def value(self, name: str) -> float | None:
        """Value of an active fault (1.0 for a switch), None while it is not active or not known here."""
        # One dictionary look-up is atomic: a device may ask for every frame.
        return self._active.get(name)

    def active(self) -> dict[str, float]:
        """All active faults with their values."""
        with self._lock:
            return dict(self._active)

    def subscribe(self, callback: FaultCallback) -> None:
        """Call `callback(name, value)` at each `set` and `callback(name, None)` at each end of a fault.

        It runs in the thread of whoever changes the board, without the board's lock, so it may change the
        board itself (a device that has restarted clears `power_cycle`).
        """
        with self._lock:
            self._callbacks.append(callback)

    def _checked(self, name: str, value: float | None) -> float:
        spec = self.specs.get(name)
        if spec is None:
            raise unknown_name("fault", name, self.specs)
        if not spec.unit:
            return 1.0
        if value is None:
            raise MvpRealError(f"fault '{name}' needs a value in {spec.unit}: {spec.what}")
        number = float(value)
        if not math.isfinite(number) or number < 0.0:
            raise MvpRealError(
                f"fault '{name}' was given {value}; it needs a finite number >= 0 ({spec.unit})"
            )
        if spec.unit == "share" and number > 1.0:
            raise MvpRealError(f"fault '{name}' was given {value}; a share is between 0 and 1")
        return number
