"""Settings that are amounts stop the start where nothing can be computed with them."""

import pytest

from tracker.settings import Settings, SettingsError

HUGE = ("9" * 20, "1e300", "9" * 400)
TINY = ("0.0000000001", "1e-320", "-1")
NUMBERS = [
    (name.upper(), field.annotation)
    for name, field in Settings.model_fields.items()
    if field.annotation in (int, float, int | None)
]


@pytest.mark.parametrize("name", [name for name, _ in NUMBERS])
def test_an_amount_that_no_service_can_mean_is_refused_by_name(name: str) -> None:
    assert len(NUMBERS) > 25
    for value in (*HUGE, *(TINY if name.endswith("_S") and "DRAIN" not in name else ())):
        if name == "TRACKER_START_TIMEOUT_S" and value in TINY[:2]:
            continue  # not to wait at all is a choice
        with pytest.raises(SettingsError, match=f"^{name}: must be "):
            Settings.read_environment({name: value})
