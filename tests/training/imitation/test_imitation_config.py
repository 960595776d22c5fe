"""Settings are typed, and wrong ones are named."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mvp_real.errors import MvpRealError
from mvp_real.resources import config_file
from mvp_real.training.imitation.config import BehaviourCloningConfig, load_config, make_config, plain
from mvp_real.training.imitation.study import load_study

ROOT = Path(__file__).parents[3]


def test_the_shipped_settings_are_the_sheets() -> None:
    config = load_config(config_file("train/bc.yaml"))
    assert (config.epochs, config.warmup_epochs, config.batch_size) == (400, 40, 128)
    assert (config.learning_rate, config.weight_decay) == (1e-3, 0.01)
    assert config.hidden == (256, 128, 64)


def test_the_command_line_wins(tmp_path: Path) -> None:
    path = tmp_path / "bc.yaml"
    path.write_text("epochs: 10\nwarmup_epochs: 1\nlearning_rate: 1e-4\n")
    config = load_config(path, epochs=20, seed=None)
    assert (config.epochs, config.seed, config.learning_rate) == (20, 1, 1e-4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epoch": 3}, "epochs"),
        ({"epochs": "many"}, "epochs.*int"),
        ({"use_proprioception": 1}, "use_proprioception"),
        ({"standardisation": "positions"}, "position"),
        ({"epochs": 10, "warmup_epochs": 10}, "warm-up"),
    ],
)
def test_wrong_settings_are_named(values: dict[str, object], message: str) -> None:
    with pytest.raises(MvpRealError, match=message):
        make_config(values)


def test_settings_survive_the_card() -> None:
    config = BehaviourCloningConfig(demos=("a", "b"), token_noise=0.1)
    assert make_config(plain(config)) == config


def test_the_study_trains_every_registered_subject() -> None:
    study = load_study(config_file("train/pick_fruit_subjects.yaml"))
    configs = study.configs()
    registered = yaml.safe_load((ROOT / "studies" / "pick_fruit" / "study.yaml").read_text(encoding="utf-8"))
    names = {
        subject["bundle"].format(seed=seed, scene="both")
        for subject in registered["subjects"]
        for seed in registered["training_seeds"]
    }
    assert {config.name for config in configs} == names
    only = study.configs(only=["raw16"], scenes=["both"], seeds=[2])
    assert [config.name for config in only] == ["raw16_both_seed2"]
    with pytest.raises(MvpRealError, match="no subject 'mea'"):
        study.configs(only=["mea"])
