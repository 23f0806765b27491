"""`/ui/try`: fill in an operation's input, see the request, check it, submit it."""

import hashlib
import json
import pprint
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tracker.clock import make_id
from tracker.domain.access import Scope
from tracker.domain.errors import (
    BudgetExceeded,
    Conflict,
    FieldError,
    InvalidRequest,
    NotFound,
    TrackerError,
)
from tracker.locale import translate
from tracker.services.own_tasks import find_own_task
from tracker.services.submit.request import Submission
from tracker.store import task_inputs
from tracker.web.api.operations import SubmittableOperation, collect
from tracker.web.edge import query
from tracker.web.edge.links import find_base
from tracker.web.edge.operation import Param
from tracker.web.edge.problems import find_kind
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.forms import SentForm, read_form
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import build_address, render_page
from tracker.web.ui.one_task import curl
from tracker.web.ui.playground.fields import InputField, list_fields
from tracker.web.ui.playground.filled import (
    PREFIX,
    REST,
    FilledForm,
    fill_form,
    parse_form,
    read_input,
)

PAGES = Pages()
MOST_INPUT = 48 * 1024
"""Bytes of a task's input that a form can take in."""
_PROMPTS = ("prompt", "text", "gpt_description_prompt", "description")
"""Fields that a scenario's mark may stand in, the likeliest first."""


@dataclass(frozen=True, slots=True)
class TriedRequest:
    """The values of a form: the operation, the account, the scenario, and the fields.

    account, scenario: empty for none. once: keeps a form that is sent twice from making two tasks.
    """

    operation: SubmittableOperation
    account: str
    scenario: str
    filled: FilledForm
    once: str

    @property
    def fields(self) -> list[InputField]:
        """Return the fields of the form."""
        return list_fields(self.operation["schema"])

    def build_input(self) -> tuple[dict[str, Any], bool]:
        """Return the input, and whether the rest of it could be read."""
        made, is_whole = read_input(self.fields, self.filled)
        if self.scenario:
            names = [name for name in _PROMPTS if isinstance(made.get(name, ""), str)]
            known = {field.name for field in self.fields}
            name = next((one for one in names if one in made or one in known), "prompt")
            made[name] = f"[scenario:{self.scenario}] {made.get(name, '')}".rstrip()
        return made, is_whole


@PAGES.get(
    "/try",
    scope=Scope.TASKS_WRITE,
    known=[
        Param("provider", "Of this provider."),
        Param("operation", "This operation."),
        Param("choice", "Both, as one field of a form has them."),
        Param("account", "With this account."),
        Param("from", "Begin with the input of this task."),
    ],
)
async def show(request: Request, reader: Reader) -> Response:
    """Show an operation's form, with its example or a task's input."""
    given: Mapping[str, Any] | None = None
    asked = request.query_params
    provider, operation = asked.get("provider"), asked.get("operation")
    if asked.get("choice"):
        provider, _, operation = asked["choice"].partition(" ")
    account = asked.get("account", "")
    if asked.get("from"):
        provider, operation, account, given = await _read_task(request, reader, asked["from"])
    listed = collect(get_services(request))
    chosen = _choose_operation(listed, provider, operation)
    if chosen is None:
        return render_page(request, reader, "try_none.html")
    if given is None:
        given = chosen["example"] or {}
    filled = fill_form(list_fields(chosen["schema"]), given)
    return await _show_page(
        request, reader, TriedRequest(chosen, account, "", filled, str(make_id())), listed
    )


@PAGES.post("/try", scope=Scope.TASKS_WRITE)
async def act(request: Request, reader: Reader) -> Response:
    """Check what is filled in, submit it, or show one more row of a list."""
    form, listed = await read_form(request), collect(get_services(request))
    chosen = _choose_operation(listed, form.get_text("provider"), form.get_text("operation"))
    if chosen is None or chosen["operation"] != form.get_text("operation"):
        raise NotFound("there is no such operation")
    wanted = form.get_text("do")
    grown = wanted.removeprefix("more:") if wanted.startswith("more:") else ""
    tried = _read_tried(chosen, form, grown)
    if wanted not in ("check", "submit"):
        return await _show_page(request, reader, tried, listed)
    errors = await _check(request, reader, tried)
    if errors or wanted == "check":
        return await _show_page(request, reader, tried, listed, errors=errors, is_checked=True)
    try:
        accepted = await get_services(request).intake.accept(_make_submission(reader, tried))
    except InvalidRequest as error:
        return await _show_page(request, reader, tried, listed, errors=list(error.fields))
    except (BudgetExceeded, Conflict) as error:  # what is filled in stays to be sent later
        return await _show_page(request, reader, tried, listed, refusal=error)
    return RedirectResponse(build_address(request, f"/tasks/{accepted.task.id}"), 303)


