"""The Allegro hand's control loop against the emulated hand on a CAN bus: mean rate, lost frames, death of the loop.

    python benchmarks/allegro_loop.py --seconds 60 --output benchmarks/results.json

Emulator, loop and driver are processes of their own, as in `mvp_real up allegro`; frames go over UDP multicast. Both
sides count what they sent and received, from the first frame to the last.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

from mvp_real.messages import JointTarget
from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.bus import MULTICAST_GROUP, Bus
from mvp_real.robots.allegro.driver import AllegroHand
from mvp_real.robots.allegro.table import load_hand
from mvp_real.robots.verdict import DriverState
from result_rows import Row, write_rows

TABLE = load_hand("v4")
KILLS = 5
# Silences are not what is measured here, and a busy computer must not end the run.
PATIENT = {"frame_age": 0.5, "parent_age": 2.0, "loop_age": 1.0}


def emulate(channel: str) -> subprocess.Popen[str]:
    """The hand's process, serving."""
    arguments = ["emulate", "allegro", "--interface", "udp_multicast", "--channel", channel]
    process = subprocess.Popen(
        [sys.executable, "-m", "mvp_real", *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def end(process: subprocess.Popen[str]) -> dict[str, int]:
    """What the emulator counted."""
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    counts: dict[str, int] = json.loads(process.stdout.readlines()[-1])
    process.wait()
    return counts


def connected(channel: str) -> AllegroHand:
    """A hand on its way home."""
    hand = AllegroHand(TABLE, "udp_multicast", channel, changes=PATIENT)
    hand.connect(120.0)
    while hand.state is not DriverState.RUNNING:
        hand.clear_fault()
        hand.home()
        time.sleep(0.1)
    return hand


def measure_rate(channel: str, seconds: float) -> list[Row]:
    """Rate and losses while a slow wave goes through the fingers at 5 Hz."""
    emulator = emulate(channel)
    hand = connected(channel)
    while hand.homing:
        time.sleep(0.1)
    first, began = hand.report, time.monotonic()
    amplitude = np.tile([0.1, 0.2, 0.2, 0.2], 4)
    while (elapsed := time.monotonic() - began) < seconds:
        ramp = min(1.0, elapsed / 2.0)
        position = TABLE.home + ramp * amplitude * np.sin(2.0 * np.pi * elapsed / 6.0 + np.arange(16) // 4)
        hand.command(JointTarget(TABLE.joint_names, position, time.monotonic(), 0.2))
        time.sleep(0.2)
    last = hand.report
    moved = hand.state
    hand.close()
    final = hand.report
    counts = end(emulator)
    period = (last.stamp - first.stamp) / (last.cycles - first.cycles)
    late = 100.0 * (last.late - first.late) / (last.cycles - first.cycles)
    nominal = 1.0 / TABLE.servo_period
    sent = 4 * counts["angle sets"]
    print(
        f"ended {moved.value}, {hand.reason}; priority: {final.warning or 'real-time'}; late start {first.late}"
    )
    return [
        Row(
            "allegro_loop_rate",
            1.0 / period,
            "Hz",
            f"the hand's own {nominal:.0f} Hz",
            1.0 / period / nominal,
        ),
        Row("allegro_loop_late_cycles", late, "%", "all cycles", late / 100.0),
        Row(
            "allegro_angle_frames_lost",
            sent - final.frames,
            "frames",
            f"{sent} sent",
            1.0 - final.frames / sent,
        ),
        Row(
            "allegro_torque_frames_lost",
            final.torques - counts["torque frames"],
            "frames",
            f"{final.torques} sent",
            1.0 - counts["torque frames"] / final.torques,
        ),
    ]


def measure_death(channel: str) -> list[Row]:
    """Median time from the death of the loop's process to zero torque on the bus."""
    emulator = emulate(channel)
    zero_at: list[float] = []
    torque = [0]
    ended = threading.Event()

    def listen() -> None:
        largest = [0] * 4
        with Bus("udp_multicast", channel) as bus:
            while not ended.is_set():
                frame = bus.receive(0.1)
                if frame is None or frame.identifier >> 2 not in range(wire.TORQUE, wire.TORQUE + 4):
                    continue
                message = wire.decode(frame)
                assert isinstance(message, wire.Torque)
                largest[message.finger] = max(map(abs, message.counts))
                if not any(largest) and torque[0]:
                    zero_at.append(time.monotonic())
                torque[0] = max(largest)

    listener = threading.Thread(target=listen)
    listener.start()
    hand = connected(channel)
    times = []
    for _ in range(KILLS):
        while hand.state is not DriverState.RUNNING or not torque[0]:
            if hand.clear_fault().state is DriverState.DISABLED:
                hand.home()
            time.sleep(0.05)
        count = len(zero_at)
        assert hand.loop_pid is not None
        killed = time.monotonic()
        os.kill(hand.loop_pid, signal.SIGKILL)
        while len(zero_at) == count:
            time.sleep(0.001)
        times.append(zero_at[count] - killed)
    ended.set()
    listener.join()
    hand.close()
    end(emulator)
    value = 1000.0 * float(np.median(times))
    limit = 1000.0 * TABLE.loop_age
    return [
        Row("allegro_killed_loop_to_zero_torque", value, "ms", f"the limit of {limit:.0f} ms", value / limit)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results.json")
    args = parser.parse_args()
    port = random.SystemRandom().randint(20000, 60000)
    rows = measure_rate(f"{MULTICAST_GROUP}:{port}", args.seconds)
    rows += measure_death(f"{MULTICAST_GROUP}:{port + 1}")
    write_rows(args.output, rows)


if __name__ == "__main__":
    main()
