"""Look one person up."""
