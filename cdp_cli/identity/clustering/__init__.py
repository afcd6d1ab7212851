"""Puts records together as profiles, within constraints, and carries the ids."""
