-- What somebody asks "what if": named changes of the plan of a dataset, and what came out of them.
CREATE SEQUENCE scenario_key START 1;
CREATE SEQUENCE plan_edit_key START 1;

CREATE TABLE scenario (
    scenario_id INTEGER PRIMARY KEY,
    dataset_id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    changed_at TIMESTAMP NOT NULL,                -- of its changes or its name
    scope JSON NOT NULL,                          -- what was looked at when it was made
    base VARCHAR NOT NULL DEFAULT '',             -- run that answers, 'measured'; '': the best there is
    changes JSON NOT NULL,                        -- rows as the grid has them
    status VARCHAR NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'plan', 'discarded')),
    deleted_at TIMESTAMP                          -- NULL: it is listed
);

-- The last result of a scenario for what it was compared in, so that reopening it is instant.
CREATE TABLE scenario_result (
    dataset_id INTEGER NOT NULL,
    scenario_id INTEGER NOT NULL,
    place VARCHAR NOT NULL,                       -- scope and weeks that it was worked out for
    stand VARCHAR NOT NULL,                       -- of changes, data and run: another one is stale
    result JSON NOT NULL,
    made_at TIMESTAMP NOT NULL
);

-- An edit of the plan by a scenario: what the days of its products were before it.
CREATE TABLE plan_edit (
    edit_id INTEGER PRIMARY KEY,
    dataset_id INTEGER NOT NULL,
    scenario_id INTEGER NOT NULL,
    words VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    edited_at TIMESTAMP NOT NULL,
    calendar_edit INTEGER NOT NULL DEFAULT 0,     -- of the calendar, made with it; 0: none
    undone_at TIMESTAMP
);

-- Rows of the plan that an edit took away (is_new false) and brought (is_new true).
CREATE TABLE plan_edit_row (
    edit_id INTEGER NOT NULL,
    dataset_id INTEGER NOT NULL,
    is_new BOOLEAN NOT NULL,
    product_id INTEGER NOT NULL,
    place_id INTEGER,
    day DATE NOT NULL,
    price DOUBLE,
    promo BOOLEAN,
    discount DOUBLE
);
