"""Bundle cards: round trip, refusal of what is wrong, detection of altered files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mvp_real.bundle import (
    Action,
    Asset,
    BundleError,
    Card,
    EncoderReference,
    ImageInput,
    Metric,
    Tensor,
    asset,
    load_card,
)
from mvp_real.bundle_writer import save_card
from mvp_real.errors import MvpRealError

JOINTS = (*(f"joint{i}" for i in range(1, 8)), "gripper")


def controller(directory: Path) -> Card:
    (directory / "model.onnx").write_bytes(b"model")
    (directory / "weights.safetensors").write_bytes(b"weights")
    return Card(
        kind="controller",
        name="pick",
        summary="Picks.",
        licence="Apache-2.0",
        model=asset(directory / "model.onnx"),
        weights=asset(directory / "weights.safetensors"),
        inputs=(Tensor("feature", (1, 7)), Tensor("proprioception", (8,))),
        outputs=(Tensor("action", (8,)),),
        task="pick_fruit",
        robot="xarm7",
        encoder=EncoderReference("oracle"),
        readout="flat",
        action=Action(JOINTS, 0.2, 0.2, "measured", (0.1,) * 7),
        training={"demos": ["a", "b"], "seed": 1},
        metrics=(Metric("plain", "success", "mvp_real evaluate", k=15, n=16, low=0.717, high=0.989),),
        deviations=("Reads keypoints.",),
    )


def encoder() -> Card:
    image = ImageInput(96, 448, "lower", (0.5, 0.5, 0.5), (0.2, 0.2, 0.2), "0123456789abcdef")
    return Card(
        kind="encoder",
        name="net",
        summary="A net.",
        licence="Apache-2.0",
        model=Asset("", ""),
        weights=Asset("", ""),
        inputs=(Tensor("image", (3, 96, 96)),),
        outputs=(Tensor("tokens", (145, 192)),),
        image=image,
    )


def test_round_trip_keeps_every_field(tmp_path: Path) -> None:
    card = controller(tmp_path)
    save_card(card, tmp_path)
    assert load_card(tmp_path) == card
    save_card(encoder(), tmp_path / "encoder")
    assert load_card(tmp_path / "encoder") == encoder()


def test_an_altered_model_is_refused(tmp_path: Path) -> None:
    save_card(controller(tmp_path), tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"modem")
    with pytest.raises(BundleError, match=r"model\.onnx.*does not match the digest"):
        load_card(tmp_path)
    assert load_card(tmp_path, verify=False).name == "pick"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    save_card(controller(tmp_path), tmp_path)
    (tmp_path / "weights.safetensors").unlink()
    with pytest.raises(BundleError, match=r"lacks 'weights\.safetensors'"):
        load_card(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nam": "x"}, "did you mean name"),
        ({"kind": "controler"}, "did you mean controller"),
        ({"readout": "keypoint"}, "did you mean keypoints"),
        ({"schema": 9}, "schema 9"),
        ({"inputs": "feature"}, "card.inputs: expected a list"),
        ({"action": {"joints": []}}, "'gripper_scale' is missing"),
        ({"name": None}, "card.name: expected str"),
        ({"model": {"file": "../model.onnx", "sha256": "0" * 64}}, "not a plain file name"),
        ({"model": {"file": "model.onnx", "sha256": "not hex"}}, "not a hexadecimal digest"),
    ],
)
def test_a_wrong_card_names_the_field(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = save_card(controller(tmp_path), tmp_path)
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **change}))
    with pytest.raises(MvpRealError, match=message):
        load_card(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        f.name
        for f in dataclasses.fields(Card)
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ],
)
def test_a_missing_required_field_is_named(tmp_path: Path, name: str) -> None:
    path = save_card(controller(tmp_path), tmp_path)
    content = yaml.safe_load(path.read_text())
    del content[name]
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(BundleError, match=f"'{name}' is missing"):
        load_card(tmp_path)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    )
)
def test_any_yaml_content_is_either_a_card_or_a_named_error(
    tmp_path_factory: pytest.TempPathFactory, content: object
) -> None:
    directory = tmp_path_factory.mktemp("fuzz")
    (directory / "card.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(MvpRealError):
        load_card(directory)
