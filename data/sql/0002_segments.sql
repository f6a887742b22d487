-- Named sets of products, usable as scope on every screen. Members are kept as they were when the
-- segment was saved, so that a number does not move because another product did.
CREATE SEQUENCE segment_key START 1;

CREATE TABLE segment (
    segment_id INTEGER PRIMARY KEY,
    dataset_id INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    rule JSON NOT NULL,                           -- classes chosen, thresholds, place, measure
    revision INTEGER NOT NULL DEFAULT 1,          -- grows when the members are worked out again
    built_through DATE NOT NULL,                  -- last day of the sales they were worked out from
    saved_at TIMESTAMP NOT NULL,
    UNIQUE (dataset_id, name)
);

CREATE TABLE segment_product (
    dataset_id INTEGER NOT NULL,
    segment_id INTEGER NOT NULL,
    product_id INTEGER NOT NULL
);
