-- What people decided about exceptions of the worklist, and from when on one counts.
CREATE SEQUENCE worklist_key START 1;

-- The latest decision of a key counts. Keys say kind, product and place, as 'sells_out:7:2'.
CREATE TABLE worklist_decision (
    decision_id INTEGER PRIMARY KEY,
    dataset_id INTEGER NOT NULL,
    exception_key VARCHAR NOT NULL,
    action VARCHAR NOT NULL CHECK (action IN ('snooze', 'assign', 'done', 'not_useful', 'reopen')),
    until DATE,                                   -- of 'snooze': back on this day
    assignee VARCHAR NOT NULL DEFAULT '',         -- of 'assign'
    at_stake DOUBLE NOT NULL,                     -- money or units when it was decided
    author VARCHAR NOT NULL,
    decided_at TIMESTAMP NOT NULL
);

-- On which day a key was first listed, so that what is new can be said.
CREATE TABLE worklist_seen (
    dataset_id INTEGER NOT NULL,
    exception_key VARCHAR NOT NULL,
    first_day DATE NOT NULL,
    PRIMARY KEY (dataset_id, exception_key)
);

-- Thresholds that somebody changed; the others are the usual ones.
CREATE TABLE worklist_limit (
    dataset_id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    value DOUBLE NOT NULL,
    PRIMARY KEY (dataset_id, name)
);
