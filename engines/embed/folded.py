"""The same network with batch normalization folded into its convolutions, for twice the speed."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


class Folded(nn.Module):
    """EfficientNet-Lite for inference, channels-last; gives the pooled features float32 (b, 1280) and the logits float64 (b, 1000)."""

    def __init__(self, plain: Any) -> None:
        super().__init__()
        self.stem = _step(plain._conv_stem, plain._bn0, active=True)  # noqa: SLF001  # the wheel names its layers with underscores
        blocks, self.skips = [], []
        for block in plain._blocks:  # noqa: SLF001  # as above
            steps = []
            if hasattr(block, "_expand_conv"):
                steps.append(_step(block._expand_conv, block._bn0, active=True))  # noqa: SLF001  # as above
            steps.append(_step(block._depthwise_conv, block._bn1, active=True))  # noqa: SLF001  # as above
            steps.append(_step(block._project_conv, block._bn2, active=False))  # noqa: SLF001  # as above
            blocks.append(nn.Sequential(*steps))
            shape = block._block_args  # noqa: SLF001  # as above
            self.skips.append(bool(shape.id_skip and shape.stride == 1 and shape.input_filters == shape.output_filters))
        self.blocks = nn.ModuleList(blocks)
        self.head = _step(plain._conv_head, plain._bn1, active=True)  # noqa: SLF001  # as above
        # In float64, so that how a matrix product is cut into threads stays below what float16 probabilities show.
        self.classifier = plain._fc.double()  # noqa: SLF001  # as above
        self.eval()
        for parameter in self.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run the network on float32 (b, 3, 224, 224)."""
        state = self.stem(pictures)
        for block, skip in zip(self.blocks, self.skips, strict=True):
            state = block(state) + state if skip else block(state)
        features = self.head(state).mean((2, 3))
        return features, self.classifier(features.double())


def _step(convolution: Any, normalization: Any, *, active: bool) -> nn.Sequential:
    """Fold one convolution and its normalization; symmetric padding becomes the convolution's own."""
    fused = fuse_conv_bn_eval(convolution, normalization)
    left, right, top, bottom = getattr(convolution.static_padding, "padding", (0, 0, 0, 0))
    even = left == right == top == bottom
    plain = nn.Conv2d(
        convolution.in_channels,
        convolution.out_channels,
        convolution.kernel_size,
        convolution.stride,
        padding=left if even else 0,
        groups=convolution.groups,
    )
    assert fused.bias is not None
    plain.weight, plain.bias = fused.weight, fused.bias
    steps: list[nn.Module] = [plain] if even else [nn.ZeroPad2d((left, right, top, bottom)), plain]
    return nn.Sequential(*steps, nn.ReLU6(inplace=True)) if active else nn.Sequential(*steps)
