"""The embedded engine: one DuckDB file, linked in memory."""
