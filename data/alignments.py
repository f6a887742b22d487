"""How a dataset is compared with the year before, kept with it: weekdays, ISO or fiscal weeks."""

from data.comparison import Alignment
from data.fiscal import FiscalCalendar
from data.store import Store


def kept(store: Store, dataset_id: int) -> Alignment:
    """What was decided for a dataset; the usual alignment by weekdays where nothing was."""
    found = store.rows(
        "SELECT aligned_by, week_53, pattern, last_month, last_weekday, ending FROM alignment "
        "WHERE dataset_id = $1",
        [dataset_id],
    )
    if not found:
        return Alignment()
    by, week_53, pattern, last_month, last_weekday, ending = found[0]
    fiscal = FiscalCalendar(
        pattern=pattern, last_month=last_month, last_weekday=last_weekday, ending=ending
    )
    return Alignment(by=by, week_53=week_53, fiscal=fiscal)


def keep(store: Store, dataset_id: int, alignment: Alignment) -> None:
    """Decide it for everybody who looks at the dataset from now on."""
    fiscal = alignment.fiscal
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO alignment VALUES ($1, $2, $3, $4, $5, $6, $7)",
            [
                dataset_id,
                alignment.by,
                alignment.week_53,
                fiscal.pattern,
                fiscal.last_month,
                fiscal.last_weekday,
                fiscal.ending,
            ],
        )
