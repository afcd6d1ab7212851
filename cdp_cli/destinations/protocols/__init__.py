"""Destinations that are no HTTP: a module for each protocol, found by its name."""
