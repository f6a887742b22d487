-- A dataset is one shop's world: everything below belongs to exactly one dataset.
-- Keys are integers given by sequences; codes are what the user's files call a thing.
CREATE SEQUENCE dataset_key START 1;
CREATE SEQUENCE product_key START 1;
CREATE SEQUENCE place_key START 1;
CREATE SEQUENCE import_key START 1;
CREATE SEQUENCE event_key START 1;

CREATE TABLE dataset (
    dataset_id INTEGER PRIMARY KEY,
    name VARCHAR NOT NULL UNIQUE,
    source VARCHAR NOT NULL CHECK (source IN ('upload', 'demo')),
    currency VARCHAR NOT NULL DEFAULT '',        -- sign shown before money: '€', '£', '' when unknown
    country VARCHAR NOT NULL DEFAULT '',         -- ISO code for public holidays, '' when unknown
    category_levels VARCHAR[] NOT NULL DEFAULT [],  -- names of the levels, widest first
    created_at TIMESTAMP NOT NULL,
    -- days without a row: nothing was sold, or nobody knows
    gap_policy VARCHAR NOT NULL DEFAULT 'zero' CHECK (gap_policy IN ('zero', 'missing')),
    -- what one row stands for: a day, a week (any weekday), a month
    frequency VARCHAR NOT NULL DEFAULT 'D' CHECK (frequency IN ('D', 'W', 'M'))
);

CREATE TABLE product (
    product_id INTEGER PRIMARY KEY,
    dataset_id INTEGER NOT NULL,
    code VARCHAR NOT NULL,
    name VARCHAR NOT NULL,                        -- the code where no name is known
    categories VARCHAR[] NOT NULL DEFAULT [],     -- path in the tree, widest first, any depth
    unit_cost DOUBLE,
    lead_time_days DOUBLE,
    UNIQUE (dataset_id, code)
);

CREATE TABLE place (
    place_id INTEGER PRIMARY KEY,
    dataset_id INTEGER NOT NULL,
    code VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    country VARCHAR NOT NULL DEFAULT '',
    UNIQUE (dataset_id, code)
);

-- One row per product, place, day (and channel, where the file has one). Imports keep it so;
-- an index over tens of millions of rows would cost more than every query gains.
CREATE TABLE sales (
    dataset_id INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    place_id INTEGER NOT NULL,
    channel VARCHAR NOT NULL DEFAULT '',
    day DATE NOT NULL,
    quantity DOUBLE NOT NULL,                     -- units sold, returns subtracted
    revenue DOUBLE,                               -- money of those units; NULL: not known
    price DOUBLE,                                 -- asked per unit; NULL: not known
    discount DOUBLE,                              -- share of the list price, 0..1
    promo BOOLEAN,
    stock_on_hand DOUBLE,                         -- units at the end of the day
    import_id INTEGER NOT NULL
);

-- Rows that a replacing import took away, kept so that the import can be undone.
CREATE TABLE replaced_sales AS SELECT *, 0 AS replaced_by FROM sales WHERE false;

-- Order lines as they came, kept beside the product-days they were summed to.
CREATE TABLE order_line (
    dataset_id INTEGER NOT NULL,
    import_id INTEGER NOT NULL,
    order_code VARCHAR,
    product_id INTEGER NOT NULL,
    place_id INTEGER NOT NULL,
    channel VARCHAR NOT NULL DEFAULT '',
    sold_at TIMESTAMP NOT NULL,
    customer VARCHAR,
    quantity DOUBLE NOT NULL,                     -- negative: returned or cancelled
    price DOUBLE,
    revenue DOUBLE,
    kind VARCHAR NOT NULL                         -- 'sale', 'return', 'cancelled'
);

CREATE TABLE replaced_order_line AS SELECT *, 0 AS replaced_by FROM order_line WHERE false;

CREATE TABLE event (
    event_id INTEGER PRIMARY KEY,
    dataset_id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,                        -- 'festival', 'holiday', 'own'
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,                       -- inclusive
    days_before INTEGER NOT NULL DEFAULT 0,       -- run-up that is affected too
    days_after INTEGER NOT NULL DEFAULT 0,
    place_id INTEGER                              -- NULL: everywhere
);

-- What is decided about days to come (and about days past, where it differs from the sales row).
CREATE TABLE plan (
    dataset_id INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    place_id INTEGER,                             -- NULL: everywhere
    day DATE NOT NULL,
    price DOUBLE,
    promo BOOLEAN,
    discount DOUBLE
);

CREATE TABLE import_log (
    import_id INTEGER PRIMARY KEY,
    dataset_id INTEGER NOT NULL,
    mode VARCHAR NOT NULL CHECK (mode IN ('new', 'append', 'replace', 'demo')),
    files JSON NOT NULL,                          -- [{"name", "fingerprint", "size_bytes"}]
    mapping JSON NOT NULL,
    rows_read BIGINT NOT NULL,
    rows_accepted BIGINT NOT NULL,
    rows_set_aside BIGINT NOT NULL,
    rows_refused BIGINT NOT NULL,
    sales_added BIGINT NOT NULL,                  -- product-days
    sales_replaced BIGINT NOT NULL,
    sales_skipped BIGINT NOT NULL,                -- product-days already there when appending
    first_day DATE,
    last_day DATE,
    started_at TIMESTAMP NOT NULL,
    seconds DOUBLE NOT NULL,
    undone_at TIMESTAMP,
    dataset_name VARCHAR NOT NULL DEFAULT ''      -- as it was then; outlives the dataset
);

CREATE TABLE import_finding (
    import_id INTEGER NOT NULL,
    code VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,                    -- 'refused', 'fix', 'look', 'note'
    title VARCHAR NOT NULL,
    rows BIGINT NOT NULL,
    unit VARCHAR NOT NULL,                        -- what `rows` counts: 'rows', 'series', 'days'
    examples VARCHAR[] NOT NULL,
    choice VARCHAR NOT NULL,                      -- what was done
    choice_label VARCHAR NOT NULL
);

CREATE TABLE rejected_row (
    import_id INTEGER NOT NULL,
    status VARCHAR NOT NULL,                      -- 'refused' or 'set aside'
    file VARCHAR NOT NULL,
    line BIGINT NOT NULL,
    column_name VARCHAR NOT NULL,
    value VARCHAR,
    reason VARCHAR NOT NULL
);

-- What the user decided for files with these headers, offered again for the next one.
CREATE TABLE remembered_mapping (
    signature VARCHAR PRIMARY KEY,                -- SHA-256 of the header names
    mapping JSON NOT NULL,
    used_at TIMESTAMP NOT NULL
);

-- The demo shop's true parameters, so that screens can be checked against them.
CREATE TABLE demo_truth (
    dataset_id INTEGER NOT NULL,
    topic VARCHAR NOT NULL,                       -- 'elasticity', 'event', 'season', 'launch', ...
    product_id INTEGER,
    place_id INTEGER,
    day DATE,
    name VARCHAR NOT NULL,
    value DOUBLE NOT NULL
);
