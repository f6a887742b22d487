-- A key may end by itself. UTC; NULL: it works until it is revoked.
ALTER TABLE api_key ADD COLUMN expires_at TIMESTAMP;
