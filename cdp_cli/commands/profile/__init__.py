"""Look up one person."""
