"""Learns a model of how one person's records agree, from the records themselves."""
