"""The vision Transformer has the released layout and sizes."""

from __future__ import annotations

import pytest
import torch

from mvp_real.networks.vit import RELEASED_SIZES, VisionTransformer, ViTConfig

TINY = ViTConfig(image_size=16, patch=4, dim=16, blocks=2, heads=4)


@pytest.mark.parametrize(
    ("name", "parameters", "tensors"),
    [
        ("vit_small", 21_665_664, 150),
        ("vit_base", 85_798_656, 150),
        ("vit_large", 303_301_632, 294),
        ("vit_large_256", 303_363_072, 294),
    ],
)
def test_parameter_and_tensor_counts(name: str, parameters: int, tensors: int) -> None:
    with torch.device("meta"):
        network = VisionTransformer(RELEASED_SIZES[name])
    assert network.parameter_count() == parameters
    assert len(network.state_dict()) == tensors


def test_shapes_of_the_released_small_network() -> None:
    with torch.device("meta"):
        shapes = {
            key: tuple(value.shape)
            for key, value in VisionTransformer(RELEASED_SIZES["vit_small"]).state_dict().items()
        }
    assert shapes["cls_token"] == (1, 1, 384)
    assert shapes["pos_embed"] == (1, 197, 384)
    assert shapes["patch_embed.proj.weight"] == (384, 3, 16, 16)
    assert shapes["blocks.11.attn.qkv.weight"] == (1152, 384)
    assert shapes["blocks.0.mlp.fc1.weight"] == (1536, 384)
    assert shapes["norm.bias"] == (384,)


def test_patch_embedding_is_the_convolution() -> None:
    torch.manual_seed(0)
    network = VisionTransformer(TINY)
    torch.nn.init.normal_(network.patch_embed.proj.bias)
    images = torch.randn(2, 3, 16, 16)
    from mvp_real.networks.patches import patchify

    convolved = network.patch_embed.proj(images).flatten(2).transpose(1, 2)
    torch.testing.assert_close(network.patch_embed(patchify(images, 4)), convolved, atol=1e-5, rtol=1e-5)


def test_tokens_do_not_depend_on_the_rest_of_the_batch() -> None:
    torch.manual_seed(0)
    network = VisionTransformer(TINY).eval()
    images = torch.randn(5, 3, 16, 16)
    with torch.no_grad():
        tokens = network(images)
        assert tokens.shape == (5, 17, 16)
        assert network.class_feature(images).shape == (5, 16)
        assert (network(images[3:4])[0] - tokens[3]).abs().max() < 1e-5


def test_block_equals_attention_written_out() -> None:
    torch.manual_seed(0)
    block = VisionTransformer(TINY).blocks[0]
    x = torch.randn(2, 7, 16)
    q, k, v = block.attn.qkv(block.norm1(x)).view(2, 7, 3, 4, 4).permute(2, 0, 3, 1, 4)
    weights = torch.softmax(q @ k.transpose(-2, -1) / 2.0, dim=-1)
    torch.testing.assert_close(block.attn.weights(block.norm1(x)), weights)
    y = x + block.attn.proj((weights @ v).transpose(1, 2).reshape(2, 7, 16))
    expected = y + block.mlp.fc2(torch.nn.functional.gelu(block.mlp.fc1(block.norm2(y))))
    torch.testing.assert_close(block(x), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(block(x, start=3), expected[:, 3:], atol=1e-5, rtol=1e-5)


def test_the_head_count_changes_the_function_but_no_shape() -> None:
    torch.manual_seed(0)
    twelve, six = (VisionTransformer(ViTConfig(16, 4, 24, 1, heads)) for heads in (12, 6))
    six.load_state_dict(twelve.state_dict())
    images = torch.randn(1, 3, 16, 16)
    assert (twelve(images) - six(images)).abs().max() > 1e-4


def test_sizes_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="100 is not a multiple of the patch size 16"):
        ViTConfig(image_size=100)
    with pytest.raises(ValueError, match="width 100 is not divisible by 12"):
        ViTConfig(dim=100)
