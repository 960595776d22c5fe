"""Settings are checked, suggest near names and survive a round trip."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvp_real.errors import MvpRealError
from mvp_real.training.rl.config import ActorConfig, PpoConfig, RlConfig, load_rl_config, settings_from


def test_defaults_are_those_of_the_thesis() -> None:
    ppo = PpoConfig()
    assert (ppo.steps, ppo.epochs, ppo.minibatches, ppo.discount, ppo.gae_lambda) == (24, 5, 4, 0.99, 0.95)
    assert (ppo.clip, ppo.actor_learning_rate, ppo.weight_decay, ppo.entropy_coefficient) == (
        0.2,
        5e-4,
        0.01,
        1e-3,
    )
    assert (ppo.actor_schedule, ppo.critic_schedule, RlConfig().iterations) == ("cosine", "constant", 6000)


def test_a_file_is_read_with_its_sections(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(
        "ppo: {actor_learning_rate: 1e-3, steps: 32}\nactor: {hidden: [64]}\nenvironment: {robots: 7}\n"
    )
    config = load_rl_config(path)
    assert config.ppo.actor_learning_rate == 1e-3
    assert (config.ppo.steps, config.actor.hidden, config.environment) == (32, (64,), {"robots": 7})
    assert settings_from(RlConfig, config.as_dict()) == config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"ppo": {"epoch": 4}}, r"setting in .*ppo 'epoch'; did you mean epochs"),
        ({"itrations": 4}, "did you mean iterations"),
        ({"ppo": {"epochs": 1.5}}, r"ppo: epochs must be a int, got 1\.5"),
        ({"ppo": {"clip": "much"}}, "clip must be a float"),
        ({"ppo": 3}, "must be a mapping"),
        ({"actor": {"activation": "gelu"}}, "did you mean|known"),
        ({"actor": {"source": "observations"}}, "did you mean observation"),
        ({"ppo": {"actor_schedule": "cosin"}}, "did you mean cosine"),
        ({"ppo": {"adapt": "updat"}}, "did you mean update"),
        ({"ppo": {"critic_schedule": "adaptive"}}, "make actor_schedule adaptive too"),
        ({"actor": {"std_floor": 2.0}}, "std_floor 2.0"),
    ],
)
def test_wrong_settings_name_the_remedy(values: dict, message: str) -> None:
    with pytest.raises(MvpRealError, match=message):
        settings_from(RlConfig, values)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MvpRealError, match="cannot read the settings"):
        load_rl_config(tmp_path / "none.yaml")


def test_the_ceiling_of_the_spread_falls_on_a_line() -> None:
    actor = ActorConfig(initial_std=0.6, final_std=0.1, anneal_until=0.5, std_floor=0.05)
    assert [actor.std_ceiling(share) for share in (0.0, 0.25, 0.5, 1.0)] == pytest.approx(
        [0.6, 0.35, 0.1, 0.1]
    )
    assert ActorConfig().std_ceiling(0.9) == float("inf")
