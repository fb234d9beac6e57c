"""Whether a text is an address that can be called."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator


def is_http_url(text: str) -> bool:
    """Whether `text` begins as http://HOST:PORT or https://HOST; the port may be left out."""
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _checked(text: str) -> str:
    if not is_http_url(text) or "@" in text or "?" in text or "#" in text:
        raise ValueError("write it as http://HOST:PORT or https://HOST, without user, query or fragment")
    return text.rstrip("/")


CheckedUrl = Annotated[str, AfterValidator(_checked)]
"""A setting that is the address of a service."""
