"""The report on the machine."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mvp_real.cli import doctor, doctor_devices, doctor_finding, doctor_permissions


def test_an_altered_bundle_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "card.yaml").write_text("kind: encoder")
    monkeypatch.setenv("MVP_REAL_MODELS", str(tmp_path))
    broken = [finding for finding in doctor.bundles() if finding.name == "bundle broken"]
    assert broken
    assert broken[0].ok is False
    assert "missing" in broken[0].detail


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DEMO_PACKAGES", {"no_such_module": "no-such-distribution"})
    (lack,) = [finding for finding in doctor.packages() if finding.ok is False]
    assert "mvp_real[demo]" in lack.detail


@pytest.mark.render
def test_rendering_reports_a_failing_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "no_such_backend")
    (finding,) = doctor.rendering()
    assert finding.ok is False
    assert "libegl1" in finding.detail


def can_interface(root: Path, name: str, flags: int) -> None:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "type").write_text("280\n")
    (folder / "flags").write_text(f"{flags:#x}\n")


def test_a_can_interface_that_is_down_comes_with_the_command_that_brings_it_up(tmp_path: Path) -> None:
    can_interface(tmp_path, "can0", 0x40080)
    can_interface(tmp_path, "can1", 0x400C1)
    (tmp_path / "eth0").mkdir()
    (tmp_path / "eth0" / "type").write_text("1\n")
    down, up = doctor_devices.can_buses(tmp_path)
    assert (down.ok, up.ok) == (False, None)
    assert "sudo ip link set can0 up type can bitrate 1000000" in down.detail
    assert "bit rate unknown" in up.detail


@pytest.mark.parametrize(
    ("kind", "bitrate", "flags", "ok", "text"),
    [
        ("vcan", None, 0x400C1, True, "a virtual bus"),
        ("vcan", None, 0x40080, False, "sudo ip link set can0 up"),
        ("can", 1_000_000, 0x400C1, True, "up, 1000000 bit/s"),
        ("can", 500_000, 0x400C1, False, "500000 bit/s; the hand speaks 1000000: sudo ip link set can0 down"),
    ],
)
def test_a_can_interface_is_judged_by_its_kind_and_bit_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, bitrate: int, flags: int, ok: bool, text: str
) -> None:
    can_interface(tmp_path, "can0", flags)
    monkeypatch.setattr(doctor_devices, "_kind_and_bitrate", lambda name: (kind, bitrate))
    (finding,) = doctor_devices.can_buses(tmp_path)
    assert finding.ok is ok
    assert text in finding.detail
    assert kind == "can" or "bitrate" not in finding.detail


def test_without_a_can_interface_the_emulated_hand_is_named(tmp_path: Path) -> None:
    (finding,) = doctor_devices.can_buses(tmp_path)
    assert finding.ok is None
    assert "emulated hand" in finding.detail


def test_a_camera_on_the_bus_that_cannot_be_opened_needs_the_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1-1").mkdir()
    (tmp_path / "1-1" / "idVendor").write_text("8086\n")
    (tmp_path / "1-1" / "product").write_text("Intel(R) RealSense(TM) Depth Camera 435\n")
    monkeypatch.setattr(doctor_devices, "REALSENSE", "print([])")
    (finding,) = doctor_devices.cameras(tmp_path)
    assert finding.ok is False
    assert "99-realsense-libusb.rules" in finding.detail


@pytest.mark.parametrize(
    ("usb", "firmware", "ok", "remedy"),
    [
        ("3.2", "5.16.0.1", True, ""),
        ("2.1", "5.16.0.1", False, "USB 3 port"),
        ("3.2", "5.12", True, "rs-fw-update"),
    ],
)
def test_cameras_are_told_by_serial_firmware_and_usb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, usb: str, firmware: str, ok: bool, remedy: str
) -> None:
    camera = {
        "name": "Intel RealSense D435", "serial": "123", "firmware": firmware, "recommended": "5.16.0.1", "usb": usb,
    }  # fmt: skip
    monkeypatch.setattr(doctor_devices, "REALSENSE", f"import json; print(json.dumps([{camera}]))")
    (finding,) = doctor_devices.cameras(tmp_path)
    assert finding.ok is ok
    assert f"serial 123, firmware {firmware}, USB {usb}" in finding.detail
    assert remedy in finding.detail


def test_a_probe_that_hangs_or_dies_takes_nothing_with_it() -> None:
    assert doctor_finding.probe("import time; time.sleep(60)", within=0.5) == ("", "no answer within 0 s")
    assert "exit code -6" in doctor_finding.probe("import os; os.abort()")[1]
    assert "boom" in doctor_finding.probe("raise ValueError('boom')")[1]


def test_an_arm_that_is_not_there_names_address_and_remedy() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (finding,) = doctor_devices.xarm("127.0.0.1", port)
    assert finding.ok is False
    assert f"127.0.0.1:{port}" in finding.detail
    assert "firewall" in finding.detail


def test_permissions_are_told_with_remedies(tmp_path: Path) -> None:
    findings = {finding.name: finding for finding in doctor_permissions.permissions()}
    assert set(findings) >= {"real-time priority", "timing", "udev rules", "firewall", "ROS 2 discovery"}
    assert all(finding.ok is None for finding in findings.values())
    (tmp_path / "ufw.conf").write_text("ENABLED=yes\n")
    assert "ufw is active: let through" in doctor_permissions.firewall(tmp_path / "ufw.conf").detail
    (tmp_path / "governor").write_text("powersave\n")
    assert "cpupower" in doctor_permissions.governor(tmp_path / "governor").detail


def test_an_emulated_arm_is_read_and_not_moved() -> None:
    pytest.importorskip("mujoco")
    from tests.emulators.xarm7.running import running

    with running() as emulator:
        before = emulator.box.measured.copy()
        findings = {finding.name: finding for finding in doctor_devices.xarm(emulator.host, emulator.port)}
        assert findings["xArm"].ok
        assert "7 joints, firmware" in findings["xArm"].detail
        assert "Hz" in findings["xArm reports"].detail
        assert "collision sensitivity" in findings["xArm settings"].detail
        assert abs(emulator.box.measured - before).max() < 1e-3
