-- The plan of what will sell: a forecast by product and place, the changes people make to it, and
-- versions of it that were published. (The table `plan` holds prices and promotions to come.)
CREATE SEQUENCE demand_plan_key START 1;
CREATE SEQUENCE demand_edit_key START 1;
CREATE SEQUENCE publication_key START 1;

-- One per dataset and frequency, in units. Looked up by few rows: an index would make every update
-- of a plan a deletion and an insertion.
CREATE TABLE demand_plan (
    plan_id INTEGER NOT NULL,
    dataset_id INTEGER NOT NULL,
    freq VARCHAR NOT NULL CHECK (freq IN ('D', 'W', 'M')),
    revision INTEGER NOT NULL,                    -- grows with everything that is done to the plan
    run_id VARCHAR NOT NULL,                      -- that forecast it; '' for a simple model
    model VARCHAR NOT NULL,
    frozen_periods INTEGER NOT NULL DEFAULT 0,
    frozen_until DATE,                            -- last frozen period; NULL: none
    created_at TIMESTAMP NOT NULL,
    replaced_at TIMESTAMP NOT NULL                -- when the forecast below it was last another
);

-- A cell: a product in a place (0: in all places together) in a period.
CREATE TABLE demand_cell (
    plan_id INTEGER NOT NULL,
    dataset_id INTEGER NOT NULL,
    cell INTEGER NOT NULL,                        -- its number in the plan
    product_id INTEGER NOT NULL,
    place_id INTEGER NOT NULL,
    timestamp DATE NOT NULL,
    mean DOUBLE NOT NULL,                         -- units forecast
    q10 DOUBLE,
    q50 DOUBLE,
    q90 DOUBLE,
    final DOUBLE NOT NULL,                        -- units after all changes in force
    price DOUBLE,                                 -- paid per unit lately; NULL: not known
    last_year DOUBLE NOT NULL,                    -- units of the same period a year before
    locked BOOLEAN NOT NULL,
    revision INTEGER NOT NULL,                    -- of the plan when the cell was last changed
    last_edit INTEGER                             -- the change in force that came last; NULL: none
);

-- What somebody did to a plan. A change of numbers has lines below; the others have none.
CREATE TABLE demand_edit (
    edit_id INTEGER NOT NULL,
    plan_id INTEGER NOT NULL,
    dataset_id INTEGER NOT NULL,
    revision INTEGER NOT NULL,                    -- of the plan once it was done
    kind VARCHAR NOT NULL CHECK (kind IN
        ('forecast', 'change', 'import', 'undo', 'lock', 'freeze')),
    categories VARCHAR[] NOT NULL DEFAULT [],     -- the node it is of, with product and place below
    segment_products INTEGER[],                   -- members of its segment then; NULL: no segment
    product_id INTEGER,
    place_id INTEGER,
    measure VARCHAR NOT NULL DEFAULT '',          -- 'percent', 'amount', 'value'; '' where mixed
    amount DOUBLE,                                -- as it was typed, for all periods together
    node VARCHAR NOT NULL DEFAULT '',             -- the node in words
    reason VARCHAR NOT NULL DEFAULT '',
    comment VARCHAR NOT NULL DEFAULT '',
    whole_units BOOLEAN NOT NULL DEFAULT false,
    expires_on DATE,                              -- counts until the day before; NULL: for good
    author VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL,
    of_edit INTEGER,                              -- what an undo takes back or a redo repeats
    undone_at TIMESTAMP,                          -- NULL: it counts
    undone_by VARCHAR
);

-- One period of a change, for the node of its edit or for its own product and place.
CREATE TABLE demand_line (
    edit_id INTEGER NOT NULL,
    plan_id INTEGER NOT NULL,
    dataset_id INTEGER NOT NULL,
    line INTEGER NOT NULL,
    product_id INTEGER,
    place_id INTEGER,
    timestamp DATE NOT NULL,
    measure VARCHAR NOT NULL CHECK (measure IN ('percent', 'amount', 'value')),
    amount DOUBLE NOT NULL,                       -- percent, units more, or units
    reason VARCHAR NOT NULL DEFAULT '',
    comment VARCHAR NOT NULL DEFAULT '',
    before DOUBLE,                                -- units of the node when it was last worked out
    after DOUBLE,
    spread VARCHAR NOT NULL DEFAULT ''            -- 'forecast', 'last_year' or 'even'
);

-- What a change in force found in the cells that it changed, so that it can be taken back.
CREATE TABLE demand_before (
    edit_id INTEGER NOT NULL,
    plan_id INTEGER NOT NULL,
    dataset_id INTEGER NOT NULL,
    cell INTEGER NOT NULL,
    final DOUBLE NOT NULL,
    last_edit INTEGER
);

-- A version of a plan that others build on. Nothing ever changes one.
CREATE TABLE publication (
    publication_id INTEGER NOT NULL,
    dataset_id INTEGER NOT NULL,
    plan_id INTEGER NOT NULL,
    freq VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    note VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    run_id VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    revision INTEGER NOT NULL,                    -- of the plan that was published
    sales_until DATE,                             -- the last day of sales known then
    first_period DATE NOT NULL,
    last_period DATE NOT NULL,
    cells BIGINT NOT NULL,
    baseline DOUBLE NOT NULL,                     -- units
    final DOUBLE NOT NULL
);

CREATE TABLE publication_cell (
    publication_id INTEGER NOT NULL,
    dataset_id INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    place_id INTEGER NOT NULL,                    -- 0: all places together
    timestamp DATE NOT NULL,
    mean DOUBLE NOT NULL,
    q10 DOUBLE,
    q50 DOUBLE,
    q90 DOUBLE,
    final DOUBLE NOT NULL,
    price DOUBLE,
    last_edit INTEGER                             -- the change that came last; NULL: none
);
