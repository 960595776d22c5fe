from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.locomotion.condition import Box, Condition, Ground, Load, Sweep
from mvp_real.evaluation.locomotion.protocol_file import load_protocol, shortened
from mvp_real.resources import config_file
from mvp_real.robots.digit import load_digit

PROTOCOL = load_protocol()


def document() -> dict[str, Any]:
    return yaml.safe_load(config_file("tasks/digit_walk.yaml").read_text())


def test_the_protocol_is_what_the_shipped_policy_is_held_to() -> None:
    rows = PROTOCOL.rows
    walks = [row for row in rows.values() if row.group == "walking"]
    assert len(walks) == 10
    for row in walks:
        assert row.robots == 20
        assert row.seconds == 20.0
        assert (row.hold.survival, row.hold.speed_error, row.hold.turn_error) == (1.0, 0.1, 0.15)
    steps = [row for row in rows.values() if row.group == "steps"]
    assert [row.ground.height for row in steps] == [0.04, 0.08, 0.12, 0.16]
    assert {(row.robots, row.command_of(0)) for row in steps} == {(5, (0.3, 0.0, 0.0))}
    kicks = rows["kicks"].kicks
    assert kicks is not None
    assert (kicks.speed, kicks.interval, rows["kicks"].hold.survival) == (0.5, 3.0, 0.9)
    assert {rows[name].ground.grade for name in ("uphill", "downhill", "across")} == {0.087}
    drop = rows["weak_knee"].gain_drop
    assert drop is not None
    assert (drop.motor, drop.factor) == ("left_knee", 0.5)
    assert load_digit().motor(drop.motor) >= 0


def test_the_fastest_command_is_looked_for_in_tenths_three_times_each() -> None:
    row = PROTOCOL.rows["fastest"]
    assert [command[0] for command in row.variants] == pytest.approx([0.1 * k for k in range(1, 16)])
    assert (row.trials, row.robots) == (3, 45)
    assert [row.command_of(index)[0] for index in (0, 2, 3, 44)] == pytest.approx([0.1, 0.1, 0.2, 1.5])


def test_rows_do_not_share_robots_unless_they_mean_to() -> None:
    meant = [{"left_0.3", "right_0.3"}, {"turn_left", "turn_right"}, {"weak_knee", "sound_knee"}]
    rows = PROTOCOL.chosen([], "held_out")
    assert rows[0].seed == 910000
    for one in rows:
        for other in rows:
            if one.name != other.name and set(one.seeds) & set(other.seeds):
                assert {one.name, other.name} in meant


def test_rows_are_chosen_by_name_and_by_group() -> None:
    assert [row.name for row in PROTOCOL.chosen(["kicks", "steps:"], "validation")] == [
        "kicks", "step_4cm", "step_8cm", "step_12cm", "step_16cm",
    ]  # fmt: skip
    with pytest.raises(MvpRealError, match="did you mean kicks"):
        PROTOCOL.chosen(["kick"], "validation")
    with pytest.raises(MvpRealError, match="did you mean held_out"):
        PROTOCOL.chosen([], "heldout")


def test_a_quick_look_is_short_and_spares_the_held_out_robots() -> None:
    first, last = PROTOCOL.blocks["validation"]
    rows = PROTOCOL.quick_rows()
    assert sum(row.robots * row.seconds for row in rows) < 600
    for row in rows:
        assert first <= row.seeds[0] <= row.seeds[-1] <= last
        assert row.hold == dataclasses.replace(row.hold, survival=None, speed_error=None, turn_error=None)


def test_a_short_row_keeps_its_gain_drop_inside() -> None:
    row = shortened(PROTOCOL.rows["weak_knee"], 2, 4.0)
    assert row.gain_drop is not None
    assert row.gain_drop.time == 2.0


def test_the_digest_changes_with_anything_that_matters() -> None:
    row = PROTOCOL.rows["kicks"]
    digests = {
        PROTOCOL.digest(row),
        PROTOCOL.digest(dataclasses.replace(row, seconds=10.0)),
        PROTOCOL.digest(dataclasses.replace(row, ground=Ground("step", 0.04))),
        dataclasses.replace(PROTOCOL, settling=1.0).digest(row),
    }
    assert len(digests) == 4
    assert PROTOCOL.digest(row) == load_protocol().digest(row)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["rows"]["kicks"].update(kicks={"speed": 0.5}), "'interval' is missing"),
        (lambda d: d["rows"]["kicks"].update(kick={"speed": 0.5}), "did you mean kicks"),
        (lambda d: d["rows"]["kicks"].update(group="kick"), "did you mean kicks"),
        (lambda d: d["rows"]["step_4cm"].update(ground={"kind": "stair", "height": 0.1}), "kind of ground"),
        (lambda d: d["rows"]["step_4cm"].update(ground={"kind": "step"}), "need a height"),
        (lambda d: d["rows"]["stepping"].update(seed=3), "give 'offset'"),
        (lambda d: d["rows"]["stepping"].update(commands=[]), "exactly one of"),
        (lambda d: d["rows"]["stepping"].update(trials=0), "0 trials"),
        (lambda d: d["rows"]["weak_knee"]["gain_drop"].update(time=30.0), "never shows"),
        (lambda d: d["rows"]["handbag"]["loads"][0].update(part="hand"), "did you mean left_hand"),
        (lambda d: d["rows"]["fastest"]["sweep"].update(axis="forwards"), "did you mean forward"),
        (lambda d: d["dynamics"].update(mass=[1.1, 0.9]), "must not exceed"),
        (lambda d: d["dynamics"].pop("mass"), "'mass' is missing"),
        (lambda d: d["noise"].update(joint_speed=0.1), "unknown key of noise"),
        (lambda d: d["quick"].update(rows=["kick"]), "did you mean kicks"),
        (lambda d: d.pop("seeds"), "'seeds'"),
    ],
)
def test_a_wrong_file_says_what_and_where(tmp_path: Path, change: Any, message: str) -> None:
    content = document()
    change(content)
    path = tmp_path / "walk.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(MvpRealError, match=message):
        load_protocol(path).chosen([], "validation")


def test_commands_of_a_box_are_the_same_for_a_seed_and_cut_off() -> None:
    box = Box(200, (-0.3, 1.0), (-0.3, 0.3), (-1.0, 1.0))
    commands = box.commands(7)
    assert commands == box.commands(7)
    assert commands != box.commands(8)
    for forward, sideways, turn in commands:
        assert forward == 0.0 or 0.1 <= abs(forward) <= 1.0
        assert sideways == 0.0 or 0.1 <= abs(sideways) <= 0.3
        assert turn == 0.0 or 0.26 <= abs(turn) <= 1.0


def test_a_load_needs_a_weight() -> None:
    with pytest.raises(MvpRealError, match=r"0\.0 kg"):
        Load("torso", 0.0, (0.1, 0.1, 0.1))


def test_a_command_below_the_cut_off_is_refused() -> None:
    with pytest.raises(MvpRealError, match="cut-off"):
        Condition("slow", "Slow", "walking", 0, 1, commands=((0.05, 0.0, 0.0),))
    assert Sweep("turn", -0.9, -0.3, 0.3).commands() == [(0.0, 0.0, -0.9), (0.0, 0.0, -0.6), (0.0, 0.0, -0.3)]
