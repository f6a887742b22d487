"""Errors of the data room: each says what is wrong with its value, where, and what to do."""


class DataError(Exception):
    """Base of all errors that a page shows to the user as a plain message."""


class StoreError(DataError):
    """The database cannot be opened or written: locked, damaged, disk full."""


class FileError(DataError):
    """A file cannot be read: empty, binary, encrypted, a bomb, outside the allowed folder."""


class MappingError(DataError):
    """A mapping cannot be imported: a role is missing, doubled or unanswered."""


class ImportConflict(DataError):
    """The import contradicts what is already stored, such as the same file twice."""


class NotFound(DataError):
    """A dataset, product, place or import that does not exist (any more)."""


class CorrectionError(DataError):
    """A correction cannot be kept: a quantity below zero, a day twice, no reason."""


class InventoryError(DataError):
    """A stock setting, delivery or order that cannot be: a lead time below zero, no reason."""


class ScenarioError(DataError):
    """A scenario that cannot be kept or planned: a name taken, nothing to plan."""
