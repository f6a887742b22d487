"""How sales answer prices and promotions, by product: one read for every page that asks."""

from ui import background, prices_facts, queries
from ui.prices_facts import Found
from ui.queries import Dataset

KEPT = 4  # datasets in memory; on disk all of them


def found(dataset: Dataset) -> Found | None:
    """The elasticities of a dataset, made in the background; None where no price is known.

    The page shows how far it is until then, and ends.
    """
    return background.result(
        "elasticities",
        queries.version()[:3],  # plans and calendars change nothing here
        dataset.dataset_id,
        lambda store, tell: prices_facts.find_once(store, dataset.dataset_id, tell=tell),
        label="Learning how sales answer prices and promotions",
        kept=KEPT,
    )
