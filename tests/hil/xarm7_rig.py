"""The arm: node `arm` on an emulated or real controller box."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from typing import Any

import numpy as np
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from mvp_real.messages import FloatArray, JointTarget
from mvp_real.nodes import conversions
from mvp_real.nodes.quality import COMMAND, SENSOR
from mvp_real.robots.table import load_robot

from .motion import MotionWatch
from .processes import PATIENCE, Emulator, wait_until
from .rig import Rig

TABLE = load_robot("xarm7")
REPORT_PORT = 30003  # of the box's 100 Hz reports
REPORT_JOINTS = 7  # offset of seven little-endian floats
SHORTEST, LONGEST = 87, 1024  # bytes of a report
STILL, MOVED = 2e-4, 3e-3  # rad within 0.4 s
SWING = 0.04  # rad


class ReportWatch:
    """Reads the box's own reports beside the driver, so that a dead driver's arm can be seen to stand still."""

    def __init__(self, host: str) -> None:
        self._host = host
        self.motion = MotionWatch(STILL, MOVED)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                with socket.create_connection((self._host, REPORT_PORT), 2.0) as connection:
                    connection.settimeout(2.0)
                    stream = connection.makefile("rb")
                    while head := stream.read(4):
                        length = struct.unpack(">I", head)[0]
                        if not SHORTEST <= length <= LONGEST:
                            break  # garbled on its way: nothing after it can be trusted
                        body = stream.read(length - 4)
                        self.motion.add(np.array(struct.unpack_from("<7f", body, REPORT_JOINTS - 4)))
            except (OSError, struct.error):
                time.sleep(0.2)


class XArm7Rig(Rig):
    """See the module."""

    device, node_name, namespace = "xarm7", "arm", "xarm7"

    def start_emulator(self) -> Emulator:
        self.host = ".".join(["127", *(str(random.SystemRandom().randint(1, 254)) for _ in range(3))])
        options = ["--host", self.host, "--port", "15502", "--scene", "empty"]
        return Emulator("xarm7", options, self.logs, self.environment)

    def parameters(self) -> dict[str, Any]:
        if self.reach.real:
            return {"ip": self.reach.ip, "wait": 5.0}
        return {"ip": self.host, "port": 15502, "wait": 20.0}

    def connect_topics(self) -> None:
        self._joints: FloatArray | None = None
        self._start: FloatArray | None = None
        self._first: FloatArray | None = None
        self._began = 0.0
        self._broken = self._garbled = False
        self.node.create_subscription(JointState, "joint_states", self._on_joints, SENSOR)
        self._targets = self.node.create_publisher(JointTrajectory, "joint_target", COMMAND)
        self.watch = ReportWatch(self.reach.ip if self.reach.real else self.host)

    def recover(self) -> None:
        super().recover()
        self._start = self._joints = None  # swing about where it is now

    def send(self, stamp_offset: float) -> bool:
        """Swing the last joint by a few degrees from where it is, towards where it was when all began.

        Cells end in the middle of a swing: always to the same side, they would wind the wrist up.
        """
        joints = self._joints
        if joints is None:
            return False
        now = time.monotonic()
        if self._start is None:
            self._start, self._began = joints.copy(), now
            if self._first is None:
                self._first = self._start
        position = self._start.copy()
        side = -1.0 if self._start[6] > self._first[6] else 1.0
        position[6] += side * SWING * np.sin(2.0 * (now - self._began))
        self._publish(np.full(8, np.nan) if self._broken else position, stamp_offset)
        return True

    def moves(self) -> bool:
        return self.watch.motion.moving()

    def rests(self) -> bool:
        return self._garbled or self.watch.motion.still() or not self.watch.motion.seen

    def act(self, action: str, value: float | None) -> None:
        self._garbled = action == "fault garble"  # the reports that the watch reads, too
        super().act(action, value)

    def send_nan(self) -> None:
        """From now on targets that are no numbers."""
        self._broken = True

    def undo(self) -> None:
        self._broken = False
        super().undo()
        if self._garbled:
            self.watch.motion.forget()

    def kill_driver(self) -> None:
        super().kill_driver()
        self._streaming = False
        threading.Thread(target=self._note_still, daemon=True).start()

    def _note_still(self) -> None:
        if wait_until(self.watch.motion.still, PATIENCE):
            self.note("still", "seen in the box's own reports")

    def _publish(self, position: FloatArray, stamp_offset: float) -> None:
        now = self.node.get_clock().now().nanoseconds * 1e-9
        target = JointTarget(TABLE.joint_names, position, now + stamp_offset, 0.2)
        self._targets.publish(conversions.target_message(target))

    def _on_joints(self, message: JointState) -> None:
        self._joints = conversions.joint_reading(message).position.copy()
