from __future__ import annotations

from mvp_real.teleop.grip import GripLatch


def test_it_closes_and_opens_with_hysteresis() -> None:
    grip = GripLatch()
    grip.start(closed=False)
    assert [grip.feed(v) for v in (0.0, 0.6, 0.71, 0.5, 0.39, 0.6)] == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]


def test_taking_the_clutch_with_open_fingers_drops_nothing() -> None:
    grip = GripLatch()
    grip.start(closed=True)
    assert grip.feed(0.0)
    assert grip.feed(0.0)
    assert grip.feed(1.0)
    assert not grip.feed(0.0)


def test_taking_the_clutch_with_a_pulled_trigger_grabs_nothing() -> None:
    grip = GripLatch()
    grip.start(closed=False)
    assert not grip.feed(1.0)
    assert not grip.feed(0.0)
    assert grip.feed(1.0)
