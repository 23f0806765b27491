"""Take the service's own secrets out of texts that libraries, providers and receivers wrote.

A library that refuses a header quotes it, and a provider that refuses a key may print it. Texts of
both kinds are stored, logged and answered, so every one of them passes here first.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache

from tracker.domain.encoded_secrets import EncodedSecrets
from tracker.domain.partial_marks import count_overlap
from tracker.domain.signature import PREFIX, decode_key

MASK = "[redacted]"
"""Stands where a secret stood; none of its characters needs escaping inside a JSON string."""
SHORTEST = 6
"""Characters of the shortest secret that is looked for: shorter ones stand in ordinary words."""
CERTAIN = 16
"""Characters from which on a secret is taken out of the middle of a word too."""
# Two and not one: each begins with a character that is searched for fast.
_PERCENT_ESCAPE = re.compile(r"%(?:25){0,4}([2-7][0-9A-Fa-f])")
_JSON_ESCAPE = re.compile(r"\\{1,8}(?:u00|x)([2-7][0-9A-Fa-f])")
_HTML_ESCAPE = re.compile(r"&#(?:[xX]0{0,4}([2-7][0-9A-Fa-f])|0{0,4}([0-9]{2,3}));")
_JWT_CLAIMS = '{"iss":"'
"""How the claims of a token begin that an access key and its secret key make."""
_HEX = "(?:2[dD]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9aA]|5[fF])"
"""Numbers of the characters of base64 for URLs; in decimal below."""
_PLAIN = r"(?!\\{1,8}(?:u00|x)[2-7])\\{0,8}[A-Za-z0-9_-]"
_DECIMAL = "(?:45|4[89]|5[0-7]|6[5-9]|[78][0-9]|90|95|9[7-9]|1[01][0-9]|12[0-2])"
_ENTITY = rf"&#(?:[xX]0{{0,4}}{_HEX}|0{{0,4}}{_DECIMAL});"
_UNIT = rf"(?>%(?:25){{0,4}}{_HEX}|\\{{1,8}}(?:u00|x){_HEX}|{_ENTITY}|{_PLAIN})"
"""One such character, however it is written. Atomic: `\\u0041` is never read as six of them, or the
time that a search takes would grow with a power of the text's length."""
_JWT_REACH, _CALLBACK_REACH = 8192, 4096
"""Characters that a token, or a callback URL, may take with all of its escapes."""
_IN_SECRETS = "".join(map(chr, range(0x21, 0x7F)))
_WINDOW = 64 * 1024
"""Characters of a long text that are searched at once: nothing else of the process runs then."""


