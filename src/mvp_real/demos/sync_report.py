"""How well the streams of an episode fit together: gaps, ages, skew. Counted while recording, or afterwards from the
file; both give the same figures, because the file holds both times of every message."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mvp_real.demos import topics
from mvp_real.demos.cdr import header_stamp
from mvp_real.demos.image_codec import COMPRESSED_SUFFIX
from mvp_real.demos.mcap_stream import raw_records

GAP_FACTOR = 1.5
"""A frame is missing where two stamps are further apart than this many usual periods."""
MAX_IMAGE_AGE = 0.1
MAX_SKEW = 0.05
"""Largest age of an image and distance to the nearest joint reading, s (mvp_real sheet, rule 2)."""
MILLISECONDS = 1e-6


@dataclass(frozen=True)
class StreamReport:
    """One stream of an episode.

    Attributes:
        messages: Number recorded.
        rate: Usual rate, Hz: from the median distance of stamps.
        dropped: Messages missing between the first and the last, by their stamps.
        longest_gap: Largest distance of two stamps, ms.
        age_median, age_p95, age_max: Reception minus capture, ms; None where the stamps are of another clock.
        skew_p95, skew_max: Distance of an image to the nearest joint reading, ms; None for other streams.
    """

    messages: int
    rate: float
    dropped: int
    longest_gap: float
    age_median: float | None
    age_p95: float | None
    age_max: float | None
    skew_p95: float | None = None
    skew_max: float | None = None


@dataclass(frozen=True)
class SyncReport:
    """The streams of an episode and what is wrong with them.

    Attributes:
        streams: By topic.
        overflow: Messages that the recorder itself could not keep up with.
        problems: What a person should look at, in words; empty for a sound episode.
    """

    streams: dict[str, StreamReport]
    overflow: int = 0
    problems: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """The report in JSON's types."""
        return asdict(self)


@dataclass
class SyncObserver:
    """Takes both times of every message with a header, ns."""

    captured: dict[str, list[int]] = field(default_factory=dict)
    received: dict[str, list[int]] = field(default_factory=dict)

    def add(self, topic: str, captured: int, received: int) -> None:
        """Note one message."""
        self.captured.setdefault(topic, []).append(captured)
        self.received.setdefault(topic, []).append(received)

    def report(self, overflow: int = 0) -> SyncReport:
        """What was observed so far."""
        joints = sorted(self.captured.get(topics.JOINT_STATES, []))
        streams = {topic: self._stream(topic, joints) for topic in sorted(self.captured)}
        return SyncReport(streams, overflow, tuple(_problems(streams, overflow)))

    def _stream(self, topic: str, joints: list[int]) -> StreamReport:
        captured = np.array(self.captured[topic], dtype=np.int64)
        distances = np.diff(np.sort(captured))
        distances = distances[distances > 0]
        period = float(np.median(distances)) if len(distances) else 0.0
        far = distances[distances > GAP_FACTOR * period]
        age = (np.array(self.received[topic], dtype=np.int64) - captured) * MILLISECONDS
        # Hands are stamped by the wall clock even in simulated time; such a difference is no age.
        sound = bool(len(age)) and float(np.abs(age).max()) < 1e6
        skew = _skew(captured, joints) if is_image(topic) and joints else None
        return StreamReport(
            messages=len(captured),
            rate=1e9 / period if period else 0.0,
            dropped=int((np.round(far / period) - 1).sum()) if len(far) else 0,
            longest_gap=float(distances.max()) * MILLISECONDS if len(distances) else 0.0,
            age_median=float(np.median(age)) if sound else None,
            age_p95=float(np.percentile(age, 95)) if sound else None,
            age_max=float(age.max()) if sound else None,
            skew_p95=None if skew is None else float(np.percentile(skew, 95)),
            skew_max=None if skew is None else float(skew.max()),
        )


def is_image(topic: str) -> bool:
    """Whether a relative topic carries camera images."""
    return topic.removesuffix(COMPRESSED_SUFFIX).endswith("/image")


def sync_report(path: Path) -> SyncReport:
    """The report of a recorded file, torn or not.

    Raises:
        MvpRealError: It is no recording.
    """
    observer = SyncObserver()
    schemas: dict[int, bytes] = {}
    channels: dict[int, tuple[str, bool]] = {}
    for record in raw_records(path):
        kind = type(record).__name__
        if kind == "Schema":
            schemas[record.id] = record.data
        elif kind == "Channel":
            headed = has_header(schemas.get(record.schema_id, b"").decode())
            topic = topics.relative_name(record.topic).removesuffix(COMPRESSED_SUFFIX)
            channels[record.id] = topic, headed
        elif kind == "Message":
            topic, headed = channels.get(record.channel_id, ("", False))
            if headed:
                observer.add(topic, header_stamp(record.data), record.log_time)
    return observer.report()


def has_header(definition: str) -> bool:
    """Whether messages of a definition begin with a `std_msgs/Header`."""
    return definition.lstrip().startswith("std_msgs/Header ")


def _skew(
    images: np.ndarray[Any, np.dtype[np.int64]], joints: list[int]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    distances = []
    for stamp in images.tolist():
        right = bisect_right(joints, stamp)
        distances.append(min(abs(joints[i] - stamp) for i in (right - 1, right) if 0 <= i < len(joints)))
    return np.array(distances) * MILLISECONDS


def _problems(streams: dict[str, StreamReport], overflow: int) -> Iterable[str]:
    if overflow:
        yield f"the recorder could not keep up: {overflow} messages were not written"
    if topics.JOINT_STATES not in streams:
        yield f"no {topics.JOINT_STATES} at all"
    if topics.JOINT_TARGET not in streams:
        yield f"no {topics.JOINT_TARGET} at all: nothing moved the robot"
    if not any(is_image(topic) for topic in streams):
        yield "no image at all"
    for topic, stream in streams.items():
        # Targets and hands come when the operator moves; their gaps are no loss.
        if topic != topics.JOINT_STATES and not is_image(topic):
            continue
        if stream.dropped:
            total = stream.dropped + stream.messages
            yield f"{topic}: {stream.dropped} of {total} missing, longest gap {stream.longest_gap:.0f} ms"
        if is_image(topic) and (stream.age_p95 or 0.0) > 1e3 * MAX_IMAGE_AGE:
            yield f"{topic}: {stream.age_p95:.0f} ms old at the 95th percentile, allowed are {1e3 * MAX_IMAGE_AGE:.0f}"
        if (stream.skew_p95 or 0.0) > 1e3 * MAX_SKEW:
            yield f"{topic}: {stream.skew_p95:.0f} ms from the nearest joint reading, allowed are {1e3 * MAX_SKEW:.0f}"
