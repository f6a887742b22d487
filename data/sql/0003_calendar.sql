-- A dataset's own calendar: which festivals and public holidays count, own events, school terms.
-- An edit keeps the whole calendar as it was left, so that any edit can be undone and none is lost.
-- A dataset without an edit has the calendar that is shipped (data/calendar_entries.py).
CREATE SEQUENCE calendar_edit_key START 1;

CREATE TABLE calendar_edit (
    edit_id INTEGER PRIMARY KEY,                  -- the dataset's calendar is its latest edit
    dataset_id INTEGER NOT NULL,
    state INTEGER NOT NULL,                       -- edit whose entries hold now: itself, or an
                                                  -- earlier one after undoing; 0: as shipped
    before INTEGER NOT NULL,                      -- the state that undoing this edit brings back
    words VARCHAR NOT NULL,                       -- what was changed, for the list of edits
    edited_at TIMESTAMP NOT NULL
);

CREATE TABLE calendar_entry (
    edit_id INTEGER NOT NULL,
    dataset_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('festival', 'holidays', 'own', 'school')),
    name VARCHAR NOT NULL,                        -- of holidays: the country's code, as DE or DE-BY
    is_on BOOLEAN NOT NULL,
    first_day DATE,                               -- own events and school terms only
    last_day DATE,                                -- inclusive
    yearly BOOLEAN NOT NULL,                      -- comes again on the same days of every year
    days_before INTEGER NOT NULL,
    days_after INTEGER NOT NULL,
    place_id INTEGER                              -- NULL: everywhere
);
