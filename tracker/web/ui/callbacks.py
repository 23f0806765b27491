"""`/ui/callbacks`: what came in and was odd, its evidence, and what can be made of it."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.access import Scope
from tracker.domain.errors import NO_SUCH_TASK, FieldError, InvalidRequest, NotFound
from tracker.domain.events import Source
from tracker.domain.lifecycle import QUARANTINED
from tracker.services.receive.rejudging import NO_SUCH_RECEIPT, Rejudged
from tracker.store import odd_receipts
from tracker.store.attention import list_receipts_of_word
from tracker.store.odd_receipts import JudgedReceipt
from tracker.web.api import receipts as api
from tracker.web.edge import query
from tracker.web.edge.operation import Param
from tracker.web.edge.paging import build_next_cursor
from tracker.web.edge.state import get_services
from tracker.web.ui.frame.addresses import redirect_to_plain_address
from tracker.web.ui.frame.app import Pages
from tracker.web.ui.frame.asking import Question, aim, ask, ask_to_tick, check_typed, redirect_back
from tracker.web.ui.frame.forms import SentForm, read_form
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import render_page
from tracker.web.ui.frame.words import build_translator
from tracker.web.ui.named_task import TASK, find_named_task
from tracker.web.ui.one_task import curl
from tracker.web.ui.one_task.bodies import MOST_SHOWN, show_body

PAGES = Pages()
"""Odd receipts, and actions on them."""
IDS = "ids"
MOST = 500
"""Receipts of one form."""
_BACK = Param("back", "Where one came from, under `/ui`.")


@PAGES.get("/callbacks", scope=Scope.TASKS_READ, known=api.LIST_QUERY)
async def show(request: Request, reader: Reader) -> Response:
    """Show a page of odd receipts."""
    plain = redirect_to_plain_address(request, reader, "/callbacks")
    if plain is not None:
        return plain
    found, asked = await api.list_receipts(request, reader.tenant), request.query_params
    return render_page(
        request,
        reader,
        "callbacks.html",
        rows=found.receipts,
        next_cursor=build_next_cursor(request, found.last, scope=found.scope),
        asked=asked,
        asked_all={name: asked.getlist(name) for name in asked},
        verdicts=api.LISTED,
        providers=sorted({provider for provider, _ in get_services(request).accounts}),
    )


@PAGES.get("/callbacks/{id}", scope=Scope.TASKS_READ, known=())
async def show_one(request: Request, reader: Reader) -> Response:
    """Show one receipt with all that came, beside what its task has."""
    found, our = await api.look(request, reader.tenant), get_services(request)
    receipt = found.receipt
    body, headers = receipt.body or b"", dict(receipt.headers or {})
    is_cut = len(body) < receipt.size_bytes  # of a forged one only the beginning is kept
    is_callback = receipt.source is Source.CALLBACK and not is_cut
    return render_page(
        request,
        reader,
        "callback.html",
        found=found,
        receipt=receipt,
        fields=headers,
        shown=show_body(body),
        is_cut=is_cut,
        compared=None if is_cut else await our.comparing.compare(found),
        may_attach=is_callback and receipt.verdict in QUARANTINED,
        may_replay=is_callback,
        curl=curl.build_sending(headers, body) if is_callback and len(body) <= MOST_SHOWN else "",
    )


@PAGES.get("/callbacks/{id}/body", scope=Scope.TASKS_READ, known=())
async def send_body(request: Request, reader: Reader) -> Response:
    """Send the bytes of a receipt, to be saved in a file."""
    return api.build_raw_answer(await api.look(request, reader.tenant))


@PAGES.get(
    "/callbacks/dismiss/confirm",
    scope=Scope.TASKS_WRITE,
    known=[
        Param(IDS, "A receipt.", repeatable=True),
        Param("word", "A status word that nobody knows, in place of receipts."),
        Param("provider", "Of the word."),
        _BACK,
    ],
)
async def ask_dismiss(request: Request, reader: Reader) -> Response:
    """Ask before receipts are put aside: named ones, or the latest of an unknown word."""
    if not request.query_params.keys() & {IDS, "word"}:
        return ask_to_tick(request, reader)
    keys = await _read_keys(request, reader)
    named = keys[:SAMPLE]
    found = await get_services(request).store.read(
        lambda db: odd_receipts.list_by_keys(db, reader.tenant, named)
    )
    if not found.keys() >= set(named):
        raise NotFound(NO_SUCH_RECEIPT)
    say = build_translator(reader.preferences.language)
    question = Question(
        title=say("ask.dismiss", n=len(keys)),
        button=say("action.dismiss"),
        why=[say("ask.dismiss.why")],
        path="/callbacks/dismiss",
        fields=[(IDS, str(key)) for key in keys],
        count=len(keys),
        names=[_build_name(found[key], say) for key in named],
    )
    return ask(request, reader, question)


SAMPLE = 20
"""Receipts that a question names."""


async def _read_keys(request: Request, reader: Reader) -> list[int]:
    asked = request.query_params
    if "word" not in asked:
        return _parse_keys(asked.getlist(IDS))
    provider, word = asked.get("provider", ""), asked["word"]
    keys = await get_services(request).store.read(
        lambda db: list_receipts_of_word(db, reader.tenant, provider, word, limit=MOST)
    )
    if not keys:
        raise NotFound(NO_SUCH_RECEIPT)
    return keys


@PAGES.post("/callbacks/dismiss", scope=Scope.TASKS_WRITE, action="receipts.dismiss", counts=len)
async def dismiss(request: Request, reader: Reader) -> Response:
    """Put receipts aside, so that they ask for nobody any more."""
    form = await read_form(request)
    keys = _parse_keys(form.list_texts(IDS))
    check_typed(form, len(keys))
    aim([str(key) for key in keys])
    await get_services(request).dismissing.dismiss_receipts(reader.tenant, keys, actor=reader.actor)
    return redirect_back(request, form, "/callbacks", "done.dismissed", n=len(keys))


@PAGES.get("/callbacks/{id}/replay/confirm", scope=Scope.ADMIN, known=[_BACK])
async def ask_replay(request: Request, reader: Reader) -> Response:
    """Ask before a callback is judged again, and say what would come of it."""
    key = query.read_row_key(request)
    seen = await get_services(request).rejudging.replay(
        reader.tenant, key, actor=reader.actor, is_dry=True
    )
    say = build_translator(reader.preferences.language)
    question = Question(
        title=say("ask.replay", name=f"r{key}"),
        button=say("action.replay"),
        why=[say("ask.replay.why")],
        path=f"/callbacks/{key}/replay",
    )
    return ask(request, reader, question, template="ask_rejudge.html", seen=seen)


@PAGES.post("/callbacks/{id}/replay", scope=Scope.ADMIN, action="receipts.replay")
async def replay(request: Request, reader: Reader) -> Response:
    """Judge a callback again by today's rules."""
    form, key = await read_form(request), query.read_row_key(request)
    made = await get_services(request).rejudging.replay(
        reader.tenant, key, actor=reader.actor, is_dry=False
    )
    return _lead_to_outcome(request, form, made)


