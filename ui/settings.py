"""What the operator decides, read once from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where Almanac keeps its things and how much it may use."""

    var: Path = Path("var")  # database, staged uploads, queue, run folders
    data_folder: Path = Path("var/inbox")  # the only server folder whose files may be imported
    memory_limit: str = "2GB"  # of the database; torch and pandas come on top
    threads: int | None = None  # of the database; None: one per core
    ray_address: str | None = None  # dashboard of the Ray cluster for jobs; None: this machine
    jobs: int = 2  # trainings at once on the CPU; they share the cores
    gpus: int | None = None  # each is a queue of its own; None: as many as the driver has
    job_memory_mb: int | None = None  # of each training; None: no limit
    reports_folder: Path = Path("var/reports/delivered")  # scheduled reports, a folder for each
    api_rate: float = 400.0  # requests a second of each key of the REST interface
    api_megabytes: float = 100.0  # of the body of a request

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.var / "almanac.duckdb"


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process; unset variables keep their defaults.

    >>> from_environment({"ALMANAC_VAR": "/srv/almanac"}).data_folder.as_posix()
    '/srv/almanac/inbox'
    >>> from_environment({"ALMANAC_THREADS": "4"}).threads
    4
    >>> from_environment({"ALMANAC_RAY_ADDRESS": "http://head:8265"}).ray_address
    'http://head:8265'
    >>> from_environment({"ALMANAC_GPUS": "0"}).gpus
    0
    """
    var = Path(environ.get("ALMANAC_VAR") or Settings.var)
    reports_folder = environ.get("ALMANAC_REPORTS_FOLDER") or var / "reports" / "delivered"
    threads = environ.get("ALMANAC_THREADS")
    job_memory = environ.get("ALMANAC_JOB_MEMORY_MB")
    gpus = environ.get("ALMANAC_GPUS")
    return Settings(
        var=var,
        data_folder=Path(environ.get("ALMANAC_DATA_FOLDER") or var / "inbox"),
        memory_limit=environ.get("ALMANAC_MEMORY_LIMIT") or Settings.memory_limit,
        threads=int(threads) if threads else None,
        ray_address=environ.get("ALMANAC_RAY_ADDRESS") or None,
        jobs=int(environ.get("ALMANAC_JOBS") or min(Settings.jobs, os.cpu_count() or 1)),
        gpus=int(gpus) if gpus else None,
        job_memory_mb=int(job_memory) if job_memory else None,
        reports_folder=Path(reports_folder),
        api_rate=float(environ.get("ALMANAC_API_RATE") or Settings.api_rate),
        api_megabytes=float(environ.get("ALMANAC_API_MEGABYTES") or Settings.api_megabytes),
    )
