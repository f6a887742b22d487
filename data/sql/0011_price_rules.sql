-- What prices a shop allows: rules of the whole dataset, and limits of single products.
-- An edit keeps all of them as they were left, so that the last one can be taken back.
CREATE SEQUENCE price_edit_key START 1;

CREATE TABLE price_edit (
    edit_id INTEGER PRIMARY KEY,                  -- the latest that was not undone holds
    dataset_id INTEGER NOT NULL,
    words VARCHAR NOT NULL,                       -- what was changed
    author VARCHAR NOT NULL,
    edited_at TIMESTAMP NOT NULL,
    undone_at TIMESTAMP,
    shape VARCHAR NOT NULL CHECK (shape IN ('nines', 'any', 'steps', 'points')),
    step DOUBLE NOT NULL,                         -- money; prices are whole steps ...
    under DOUBLE NOT NULL,                        -- ... less this
    points DOUBLE[] NOT NULL,                     -- the only prices there are
    most_change DOUBLE NOT NULL,                  -- share of the price now
    tested_only BOOLEAN NOT NULL,
    least_margin DOUBLE,                          -- share of the price; NULL: no limit, as below
    under_competitor DOUBLE,                      -- share that a price may be below a competitor's
    over_competitor DOUBLE,
    category_from DOUBLE,                         -- shares of the middle price of the category
    category_to DOUBLE,
    stock_weeks DOUBLE                            -- that the stock has to last
);

CREATE TABLE price_limit (
    edit_id INTEGER NOT NULL,
    dataset_id INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    competitor DOUBLE,                            -- its price
    at_least DOUBLE,
    at_most DOUBLE
);
