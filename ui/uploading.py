"""The state of one upload in one session: files on disk, the plan, what is staged, the report.

Everything large is on disk; the session holds names and small values. Leaving the page keeps the
upload, "Start over" and the import drop it.
"""

import secrets
import shutil
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from data import mappings
from data.errors import DataError
from data.ingest import staging
from data.ingest.checks import check
from data.ingest.limits import Limits
from data.ingest.plan import Plan, Reading, Role, Source
from data.ingest.report import Report
from data.ingest.sources import open_upload
from data.ingest.staging import Staged
from data.ingest.understand import answer, guess, settle, use_as
from data.store import Store
from ui import progress, settings, state

_KEY = "_upload"
_REFUSAL = "_upload_refusal"
_WAITING = "_upload_waiting"
_ROUND = "_upload_round"  # part of the widgets' keys: a new round has empty widgets
BLOCK = 4 * 1024 * 1024  # bytes copied at a time
LIMITS = Limits()  # of what is unpacked


@dataclass(kw_only=True)
class Upload:
    """What has been understood of the files so far."""

    store: Store  # that it is staged in; one that was opened again knows nothing of it
    folder: Path  # where this upload's files lie; gone with the upload
    started_at: datetime
    sources: tuple[Source, ...]
    plan: Plan
    staged: Staged | None = None
    report: Report | None = None
    choices: dict[str, str] = field(default_factory=dict)
    revision: int = 0  # grows with every change of the plan


def current() -> Upload | None:
    """The upload in progress in this session; one whose store was closed is dropped and said."""
    upload: Upload | None = st.session_state.get(_KEY)
    if upload is not None and upload.store is not state.store():
        del st.session_state[_KEY]
        refuse(
            "The database was opened again meanwhile, and with it the upload is gone. "
            "Choose the files once more."
        )
        return None
    return upload


def widget_round() -> int:
    """Changes when an upload begins or ends, so that its widgets start afresh."""
    return int(st.session_state.setdefault(_ROUND, 0))


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Files that lie on the server's disk and were not looked at yet."""

    folder: Path  # of this upload
    paths: tuple[tuple[Path, str], ...]  # where a file is, and what the user calls it
    allowed: Path | None  # the only folder the files may be in


def receive(widget: str) -> None:
    """Write the files of an uploader, whose key is given, to disk and out of memory.

    Called when they have arrived, before the page is drawn: drawn with its files, an uploader
    copies all of them in memory on every run.
    """
    folder = _new_folder()
    paths: list[tuple[Path, str]] = []
    try:
        for file in st.session_state[widget]:
            path = folder / f"{len(paths)}-{Path(file.name).name[-80:]}"
            with path.open("wb") as target:
                shutil.copyfileobj(file, target, BLOCK)
            paths.append((path, Path(file.name).name))
            _release(file)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        refuse(f"The files could not be stored: {error.strerror}. Free some space and try again.")
        return
    st.session_state.pop(widget, None)
    st.session_state[_WAITING] = Waiting(folder=folder, paths=tuple(paths), allowed=None)


def choose_on_server(names: list[str]) -> None:
    """Take files from the configured server folder, in place."""
    inbox = settings.from_environment().data_folder
    paths = tuple((inbox / name, name) for name in names)
    st.session_state[_WAITING] = Waiting(folder=_new_folder(), paths=paths, allowed=inbox)


def is_waiting() -> bool:
    """Whether files have arrived that were not looked at yet."""
    return _WAITING in st.session_state


def open_waiting() -> None:
    """Find out what the waiting files are; a refusal is kept, and nothing else of them."""
    waiting: Waiting = st.session_state.pop(_WAITING)
    try:
        _open(waiting)
    except DataError as error:
        shutil.rmtree(waiting.folder, ignore_errors=True)
        refuse(str(error))
    except BaseException:
        shutil.rmtree(waiting.folder, ignore_errors=True)
        raise


