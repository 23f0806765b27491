"""Enumerations whose members are found directly are enumerations all the same."""

import copy
import pickle
from enum import Enum

import pytest

from tracker.domain.effects import Effect
from tracker.domain.events import EventKind
from tracker.domain.lifecycle import Verdict
from tracker.domain.task import TaskState


@pytest.mark.parametrize("kind", [Effect, EventKind, TaskState, Verdict])
def test_a_member_is_itself_however_it_is_got_at(kind: type[Enum]) -> None:
    for name, member in kind.__members__.items():
        assert vars(kind)[name] is member
        assert getattr(kind, name) is kind[name] is kind(member.value) is member
        assert pickle.loads(pickle.dumps(member)) is copy.deepcopy(member) is member
    assert list(kind) == list(kind.__members__.values())


def test_a_member_cannot_be_replaced() -> None:
    with pytest.raises(AttributeError):
        Verdict.FORGED = Verdict.STALE  # type: ignore[misc]
