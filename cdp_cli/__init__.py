"""A customer data platform inside the user's own warehouse."""
