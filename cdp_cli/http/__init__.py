"""HTTP with keep-alive and limits of time and size. The only package that imports requests."""

from cdp_cli.http.client import MAX_ANSWER_BYTES, Http, NotSent, Response, Unanswered, retry_after

__all__ = ["MAX_ANSWER_BYTES", "Http", "NotSent", "Response", "Unanswered", "retry_after"]
