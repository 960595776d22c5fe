"""The stand-in for SteamVR on disk: our own vrclient.so, built once, and the file that points OpenVR to it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from mvp_real.errors import MvpRealError

SOURCE = Path(__file__).with_name("vrclient.cpp")
FLAGS = ("-std=c++17", "-O1", "-shared", "-fPIC", "-fvisibility=hidden")


def cache_folder() -> Path:
    """Where built runtimes are kept: `mvp_real/vive` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mvp_real" / "vive"


def build_runtime(cache: Path | None = None) -> Path:
    """The runtime's folder, built if this version of the source has not been built before (about 1 s).

    Args:
        cache: Where to keep it; `cache_folder()` by default.

    Raises:
        MvpRealError: There is no g++, or it fails.
    """
    digest = hashlib.sha256(SOURCE.read_bytes() + " ".join(FLAGS).encode()).hexdigest()[:16]
    runtime = (cache or cache_folder()) / digest
    library = runtime / "bin" / "linux64" / "vrclient.so"
    if library.is_file():
        return runtime
    compiler = shutil.which("g++")
    if compiler is None:
        raise MvpRealError(
            "the stand-in for SteamVR is built with g++, which is not installed; on Debian: apt install g++"
        )
    library.parent.mkdir(parents=True, exist_ok=True)
    # Built aside and renamed: somebody else may be building or using the same one.
    handle, name = tempfile.mkstemp(suffix=".so", dir=library.parent)
    os.close(handle)
    try:
        result = subprocess.run(
            [compiler, *FLAGS, "-o", name, str(SOURCE)], capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            raise MvpRealError(f"g++ could not build {SOURCE}:\n{result.stderr.strip()}")
        os.replace(name, library)
    finally:
        Path(name).unlink(missing_ok=True)
    return runtime


def write_registry(folder: Path, runtime: Path, port: int) -> Path:
    """Write what VR_PATHREG_OVERRIDE has to name so that OpenVR finds the runtime and the runtime the emulator.

    Args:
        folder: Of this emulator alone.
        runtime: From `build_runtime`.
        port: UDP port of the emulator on 127.0.0.1.
    """
    registry = folder / "openvrpaths.vrpath"
    paths = {
        "jsonid": "vrpathreg",
        "version": 1,
        "runtime": [str(runtime)],
        "config": [str(folder)],
        "log": [str(folder)],
        "external_drivers": None,
    }
    registry.with_name(registry.name + ".port").write_text(f"{port}\n", encoding="utf-8")
    registry.write_text(json.dumps(paths), encoding="utf-8")
    return registry
