"""Authentication of requests: fixed headers, signatures, and tokens that are fetched and renewed."""
