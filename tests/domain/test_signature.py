"""Standard Webhooks, on the vendor's published vector and on what may be wrong with a signature."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.signature import Proof, decode_key, sign, verify
from tracker.emulator.core.signing import build_signature_headers

# Kling's callbacks page, signature section, 2026-08: the vendor's own test vector.
SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
ID = "9876543210"
STAMP = 1781080794
BODY = (
    b'{"id":"1234567890","status":"succeeded","message":"",'
    b'"create_time":1781080778802,"update_time":1781080794151}'
)
SIGNATURE = "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4="
HEADERS = {"webhook-id": ID, "webhook-timestamp": str(STAMP), "webhook-signature": SIGNATURE}
THEN = datetime.fromtimestamp(STAMP, UTC)
OTHER = "whsec_b3RoZXIgc2VjcmV0IG90aGVyIHNlY3JldCAxMjM0NTY="


def _flaw(changes: dict[str, str], *, now: datetime = THEN) -> str | None:
    return verify([decode_key(SECRET)], HEADERS | changes, BODY, now=now).flaw


def test_the_vendors_vector_is_what_we_would_sign_and_what_we_believe() -> None:
    assert sign(decode_key(SECRET), ID, STAMP, BODY) == SIGNATURE
    assert verify([decode_key(SECRET)], HEADERS, BODY, now=THEN) == Proof(None, ID)


@pytest.mark.parametrize("off_s", [-300, 300])
def test_five_minutes_off_is_still_believed(off_s: int) -> None:
    assert _flaw({}, now=THEN + timedelta(seconds=off_s)) is None


@pytest.mark.parametrize("off_s", [-301, 300.001, 301, 10**9])
def test_more_than_five_minutes_off_is_not(off_s: float) -> None:
    assert "webhook-timestamp is too" in (_flaw({}, now=THEN + timedelta(seconds=off_s)) or "")


def test_during_a_rotation_either_secret_will_do_and_either_signature() -> None:
    keys = [decode_key(OTHER), decode_key(SECRET)]
    assert verify(keys, HEADERS, BODY, now=THEN).flaw is None
    folded = HEADERS | {"webhook-signature": f"{SIGNATURE}, v1,AAAA"}
    assert verify(keys, folded, BODY, now=THEN).flaw is None
    both = HEADERS | {"webhook-signature": f"v1,AAAA v1a,x {SIGNATURE}"}
    assert verify(keys, both, BODY, now=THEN).flaw is None
    assert verify(keys[:1], both, BODY, now=THEN).flaw == "no signature fits"


@pytest.mark.parametrize("missing", sorted(HEADERS))
def test_a_missing_header_is_named(missing: str) -> None:
    assert _flaw({missing: ""}) == f"not signed: no {missing} header"


@pytest.mark.parametrize(
    "stamp", ["now", "-1781080794", "1781080794.5", "１７８１０８０７９４", "9" * 12]
)
def test_a_timestamp_is_whole_unix_seconds(stamp: str) -> None:
    assert "not a time" in (_flaw({"webhook-timestamp": stamp}) or "")


@pytest.mark.parametrize(
    "signature", [SIGNATURE[3:], SIGNATURE.replace("v1", "v2"), SIGNATURE[:-2], "v1,", "ü 签"]
)
def test_anything_but_the_whole_signature_is_refused(signature: str) -> None:
    assert _flaw({"webhook-signature": signature}) == "no signature fits"


@given(st.binary(max_size=200), st.integers(0, 10**10), st.text("abc-_0", min_size=1, max_size=30))
def test_what_an_independent_signer_signs_is_believed_and_one_changed_byte_is_not(
    body: bytes, stamp: int, message_id: str
) -> None:
    headers = build_signature_headers([SECRET], message_id=message_id, timestamp=stamp, body=body)
    now = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=stamp)
    assert verify([decode_key(SECRET)], headers, body, now=now).flaw is None
    assert verify([decode_key(SECRET)], headers, body + b" ", now=now).flaw is not None
    other = headers | {"webhook-id": message_id + "x"}
    assert verify([decode_key(SECRET)], other, body, now=now).flaw is not None


@given(st.dictionaries(st.sampled_from(sorted(HEADERS)), st.text(max_size=400)), st.binary())
def test_hostile_headers_are_refused_and_never_raise(headers: dict[str, str], body: bytes) -> None:
    assert verify([decode_key(SECRET)], headers, body, now=THEN).flaw is not None


@pytest.mark.parametrize("secret", ["", "whsec_", "c2VjcmV0", "whsec_?", "whsec_a", "whsec_äää"])
def test_a_secret_of_another_form_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="must") as caught:
        decode_key(secret)
    assert secret.removeprefix("whsec_") in ("", "a", "?") or secret not in str(caught.value)
