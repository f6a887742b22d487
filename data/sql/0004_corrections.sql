-- Corrections of sales: beside the sales, never in them, so that the original can always be seen
-- and every correction can be taken back. A batch is what somebody did at once and why.
CREATE SEQUENCE correction_key START 1;

CREATE TABLE correction_batch (
    batch_id INTEGER PRIMARY KEY,
    dataset_id INTEGER NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('stock_out', 'outlier')),
    action VARCHAR NOT NULL,                      -- 'accept', 'keep', 'cap', 'replace', 'exclude'
    rule JSON NOT NULL,                           -- how the days were chosen
    reason VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL,
    undone_at TIMESTAMP,                          -- NULL: it counts
    undone_by VARCHAR,
    revision INTEGER NOT NULL DEFAULT 1           -- grows when it is undone or done again
);

-- A day of a product in a place, all channels together; there need not be a row of sales.
CREATE TABLE correction (
    batch_id INTEGER NOT NULL,
    dataset_id INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    place_id INTEGER NOT NULL,
    day DATE NOT NULL,
    original DOUBLE,                              -- units when it was corrected; NULL: not known
    quantity DOUBLE,                              -- units instead; NULL: excluded, not known
    low DOUBLE,                                   -- of the estimate's 80 % band, where there is one
    high DOUBLE,
    usual DOUBLE,                                 -- of an excluded day: what sums count instead
    price DOUBLE                                  -- money per unit; NULL: not known
);

-- What counts now: of every day the latest batch that is not undone. Products and places go when
-- the import that brought them is undone; their corrections wait for them.
CREATE VIEW correction_in_force AS
SELECT c.*, b.kind, b.action, b.reason, b.author, b.made_at
FROM correction c JOIN correction_batch b USING (batch_id, dataset_id)
SEMI JOIN product p ON p.product_id = c.product_id
SEMI JOIN place l ON l.place_id = c.place_id
WHERE b.undone_at IS NULL
QUALIFY row_number() OVER (
    PARTITION BY c.dataset_id, c.product_id, c.place_id, c.day ORDER BY c.batch_id DESC) = 1;
