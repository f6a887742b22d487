"""Memory that ran out: the errors that say so, and the words for people."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error tells that memory ran out.

    torch raises an error of its own for a GPU and a plain `RuntimeError` for the CPU.

    >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory"))
    True
    >>> is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    False
    """
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and "memory" in str(error).lower()


def no_memory_for_one(steps: int) -> str:
    """What to say where not even one series of a batch fits."""
    return (
        f"There is not enough memory to forecast even one series with a context of {steps} steps. "
        "Close other programs, or give a smaller context_length."
    )
