"""What a robot does, as a live picture in the Rerun viewer: camera, joints, states, times. No ROS here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import require
from mvp_real.messages import FloatArray

JPEG_QUALITY = 80
TIMELINE = "robot time"


class DashboardRecord:
    """One recording of the viewer; the stamps handed in are its time line, s.

    Args:
        title: Shown by the viewer.
        save: File to write instead of showing anything; its name ends in .rrd.
        web: Serve the viewer as a page instead of opening its window.

    Raises:
        MvpRealError: Rerun is not installed.
    """

    def __init__(self, title: str, save: str = "", web: bool = False) -> None:
        self._rerun: Any = require("rerun", "dashboard")
        self._stream = self._rerun.RecordingStream(title)
        blueprint = self._layout()
        self.address = ""
        if save:
            self._stream.save(save, default_blueprint=blueprint)
        elif web:
            self.address = self._rerun.serve_grpc(recording=self._stream, default_blueprint=blueprint)
            self._rerun.serve_web_viewer(open_browser=False, connect_to=self.address)
        else:
            self._rerun.spawn(recording=self._stream, default_blueprint=blueprint)
        self._named: set[str] = set()

    def close(self) -> None:
        """Write what is left."""
        self._stream.flush()
        self._stream.disconnect()

    def image(self, name: str, pixels: NDArray[np.uint8], stamp: float) -> None:
        """A picture (height, width, 3), rgb."""
        self._at(stamp)
        self._stream.log(name, self._rerun.Image(pixels).compress(jpeg_quality=JPEG_QUALITY))

    def compressed_image(self, name: str, data: bytes, stamp: float) -> None:
        """A JPEG."""
        self._at(stamp)
        self._stream.log(name, self._rerun.EncodedImage(contents=data, media_type="image/jpeg"))

    def joints(self, kind: str, names: Sequence[str], position: FloatArray, stamp: float) -> None:
        """Positions of all joints; `kind` is "measured" or "target"."""
        self._at(stamp)
        self._lines(f"joints/{kind}", [f"{name} {kind}" for name in names])
        self._stream.log(f"joints/{kind}", self._rerun.Scalars(position))

    def state(self, who: str, state: str, reason: str, stamp: float) -> None:
        """A change of state, with its reason."""
        level = self._rerun.TextLogLevel
        kind = {"stopped": level.ERROR, "fallen": level.ERROR, "hold": level.WARN}.get(state, level.INFO)
        self._at(stamp)
        self._stream.log(f"states/{who}", self._rerun.StateChange(state=state))
        text = f"{who}: {state}" + (f": {reason}" if reason else "")
        self._stream.log("log", self._rerun.TextLog(text, level=kind))

    def times(self, node: str, milliseconds: Mapping[str, float], stamp: float) -> None:
        """Latencies that a node reports, ms."""
        self._at(stamp)
        for name, value in milliseconds.items():
            path = f"times/{node}/{''.join(letter if letter.isalnum() else '_' for letter in name)}"
            self._lines(path, [f"{node}: {name}"])
            self._stream.log(path, self._rerun.Scalars(value))

    def _at(self, stamp: float) -> None:
        self._stream.set_time(TIMELINE, timestamp=stamp)

    def _lines(self, path: str, names: Sequence[str]) -> None:
        """Name the lines of a plot, once."""
        if path not in self._named:
            self._named.add(path)
            self._stream.log(path, self._rerun.SeriesLines(names=list(names)), static=True)

    def _layout(self) -> Any:
        blueprint = require("rerun.blueprint", "dashboard")
        return blueprint.Blueprint(
            blueprint.Horizontal(
                blueprint.Vertical(
                    blueprint.Spatial2DView(origin="camera", name="Camera"),
                    blueprint.TextLogView(origin="log", name="What happened"),
                    row_shares=[2, 1],
                ),
                blueprint.Vertical(
                    blueprint.StateTimelineView(origin="states", name="States"),
                    blueprint.TimeSeriesView(origin="joints", name="Joints, rad; gripper, open 1"),
                    blueprint.TimeSeriesView(origin="times", name="Latencies, ms"),
                    row_shares=[1, 3, 2],
                ),
            ),
            collapse_panels=True,
        )
