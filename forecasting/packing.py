"""Packing: the weights of a network as they are stored, in fewer bytes or in full.

"fp16" and "bf16" store every weight in two bytes; "int8" stores matrices in one byte per weight and
a scale per row, and all else in two. A network always computes in 32 bits.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor

Storage = Literal["fp32", "fp16", "bf16", "int8"]
STORAGES: tuple[Storage, ...] = get_args(Storage)
SCALE = ".scale_of_rows"  # ends the name of the scales beside an int8 matrix
HALVES = {"fp16": torch.float16, "bf16": torch.bfloat16}
LARGEST = 127  # of a signed byte, so that zero stays zero


def packed(weights: Mapping[str, Tensor], storage: Storage) -> dict[str, Tensor]:
    """Weights by name as they are stored."""
    if storage == "fp32":
        return dict(weights)
    stored: dict[str, Tensor] = {}
    for name, weight in weights.items():
        if not weight.is_floating_point():
            stored[name] = weight
        elif storage == "int8" and weight.ndim == 2:
            scale = (weight.abs().amax(dim=1) / LARGEST).clamp(min=1e-12)
            stored[name] = torch.round(weight / scale[:, None]).to(torch.int8)
            stored[name + SCALE] = scale
        else:
            half = HALVES.get(storage, torch.float16)
            finite = torch.finfo(half).max
            stored[name] = weight.clamp(-finite, finite).to(half)
    return stored


def unpacked(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights in 32 bits, however they were stored.

    >>> weights = {"a": torch.tensor([[1.0, -2.0], [0.0, 0.0]])}
    >>> unpacked(packed(weights, "int8"))["a"].round(decimals=1).tolist()
    [[1.0, -2.0], [0.0, 0.0]]
    """
    weights: dict[str, Tensor] = {}
    for name, tensor in stored.items():
        if name.endswith(SCALE):
            continue
        if tensor.dtype == torch.int8 and name + SCALE in stored:
            weights[name] = tensor.float() * stored[name + SCALE].float()[:, None]
        elif tensor.dtype in HALVES.values():
            weights[name] = tensor.float()
        else:
            weights[name] = tensor
    return weights


def storage_of(stored: Mapping[str, Tensor]) -> Storage:
    """How these tensors are stored."""
    kinds = {tensor.dtype for tensor in stored.values()}
    if torch.int8 in kinds:
        return "int8"
    if torch.bfloat16 in kinds:
        return "bf16"
    return "fp16" if torch.float16 in kinds else "fp32"


def file_digest(path: Path) -> str:
    """A fingerprint of the file, by which a changed one is noticed when it is read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
