"""Is a segment SQL only? Reads a segment's file and twin as text and says what is in them that may not be."""

from cdp_cli.segments.check import Problem, check_segment, check_segments

__all__ = ["Problem", "check_segment", "check_segments"]
