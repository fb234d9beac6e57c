"""The addresses of alerts in the settings, and the names by which their channels are shown and stored."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from hydra.settings import Settings

WEBHOOK: Final = "webhook"


def channel_names(settings: Settings) -> list[str]:
    """The name of every channel; no part of an address but its scheme."""
    webhook = [] if settings.alert_webhook_url is None else [WEBHOOK]
    return webhook + [name for name, _ in service_urls(settings)]


def service_urls(settings: Settings) -> Iterator[tuple[str, str]]:
    """Name and URL of every service of apprise: discord, tgram, discord 2."""
    urls = "" if settings.alert_urls is None else settings.alert_urls.get_secret_value()
    named: Counter[str] = Counter()
    for url in urls.split():
        scheme, is_url, _ = url.partition("://")
        service = scheme.lower() if is_url else "service"
        named[service] += 1
        yield service if named[service] == 1 else f"{service} {named[service]}", url