@PAGES.get("/callbacks/{id}/attach/confirm", scope=Scope.ADMIN, known=[TASK, _BACK])
async def ask_attach(request: Request, reader: Reader) -> Response:
    """Ask before a callback is given to a task, and say what would come of it."""
    key = query.read_row_key(request)
    id_ = await find_named_task(request, reader, request.query_params.get("task", ""))
    seen = await get_services(request).rejudging.attach(
        reader.tenant, key, id_, actor=reader.actor, is_dry=True
    )
    say = build_translator(reader.preferences.language)
    name = str(id_) if seen.task is None else seen.task.external_task_id
    question = Question(
        title=say("ask.attach", name=f"r{key}", task=name),
        button=say("action.attach"),
        why=[say("ask.attach.why")],
        path=f"/callbacks/{key}/attach",
        fields=[("task_id", str(id_))],
    )
    return ask(request, reader, question, template="ask_rejudge.html", seen=seen)


@PAGES.post("/callbacks/{id}/attach", scope=Scope.ADMIN, action="receipts.attach")
async def attach(request: Request, reader: Reader) -> Response:
    """Give a callback to a task."""
    form, key = await read_form(request), query.read_row_key(request)
    id_ = query.parse_uuid(form.get_text("task_id"))
    if id_ is None:
        raise InvalidRequest(FieldError("task_id", NO_SUCH_TASK))
    made = await get_services(request).rejudging.attach(
        reader.tenant, key, id_, actor=reader.actor, is_dry=False
    )
    return _lead_to_outcome(request, form, made)


def _lead_to_outcome(request: Request, form: SentForm, made: Rejudged) -> Response:
    """Lead to where it can be seen what came of a callback."""
    path = f"/callbacks/{made.receipt}"
    if made.steps and made.task is not None:
        path = f"/tasks/{made.task.id}#r{made.receipt}"
        form = SentForm({})  # there, and not where one came from
    key = "done.judged" if made.steps else "done.judged.nothing"
    return redirect_back(request, form, path, key, name=f"r{made.receipt}", n=len(made.steps))


def _build_name(one: JudgedReceipt, say: Any) -> str:
    receipt = one.receipt
    return f"r{receipt.key} · {receipt.provider} · {say(f'verdict.{receipt.verdict}')}"


def _parse_keys(texts: Sequence[str]) -> list[int]:
    """Return the row keys of receipts. Raises InvalidRequest for none or too many; NotFound."""
    if not 0 < len(texts) <= MOST:
        raise InvalidRequest(FieldError(IDS, f"tick one or several, {MOST} at most"))
    keys = []
    for text in texts:
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise NotFound(NO_SUCH_RECEIPT)
        keys.append(int(text))
    return keys
