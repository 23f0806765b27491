"""Headers of callbacks: which count where one came twice."""

from tracker.web.receive.callbacks import decode_headers


def test_of_signatures_on_several_lines_each_is_judged_and_of_others_the_last() -> None:
    sent = [(b"date", b"1"), (b"webhook-signature", b"v1,a"), (b"date", b"\xfc")]
    assert decode_headers(sent) == {"date": "ü", "webhook-signature": "v1,a"}
    sent.append((b"webhook-signature", b"v1,b v1,c"))
    assert decode_headers(sent)["webhook-signature"] == "v1,a v1,b v1,c"
