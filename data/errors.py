"""Errors of the data room: each says what is wrong with its value, where, and what to do."""

from datetime import datetime


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


class PriceError(DataError):
    """A price rule that cannot be: a step of nothing, a price of zero, from above to."""


class PlanError(DataError):
    """A change of the plan that cannot be: below -100 %, a frozen week, no forecast to change."""


class Conflict(PlanError):
    """Somebody changed the same cells after they were last looked at; nothing was overwritten."""

    def __init__(
        self, *, author: str, made_at: datetime, what: str, cells: int, seen: int, now: int
    ) -> None:
        self.author, self.made_at, self.what = author, made_at, what
        self.cells = cells  # products in places and periods that both change
        self.seen, self.now = seen, now  # revisions: the one looked at, and the one of the plan
        super().__init__(
            f"{author or 'Somebody'} changed the same cells at {made_at:%H:%M on %d %b}: {what}. "
            "Your change was not made, and theirs stands. Look at the new numbers, then apply "
            "yours again or leave it."
        )


class KeyConflict(DataError):
    """A key of the REST interface that cannot be made: no name, a name in use, no scope."""


class ScenarioError(DataError):
    """A scenario that cannot be kept or planned: a name taken, nothing to plan."""
