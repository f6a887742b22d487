"""What was decided for a dataset comes back, and holds for it alone."""

from data import alignments
from data.comparison import Alignment
from data.fiscal import FiscalCalendar
from data.store import Store


def test_when_nothing_was_decided_then_weekdays_are_aligned(store: Store) -> None:
    assert alignments.kept(store, 1) == Alignment()


def test_when_an_alignment_is_kept_twice_then_the_later_one_holds(store: Store) -> None:
    first = Alignment(by="iso", week_53="number")
    later = Alignment(
        by="fiscal",
        fiscal=FiscalCalendar(pattern="4-4-5", last_month=6, last_weekday=6, ending="last"),
    )
    for chosen in (first, later):
        alignments.keep(store, 1, chosen)
        assert alignments.kept(store, 1) == chosen
    assert alignments.kept(store, 2) == Alignment()
