"""The client's models hold what the service sends: held to its shapes, as they share no code."""

import subprocess
import sys
from dataclasses import fields
from typing import Any

import pytest

from tests.support.service import ROOT
from tracker.client import errors, models
from tracker.web.api import views

RENAMED = {"from_state": "from", "to_state": "to"}
OURS = {"raw", "cursor", "resubmit_of", "warnings"}
"""Fields that the service does not send, or not always."""


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (models.Task, views.TaskView),
        (models.Transition, views.Transition),
        (models.Change, views.ChangeView),
        (models.Evidence, views.EvidenceView),
        (models.TaskError, views.TaskErrorView),
        (models.Artifact, views.ArtifactView),
        (models.Asset, views.KeptFile),
        (models.Resubmitted, views.ResubmittedView),
    ],
)
def test_every_field_has_its_place(model: Any, shape: Any) -> None:
    here = {RENAMED.get(one.name, one.name) for one in fields(model)} - OURS
    there = set(shape.__annotations__) - OURS
    if model is models.Task:  # its result is laid open
        here = here - {"artifacts"} | {"result"}
    assert here == there


def test_the_error_tree_is_drawn_whole() -> None:
    drawn = errors.__doc__ or ""
    for name in vars(errors):
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, errors.ClientError):
            assert name in drawn


def test_the_client_brings_nothing_of_the_service() -> None:
    code = (
        "import sys, tracker.client; "
        "print([m for m in sys.modules if m.startswith('tracker.') and 'client' not in m"
        # These import nothing of it.
        " and m not in ('tracker.pasted', 'tracker.bounded_http', 'tracker.call_failures')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
