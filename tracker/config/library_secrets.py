"""Secrets in variables that libraries read themselves: of buckets, collectors and databases."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

_WHOLE = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PGPASSWORD")
_SIGNALS = ("", "TRACES_", "METRICS_", "LOGS_")
_HEADERS = tuple(f"OTEL_EXPORTER_OTLP_{signal}HEADERS" for signal in _SIGNALS)
"""Lists of `name=value` with commas between them, percent-encoded
(opentelemetry.io/docs/specs/otel/protocol/exporter/, read 2026-11-29)."""
_AROUND = "\"'\ufeff\u200b"
"""Of what pasting leaves around a value."""
_SCHEMES = frozenset({"", "bearer", "basic", "apikey", "token"})


def iterate_library_secrets(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield their texts, so that redaction knows what an error of such a library may quote."""
    for name in _WHOLE:
        if text := environ.get(name, "").strip():
            yield text
    for name in _HEADERS:
        for pair in environ.get(name, "").split(","):
            yield from dict.fromkeys((*_iterate_words(pair), *_iterate_words(unquote(pair))))


def _iterate_words(pair: str) -> Iterator[str]:
    """Yield the words of a header's value, also where the pair is not spelt as it should be.

    The library quotes such a pair in its log (opentelemetry-python, `parse_env_headers`,
    https://github.com/open-telemetry/opentelemetry-python, read 2026-11-30).
    """
    parts = re.split("[=:]", pair, maxsplit=1)
    for word in parts[-1].split():
        if (secret := word.strip(_AROUND)).lower() not in _SCHEMES:
            yield secret
