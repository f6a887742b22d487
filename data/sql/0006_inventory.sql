-- What planning stock needs besides sales: settings, deliveries to come, counts, and decisions.
CREATE SEQUENCE stock_delivery_key START 1;
CREATE SEQUENCE stock_order_key START 1;

-- How an item is ordered. A row is of a whole dataset, of an ABC-XYZ class of its products ('AX',
-- or 'A' for all of A), of a product everywhere, or of a product in a place; NULL: not said here.
CREATE TABLE stock_setting (
    dataset_id INTEGER NOT NULL,
    class VARCHAR NOT NULL DEFAULT '',
    product_id INTEGER,
    place_id INTEGER,                             -- with a product only
    lead_time_days DOUBLE,
    lead_time_sd_days DOUBLE,
    review_days DOUBLE,                           -- between two orders
    pack_size DOUBLE,
    min_order DOUBLE,                             -- units
    shelf_life_days DOUBLE,
    target VARCHAR CHECK (target IN ('cycle', 'fill', 'cost')),
    service_level DOUBLE,                         -- share, 0..1
    unit_cost DOUBLE,
    CHECK (class = '' OR product_id IS NULL),
    CHECK (product_id IS NOT NULL OR place_id IS NULL)
);

-- Deliveries that were ordered elsewhere and have not come.
CREATE TABLE stock_delivery (
    delivery_id INTEGER PRIMARY KEY,
    dataset_id INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    place_id INTEGER NOT NULL,
    day DATE NOT NULL,
    quantity DOUBLE NOT NULL,
    added_at TIMESTAMP NOT NULL
);

-- Stock that was counted or exported apart from the sales; the latest day of both counts.
CREATE TABLE stock_count (
    dataset_id INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    place_id INTEGER NOT NULL,
    day DATE NOT NULL,
    quantity DOUBLE NOT NULL
);

-- What somebody decided about a proposal. The latest of a product, place and stock day counts.
CREATE TABLE stock_order (
    order_id INTEGER PRIMARY KEY,
    dataset_id INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    place_id INTEGER NOT NULL,
    stock_day DATE NOT NULL,                      -- the stock that it was decided on
    due_day DATE NOT NULL,                        -- when the delivery is expected
    proposed DOUBLE NOT NULL,                     -- units
    quantity DOUBLE NOT NULL,                     -- units; 0: not to be ordered
    unit_cost DOUBLE,
    approved BOOLEAN NOT NULL,                    -- false: adjusted or taken back, not approved
    reason VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    decided_at TIMESTAMP NOT NULL
);

-- Grows with every change of settings, deliveries and counts, so that what is cached by it is never stale.
CREATE TABLE stock_revision (
    dataset_id INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    deliveries_at TIMESTAMP                       -- when the list of deliveries was last replaced
);
