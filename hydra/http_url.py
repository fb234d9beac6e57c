"""Whether a text is an address that can be called."""

from urllib.parse import urlsplit


def is_http_url(text: str) -> bool:
    """Whether `text` begins as http://HOST:PORT or https://HOST; the port may be left out."""
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
