"""A gateway of one's own: paths, fields and words are options of the account."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar
from urllib.parse import quote

from tracker.domain.exchange import HttpCall, HttpFailure
from tracker.domain.outcome import (
    Absent,
    Accepted,
    Observed,
    PollOutcome,
    SubmitOutcome,
    Unanswered,
)
from tracker.providers.haimian.options import HaimianOptions
from tracker.providers.haimian.songs import read_song
from tracker.providers.haimian.tables import AnySongInput, SongTable
from tracker.providers.kit.calls import build_post
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.table import parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.ports.adapter import Answer, Asking, Sending


class CustomDialect(SongTable):
    """A gateway of one's own: paths, fields and words are options of the account."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {"custom": CreatePath("custom", AnySongInput)}
    )
    poll_path = "{id}"

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create at the account's path."""
        path = sending.account.get_options(HaimianOptions).create_path.strip("/")
        url = f"{sending.account.base_url}/{path}"
        return build_post(url, sending.body, self.build_headers(sending.account))

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take the id from the account's field."""
        if isinstance(answer, HttpFailure) or answer.status >= 300:
            return super().parse_submit(sending, answer)
        parsed = parse_answer(answer)
        fields = (
            sending.account.get_options(HaimianOptions).id_in or "data",
            "data.task_id",
            "task_id",
            "id",
        )
        task_id = find_first_text(parsed, fields, limit=500)
        return (
            self.classify_refusal(sending, answer, parsed) if task_id is None else Accepted(task_id)
        )

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the query at the account's path."""
        task_id = asking.task.provider_task_id
        if task_id is None:
            return None
        path = asking.account.get_options(HaimianOptions).poll_path.strip("/")
        named = path.replace("{id}", quote(task_id, safe=""))
        return HttpCall(
            "GET", f"{asking.account.base_url}/{named}", self.build_headers(asking.account)
        )

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read the fields that the account names."""
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)]
        parsed = parse_answer(answer)
        if answer.status < 300 and isinstance(parsed, dict):
            said = read_song(asking.account, parsed)
            if said.word:
                return [Observed(said)]
        if self.is_denial(answer, parsed):
            return [Absent(self.describe_answer(answer, parsed), weak=True)]
        return [self.describe_unanswered(answer, parsed)]