class Redactor:
    """Knows the secrets of a process. Pure: the same text always gives the same text.

    It also knows the form of a callback URL, whose last part is secret, and of the JWTs that an
    access key makes.
    """

    def __init__(self, secrets: Iterable[str] = (), access_keys: Iterable[str] = ()) -> None:
        """secrets: those below SHORTEST characters are left alone.

        access_keys: whose JWTs are secret as well.
        """
        known = tuple(form for secret in secrets for form in _iterate_forms(secret))
        self._known = _sort_secrets(_iterate_spellings(known))
        self._encoded = EncodedSecrets(known)
        self._claims = tuple(_encode_claims(key) for key in access_keys if len(key) >= SHORTEST)
        self._marks = ("callbacks", *self._claims, *self._known)

    def may_hold_secret(self, text: str, *also: str) -> bool:
        """Tell whether a text needs a closer look: it has an escape, or what a secret begins with.

        Much cheaper than `redact`, which looks here first. also: see there.
        """
        if "%" in text or "\\" in text:
            return True
        # One character is found in a tenth of the time that two take.
        if "&" in text and "&#" in text:
            return True
        for mark in self._marks:
            if mark in text:
                return True
        if self._encoded.find_in(text):
            return True
        for one in also:
            # A token is of random characters, of which most texts lack one: that is found out in
            # no time, and searching all of it takes longer than everything else here.
            if len(one) >= SHORTEST and one[0] in text and one[-1] in text and one in text:
                return True
        return False

    def redact(self, text: str, *also: str) -> str:
        """Return the text with MASK in place of every secret, also where it is escaped.

        also: secrets in ASCII that belong to this text alone, such as the token of the URL that
        it was sent to.
        """
        if not self.may_hold_secret(text, *also):
            return text
        if len(text) > 2 * _WINDOW:
            return "".join(self._redact_pieces(text, also))
        return self._redact_whole(text, also)

    def _redact_whole(self, text: str, also: Sequence[str]) -> str:
        for pattern in self._find_patterns(text, also):
            text = pattern.sub(_mask, text)
        return text

    def _redact_pieces(self, text: str, also: Sequence[str]) -> Iterator[str]:
        """Yield a long text in redacted pieces, also where a secret lies across two of them."""
        reach, start = self._reach(also), 0
        while len(text) - start > _WINDOW + reach:
            window = text[start : start + _WINDOW + reach]
            cut = max(1, self._find_safe_cut(window, _WINDOW, also))
            yield self._redact_whole(text[start : start + cut], also)
            start += cut
        yield self._redact_whole(text[start:], also)

    def _reach(self, also: Sequence[str]) -> int:
        """Return how many characters a secret may take with all of its escapes."""
        sought = (*_sort_secrets(also), *self._known)
        return max(_CALLBACK_REACH, *(len(one) * 8 for one in sought), _JWT_REACH)

    def measure_redactable(self, text: str) -> int:
        """Return how much of a text that grows can be redacted before more of it is known.

        A secret and its escapes have neither white space nor characters beyond ASCII in them: one
        that has only begun stands in the last word, and is held back.
        """
        start = len(text.rstrip(_IN_SECRETS))
        word, reach = text[start:], self._reach(())
        marks = ("callbacks", *self._claims, *self._known)
        if not any(mark in word for mark in ("%", "\\", "&", *marks)):
            return len(text) - max(count_overlap(word, mark) for mark in marks)
        if len(word) <= reach:
            return start
        return max(0, self._find_safe_cut(text, len(text) - reach, ()))

    def redact_bytes(self, body: bytes, *also: str) -> bytes:
        """Redact bytes of any encoding that writes ASCII as ASCII; all others stay as they are."""
        text = body.decode("latin-1")
        if not self.may_hold_secret(text, *also):
            return body
        redacted = self.redact(text, *also)
        return body if redacted == text else redacted.encode("latin-1")

    async def redact_stream(
        self, pieces: AsyncGenerator[bytes, None], *also: str
    ) -> AsyncGenerator[bytes, None]:
        """Redact a body that comes in pieces, also where a secret lies across two of them.

        Holds the last characters back until more has come. Closes `pieces` at its end.
        """
        reach, held = self._reach(also), ""
        try:
            async for piece in pieces:
                held += piece.decode("latin-1")
                if len(held) < 2 * reach:
                    continue
                cut = self._find_safe_cut(held, len(held) - reach, also)
                if cut > 0:
                    yield self.redact(held[:cut], *also).encode("latin-1")
                    held = held[cut:]
            if held:
                yield self.redact(held, *also).encode("latin-1")
        finally:
            await pieces.aclose()

    def _find_safe_cut(self, text: str, cut: int, also: Sequence[str]) -> int:
        """Return the last place up to `cut` that is in no secret; 0 or less if there is none."""
        if cut <= 0:
            return cut
        spans = [m.span() for one in self._find_patterns(text, also) for m in one.finditer(text)]
        for start, end in sorted(spans, reverse=True):
            if start < cut < end:
                cut = start
        return cut

    def _find_patterns(self, text: str, also: Sequence[str]) -> list[re.Pattern[str]]:
        """Return the patterns that may match; usually none, as a search for plain text shows."""
        plain = _unescape_ascii(text)
        bare = text.replace("\\", "") if "\\" in text else text
        pattern_of = _compile_secret if _may_be_escaped(text) else _compile_unescaped_secret
        patterns = [_CALLBACK] if "callbacks" in plain else []
        patterns += [_compile_jwt(claims) for claims in self._claims if claims in plain]
        if any(one in plain or one in bare for one in also):
            patterns += [pattern_of(one) for one in _sort_secrets(also)]
        patterns += [pattern_of(one) for one in self._known if one in plain or one in bare]
        if encoded := self._encoded.find_in(text):
            patterns += [pattern_of(one) for one in _sort_secrets(encoded)]
        return patterns


def _mask(found: re.Match[str]) -> str:
    """MASK, behind what the pattern leaves readable."""
    return f"{found[1]}{MASK}" if found.re.groups else MASK


