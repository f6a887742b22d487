-- How a dataset's sales are compared with the year before, where somebody has decided it.
CREATE TABLE alignment (
    dataset_id INTEGER PRIMARY KEY,
    aligned_by VARCHAR NOT NULL CHECK (aligned_by IN ('weekday', 'iso', 'fiscal')),
    week_53 VARCHAR NOT NULL CHECK (week_53 IN ('restate', 'number')),
    pattern VARCHAR NOT NULL CHECK (pattern IN ('4-4-5', '4-5-4', '5-4-4')),
    last_month INTEGER NOT NULL CHECK (last_month BETWEEN 1 AND 12),
    last_weekday INTEGER NOT NULL CHECK (last_weekday BETWEEN 0 AND 6),  -- Monday is 0
    ending VARCHAR NOT NULL CHECK (ending IN ('nearest', 'last'))
);