def _read_tried(chosen: SubmittableOperation, form: SentForm, grown: str) -> TriedRequest:
    filled = parse_form(list_fields(chosen["schema"]), form, grown=grown)
    once = form.get_text("once")[:64] or str(make_id())
    return TriedRequest(
        chosen, form.get_text("account"), form.get_text("scenario")[:200], filled, once
    )


def _choose_operation(
    listed: list[SubmittableOperation], provider: str | None, operation: str | None
) -> SubmittableOperation | None:
    """Return the operation that is named, else the first one with an example, else any."""
    named = [
        one
        for one in listed
        if provider in (None, "", one["provider"]) and operation in (None, "", one["operation"])
    ]
    shown = [one for one in named if one["example"] is not None]
    return next(iter([*shown, *named]), None)


async def _read_task(
    request: Request, reader: Reader, text: str
) -> tuple[str, str, str, Mapping[str, Any]]:
    """Return provider, operation, account and input of a task. Raises NotFound, InvalidRequest."""
    our = get_services(request)
    task = await find_own_task(our.store, reader.tenant, query.parse_uuid(text))
    found = await our.store.read(lambda db: task_inputs.get_by_keys(db, [task.key]))
    body = found.get(task.key, b"{}")
    if len(body) > MOST_INPUT:
        raise InvalidRequest(FieldError("from", "its input is too large for a form"))
    return task.provider, task.operation, task.account, json.loads(body)


def _make_submission(reader: Reader, tried: TriedRequest) -> Submission:
    return Submission(
        tenant=reader.tenant,
        provider=tried.operation["provider"],
        operation=tried.operation["operation"],
        input=tried.build_input()[0],
        account=tried.account or None,
        idempotency_key=f"dashboard {tried.once} {_digest_request(tried)}",
        submitter=reader.key,
    )


def _digest_request(tried: TriedRequest) -> str:
    """Return what differs once a form is filled in otherwise: going back to it makes a new task."""
    chosen = tried.operation
    filled = [chosen["provider"], chosen["operation"], tried.account, tried.build_input()[0]]
    return hashlib.sha256(json.dumps(filled).encode()).hexdigest()[:16]


async def _check(request: Request, reader: Reader, tried: TriedRequest) -> list[FieldError]:
    """Return what is wrong; empty where the request would be taken in."""
    if not tried.build_input()[1]:
        return [FieldError(REST, "must be a JSON object")]
    try:
        submission = replace(_make_submission(reader, tried), idempotency_key=None)
        await get_services(request).intake.check(submission)
    except InvalidRequest as error:
        return [*error.fields, *error.rest]
    return []


async def _show_page(  # noqa: PLR0913 - what a form stands at, and what is said of it
    request: Request,
    reader: Reader,
    tried: TriedRequest,
    listed: list[SubmittableOperation],
    *,
    errors: list[FieldError] | None = None,
    refusal: TrackerError | None = None,
    is_checked: bool = False,
) -> Response:
    our, chosen, language = get_services(request), tried.operation, reader.preferences.language
    found = [replace(one, reason=translate(one.reason, language)) for one in errors or ()]
    return render_page(
        request,
        reader,
        "try.html",
        status=422 if found else 200 if refusal is None else find_kind(refusal).status,
        tried=tried,
        fields=tried.fields,
        prefix=PREFIX,
        rest=REST,
        listed=listed,
        accounts=sorted(name for owner, name in our.accounts if owner == chosen["provider"]),
        scenarios=await our.scenarios.list_words(chosen["provider"], tried.account or None),
        errors=found,
        refusal=refusal,
        is_over_budget=isinstance(refusal, BudgetExceeded),
        marked={one.path.removeprefix("input."): one.reason for one in found},
        is_checked=is_checked,
        text_of=_format_text,
        choices_of=lambda field: [_format_text(one) for one in field.choices],
        **_build_code(request, tried),
    )


def _format_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _build_code(request: Request, tried: TriedRequest) -> dict[str, Any]:
    """Return the request as commands and as a program."""
    made, _ = tried.build_input()
    chosen = tried.operation
    body: dict[str, Any] = {"provider": chosen["provider"], "operation": chosen["operation"]}
    more = {"account": tried.account} if tried.account else {}
    text = json.dumps({**body, **more, "input": made}, ensure_ascii=False)
    named = "".join(
        f",\n        {name}={value!r}"
        for name, value in {"provider": chosen["provider"], **more}.items()
    )
    given = pprint.pformat(made, sort_dicts=False, width=76)
    indented = given.replace("\n", "\n        ")
    # os.environ here is text of the program: whoever runs it has the key in their environment.
    return {
        "curl": curl.build_submitting(find_base(request), text.encode()),
        "python": (
            "import os\n\nfrom tracker.client import Client\n\n"
            f"with Client({find_base(request)!r}, os.environ.get('TRACKER_API_KEY')) as tracker:\n"
            f"    task = tracker.submit(\n        {chosen['operation']!r},\n        {indented}"
            f"{named},\n    )\n"
            "    print(tracker.wait(task.id).state)\n"
        ),
    }
