"""HTTP with keep-alive and limits of time and size. The only package that imports urllib3."""

from cdp_cli.http.client import Http, NotSent, Response, Unanswered, retry_after
from cdp_cli.http.connection import MAX_ANSWER_BYTES

__all__ = ["MAX_ANSWER_BYTES", "Http", "NotSent", "Response", "Unanswered", "retry_after"]
