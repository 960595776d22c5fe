"""Have lerobot's own reader read an exported set, and compare what it finds with the recordings.

lerobot cannot be installed beside this package's torch; make it an environment of its own:

    python -m venv lerobot-env && lerobot-env/bin/pip install 'lerobot>=0.4'
    mvp_real demos check runs/lerobot/reach --demos runs/demos/reach --python lerobot-env/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from mvp_real.demos import lerobot_check
from mvp_real.demos.reader import demonstration_paths, read_demonstration
from mvp_real.errors import MvpRealError

PIXEL_TOLERANCE = 6.0
"""Largest mean difference of an image after the video codec, of 255."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("folder", type=Path, help="the exported set")
    parser.add_argument("--python", type=Path, required=True, help="Python of an environment with lerobot")
    parser.add_argument("--demos", nargs="+", type=Path, help="the sets it was exported from")


def run(args: argparse.Namespace) -> int:
    """0 if lerobot reads the set and finds what was recorded."""
    with tempfile.TemporaryDirectory() as temporary:
        arrays = Path(temporary) / "found.npz"
        # As text and in an empty folder: started as a file, the modules beside it would hide those of its Python.
        code = Path(lerobot_check.__file__).read_text(encoding="utf-8")
        command = [str(args.python.absolute()), "-c", code, str(args.folder.resolve()), str(arrays)]
        # The other Python must not find this environment's libraries.
        environment = {k: v for k, v in os.environ.items() if k not in ("LD_LIBRARY_PATH", "PYTHONPATH")}
        environment |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(Path(temporary) / "cache")}
        try:
            result = subprocess.run(command, env=environment, cwd=temporary, capture_output=True, text=True)
        except OSError as error:
            raise MvpRealError(f"'{args.python}' cannot be started: {error.strerror}") from error
        if result.returncode != 0:
            lines = result.stderr.strip().splitlines() or ["no message"]
            raise MvpRealError(
                f"lerobot could not read '{args.folder}': {lines[-1]}\n{result.stderr[-2000:]}"
            )
        summary = json.loads(result.stdout.strip().splitlines()[-1])
        found = dict(np.load(arrays))
    print(
        f"lerobot {summary['lerobot']} reads {summary['episodes']} episodes, {summary['frames']} frames at "
        f"{summary['fps']} Hz, cameras: {', '.join(summary['cameras']) or 'none'}; tasks: {summary['tasks']}"
    )
    if not args.demos:
        return 0
    return _compare(found, [read_demonstration(path) for path in demonstration_paths(*args.demos)], summary)


def _compare(found: dict[str, Any], demonstrations: list[Any], summary: dict[str, Any]) -> int:
    if summary["episodes"] != len(demonstrations):
        raise MvpRealError(f"{len(demonstrations)} demonstrations, but lerobot finds {summary['episodes']}")
    compared, worst_state, worst_pixel = 0, 0.0, 0.0
    for episode, demonstration in enumerate(demonstrations):
        names = [name.split("/") for name in found if name.startswith(f"{episode}/")]
        steps = sorted({int(name[1]) for name in names})
        images = {
            camera: {k: image for k, image in enumerate(frames) if k in steps}
            for camera, frames in demonstration.views.items()
        }
        for step in steps:
            difference = np.abs(found[f"{episode}/{step}/state"] - demonstration.state[step]).max()
            worst_state = max(worst_state, float(difference))
            for camera, frames in images.items():
                seen = found[f"{episode}/{step}/observation.images.{camera.replace('/', '_')}"]
                error = np.abs(seen.transpose(1, 2, 0).astype(float) - frames[step]).mean()
                worst_pixel = max(worst_pixel, float(error))
            compared += 1
    print(
        f"{compared} frames compared with the recordings: joints differ by at most {worst_state:.1e}, "
        f"images by at most {worst_pixel:.2f} of 255 on average"
    )
    if worst_state > 1e-5 or worst_pixel > PIXEL_TOLERANCE:
        print("NOT the same data")
        return 1
    return 0
