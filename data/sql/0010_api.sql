-- Keys of the REST interface. The key itself is never kept: it is 32 random bytes, so its SHA-256
-- says nothing of it.
CREATE SEQUENCE api_key_key START 1;

CREATE TABLE api_key (
    key_id INTEGER PRIMARY KEY,
    name VARCHAR NOT NULL,
    hash VARCHAR NOT NULL UNIQUE,                 -- SHA-256, hexadecimal
    hint VARCHAR NOT NULL,                        -- its last four letters, to tell keys apart
    scopes VARCHAR[] NOT NULL,                    -- 'read', 'write', 'jobs'
    created_at TIMESTAMP NOT NULL,                -- UTC, like the others here
    last_used_at TIMESTAMP,                       -- at most an hour late
    revoked_at TIMESTAMP                          -- NULL: it works
);

-- What was answered to a request that may be sent twice, in the transaction of what it did.
CREATE TABLE api_receipt (
    owner VARCHAR NOT NULL,                       -- whose key
    idempotency_key VARCHAR NOT NULL,             -- as the client chose it
    digest VARCHAR NOT NULL,                      -- of the request: the same key for another is an error
    answer JSON NOT NULL,
    made_at TIMESTAMP NOT NULL,
    PRIMARY KEY (owner, idempotency_key)
);
