"""Measure how records become people, and decide doubtful pairs."""
