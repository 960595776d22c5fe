"""An OpenVR application as a process of its own: OpenVR is global, so each test needs a fresh one.

Each line on its input is answered by one line of JSON: `read`, `devices`, `pulse SERIAL MICROSECONDS`, `seated`,
`calls COUNT`, `end`.
"""

from __future__ import annotations

import json
import sys
import time

from mvp_real.clocks import SystemClock
from mvp_real.errors import MvpRealError
from mvp_real.teleop.openvr_controllers import ControllerReading, OpenVrControllers


def answer(controllers: OpenVrControllers, words: list[str]) -> object:
    if words[0] == "read":
        return {serial: told(reading) for serial, reading in controllers.read().items()}
    if words[0] == "devices":
        return controllers.devices()
    if words[0] == "pulse":
        controllers.pulse(words[1], int(words[2]))
        return None
    if words[0] == "calls":
        times = []
        for _ in range(int(words[1])):
            started = time.perf_counter()
            controllers.read()
            times.append(time.perf_counter() - started)
            time.sleep(0.002)
        return sorted(times)[len(times) // 2]
    raise ValueError(words)


def told(reading: object) -> dict[str, object]:
    if isinstance(reading, ControllerReading):
        return {
            "pose": reading.pose.tolist(),
            "linear": reading.linear_velocity.tolist(),
            "angular": reading.angular_velocity.tolist(),
            "trigger": reading.trigger,
            "touchpad": reading.touchpad.tolist(),
            "pressed": sorted(reading.pressed),
        }
    return {"reason": reading.reason}  # type: ignore[attr-defined]


def main() -> int:
    try:
        controllers = OpenVrControllers(sys.argv[1:], SystemClock())
    except MvpRealError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 2
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        words = line.split()
        if words == ["end"]:
            break
        try:
            reply = answer(controllers, words)
        except MvpRealError as error:
            reply = {"error": str(error)}
        print(json.dumps(reply), flush=True)
    controllers.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
