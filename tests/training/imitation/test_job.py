"""From demonstrations to bundles that the robot side accepts, for every kind of encoder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mvp_real.bundle import load_card
from mvp_real.errors import MvpRealError
from mvp_real.inference.session import ControllerSession, EncoderSession
from mvp_real.networks.controller import Controller, ControllerConfig
from mvp_real.training.bundle_files import load_weights
from mvp_real.training.export_controller import publish_controller
from mvp_real.training.imitation.config import BehaviourCloningConfig
from mvp_real.training.imitation.job import RunFolders, bundle_is_current, train_bundle
from mvp_real.training.measured_figures import add_metrics

from .demonstration_fixture import write_demonstration


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imitation") / "demos"
    for number in range(4):
        write_demonstration(folder, f"demo_{number}", steps=20, seed=number)
    return folder


@pytest.fixture
def places(tmp_path: Path) -> RunFolders:
    return RunFolders(tmp_path / "bc", tmp_path / "cache", tmp_path / "bundles")


def config(demos: Path, **changes: object) -> BehaviourCloningConfig:
    base = BehaviourCloningConfig(
        name="test",
        demos=(str(demos),),
        epochs=150,
        warmup_epochs=15,
        batch_size=40,
        encoder="oracle",
        standardise_state=True,
        standardise_action=True,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_an_oracle_bundle(demos: Path, places: RunFolders) -> None:
    settings = config(demos, readout="flat")
    card, report = train_bundle(settings, places, "the command")
    assert report.gain > 5
    folder = places.bundles / "test"
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "card.yaml",
        "model.onnx",
        "weights.safetensors",
    ]
    stored = load_card(folder)
    assert stored == card
    assert stored.training["demos"] == [f"demos/demo_{number}" for number in range(4)]
    assert stored.encoder is not None
    assert stored.encoder.name == "oracle"
    assert stored.action is not None
    assert stored.action.max_step[1] == pytest.approx(0.025)
    assert stored.action.max_step[6] == 0.0
    assert stored.metrics[0].command == "the command"
    assert (places.runs / "test" / "loss.png").stat().st_size > 5000
    assert "demo_0" not in (folder / "README.md").read_text() or len(stored.training["demos"]) <= 8
    assert bundle_is_current(settings, places.bundles)
    assert not bundle_is_current(replace(settings, seed=2), places.bundles)
    assert not any("views" in sentence for sentence in stored.deviations)


def test_the_graph_computes_what_was_trained(demos: Path, places: RunFolders) -> None:
    train_bundle(
        config(demos, encoder="raw_patches", readout="keypoints", keypoints=8, components=16, epochs=60),
        places,
        "",
    )
    folder = places.bundles / "test"
    assert any("16 principal components" in sentence for sentence in load_card(folder).deviations)
    session = ControllerSession(folder)
    controller = Controller(ControllerConfig(145, 192, "keypoints", keypoints=8, components=16)).eval()
    load_weights(controller, folder / "weights.safetensors")
    random = np.random.default_rng(0)
    for _ in range(5):
        tokens = random.normal(size=(145, 192)).astype(np.float32)
        state = random.normal(size=8)
        with torch.no_grad():
            expected = controller(
                torch.from_numpy(tokens)[None], torch.from_numpy(state.astype(np.float32))[None]
            )[0].numpy()
        found = session(tokens, state)
        assert np.abs(found - expected).max() < 1e-5 * max(1.0, float(np.abs(expected).max()))


def test_a_convolutional_network_learns_from_pixels(demos: Path, places: RunFolders) -> None:
    settings = config(
        demos, encoder="cnn", readout="keypoints", keypoints=8, epochs=40, warmup_epochs=4, batch_size=16
    )
    settings = replace(settings, learning_rate=3e-3)
    card, report = train_bundle(settings, places, "")
    assert report.gain > 3
    assert card.encoder is not None
    assert card.encoder.name == "test_encoder"
    encoder = EncoderSession(places.bundles / "test_encoder")
    controller = ControllerSession(places.bundles / "test")
    moves = []
    for column in (1, 6):
        image = np.full((480, 640, 3), 40, dtype=np.uint8)
        image[200:256, 96 + 56 * column : 152 + 56 * column] = (250, 200, 20)
        moves.append(controller(encoder(image), np.array([0, 0.1, 0, 0, 0, 0, 0, 1.0]))[0])
    assert moves[1] - moves[0] == pytest.approx(0.05, abs=0.03)


def test_measured_figures_enter_the_card_once(demos: Path, places: RunFolders) -> None:
    from mvp_real.bundle import Metric

    train_bundle(config(demos, readout="flat"), places, "")
    folder = places.bundles / "test"
    for k in (11, 15):
        add_metrics(folder, (Metric("test", "success, plain, evaluation", "mvp_real evaluate", k=k, n=16),))
    card = load_card(folder)
    assert [metric.k for metric in card.metrics if metric.n == 16] == [15]
    assert "15/16" in (folder / "README.md").read_text()


def test_a_controller_is_published_under_its_final_name(
    demos: Path, places: RunFolders, tmp_path: Path
) -> None:
    train_bundle(config(demos, readout="flat"), places, "")
    row = {"subject": "test", "metric": "success_plain", "k": 15, "n": 16, "low": 0.72, "high": 0.99}
    results = tmp_path / "results.json"
    results.write_text(
        json.dumps({"command": "mvp_real evaluate x", "rows": [row, {**row, "subject": "other"}]})
    )
    card = publish_controller(places.bundles / "test", tmp_path / "pick_fruit", [results])
    stored = load_card(tmp_path / "pick_fruit")
    assert stored.name == card.name == "pick_fruit"
    assert stored.model == load_card(places.bundles / "test").model
    assert (stored.metrics[-1].k, stored.metrics[-1].n, stored.metrics[-1].command) == (
        15,
        16,
        "mvp_real evaluate x",
    )
    with pytest.raises(MvpRealError, match="no figure of 'mae'; it has other, test"):
        publish_controller(places.bundles / "test", tmp_path / "again", [results], "mae")
