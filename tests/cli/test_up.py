"""`mvp_real up`: parsing and what it prints; what it runs is tested in tests/systems and tests/nodes."""

from __future__ import annotations

import pytest

from mvp_real.cli.main import main
from mvp_real.cli.up import parse_assignments
from mvp_real.errors import MvpRealError


def test_assignments() -> None:
    assert parse_assignments(["a:=1", "b:=", "a:=x:=y"]) == {"a": "x:=y", "b": ""}


@pytest.mark.parametrize("text", ["a=1", "a", ":=1"])
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(MvpRealError, match="expected name:=value"):
        parse_assignments([text])


def test_a_plain_equals_sign_is_corrected() -> None:
    with pytest.raises(MvpRealError, match="did you mean 'speed:=2'"):
        parse_assignments(["speed=2"])


def test_show_args_lists_every_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "pick_fruit", "--show-args"]) == 0
    output = capsys.readouterr().out
    for name in (
        "robot:=sim",
        "bundle:=",
        "placements:=",
        "scene:=",
        "speed:=",
        "record:=",
        "view:=",
        "ip:=",
    ):
        assert name in output
    assert "emulated" in output
    assert "not yet" not in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pick_fuit"], "did you mean pick_fruit"),
        (["pick_fruit", "sceen:=plain"], "did you mean scene"),
        (["pick_fruit", "scene:=plane"], "did you mean plain"),
        (["pick_fruit", "robot:=xarm6"], "did you mean xarm7"),
        (["robot:=sim"], "unknown system"),
        ([], "which system"),
    ],
)
def test_errors_are_one_line_with_the_remedy(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
