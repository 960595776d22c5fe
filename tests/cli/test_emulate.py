"""`mvp_real emulate`: every device has its command with the options that all share, and says when it serves."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import signal
import subprocess
import sys
import threading

import pytest

from mvp_real.cli import emulate
from mvp_real.cli.main import main
from mvp_real.emulators.fault_socket import FaultClient, parse_address


@pytest.mark.parametrize("device", emulate.DEVICES)
def test_every_device_has_the_fault_option(device: str) -> None:
    assert importlib.util.find_spec(f"mvp_real.emulators.{device}") is not None
    parser = argparse.ArgumentParser()
    importlib.import_module(f"mvp_real.emulators.{device}.command").configure(parser)
    assert parser.parse_args([]).faults == "127.0.0.1:0"
    assert parser.parse_args(["--faults", "127.0.0.1:9"]).faults == "127.0.0.1:9"


def test_help_lists_the_devices(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["emulate", "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(device in shown for device in emulate.DEVICES)


def test_an_unknown_device_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["emulate", "toaster"])
    assert ended.value.code == 2
    assert "toaster" in capsys.readouterr().err


def test_a_device_serves_its_faults_and_ends_on_interrupt() -> None:
    command = [sys.executable, "-m", "mvp_real", "emulate", "realsense", "--width", "64", "--height", "48"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    watchdog = threading.Timer(60.0, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] is True
        client = FaultClient(*parse_address(ready["faults"]))
        assert client.set("freeze") == {"freeze": 1.0}
        assert "drop" in client.known()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        watchdog.cancel()
        process.kill()
