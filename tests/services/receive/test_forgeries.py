"""Of forged callbacks a sample is kept; the rest is counted, whatever strangers send."""

from tracker.services.receive.correlation import RawCallback
from tracker.services.receive.forgeries import MOST_KEPT, MOST_KINDS, WINDOW_S, Forgeries


def _forged(subject: str = "a", sender: str = "curl") -> RawCallback:
    return RawCallback("made-up", subject, "no token", {"user-agent": sender}, b"{}")


def test_repeats_of_a_kind_are_counted_and_told_with_the_next_one_kept() -> None:
    forgeries = Forgeries()
    assert forgeries.sample(_forged(), now=0) == 0
    for second in range(1, 1001):
        assert forgeries.sample(_forged(), now=second) is None
    assert forgeries.sample(_forged(sender="another"), now=1001) == 0
    assert forgeries.sample(_forged(), now=WINDOW_S) == 1000
    assert forgeries.sample(_forged(), now=WINDOW_S + 1) is None


def test_few_of_all_kinds_are_kept_in_a_window_and_none_goes_uncounted() -> None:
    forgeries = Forgeries()
    sent = 10 * MOST_KINDS
    kept = [forgeries.sample(_forged(str(n)), now=n / 100) for n in range(sent)]
    assert [one for one in kept if one is not None] == [0] * MOST_KEPT
    assert forgeries.sample(_forged("new"), now=WINDOW_S) == sent - MOST_KEPT


def test_what_is_remembered_is_bounded() -> None:
    forgeries = Forgeries()
    windows = 3 * MOST_KINDS // MOST_KEPT
    for window in range(windows):
        for n in range(MOST_KEPT):
            assert forgeries.sample(_forged(f"{window} {n}"), now=window * WINDOW_S) == 0
    assert len(forgeries._seen) == MOST_KINDS
