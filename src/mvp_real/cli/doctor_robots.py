"""A robot hand on its CAN bus and a Digit on the network: who they are and what they report. Nothing is commanded."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from mvp_real.cli.doctor_finding import Finding
from mvp_real.errors import MvpRealError
from mvp_real.robots.allegro import wire
from mvp_real.robots.allegro.bus import Bus
from mvp_real.robots.allegro.wire import WireError
from mvp_real.robots.digit import load_digit
from mvp_real.robots.digit_link.link import DigitLink
from mvp_real.robots.digit_link.observation import MotorLimits

ANSWER_WITHIN = 1.0  # s
ASK_EVERY = 0.1  # s between two questions
LISTEN = 1.0  # s
DIGIT_RATE = 1000.0  # Hz
SAME = 0.01  # relative difference up to which two limits are the same


def hand(place: str) -> Iterator[Finding]:
    """An Allegro hand by `INTERFACE:CHANNEL`, or by a channel of socketcan: what it says of itself when it is asked."""
    interface, separator, channel = place.partition(":")
    if not separator:
        interface, channel = "socketcan", place
    try:
        with Bus(interface, channel) as bus:
            info, serial = _ask(bus)
    except MvpRealError as error:
        yield Finding("Allegro hand", False, str(error))
        return
    if info is None or serial is None:
        remedy = "check power, cable, channel and bit rate"
        yield Finding(
            "Allegro hand", False, f"no answer on {interface} {channel} within {ANSWER_WITHIN:g} s; {remedy}"
        )
        return
    power = "motors powered" if info.servo_on else "motors off"
    text = (
        f"serial {serial.text}, {serial.side}, hardware 0x{info.hardware:04X}, firmware 0x{info.firmware:04X}, "
        f"{info.temperature} degrees, {power}"
    )
    yield Finding("Allegro hand", not info.fault, f"{text}; {info.fault}" if info.fault else text)


def _ask(bus: Bus) -> tuple[wire.HandInfo | None, wire.Serial | None]:
    info: wire.HandInfo | None = None
    serial: wire.Serial | None = None
    end, asked = time.monotonic() + ANSWER_WITHIN, 0.0
    while (info is None or serial is None) and time.monotonic() < end:
        if time.monotonic() - asked > ASK_EVERY:
            asked = time.monotonic()
            for question in (wire.HAND_INFO, wire.SERIAL):
                bus.send(wire.encode(wire.Request(question)))
        frame = bus.receive(ASK_EVERY)
        if frame is None or frame.remote:
            continue
        try:
            message = wire.decode(frame)
        except WireError:
            continue
        if isinstance(message, wire.HandInfo):
            info = message
        elif isinstance(message, wire.Serial):
            serial = message
    return info, serial


def digit(host: str, port: int, listen_port: int) -> Iterator[Finding]:
    """A Digit that sends observations: rate, errors, and its own limits beside those of our table."""
    table = load_digit()
    try:
        link = DigitLink(table, host, port, listen_port)
    except MvpRealError as error:
        yield Finding("Digit", False, str(error))
        return
    try:
        began, first, count = time.monotonic(), 0.0, 0
        failing = False
        while (now := time.monotonic()) < (first or began) + LISTEN:
            link.send(None)
            observation = link.poll()
            if observation is not None:
                first = first or now
                count += 1 + link.skipped
                link.skipped = 0
                failing = failing or observation.error
            time.sleep(0.0005)
        limits, problem, counters = link.limits, link.problem, dict(link.subscriber.counters)
    finally:
        link.close()
    if limits is None:
        remedy = (
            "check cable, address and that no firewall blocks UDP; the robot's low-level interface must be on"
        )
        yield Finding("Digit", False, problem or f"no observation from {host}:{port}; {remedy}")
        return
    rate = count / LISTEN
    broken = {name: counters.get(name, 0) for name in ("checksum errors", "malformed")}
    text = (
        f"{host}, {rate:.0f} observations/s, {', '.join(f'{count} {name}' for name, count in broken.items())}"
    )
    remedies = []
    if rate < 0.95 * DIGIT_RATE or any(broken.values()):
        remedies.append("check the cable, use a network of its own, and end what keeps this computer busy")
    if failing:
        remedies.append("the robot reports an error: its own screen says which")
    yield Finding("Digit", not remedies, "; ".join([text, *remedies]))
    yield _limits(limits)


def _limits(limits: MotorLimits) -> Finding:
    table = load_digit()
    own = {"torque": (limits.torque, table.torque_limit), "speed": (limits.velocity, table.speed_limit)}
    lower = [
        f"{name} of {motor} {there:.1f} (ours {ours:.1f})"
        for name, (theirs, mine) in own.items()
        for motor, there, ours in zip(table.motors, theirs.tolist(), mine.tolist(), strict=True)
        if there < ours * (1.0 - SAME)
    ]
    text = f"torque to {np.max(limits.torque):.0f} Nm, speed to {np.max(limits.velocity):.1f} rad/s"
    if lower:
        return Finding("Digit limits", False, f"{text}; the robot allows less: {', '.join(lower)}")
    return Finding("Digit limits", True, f"{text}, none below those of config/robots/digit.yaml")
