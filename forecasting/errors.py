"""Errors of the library: each says what is wrong with its value, where, and what to do."""


class ForecastingError(Exception):
    """Base of all errors that a page or a command shows as a plain message."""


class ConfigError(ForecastingError):
    """An option that is unknown or has a value that cannot work."""


class PanelError(ForecastingError):
    """Data that cannot become a panel, or that does not fit the panel of a model."""


class NotFittedError(ForecastingError):
    """A model that is asked to predict before it was fitted."""
