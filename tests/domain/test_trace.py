"""Places in traces: https://www.w3.org/TR/trace-context/."""

import pytest

from tracker.domain import trace

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PLACE = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (PLACE, PLACE),
        (f"01-{TRACE}-{SPAN}-01-more", PLACE),
        (f"01-{TRACE}-{SPAN}-01", PLACE),
        (f"01-{TRACE}-{SPAN}-01more", None),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        ("", None),
    ],
)
def test_only_a_valid_header_names_a_place(text: str, place: str | None) -> None:
    assert trace.read(text) == place


def test_its_parts_are_found() -> None:
    assert (trace.trace_id(PLACE), trace.build_span_id(PLACE)) == (TRACE, SPAN)
    assert trace.is_sampled(PLACE)
    assert not trace.is_sampled(PLACE[:-2] + "02")


def test_a_share_of_traces_is_the_same_wherever_it_is_asked_and_grows_with_the_share() -> None:
    ids = [f"{number * 0x9E3779B97F4A7C15 % (1 << 64):032x}" for number in range(1, 2001)]
    for share in (0.0, 0.01, 0.3, 1.0):
        chosen = {one for one in ids if trace.is_within(share, one)}
        assert chosen == {one for one in ids if trace.is_within(share, "f" * 18 + one[-14:])}
        assert abs(len(chosen) - share * len(ids)) <= 0.02 * len(ids)
        assert chosen >= {one for one in ids if trace.is_within(share / 2, one)}
