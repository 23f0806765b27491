"""Secrets in variables that libraries read themselves: of buckets, collectors and databases."""

from collections.abc import Iterator, Mapping
from urllib.parse import unquote

_WHOLE = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PGPASSWORD")
_HEADERS = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")
"""Lists of `name=value` with commas between them, percent-encoded
(opentelemetry.io/docs/specs/otel/protocol/exporter/, read 2026-11-29)."""


def library_secrets(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield their texts, so that redaction knows what an error of such a library may quote."""
    for name in _WHOLE:
        if text := environ.get(name, "").strip():
            yield text
    for name in _HEADERS:
        for pair in environ.get(name, "").split(","):
            value = unquote(pair.partition("=")[2]).strip()
            yield from (word for word in value.split() if word != "Bearer")
