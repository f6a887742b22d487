"""Failures in words: each kind of error gets its name and a remedy."""

import errno

import pytest

from engine.errors import RunError
from engine.failures import explain
from forecasting import PanelError


def chained(outer: Exception, cause: Exception) -> Exception:
    outer.__cause__ = cause
    return outer


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OSError(errno.ENOSPC, "No space left"), "disk_full", "Free space"),
        (chained(RunError("no"), OSError(errno.ENOSPC, "full")), "disk_full", "Free space"),
        (MemoryError(), "out_of_memory", "smaller batch_size"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out_of_memory", "more memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "out_of_memory", "smaller"),
        (RuntimeError("CUDA out of memory. Tried to allocate"), "out_of_memory", "on the CPU"),
        (RuntimeError("CUDA error: device-side assert"), "cuda", "nvidia-smi"),
        (RuntimeError("cuDNN error: STATUS"), "cuda", "nvidia-smi"),
        (PanelError("The frame has no rows. Give one."), "input", "The frame has no rows."),
        (KeyError("x"), "unexpected", "KeyError"),
    ],
)
def test_when_something_fails_then_it_is_named_with_a_remedy(
    error: Exception, code: str, words: str
) -> None:
    failure = explain(error, "theta: fitting series")
    assert failure.code == code
    assert words in str(failure)
    assert failure.where == "theta: fitting series"
