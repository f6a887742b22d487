"""What a calendar may not hold is refused by name; files and edits come back as they went."""

from dataclasses import replace
from datetime import date

import pytest

from data import calendar_files, calendar_store, calendars, datasets
from data.calendar_entries import Entry, check, shipped
from data.errors import DataError, FileError, NotFound
from data.store import Store

FAIR = Entry(kind="own", name="Fair", first_day=date(2026, 5, 1), last_day=date(2026, 5, 3))
PLACES = {7: "berlin", 8: "=wien"}


@pytest.fixture
def shop(store: Store) -> Store:
    with store.transaction() as cursor:
        cursor.execute(
            "INSERT INTO dataset (dataset_id, name, source, country, created_at) "
            "VALUES (1, 'Shop', 'upload', 'DE', now()::TIMESTAMP)"
        )
        cursor.execute(
            "INSERT INTO place (place_id, dataset_id, code, name, country) "
            "VALUES (7, 1, 'berlin', 'Berlin', 'DE'), (8, 1, 'wien', 'Wien', 'AT')"
        )
    return store


def test_when_a_calendar_is_shipped_then_it_has_every_festival_and_can_be_kept():
    entries = shipped("DE")
    assert [each.name for each in entries] == [*calendars.RULES, "DE"]
    assert not next(each for each in entries if each.name == calendars.MAKE_UP).is_on
    assert next(each for each in shipped("CN") if each.name == calendars.MAKE_UP).is_on
    check(entries, set())


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (replace(FAIR, last_day=date(2026, 4, 1)), "“Fair” ends on 2026-04-01, before it starts"),
        (replace(FAIR, last_day=date(2066, 5, 1)), "“Fair” lasts 14,611 days"),
        (replace(FAIR, name=" "), "has no name"),
        (replace(FAIR, name="x" * 200), "longer than 80"),
        (replace(FAIR, first_day=None), "“Fair” has no first day"),
        (replace(FAIR, days_before=400), "“Fair” has 400 days before"),
        (replace(FAIR, place_id=99), "“Fair” is in a place that does not exist"),
        (replace(FAIR, first_day=date(1066, 5, 1), last_day=date(1066, 5, 2)), "year 1066"),
        (Entry(kind="holidays", name="XX"), "no holiday calendar for the country 'XX'"),
        (Entry(kind="holidays", name="DE-QQ"), "no holiday calendar for 'QQ' in DE. Use one of BB"),
        (Entry(kind="festival", name="Fair"), "“Fair” is not among the festivals"),
        (replace(FAIR, name="11.11"), "“11.11” is a festival already"),
    ],
)
def test_when_an_entry_cannot_be_kept_then_the_error_names_it(entry, message):
    with pytest.raises(DataError, match=message):
        check([*shipped(), entry], PLACES)


def test_when_two_events_of_one_name_share_a_day_then_it_is_named():
    other = replace(FAIR, first_day=date(2020, 5, 3), last_day=date(2020, 5, 9), yearly=True)
    with pytest.raises(DataError, match=r"“Fair” is there twice on 2026-05-03"):
        check([FAIR, other], PLACES)
    check([FAIR, replace(other, place_id=7)], PLACES)  # elsewhere is another matter
    check([FAIR, replace(FAIR, first_day=date(2027, 5, 1), last_day=date(2027, 5, 3))], PLACES)


def test_when_a_country_is_listed_twice_then_it_is_refused():
    entry = Entry(kind="holidays", name="DE")
    with pytest.raises(DataError, match="“DE” is listed twice"):
        check([entry, entry], PLACES)


def test_when_a_calendar_goes_out_as_a_file_then_it_comes_back_the_same():
    entries = [*shipped("DE"), replace(FAIR, name="=cmd()", place_id=8, days_after=2)]
    text = calendar_files.write(entries, PLACES)
    assert "'=cmd()" in text
    assert calendar_files.read("\ufeff" + text, PLACES) == entries


