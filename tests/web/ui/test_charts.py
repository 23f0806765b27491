"""Charts: columns share a scale, lead somewhere, and hold what they are given as text."""

import re

from tracker.web.ui.charts import ChartColumn, draw_columns


def _heights(drawn: str, name: str) -> list[float]:
    return [float(h) for h in re.findall(rf'class="{name}"[^>]* height="([^"]+)"', drawn)]


def test_columns_share_a_scale_and_what_is_not_zero_is_seen() -> None:
    columns = [
        ChartColumn("a", "/ui/tasks?x=1&y=2", (("ok", 10_000), ("bad", 1))),
        ChartColumn("b", None, (("ok", 5_000), ("bad", 0))),
    ]
    drawn = draw_columns(columns)
    one, half = _heights(drawn, "ok")
    assert 1.9 < one / half < 2.1
    assert _heights(drawn, "bad") == [2]
    assert re.findall("<a [^>]*>", drawn) == ['<a href="/ui/tasks?x=1&amp;y=2" tabindex="-1">']
    assert 'aria-hidden="true"' in drawn
    assert "style=" not in drawn


def test_nothing_is_drawn_of_nothing_and_titles_are_text() -> None:
    assert draw_columns([]) == ""
    assert draw_columns([ChartColumn("a", None, (("ok", 0),))]) == ""
    drawn = draw_columns([ChartColumn("<script>", '"><script>', (("ok", 1),))])
    assert "<script>" not in drawn
