"""Checks that a segment is SQL only: reads its file and its properties file as text."""

from cdp_cli.segments.check import Problem, check_segment, check_segments

__all__ = ["Problem", "check_segment", "check_segments"]
