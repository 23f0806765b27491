"""One file is one piece, however its URL is written."""

import pytest

from tracker.domain.distinct import normalise_address, remove_duplicates
from tracker.domain.events import Source
from tracker.domain.observation import Observation
from tracker.domain.task import Artifact, ArtifactState, TaskState

URL = "https://cdn.example.com/a/v.mp4"


@pytest.mark.parametrize(
    "spelt",
    [
        *("https://CDN.example.com/a/v.mp4", "HTTPS://cdn.example.com:443/a/v.mp4"),
        *(f"{URL}#t=0", f"{URL}?", f" {URL} ", "//cdn.example.com/a/v.mp4"),
        *("https://cdn.example.com/a/%76%2emp4", "https://cdn.example.com/b/.././a/v.mp4"),
    ],
)
def test_another_spelling_is_the_same_address(spelt: str) -> None:
    assert normalise_address(spelt) == normalise_address(URL) == URL


@pytest.mark.parametrize(
    "other",
    [
        *("https://cdn.example.com/A/v.mp4", "https://cdn.example.com/a//v.mp4", f"{URL}?s=1"),
        *("https://cdn.example.com:8443/a/v.mp4", "http://cdn.example.com/a/v.mp4", f"{URL}/"),
        *("https://cdn.example.com/a%2Fv.mp4", "https://[", "data:video/mp4;base64,AA#"),
    ],
)
def test_another_address_stays_another(other: str) -> None:
    assert normalise_address(other) != URL
    pieces = (Artifact("video", URL), Artifact("video", other))
    assert remove_duplicates(pieces) == pieces


def test_the_fullest_description_is_kept_in_the_first_place() -> None:
    other = Artifact("image", "https://cdn.example.com/i.jpg")
    found = remove_duplicates(
        [
            Artifact("video", URL, key="0"),
            other,
            Artifact("video", f"{URL}#t", id="9", duration_s="5", key="1"),
            Artifact("video", URL, id="8"),
        ]
    )
    assert found == (Artifact("video", URL, id="9", duration_s="5", key="0"), other)


def test_what_differs_in_more_than_its_url_stays() -> None:
    pieces = (
        Artifact("video", URL, state=ArtifactState.PREVIEW),
        Artifact("video", URL),
        Artifact("image", URL),
        Artifact("video", None),
        Artifact("video", None),
    )
    assert remove_duplicates(pieces) == pieces


def test_a_statement_names_each_file_once() -> None:
    said = Observation(TaskState.SUCCEEDED, "done", artifacts=(Artifact("video", URL),) * 3)
    assert said.convert_to_event(Source.POLL).artifacts == (Artifact("video", URL),)