def test_when_a_file_has_names_and_days_alone_then_the_rest_is_usual():
    read = calendar_files.read("name;first_day\nFair;2026-05-01\n\n", PLACES)
    assert read == [replace(FAIR, last_day=date(2026, 5, 1))]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("titel\nFair\n", "no column “name”"),
        ("name,first_day\nFair,1.5.2026\n", "Line 2: “1.5.2026” is not a day"),
        ("kind,name\nparty,Fair\n", "Line 2: “party” is no kind"),
        ("kind,name,place\nown,Fair,rome\n", "Line 2: there is no place “rome”"),
        ("kind,name,days_before\nown,Fair,-3\n", "Line 2: “-3” is not a number of days"),
        ("kind,name,on\nown,Fair,maybe\n", "Line 2: “maybe” is neither yes nor no"),
    ],
)
def test_when_a_file_cannot_be_read_then_line_and_value_are_named(text, message):
    with pytest.raises(FileError, match=message):
        calendar_files.read(text, PLACES)


def test_when_a_file_is_no_text_then_it_is_refused():
    with pytest.raises(FileError, match="UTF-8"):
        calendar_files.decode(b"\xff\xfe\x00")


def test_when_nobody_edited_then_the_calendar_follows_country_and_places(shop: Store):
    entries = calendar_store.read(shop, 1)
    holidays = [(each.name, each.place_id) for each in entries if each.kind == "holidays"]
    assert holidays == [("DE", None), ("AT", 8)]
    assert calendar_store.undoable(shop, 1) == ""


def test_when_a_calendar_is_edited_then_it_stays_and_every_edit_can_be_undone(shop: Store):
    as_shipped = calendar_store.read(shop, 1)
    first, second = [*as_shipped, FAIR], [FAIR]
    calendar_store.save(shop, 1, first, words="Fair added")
    calendar_store.save(shop, 1, second, words="the rest removed")
    assert calendar_store.read(shop, 1) == second
    assert calendar_store.undo(shop, 1) == "the rest removed"
    assert calendar_store.read(shop, 1) == first
    assert calendar_store.undo(shop, 1) == "Fair added"
    assert calendar_store.read(shop, 1) == as_shipped
    with pytest.raises(DataError, match="no edit"):
        calendar_store.undo(shop, 1)
    calendar_store.save(shop, 1, second, words="again")
    assert calendar_store.undo(shop, 1) == "again"
    assert calendar_store.read(shop, 1) == as_shipped
    words = [each.words for each in calendar_store.edits(shop, 1)]
    assert words[:2] == ["Undone: again", "again"]


def test_when_an_edit_is_refused_then_nothing_changed(shop: Store):
    before = calendar_store.read(shop, 1)
    with pytest.raises(DataError, match="The calendar is as before"):
        calendar_store.save(shop, 1, [replace(FAIR, last_day=None)], words="")
    assert calendar_store.read(shop, 1) == before
    with pytest.raises(NotFound):
        calendar_store.save(shop, 5, [FAIR], words="")


def test_when_everything_is_removed_then_the_calendar_is_empty_and_not_as_shipped(shop: Store):
    calendar_store.save(shop, 1, [], words="all removed")
    assert calendar_store.read(shop, 1) == []


def test_when_a_dataset_is_deleted_then_its_calendar_goes_with_it(shop: Store):
    calendar_store.save(shop, 1, [FAIR], words="Fair added")
    datasets.delete(shop, 1)
    assert shop.rows("SELECT count(*) FROM calendar_edit") == [(0,)]
    assert shop.rows("SELECT count(*) FROM calendar_entry") == [(0,)]


def test_when_festivals_came_with_the_data_then_those_are_on_with_their_windows(shop: Store):
    with shop.transaction() as cursor:
        cursor.execute(
            "INSERT INTO event VALUES (1, 1, '6.18', 'festival', DATE '2026-06-18', "
            "DATE '2026-06-18', 9, 1, NULL), (2, 1, 'Opening', 'own', DATE '2026-03-01', "
            "DATE '2026-03-02', 0, 0, 7)"
        )
    entries = {each.name: each for each in calendar_store.read(shop, 1)}
    assert [name for name, each in entries.items() if each.kind == "festival" and each.is_on] == [
        "6.18"
    ]
    assert (entries["6.18"].days_before, entries["6.18"].days_after) == (9, 1)
    assert (entries["Opening"].kind, entries["Opening"].place_id) == ("own", 7)
