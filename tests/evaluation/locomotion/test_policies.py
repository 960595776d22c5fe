from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mvp_real.errors import MvpRealError
from mvp_real.evaluation.locomotion.policies import BundlePolicy, FrozenHistory, NoHistory, ShuffledHistory
from mvp_real.evaluation.locomotion.subjects import OPEN_LOOP, load_subject, load_subjects
from mvp_real.inference.locomotion import LocomotionSession
from tests.inference.tiny_bundles import controller_bundle, encoder_bundle
from tests.inference.walking_bundles import last_token_bundle


def window(real: int, robots: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Tokens numbered by age from 1 (oldest), padded on the left."""
    tokens, mask = np.zeros((robots, 16, 102), np.float32), np.zeros((robots, 16), np.float32)
    tokens[:, 16 - real :, 0] = np.arange(1, real + 1)
    mask[:, 16 - real :] = 1.0
    return tokens, mask


def test_without_history_only_the_newest_token_is_left() -> None:
    tokens, mask = NoHistory()(*window(16))
    np.testing.assert_array_equal(mask.sum(axis=1), [1.0, 1.0])
    np.testing.assert_array_equal(tokens[:, -1, 0], [16.0, 16.0])
    assert not tokens[:, :-1].any()


@pytest.mark.parametrize("real", [1, 2, 9, 16])
def test_shuffling_keeps_tokens_and_the_newest_in_its_place(real: int) -> None:
    shuffle = ShuffledHistory()
    given, mask = window(real)
    tokens, same = shuffle(given, mask)
    np.testing.assert_array_equal(same, mask)
    np.testing.assert_array_equal(np.sort(tokens[..., 0]), np.sort(given[..., 0]))
    np.testing.assert_array_equal(tokens[:, -1], given[:, -1])
    assert not tokens[:, : 16 - real].any()
    if real == 16:
        assert not np.array_equal(tokens, given)
        assert not np.array_equal(shuffle(given, mask)[0], tokens)


def test_a_frozen_past_stays_and_the_present_goes_on() -> None:
    freeze = FrozenHistory()
    early, mask = window(9)
    np.testing.assert_array_equal(freeze(early, mask)[0], early)
    full, mask = window(16)
    np.testing.assert_array_equal(freeze(full, mask)[0], full)
    later = full + 100.0
    tokens, _ = freeze(later, mask)
    np.testing.assert_array_equal(tokens[:, :-1], full[:, :-1])
    np.testing.assert_array_equal(tokens[:, -1], later[:, -1])


def test_a_new_episode_thaws_its_own_past_only() -> None:
    freeze = FrozenHistory()
    full, mask = window(16)
    freeze(full, mask)
    mask[1, :7] = 0.0
    anew = full + 50.0
    tokens, _ = freeze(anew, mask)
    np.testing.assert_array_equal(tokens[0, :-1], full[0, :-1])
    np.testing.assert_array_equal(tokens[1], anew[1])


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return last_token_bundle(tmp_path / "walker", gain=0.5)


def test_a_bundle_sees_each_robot_with_its_own_window(bundle: Path) -> None:
    policy = BundlePolicy(LocomotionSession(bundle))
    observation = np.arange(3.0)[:, None] * np.ones(66)
    action = policy(observation, np.zeros((3, 36)), np.ones(3, dtype=bool))
    np.testing.assert_allclose(action, 0.5 * observation[:, :36])
    again = policy(2 * observation, action, np.array([False, True, False]))
    np.testing.assert_allclose(again, observation[:, :36])


def test_a_label_tells_what_was_done_to_the_history(bundle: Path) -> None:
    plain, shuffled = load_subjects([str(bundle), f"{bundle}:shuffled"])
    assert (plain.label, shuffled.label) == ("walker", "walker_shuffled")
    assert shuffled.digest == f"{plain.digest}:shuffled"
    assert "random order" in shuffled.note().about
    assert shuffled.note().digest == plain.digest


def test_the_open_loop_gait_has_no_file() -> None:
    subject = load_subject(OPEN_LOOP)
    assert subject.digest == ""
    assert subject.note().bundle == OPEN_LOOP


def test_wrong_subjects_are_named(bundle: Path, tmp_path: Path) -> None:
    controller_bundle(tmp_path / "arm", encoder_bundle(tmp_path / "encoder"))
    for names, message in (
        ([], "name at least one --bundle"),
        ([f"{bundle}:shufled"], "did you mean shuffled"),
        ([str(bundle), str(bundle)], "two policies are called 'walker'"),
        (["digit_wolk"], "unknown bundle"),
        ([str(tmp_path / "arm")], "walking needs one of kind 'locomotion'"),
    ):
        with pytest.raises(MvpRealError, match=message):
            load_subjects(names)
