"""What goes wrong while a report is made."""


class ReportError(Exception):
    """A report that cannot be made; the message says why and what to do."""
