"""Every operation: the one table that routes, OpenAPI, the command line and the docs come from."""

from api import (
    access,
    datasets,
    forecasts,
    history,
    jobs,
    keys,
    metrics,
    models,
    openapi,
    reports,
    sales,
    scenarios,
    schedules,
)
from api.operations import FILES, Operation

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        name="health", scope="", does=access.health,
        answer=access.HealthAnswer, title="Whether the service works",
    ),
    Operation(
        name="openapi", scope="", does=openapi.read,
        files=("application/json",), title="This description, for machines",
    ),
    Operation(
        name="metrics", scope="read", does=metrics.read,
        files=(metrics.KIND,), title="Numbers for Prometheus",
    ),
    Operation(
        name="list_datasets", scope="read", does=datasets.every,
        answer=datasets.DatasetsAnswer, title="All datasets",
    ),
    Operation(
        name="create_dataset", scope="write", does=sales.create,
        params=sales.NewParams, upload=FILES, answer=sales.ImportAnswer, status=201,
        is_idempotent_by_key=True, title="A new dataset from a file",
        words="CSV, Excel, Parquet or a packed file, understood and checked as on the Upload page; "
        "its name may be sent as `Almanac-File-Name`.",
    ),
    Operation(
        name="get_dataset", scope="read",
        does=datasets.one, params=datasets.DatasetParams, answer=datasets.DatasetAnswer,
        title="One dataset",
    ),
    Operation(
        name="get_quality", scope="read",
        does=datasets.quality, params=datasets.DatasetParams, answer=datasets.QualityAnswer,
        title="How far its sales can be trusted",
    ),
    Operation(
        name="list_products", scope="read",
        does=datasets.products, params=datasets.PageParams, row=datasets.ThingRow,
        title="Its products, best sellers first",
    ),
    Operation(
        name="list_places", scope="read",
        does=datasets.places, params=datasets.PageParams, row=datasets.ThingRow,
        title="Its places, the largest first",
    ),
    Operation(
        name="read_sales", scope="read",
        does=history.read, params=history.SalesParams, row=history.SalesPeriod,
        title="What was sold, period by period",
    ),
    Operation(
        name="append_sales", scope="write",
        does=sales.append_rows, params=sales.AppendParams, body=sales.SalesBody,
        answer=sales.ImportAnswer, is_idempotent_by_key=True, title="Add sales rows",
        words="All rows or none, unless bad rows are to be left out. The same request with the "
        "same `Idempotency-Key` is done once, and answered alike for 30 days.",
    ),
    Operation(
        name="append_file", scope="write",
        does=sales.append_file, params=sales.AppendParams, upload=FILES,
        answer=sales.ImportAnswer, is_idempotent_by_key=True, title="Add a file of sales",
        words="As for a new dataset. A file that the dataset holds already is refused.",
    ),
    Operation(
        name="read_forecasts", scope="read",
        does=forecasts.read, params=forecasts.ForecastParams, row=forecasts.ForecastRow,
        stamp=forecasts.stamp,
        title="The forecast in force",
        words="The plan that was published last, in units as published; else the champion's, else "
        "that of the latest finished run that has what is asked. The pages of one answer are of "
        "one forecast.",
    ),
    Operation(
        name="make_report", scope="read",
        does=reports.make, params=reports.ReportParams, files=tuple(reports.KINDS.values()),
        title="A report as PDF, Excel or HTML",
    ),
    Operation(
        name="submit_jobs", scope="jobs",
        does=jobs.submit, params=datasets.DatasetParams, body=jobs.JobBody,
        answer=jobs.JobsAnswer, status=202, title="Train, compare or forecast in the background",
    ),
    Operation(
        name="list_jobs", scope="read", does=jobs.every,
        params=jobs.ListParams, answer=jobs.JobsAnswer, title="Jobs, the latest first",
    ),
    Operation(
        name="get_job", scope="read", does=jobs.one,
        params=jobs.JobParams, answer=jobs.JobAnswer, title="A job and how far it is",
    ),
    Operation(
        name="cancel_job", scope="jobs",
        does=jobs.cancel, params=jobs.JobParams, answer=jobs.JobAnswer,
        title="Stop a job and keep its best",
    ),
    Operation(
        name="list_models", scope="read", does=models.every,
        answer=models.ModelsAnswer, title="Models that were kept",
    ),
    Operation(
        name="predict", scope="read",
        does=models.predict, params=models.RunParams, body=models.PredictBody,
        answer=models.PredictAnswer, title="Forecast posted series at once",
        words="By a model that was kept; nothing is stored.",
    ),
    Operation(
        name="work_out_scenario", scope="read", does=scenarios.work_out,
        params=models.RunParams, body=scenarios.ScenarioBody, answer=scenarios.ScenarioAnswer,
        title="What would sell if the plan were another",
        words="By the model of a run and the plan that it was given; nothing is stored.",
    ),
    Operation(
        name="list_schedules", scope="read",
        does=schedules.every, answer=schedules.SchedulesAnswer, title="Trainings that repeat",
    ),
    Operation(
        name="add_schedule", scope="jobs", does=schedules.add,
        body=schedules.ScheduleBody, answer=schedules.ScheduleAnswer, status=201,
        title="Repeat a training",
    ),
    Operation(
        name="change_schedule", scope="jobs",
        does=schedules.change, params=schedules.ScheduleParams, body=schedules.ChangeBody,
        answer=schedules.ChangedAnswer, title="Pause, resume, start or delete a schedule",
    ),
    Operation(
        name="list_keys", scope=keys.LOCAL, does=access.every,
        answer=access.KeysAnswer, title="Keys of this interface",
    ),
    Operation(
        name="create_key", scope=keys.LOCAL, does=access.create,
        body=access.KeyBody, answer=access.NewKeyAnswer, status=201, title="Make a key",
    ),
    Operation(
        name="revoke_key", scope=keys.LOCAL,
        does=access.revoke, params=access.KeyParams, answer=access.KeyAnswer,
        title="Revoke a key",
    ),
)  # fmt: skip


def named(name: str) -> Operation:
    """An operation by its name."""
    return next(each for each in OPERATIONS if each.name == name)