def _release(file: UploadedFile) -> None:
    """Let go of a file that is on disk now; Streamlit keeps it in memory for the whole session."""
    file.close()
    context = get_script_run_ctx()
    if context and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def refuse(message: str) -> None:
    """Keep the reason why the files were refused, and empty the place for new ones."""
    st.session_state[_REFUSAL] = message
    st.session_state[_ROUND] = widget_round() + 1


def refusal() -> str:
    """Why the last files were refused; "" where none were."""
    return str(st.session_state.get(_REFUSAL, ""))


def server_files() -> list[str]:
    """Files of the server folder and its folders, by their path in it."""
    inbox = settings.from_environment().data_folder
    if not inbox.is_dir():
        return []
    found = [path for path in inbox.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return sorted(str(path.relative_to(inbox)) for path in found)


def start_over() -> None:
    """Forget the upload in progress, its files and what was staged."""
    progress.stop(state.store())
    upload = current()
    if upload is not None:
        _drop_staged(upload)
        shutil.rmtree(upload.folder, ignore_errors=True)
    st.session_state.pop(_KEY, None)
    st.session_state.pop(_REFUSAL, None)
    st.session_state[_ROUND] = widget_round() + 1


def set_role(upload: Upload, file: str, column: str, role: Role) -> None:
    """The user's use for one column; what was staged is read again."""
    upload.plan = use_as(upload.plan, file, column, role, today=date.today())
    _drop_staged(upload)


def set_reading(upload: Upload, file: str, column: str, reading: Reading) -> None:
    """The user's way to read one column; what was staged is read again."""
    upload.plan = settle(upload.plan.with_column(file, column, reading=reading))
    _drop_staged(upload)


def set_answer(upload: Upload, question: str, value: str) -> None:
    """The user's answer to a question; what was staged is read again."""
    upload.plan = answer(upload.plan, question, value)
    _drop_staged(upload)


def set_choice(upload: Upload, finding: str, value: str) -> None:
    """What to do about a finding; only the checks run again."""
    upload.choices = {**upload.choices, finding: value}
    upload.report = None


def checked(upload: Upload) -> tuple[Staged, Report]:
    """Stage and check as far as needed; raises `DataError` where the plan cannot be imported."""
    store = state.store()
    if upload.staged is None:
        plan = upload.plan
        upload.staged = progress.run(
            f"read-{upload.folder.name}-{upload.revision}",
            "Reading every row",
            lambda: staging.stage(store, plan),
            store,
            cancel=start_over,
        )
    if upload.report is None:
        staged, choices = upload.staged, upload.choices
        upload.report = progress.run(
            f"check-{staged.token}-{sorted(choices.items())}",
            "Checking",
            lambda: check(store, staged, choices, today=date.today()),
            store,
            cancel=start_over,
        )
    return upload.staged, upload.report


def remember(upload: Upload) -> None:
    """Offer the same mapping for the next file of this shape."""
    mappings.keep(state.store(), upload.plan)


def _open(waiting: Waiting) -> None:
    sources: list[Source] = []
    for path, name in waiting.paths:
        sources += open_upload(
            path, name=name, workspace=waiting.folder, allowed=waiting.allowed, limits=LIMITS
        )
    sources = _distinct_names(sources)
    plan = guess(tuple(sources), remembered=mappings.recall(state.store()), today=date.today())
    start_over()
    st.session_state[_KEY] = Upload(
        store=state.store(),
        folder=waiting.folder,
        started_at=datetime.now(),
        sources=tuple(sources),
        plan=plan,
    )


def _distinct_names(sources: list[Source]) -> list[Source]:
    """Two files of one name get a number, so that each can be spoken of."""
    seen: dict[str, int] = {}
    named = []
    for source in sources:
        seen[source.name] = seen.get(source.name, 0) + 1
        count = seen[source.name]
        named.append(replace(source, name=f"{source.name} ({count})") if count > 1 else source)
    return named


def _new_folder() -> Path:
    folder = state.store().staging_folder / f"upload-{secrets.token_hex(6)}"
    folder.mkdir(parents=True)
    return folder


def _drop_staged(upload: Upload) -> None:
    if upload.staged is not None:
        staging.discard(state.store(), upload.staged.token)
    upload.staged = upload.report = None
    upload.revision += 1
