"""Write EfficientNet-Lite as a graph for onnxruntime, with batch normalization folded into the convolutions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, helper, numpy_helper

OPSET, IR = 17, 8
"""Old enough for every onnxruntime that we allow, whatever version of onnx writes it."""
EPSILON = 1e-3
HALVING = frozenset({1, 3, 5, 11})
"""Blocks of EfficientNet-Lite0 whose depthwise convolution has stride 2; everything else is told by the shapes of the weights."""

Weights = Mapping[str, npt.NDArray[Any]]


def features_model(weights: Weights, side: int, batch: int = 1) -> bytes:
    """Give the network from ``pictures`` uint8 (batch, side, side, 3) to ``features`` float32 (batch, c): pooled, before the classifier.

    Pictures are scaled to (x - 127) / 128; padding is that of TensorFlow ("same": the odd pixel goes to the right and the bottom).
    """
    graph = _Graph(weights)
    state = graph.add("DequantizeLinear", ["pictures", graph.constant(np.float32(1 / 128)), graph.constant(np.uint8(127))])
    state = graph.add("Transpose", [state], perm=[0, 3, 1, 2])
    state = graph.convolve(state, "_conv_stem", "_bn0", stride=2)
    blocks = {name.split(".")[1] for name in weights if name.startswith("_blocks.")}
    for number in range(len(blocks)):
        state = _block(graph, state, f"_blocks.{number}.", 2 if number in HALVING else 1)
    state = graph.convolve(state, "_conv_head", "_bn1")
    state = graph.add("GlobalAveragePool", [state])
    graph.add("Flatten", [state], into="features")
    channels = len(weights["_conv_head.weight"])
    return graph.model(("pictures", TensorProto.UINT8, [batch, side, side, 3]), ("features", [batch, channels]))


def classifier_model(weights: Weights, batch: int) -> bytes:
    """Give the classifier from ``features`` float32 (batch, c) to ``shares`` float32 (batch, classes), which sum to 1."""
    graph = _Graph(weights)
    classes, channels = weights["_fc.weight"].shape
    parts = ["features", graph.constant(weights["_fc.weight"]), graph.constant(weights["_fc.bias"])]
    graph.add("Softmax", [graph.add("Gemm", parts, transB=1)], into="shares", axis=1)
    return graph.model(("features", TensorProto.FLOAT, [batch, channels]), ("shares", [batch, classes]))


def _block(graph: _Graph, state: str, name: str, stride: int) -> str:
    """Add an inverted bottleneck (Sandler et al. 2018): expand, convolve each channel, project; with a shortcut where shapes agree."""
    inner = state
    if f"{name}_expand_conv.weight" in graph.weights:
        inner = graph.convolve(inner, f"{name}_expand_conv", f"{name}_bn0")
    inner = graph.convolve(inner, f"{name}_depthwise_conv", f"{name}_bn1", stride=stride)
    inner = graph.convolve(inner, f"{name}_project_conv", f"{name}_bn2", active=False)
    given = graph.channels.get(state)
    return graph.add("Add", [inner, state]) if stride == 1 and given == graph.channels[inner] else inner


class _Graph:
    """Nodes and constants while they are put together; ``channels`` of what each convolution gives."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.channels: dict[str, int] = {}
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._six: list[str] = []

    def constant(self, value: Any) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], *, into: str = "", **attributes: Any) -> str:
        """Add one node and name what it gives; an addition keeps the number of channels."""
        into = into or f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [into], **attributes))
        if inputs[0] in self.channels:
            self.channels[into] = self.channels[inputs[0]]
        return into

    def convolve(self, state: str, name: str, normalization: str, *, stride: int = 1, active: bool = True) -> str:
        """Add a convolution with its normalization folded in (in float64), and ReLU6 where it is ``active``."""
        kernel = self.weights[f"{name}.weight"].astype(np.float64)
        mean, variance, scale, shift = (
            self.weights[f"{normalization}.{part}"].astype(np.float64)
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        scale = scale / np.sqrt(variance + EPSILON)
        size = kernel.shape[2]
        # Sides are even where the stride is 2, so that "same" padding does not depend on them.
        padding = size - stride
        before, after = padding // 2, padding - padding // 2
        parts = [(kernel * scale[:, None, None, None]).astype(np.float32), (shift - mean * scale).astype(np.float32)]
        found = self.add(
            "Conv",
            [state, *map(self.constant, parts)],
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=len(kernel) if name.endswith("_depthwise_conv") else 1,
        )
        self.channels[found] = len(kernel)
        if not active:
            return found
        self._six = self._six or [self.constant(np.float32(0)), self.constant(np.float32(6))]
        return self.add("Clip", [found, *self._six])

    def model(self, given: tuple[str, int, list[int]], made: tuple[str, list[int]]) -> bytes:
        inputs = [helper.make_tensor_value_info(*given)]
        outputs = [helper.make_tensor_value_info(made[0], TensorProto.FLOAT, made[1])]
        graph = helper.make_graph(self._nodes, "EfficientNet-Lite", inputs, outputs, self._constants)
        model: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
        return bytes(model.SerializeToString())
