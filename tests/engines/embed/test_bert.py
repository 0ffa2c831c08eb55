import numpy as np
import pytest

from engines.embed.bert import Bert


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """A random network of the library transformers, and ours with its weights, with and without the prefix of models with a head."""
    import torch
    from safetensors.torch import save_file
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50,
        hidden_size=24,
        num_hidden_layers=3,
        num_attention_heads=3,
        intermediate_size=40,
        max_position_embeddings=32,
        initializer_range=0.4,
        layer_norm_eps=1e-6,
    )
    theirs = BertModel(config).eval()
    folder = tmp_path_factory.mktemp("bert")
    weights = {name: tensor.contiguous() for name, tensor in theirs.state_dict().items() if "position_ids" not in name}
    save_file(weights, folder / "plain.safetensors")
    save_file(
        {f"bert.{name}": tensor for name, tensor in weights.items()} | {"head.weight": torch.ones(1)},
        folder / "head.safetensors",
    )
    return theirs, *(Bert(folder / f"{name}.safetensors", heads=3, epsilon=1e-6) for name in ("plain", "head"))


def test_the_mean_states_are_those_of_transformers(networks):
    import torch

    theirs, ours, with_head = networks
    rng = np.random.default_rng(0)
    lengths = torch.tensor([1, 5, 12, 9])
    tokens = torch.from_numpy(rng.integers(0, 50, size=(4, 12)))
    mask = torch.arange(12) < lengths[:, None]
    with torch.inference_mode():
        states = theirs(input_ids=tokens, attention_mask=mask.long()).last_hidden_state
        expected = (states * mask[:, :, None]).sum(1) / lengths[:, None]
        found = ours(tokens, lengths)
        np.testing.assert_allclose(found, expected, atol=2e-6)
        np.testing.assert_array_equal(with_head(tokens, lengths), found)
        # What stands behind the end of a text does not matter.
        np.testing.assert_array_equal(ours(torch.where(mask, tokens, 7), lengths), found)
    assert ours.dimensions == 24
