"""Sessions compute what the model file says, and refuse what does not fit its card."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")
pytest.importorskip("cv2")

from mvp_real.bundle import BundleError, Tensor
from mvp_real.bundle_writer import save_card
from mvp_real.cameras.preprocessing import Preprocessing
from mvp_real.errors import MvpRealError
from mvp_real.inference.runtime import OnnxModel, RuntimeOptions
from mvp_real.inference.session import ControllerSession, EncoderSession

from .tiny_bundles import controller_bundle, encoder_bundle


def test_the_encoder_sees_the_preprocessed_image(tmp_path: Path) -> None:
    encoder_bundle(tmp_path)
    session = EncoderSession(tmp_path)
    image = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    tokens = session(image)
    assert tokens.shape == session.token_shape == (1, 3)
    assert tokens.dtype == np.float32
    assert np.allclose(tokens[0], Preprocessing()(image).mean(axis=(1, 2)), atol=1e-5)
    assert session.provider == "CPUExecutionProvider"


@pytest.mark.parametrize("feature", [(1, 3), (145, 192), (1, 1)])
def test_the_controller_takes_a_feature_of_any_shape(tmp_path: Path, feature: tuple[int, int]) -> None:
    encoder = encoder_bundle(tmp_path / "encoder")
    controller_bundle(tmp_path / "controller", encoder, feature)
    session = ControllerSession(tmp_path / "controller")
    state = np.linspace(-1.0, 1.0, 8)
    action = session(np.ones(feature, dtype=np.float32), state)
    assert session.feature_shape == feature
    assert action.shape == (8,)
    assert action.dtype == np.float64
    assert np.allclose(action, 0.1 * state, atol=1e-6)


def test_a_feature_of_another_shape_is_refused_with_both_shapes(tmp_path: Path) -> None:
    controller_bundle(tmp_path / "controller", encoder_bundle(tmp_path / "encoder"))
    with pytest.raises(BundleError, match=r"takes a feature \(1, 3\).*got \(2, 3\)"):
        ControllerSession(tmp_path / "controller")(np.zeros((2, 3), dtype=np.float32), np.zeros(8))


def test_a_bundle_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    controller_bundle(tmp_path / "controller", encoder_bundle(tmp_path / "encoder"))
    with pytest.raises(BundleError, match="kind 'controller', but one of kind 'encoder'"):
        EncoderSession(tmp_path / "controller")
    with pytest.raises(BundleError, match="kind 'encoder', but one of kind 'controller'"):
        ControllerSession(tmp_path / "encoder")


def test_another_image_path_than_the_cards_is_refused(tmp_path: Path) -> None:
    wrong = replace(Preprocessing().for_card(), hash="ab" * 32)
    encoder_bundle(tmp_path, image=wrong)
    with pytest.raises(BundleError, match="preprocessing digest"):
        EncoderSession(tmp_path)


def test_an_altered_model_file_is_refused(tmp_path: Path) -> None:
    encoder_bundle(tmp_path)
    with (tmp_path / "model.onnx").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(BundleError, match="altered"):
        EncoderSession(tmp_path)


def test_a_model_whose_tensors_are_not_those_of_the_card_is_refused(tmp_path: Path) -> None:
    encoder = encoder_bundle(tmp_path / "encoder")
    card = controller_bundle(tmp_path / "controller", encoder, output="torque")
    with pytest.raises(BundleError, match="no output 'action', which its card names; it has torque"):
        ControllerSession(tmp_path / "controller")
    card = controller_bundle(tmp_path / "controller", encoder)
    save_card(replace(card, inputs=(Tensor("feature", (1, 4)), card.inputs[1])), tmp_path / "controller")
    with pytest.raises(BundleError, match=r"input 'feature' is \(1, 3\), its card says \(1, 4\)"):
        ControllerSession(tmp_path / "controller")
    with pytest.raises(BundleError, match="inputs feature, proprioception; its card names 1 of them"):
        OnnxModel(tmp_path / "controller" / "model.onnx", card.inputs[:1], card.outputs)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(BundleError, match="cannot be loaded"):
        OnnxModel(path, (), ())


def test_a_provider_that_is_not_there_is_never_replaced_by_the_cpu(tmp_path: Path) -> None:
    encoder_bundle(tmp_path)
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine has the provider")
    with pytest.raises(MvpRealError, match=r"'cuda' \(CUDAExecutionProvider\) is not in this ONNX Runtime"):
        EncoderSession(tmp_path, provider="cuda")


def test_unknown_providers_and_thread_counts_are_refused() -> None:
    with pytest.raises(MvpRealError, match="did you mean cuda"):
        RuntimeOptions(provider="cudaa")
    with pytest.raises(MvpRealError, match="threads is 0"):
        RuntimeOptions(threads=0)


def test_gpu_options_ask_for_the_gpu_first() -> None:
    names = [name for name, _ in RuntimeOptions(provider="tensorrt", engine_cache="cache").providers()]
    assert names == ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]


def test_warm_up_reports_the_time_of_fifty_calls(tmp_path: Path) -> None:
    controller_bundle(tmp_path / "controller", encoder_bundle(tmp_path / "encoder"))
    for session in (EncoderSession(tmp_path / "encoder"), ControllerSession(tmp_path / "controller")):
        latency = session.warm_up()
        assert latency.calls == 50
        assert 0.0 < latency.median <= latency.p95 <= latency.largest
