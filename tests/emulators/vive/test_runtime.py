"""Building the stand-in runtime: once, and with a clear word when it cannot be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mvp_real.emulators.fault_board import FaultBoard
from mvp_real.emulators.vive import runtime as runtime_module
from mvp_real.emulators.vive.emulated_vive import FAULTS, EmulatedVive, circles
from mvp_real.emulators.vive.runtime import build_runtime
from mvp_real.emulators.vive.wire import DEVICES, SIZE, DeviceState, datagram
from mvp_real.errors import MvpRealError


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_it_is_built_once_and_leaves_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = build_runtime(tmp_path)
    library = runtime / "bin" / "linux64" / "vrclient.so"
    assert list(library.parent.iterdir()) == [library]
    built = library.stat().st_mtime_ns
    monkeypatch.setenv("PATH", "")  # what is built needs no compiler any more
    assert build_runtime(tmp_path) == runtime
    assert library.stat().st_mtime_ns == built


def test_without_a_compiler_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MvpRealError, match=r"g\+\+, which is not installed; on Debian: apt install g\+\+"):
        build_runtime(tmp_path)


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_what_the_compiler_says_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "vrclient.cpp"
    broken.write_text("int main( {", encoding="utf-8")
    monkeypatch.setattr(runtime_module, "SOURCE", broken)
    with pytest.raises(MvpRealError, match="error:"):
        build_runtime(tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.so"))


def test_datagrams_have_one_size_and_a_most_number_of_devices() -> None:
    for count in range(DEVICES + 1):
        assert len(datagram([DeviceState(f"device {k}") for k in range(count)], count)) == SIZE
    with pytest.raises(MvpRealError, match="takes 8"):
        datagram([DeviceState("one too many")] * (DEVICES + 1), 0)
    with pytest.raises(MvpRealError, match="did you mean grip"):
        DeviceState("x", buttons=frozenset({"grap"})).pack()


def test_a_taken_port_is_named() -> None:
    first = EmulatedVive(circles, FaultBoard(FAULTS))
    with pytest.raises(MvpRealError, match=f"{first.port}.*choose another port"):
        EmulatedVive(circles, FaultBoard(FAULTS), first.port)
    first.close()
