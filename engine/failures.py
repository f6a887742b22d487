"""Failures in words: what failed, where, and what to do about it."""

import errno
import json
import re
from dataclasses import asdict, dataclass, fields

from engine.errors import EngineError

_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """The content of error.json; the traceback goes to the log alone."""

    code: str  # out_of_memory, disk_full, cuda, input, died, missing or unexpected
    what: str
    where: str  # the stage in which it happened
    remedy: str

    def __str__(self) -> str:
        return " ".join(filter(None, (self.what, self.remedy)))

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> "Failure":
        """The failure that `to_json` wrote. Raises `ValueError` for anything else."""
        content = json.loads(text)
        if not isinstance(content, dict):
            raise ValueError("error.json is not an object")
        names = [each.name for each in fields(cls)]
        return cls(**{name: str(content.get(name, "")) for name in names})


def explain(error: BaseException, where: str) -> Failure:
    """The failure that a person can act upon.

    >>> explain(MemoryError(), "theta").remedy[:26]
    'Use a smaller batch_size, '
    """
    if is_disk_full(error):
        return Failure(
            code="disk_full",
            what="The disk is full.",
            where=where,
            remedy="Free space on the disk that holds the run folders, then run the job again.",
        )
    if _is_cuda(error):
        return _cuda(error, where)
    if _is_out_of_memory(error):
        return Failure(
            code="out_of_memory",
            what="There was not enough memory.",
            where=where,
            remedy="Use a smaller batch_size, fewer series or fewer jobs at once, or a machine "
            "with more memory.",
        )
    if isinstance(error, EngineError) or _is_from(error, "forecasting"):
        return Failure(code="input", what=str(error), where=where, remedy="")
    return Failure(
        code="unexpected",
        what=f"An unexpected error: {type(error).__name__}: {error}",
        where=where,
        remedy="Look into the log of the job; if the data are right, report it as a bug.",
    )


def is_disk_full(error: BaseException) -> bool:
    """Whether the error, or one that led to it, is for lack of space."""
    return any(isinstance(each, OSError) and each.errno in _FULL for each in _causes(error))


def _is_out_of_memory(error: BaseException) -> bool:
    # A library that allocates for itself (OpenBLAS, a pool of processes) says it in its own words.
    words = re.compile(r"out of memory|cannot allocate memory|can't allocate memory", re.I)
    return any(
        isinstance(each, MemoryError)
        or (isinstance(each, OSError) and each.errno == errno.ENOMEM)
        or (isinstance(each, RuntimeError) and words.search(str(each)) is not None)
        for each in _causes(error)
    )


def _is_cuda(error: BaseException) -> bool:
    return any(
        isinstance(each, RuntimeError) and re.search(r"\b(CUDA|cuDNN|CUBLAS|NCCL)", str(each))
        for each in _causes(error)
    )


def _cuda(error: BaseException, where: str) -> Failure:
    text = str(error).splitlines()[0]
    if "out of memory" in text:
        remedy = "Use a smaller batch_size, or run the job on the CPU."
        return Failure(
            code="out_of_memory", what="The GPU ran out of memory.", where=where, remedy=remedy
        )
    remedy = (
        "Run the job on the CPU, or check the GPU with nvidia-smi: its driver may be too old, or "
        "another program may use it."
    )
    return Failure(code="cuda", what=f"The GPU failed: {text}", where=where, remedy=remedy)


def _is_from(error: BaseException, package: str) -> bool:
    return any(each.__module__.split(".")[0] == package for each in type(error).__mro__)


def _causes(error: BaseException) -> list[BaseException]:
    """The error and those that led to it."""
    found: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in found:
        found.append(each)
        each = each.__cause__ or each.__context__
    return found
