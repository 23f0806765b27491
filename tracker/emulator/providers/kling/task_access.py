"""Creates and queries of Kling's tasks, for its own API and the gateways alike. No HTTP."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tracker.emulator.core.calls import ApiCall
from tracker.emulator.core.drafts import CreateRequest, TaskDraft
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.providers.kling.create_request import CreateFields
from tracker.emulator.providers.kling.details import KlingDetails, KlingTask
from tracker.emulator.providers.kling.ids import write_id
from tracker.emulator.providers.kling.operations import KlingDialect, KlingOperation
from tracker.emulator.providers.kling.words import KlingWord

__all__ = ["KlingCreate", "KlingTaskAccess"]

_ID_FORMS = {KlingDialect.NEW_API: "ulid", KlingDialect.PIAPI: "uuid", KlingDialect.ACEDATA: "uuid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KlingCreate:
    """A create request as one service understands it."""

    call: ApiCall
    account: str
    operation: KlingOperation
    body: Mapping[str, object]
    read: Callable[[Scenario], CreateFields]
    """Validates the body and returns its fields; raises KlingRefusal."""
    external_id: object = None
    """Makes two creates tries of one thing; none: the body does."""
    dialect: KlingDialect = KlingDialect.LEGACY
    model: str = ""


class KlingTaskAccess:
    """Makes and finds tasks for every service."""

    def __init__(self, engine: Engine[KlingDetails]) -> None:
        """Serve from this engine."""
        self.engine = engine

    async def create(self, create: KlingCreate) -> KlingTask:
        """Make a task; raises Refusal or BrokenAnswerSignal, before or after it was made."""
        return await self.engine.create(
            CreateRequest(
                call=create.call,
                account=create.account,
                body=create.body,
                read=lambda scenario: self._draft_task(create, scenario),
                retry_key=str(create.external_id or ""),
            )
        )

    async def find(
        self,
        account: str,
        reference: str,
        is_wanted: Callable[[KlingTask], bool] = lambda _task: True,
    ) -> KlingTask:
        """Return one task by either id; raises Refusal or BrokenAnswerSignal."""
        return await self.engine.find(account, reference, is_wanted)

    def _draft_task(self, create: KlingCreate, scenario: Scenario) -> TaskDraft[KlingDetails]:
        fields, operation = create.read(scenario), create.operation
        form = _ID_FORMS.get(create.dialect, "number")
        if scenario.has(KlingWord.ID_FORM):
            form = scenario.read_word(KlingWord.ID_FORM)
        engine = self.engine
        return TaskDraft(
            operation=operation.path,
            details=KlingDetails(
                operation=operation,
                dialect=create.dialect,
                model=create.model,
                duration=fields.duration,
                mode=fields.mode,
                pictures=fields.pictures,
                is_series=fields.is_series,
                session_id=fields.session_id,
                parent_id=fields.parent_id or engine.make_number(),
                parent_url=fields.parent_url,
                callback_secret=fields.callback_secret,
            ),
            callback_url=fields.callback_url,
            external_id=fields.external_id,
            slots=fields.pictures if operation.costs_pictures else 1,
            new_id=lambda: write_id(form, engine.make_number(), engine.chance),
        )
