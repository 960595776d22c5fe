"""The command line's front door."""

from __future__ import annotations

import importlib.util

import pytest

from mvp_real.cli import main as front


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert front.main(["--help"]) == 0
    page = capsys.readouterr().out
    assert all(name in page for name in front.COMMANDS)


def test_every_command_has_a_module() -> None:
    for name in front.COMMANDS:
        assert importlib.util.find_spec(f"mvp_real.cli.{name.replace(' ', '_').replace('-', '_')}"), name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["upp"], "did you mean up"),
        (["train"], "train bc, train digit, train mae"),
        (["train", "mea"], "train bc, train digit, train mae"),
    ],
)
def test_wrong_commands_get_one_line_and_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert front.main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
