from __future__ import annotations

import pytest

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.locomotion import gate as gate_module
from mvp_real.evaluation.locomotion.condition import Condition
from mvp_real.evaluation.locomotion.gate import COMMANDS, CommandResult, GateResult, gate
from mvp_real.evaluation.locomotion.protocol_file import load_protocol
from mvp_real.evaluation.locomotion.subjects import OpenLoop
from mvp_real.evaluation.locomotion.trajectory import Trajectory

from .synthetic import trajectory


def test_the_reference_gait_does_not_get_through() -> None:
    result = gate(OpenLoop(), robots=4, seconds=5.0, commands=[(0.0, 0.0, 0.0), (0.3, 0.0, 0.0)])
    assert [(one.robots, one.survived) for one in result.commands] == [(2, 0), (2, 0)]
    assert result.survival == 0.0
    assert 0.0 < result.score < 0.5
    assert "0/2" in result.table()


def test_the_gate_never_touches_the_held_out_robots(monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[Condition] = []

    def fake(row: Condition, *arguments: object) -> Trajectory:
        met.append(row)
        walk = trajectory(seconds=row.seconds, robots=row.robots, settling=3.0)
        walk.asked[:] = row.command_array()
        walk.velocity[:, :, :] = walk.asked[None, :, :2]
        walk.end[0], walk.steps[0] = 1, 500
        return walk

    monkeypatch.setattr(gate_module, "run_row", fake)
    result = gate(lambda observation, previous, reset: observation)
    (row,) = met
    protocol = load_protocol()
    first, last = protocol.blocks["validation"]
    assert first <= row.seeds[0] <= row.seeds[-1] <= last
    for other in protocol.chosen([], "validation"):
        assert not set(other.seeds) & set(row.seeds)
    assert row.robots == 16
    assert [one.robots for one in result.commands] == [2] * len(COMMANDS)
    assert result.survival == 15 / 16
    assert result.commands[1].velocity == pytest.approx((0.3, 0.0, 0.0))
    assert result.commands[0].seconds == pytest.approx(15.0)


def one(seconds: float = 20.0, error: float | None = 0.0, turn: float = 0.0) -> GateResult:
    result = CommandResult((0.3, 0.0, 0.0), 1, 1, seconds, None, error, None if error is None else turn)
    return GateResult((result,), 20.0)


def test_the_score_orders_policies() -> None:
    perfect, slow, drifting, fallen = one(), one(error=0.2), one(turn=0.3), one(seconds=5.0, error=None)
    assert perfect.score == 1.0
    assert perfect.score > slow.score > fallen.score
    assert perfect.score > drifting.score > fallen.score
    assert one(error=9.0).score == 0.5 > one(seconds=15.0, error=None).score
    both = GateResult((*perfect.commands, *fallen.commands), 20.0)
    assert both.score == pytest.approx((perfect.score + fallen.score) / 2)


def test_a_command_that_would_become_zero_is_refused() -> None:
    with pytest.raises(MvpRealError, match="cut-off"):
        gate(OpenLoop(), commands=[(0.05, 0.0, 0.0)])
