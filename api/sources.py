"""A file of this machine as the body of a request."""

from pathlib import Path

from api.problems import Problem
from api.wire import Upload
from data.ingest.sources import fingerprint_of


def of_file(path: Path) -> Upload:
    """The upload of a file that stays where it is. Raises `Problem` (404) where there is none."""
    if not path.is_file():
        raise Problem("not-found", f"{path} is no file.")
    return Upload(
        path=path, name=path.name, kind="application/octet-stream", digest=fingerprint_of(path)
    )
