"""Who lives together, and under which household id."""
