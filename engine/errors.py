"""Errors of the engine: each says what is wrong with its value, where, and what to do."""


class EngineError(Exception):
    """Base of all errors that a page shows to the user as a plain message."""


class RequestError(EngineError):
    """A request that cannot work, is damaged, or was written by a newer version."""


class RunError(EngineError):
    """A run folder that is missing, damaged or cannot be written."""


class QueueError(EngineError):
    """The queue cannot be read or written, or has no such job."""


class EngineBusy(EngineError):
    """Another engine works on the same folder."""