def _iterate_forms(secret: str) -> Iterator[str]:
    """Yield a secret; of one of Standard Webhooks also its key, as base64 and as it is."""
    yield secret
    if secret.startswith(PREFIX):
        yield secret.removeprefix(PREFIX)
        with suppress(ValueError):  # not base64, or no text
            yield decode_key(secret).decode()


def _iterate_spellings(secrets: Iterable[str]) -> Iterable[str]:
    """Yield secrets as text, and as UTF-8 reads that is taken for latin-1."""
    for secret in secrets:
        yield secret
        yield secret.encode("utf-8", "replace").decode("latin-1")


def _sort_secrets(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return secrets to look for, the longest first: one may be the beginning of another."""
    wanted = {secret.replace("\\", "") for secret in secrets}
    return tuple(sorted((w for w in wanted if len(w) >= SHORTEST), key=len, reverse=True))


def _unescape_ascii(text: str) -> str:
    """Return the text with its escapes of ASCII undone."""
    if "%" in text:
        text = _PERCENT_ESCAPE.sub(_read_escape, text)
    if "&#" in text:
        text = _HTML_ESCAPE.sub(_read_escape, text)
    if "\\" not in text:
        return text
    if "u00" in text or "\\x" in text:
        text = _JSON_ESCAPE.sub(_read_escape, text)
    return text.replace("\\", "")


def _read_escape(found: re.Match[str]) -> str:
    if found.re is _HTML_ESCAPE and found[1] is None:
        return chr(int(found[2]))
    return chr(int(found[1], 16))


def _may_be_escaped(text: str) -> bool:
    return "%" in text or "\\" in text or "&#" in text


@lru_cache(maxsize=1024)
def _compile_secret(secret: str) -> re.Pattern[str]:
    """Return a secret however it is written; a short one only as a word of its own."""
    return _build_word_pattern(secret, _build_escapable_pattern(secret))


@lru_cache(maxsize=1024)
def _compile_unescaped_secret(secret: str) -> re.Pattern[str]:
    """Return what `_compile_secret` does, for texts without any escape.

    A token that proves a callback is of that callback alone, so that its pattern is compiled for
    it: with all ways to write 700 characters that took a tenth of a second.
    """
    return _build_word_pattern(secret, re.escape(secret))


def _build_word_pattern(secret: str, written: str) -> re.Pattern[str]:
    if len(secret) < CERTAIN:
        written = rf"(?<![A-Za-z0-9]){written}(?![A-Za-z0-9])"
    return re.compile(written)


@lru_cache(maxsize=256)
def _compile_jwt(claims: str) -> re.Pattern[str]:
    """Return the claims and the signature of a token; its header is the same for all."""
    return re.compile(
        rf"{_build_escapable_pattern(claims)}{_UNIT}{{0,1000}}+(?:{_build_escapable_pattern('.')}{_UNIT}{{0,100}}+)?"
    )


def _encode_claims(access_key: str) -> str:
    """Return how the claims of a key's tokens begin in base64, up to a whole group of it."""
    begun = f"{_JWT_CLAIMS}{access_key}".encode("utf-8", "replace")
    return urlsafe_b64encode(begun[: len(begun) // 3 * 3]).decode()


def _build_escapable_pattern(word: str) -> str:
    """Return a pattern of a word whose characters may be escaped in any usual way."""
    return "".join(_build_character_pattern(char) for char in word)


def _build_character_pattern(char: str) -> str:
    plain = rf"\\{{0,8}}{re.escape(char)}"
    if not " " <= char <= "~":
        return plain
    digits = "".join(f"[{d}{d.upper()}]" if d.isalpha() else d for d in f"{ord(char):02x}")
    entity = rf"&#(?:[xX]0{{0,4}}{digits}|0{{0,4}}{ord(char)});"
    return rf"(?:{plain}|%(?:25){{0,4}}{digits}|\\{{1,8}}(?:u00|x){digits}|{entity})"


_SLASH = _build_escapable_pattern("/")
_CALLBACK = re.compile(
    rf"({_build_escapable_pattern('callbacks')}{_SLASH}{_UNIT}{{1,64}}+{_SLASH}{_UNIT}{{6,64}}+{_SLASH})"
    rf"{_UNIT}{{16,64}}"
)
"""A callback URL: `/callbacks/{provider}/{task}/{token}`, its token behind the group."""
