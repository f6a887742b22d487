"""How a command ends when it does not end well, and the exit codes."""

DONE = 0
REFUSED = 1  # the data, the model or the job: it was understood, and could not be done
MISUSED = 2  # of the command line; argparse uses it too
OUT_OF_REACH = 3  # no app, no valid key, or the database is open elsewhere
INTERRUPTED = 130  # Ctrl-C


class CommandError(Exception):
    """What is said on standard error, and the exit code."""

    def __init__(self, words: str, code: int = REFUSED, *, details: tuple[str, ...] = ()) -> None:
        super().__init__(words)
        self.code = code
        self.details = details
