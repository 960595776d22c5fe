"""`mvp_real fault`: list, set and clear at an emulator's fault socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mvp_real.cli.main import main
from mvp_real.emulators.fault_board import FaultBoard, common_faults
from mvp_real.emulators.fault_socket import FaultServer


@pytest.fixture
def server() -> Iterator[tuple[FaultBoard, str]]:
    board = FaultBoard(common_faults("silence", "delay"))
    with FaultServer(board, "127.0.0.1", 0) as running:
        yield board, running.address


def test_set_and_clear_change_the_board(
    server: tuple[FaultBoard, str], capsys: pytest.CaptureFixture[str]
) -> None:
    board, address = server
    assert main(["fault", address, "set", "delay", "0.25"]) == 0
    assert board.active() == {"delay": 0.25}
    assert capsys.readouterr().out == "active: delay 0.25\n"
    assert main(["fault", address, "set", "silence"]) == 0
    assert main(["fault", address, "clear", "delay"]) == 0
    assert board.active() == {"silence": 1.0}
    assert main(["fault", address, "clear"]) == 0
    assert board.active() == {}
    assert capsys.readouterr().out.splitlines()[-1] == "active: none"


def test_list_shows_what_the_device_knows_and_what_is_active(
    server: tuple[FaultBoard, str], capsys: pytest.CaptureFixture[str]
) -> None:
    board, address = server
    board.set("delay", 0.5)
    assert main(["fault", address, "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("  silence  connections stay")
    assert lines[1].startswith("* delay")
    assert lines[1].endswith("(s) = 0.5")


def test_wrong_names_and_addresses_exit_with_two(
    server: tuple[FaultBoard, str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, address = server
    assert main(["fault", address, "set", "silense"]) == 2
    assert "did you mean silence" in capsys.readouterr().err
    assert main(["fault", "nowhere", "list"]) == 2
    assert "write HOST:PORT" in capsys.readouterr().err
