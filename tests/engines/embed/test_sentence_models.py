"""Tiny random models of sentence-transformers, made here: our vectors are the library's own, and nothing foreign is ever run."""

import json
import shutil

import numpy as np
import pytest

from engines.embed.sentence_files import find_sentence_model, part_files
from engines.embed.sentence_models import SentenceTransformers
from engines.errors import Cancelled, EnvironmentFault, ParameterError
from engines.keys import chain
from engines.protocols import TextEncoder

WORDS = [
    "a",
    "the",
    "of",
    "to",
    "card",
    "money",
    "transfer",
    "top",
    "up",
    "where",
    "is",
    "my",
    "how",
    "long",
    "does",
    "it",
    "take",
    "bank",
    "account",
    "query",
    "passage",
    "fee",
]
LETTERS = [*"abcdefghijklmnopqrstuvwxyz0123456789?!.,:-'", *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
TEXTS = [
    "Where is my card?",
    "How long does a transfer take",
    "top up",
    "x",
    "",
    "the fee of the bank " * 60,
    "\ud800 half a pair",
    "MONEY, money: money!",
    *(f"account {number} is long " * (number % 7 + 1) for number in range(30)),
]


def network(folder, seed=0):
    """Save a BERT of two layers with its tokenizer."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(seed)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *LETTERS]
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(vocabulary)), encoding="utf-8")
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A model with pooling by the first token, a further layer, normalization and prompts; and the plain network alone."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer

    root = tmp_path_factory.mktemp("models")
    plain = network(root / "plain")
    parts = [Transformer(str(plain)), Pooling(32, "cls"), Dense(32, 12), Normalize()]
    model = SentenceTransformer(modules=parts, device="cpu", prompts={"question": "query: ", "document": ""})
    model.save(str(root / "whole"))
    return root


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made / "whole", tmp_path / "copy")


def theirs(folder, texts, **options):
    from sentence_transformers import SentenceTransformer

    clean = [text.encode("utf-8", "replace").decode() for text in texts]
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    return model.encode(clean, show_progress_bar=False, **options)


def ours(folder, texts=TEXTS, **parameters):
    return SentenceTransformers(model=str(folder), device="cpu", **parameters).encode_texts(texts)


def test_it_is_a_text_encoder(made):
    encoder = SentenceTransformers(model=str(made / "whole"))
    assert isinstance(encoder, TextEncoder)
    assert encoder.modality == "texts"
    assert encoder.encode_texts([]).shape[0] == 0


@pytest.mark.parametrize("name", ["whole", "plain"])
def test_the_vectors_are_the_library_s_own(made, name):
    vectors = ours(made / name)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), 12 if name == "whole" else 32)
    np.testing.assert_allclose(vectors, theirs(made / name, TEXTS), atol=1e-5)


@pytest.mark.parametrize(
    ("prompt", "options"), [("question", {"prompt_name": "question"}), ("passage:", {"prompt": "passage: "})]
)
def test_prompts_go_before_each_text(made, prompt, options):
    vectors = ours(made / "whole", prompt=prompt)
    np.testing.assert_allclose(vectors, theirs(made / "whole", TEXTS, **options), atol=1e-5)
    assert np.abs(vectors - ours(made / "whole")).max() > 1e-3


def test_an_unknown_prompt_is_a_mistake_that_names_the_known_ones(made):
    with pytest.raises(ParameterError, match=r"document, .*question"):
        ours(made / "whole", prompt="quest")


def test_a_vector_does_not_depend_on_the_other_texts(made):
    whole = ours(made / "whole")
    order = np.random.default_rng(0).permutation(len(TEXTS))
    np.testing.assert_allclose(ours(made / "whole", [TEXTS[row] for row in order]), whole[order], atol=1e-6)
    np.testing.assert_allclose(ours(made / "whole", TEXTS[1:2], batch=3), whole[1:2], atol=1e-6)


def test_the_key_follows_the_content_not_the_name_of_the_folder(made, copy):
    def key(**parameters):
        return chain("embed", SentenceTransformers(device="cpu", **parameters), [])

    first = key(model=str(made / "whole"))
    assert first == key(model=str(copy), batch=7, threads=1) != key(model=str(copy), prompt="question")
    (copy / "README.md").write_text("other words", encoding="utf-8")
    assert first == key(model=str(copy))
    pooling = next(copy.glob("1_Pooling/config.json"))
    pooling.write_text(pooling.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert first != key(model=str(copy))


def test_other_weights_of_a_further_layer_are_another_content(made, copy):
    before = find_sentence_model(str(copy)).content_hash()
    weights = next(copy.glob("2_Dense/model.safetensors"))
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(bytes(raw))
    assert find_sentence_model(str(copy)).content_hash() != before


def test_code_that_comes_with_a_model_is_never_run(copy):
    marker = copy / "was run"
    (copy / "foreign.py").write_text(f"open({str(marker)!r}, 'w')\nclass Layer: pass\n", encoding="utf-8")
    parts = json.loads((copy / "modules.json").read_text(encoding="utf-8"))
    parts[2]["type"] = "foreign.Layer"
    (copy / "modules.json").write_text(json.dumps(parts), encoding="utf-8")
    with pytest.raises(ParameterError, match="never run"):
        SentenceTransformers(model=str(copy))
    assert not marker.exists()


def test_pickled_weights_are_refused_with_the_line_that_converts_them(copy):
    for name in ("model.safetensors", "2_Dense/model.safetensors"):
        whole = (copy / name).read_bytes()
        (copy / name).rename((copy / name).with_name("pytorch_model.bin"))
        with pytest.raises(ParameterError, match="pickle"):
            SentenceTransformers(model=str(copy))
        (copy / name).with_name("pytorch_model.bin").unlink()
        (copy / name).write_bytes(whole)
    SentenceTransformers(model=str(copy))


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "[1]", '[{"type": "sentence_transformers.models.Pooling", "path": "../.."}]']
)
def test_a_broken_list_of_parts_is_said(copy, content):
    (copy / "modules.json").write_text(content, encoding="utf-8")
    with pytest.raises(ParameterError, match=r"modules\.json"):
        SentenceTransformers(model=str(copy))


def test_a_folder_that_is_not_there_is_said_at_once(tmp_path):
    with pytest.raises(ParameterError, match="no model folder"):
        SentenceTransformers(model=str(tmp_path / "nowhere"))
    with pytest.raises(ParameterError, match="no model is named"):
        SentenceTransformers().encode_texts(["a"])


def test_a_model_of_a_hub_that_is_not_here_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    encoder = SentenceTransformers(model="nobody/nothing-of-the-kind")
    with pytest.raises(EnvironmentFault, match="nobody/nothing-of-the-kind"):
        encoder.encode_texts(["a"])


def test_what_a_hub_must_bring_beside_the_network():
    names = [
        *("README.md", "config.json", "modules.json", "model.safetensors", "pytorch_model.bin", "onnx/model.onnx"),
        *(
            "1_Pooling/config.json",
            "2_Dense/model.safetensors",
            "2_Dense/pytorch_model.bin",
            "sentence_bert_config.json",
            "train.py",
        ),
    ]
    expected = [
        "1_Pooling/config.json",
        "2_Dense/model.safetensors",
        "config.json",
        "modules.json",
        "sentence_bert_config.json",
    ]
    assert part_files(names) == expected
    assert part_files(["config.json", "model.safetensors"]) == []


def test_progress_is_told_and_can_stop_it(made):
    encoder, told = SentenceTransformers(model=str(made / "whole"), device="cpu"), []
    encoder.encode_texts(TEXTS, progress=lambda fraction, message: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1

    def stop(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        encoder.encode_texts(TEXTS, progress=stop)
