"""Files that clients upload first are kept here, and a provider can fetch them."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.support.databases import SqliteTemplate
from tests.support.keys import build_bearer, issue
from tests.support.service import KEEPING_FILES, build_environment, listen, read_url, serve_service
from tests.support.upstream import Asked, Upstream, build_json_answer

VERSION = {"x-runway-version": "2024-11-06"}
"""Clients of Runway's own API are told of fields in its way."""
FILE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300


def _theirs(asked: Asked) -> Iterator[bytes]:
    """Take a file, or open a form of its own for one."""
    body = b"".join(asked.body)
    if b'"filename"' in body:
        yield build_json_answer(
            b'{"runwayUri":"runway://theirs","uploadUrl":"https://a.b/","fields":{}}'
        )
    else:
        assert FILE in body
        yield build_json_answer(b'{"id":"theirs"}', "201 Created")


@pytest.fixture(scope="module")
def services(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[httpx.Client, ...]]:
    """Clients of a service with custody and of one without, and another tenant's of each.

    What the second service passes on is answered.
    """
    with ExitStack() as stack:
        upstream, clients = stack.enter_context(Upstream(_theirs)), list[httpx.Client]()
        others = list[httpx.Client]()
        for keeps in (KEEPING_FILES, {"TRACKER_ASSETS": "off"}):
            folder = tmp_path_factory.mktemp("uploads")
            listener = listen()
            url = read_url(listener)
            env = build_environment(
                sqlite_template.copy(folder),
                folder,
                provider_url=upstream.url,
                public_url=url,
                TRACKER_REPLICATE_API_KEY="r8_x",
                TRACKER_REPLICATE_BASE_URL=f"{upstream.url}/v1",
                TRACKER_RUNWAY_API_KEY="key_x",
                TRACKER_RUNWAY_BASE_URL=upstream.url,
                TRACKER_OPENAI_API_KEY="sk-x",
                TRACKER_OPENAI_PROFILE="official",
                TRACKER_OPENAI_BASE_URL=f"{upstream.url}/v1",
                **keeps,
            )
            stack.enter_context(serve_service(env, listener=listener, workers=False))
            for tenant, whose in (("default", clients), ("other", others)):
                headers = build_bearer(issue(env["DATABASE_URL"], tenant=tenant)) | VERSION
                http = httpx.Client(base_url=url, timeout=60, trust_env=False, headers=headers)
                whose.append(stack.enter_context(http))
        yield *clients, *others


def test_a_file_of_replicates_clients_is_behind_a_link_of_ours(
    services: tuple[httpx.Client, ...],
) -> None:
    http, *_ = services
    form = {"content": ("cat.png", FILE, "image/png")}
    made = http.post("/replicate/v1/files", files=form, data={"metadata": "{}"})
    assert made.status_code == 201, made.text
    file = made.json()
    assert (file["name"], file["content_type"], file["size"]) == ("cat.png", "image/png", len(FILE))
    assert httpx.get(file["urls"]["get"], timeout=60, trust_env=False).content == FILE
    (kept,) = http.get("/v1/assets").json()["assets"]
    created, expires = (datetime.fromisoformat(kept[f"{end}_at"]) for end in ("created", "expires"))
    assert expires - created == timedelta(days=1)
    refused = http.post("/replicate/v1/files", data={"metadata": "{}"})
    assert refused.status_code == 415
    none = http.post("/replicate/v1/files", files={"content": ("cat.png", b"", "image/png")})
    assert none.status_code == 422


def test_without_custody_the_provider_takes_it(
    services: tuple[httpx.Client, ...],
) -> None:
    _, http, *_ = services
    made = http.post("/replicate/v1/files", files={"content": ("cat.png", FILE, "image/png")})
    assert (made.status_code, made.json()) == (201, {"id": "theirs"})


def _form(http: httpx.Client, **more: str) -> tuple[str, dict[str, str], str]:
    """Open a form of Runway's as its clients do: where it goes, its fields, the URI of the file."""
    asked = {"filename": "cat.png", "type": "ephemeral"} | more
    answer = http.post("/runwayml/v1/uploads", json=asked)
    assert answer.status_code == 200, answer.text
    form = answer.json()
    return form["uploadUrl"], form["fields"], form["runwayUri"]


def _post(url: str, fields: dict[str, str], file: bytes = FILE) -> int:
    """Send the form, as nobody."""
    sent = {"file": ("cat.png", file, "image/png")}
    return httpx.post(url, data=fields, files=sent, timeout=60, trust_env=False).status_code


def test_a_form_that_runway_does_not_have_is_refused(services: tuple[httpx.Client, ...]) -> None:
    http, *_ = services
    answer = http.post("/runwayml/v1/uploads", json={"filename": "a", "type": "lasting"})
    assert (answer.status_code, answer.json()["issues"][0]["path"]) == (400, ["type"])
    parts = http.post("/runway/uploads", json={"filename": "a", "numberOfParts": 2})
    assert parts.status_code == 400


@pytest.mark.parametrize("prefix", ["/runway", "/runwayml", "/proxy/runway"])
def test_older_clients_of_runway_send_a_file_in_one_part(
    services: tuple[httpx.Client, ...], prefix: str
) -> None:
    http, without, foreign, _ = services
    asked = {"filename": "cat.png", "numberOfParts": 1, "type": "DATASET_PREVIEW"}
    begun = http.post(f"{prefix}/uploads", json=asked).json()
    (place,) = begun["uploadUrls"]
    complete = f"{prefix}/uploads/{begun['id']}/complete"
    parts = {"parts": [{"PartNumber": 1, "ETag": "ca3b00c313b6fd9a5c48889ad16f7d5e"}]}
    assert http.post(complete, json=parts).status_code == 404  # the file has not come
    page = {"origin": "https://page.example"}
    with httpx.Client(timeout=60, trust_env=False, headers=page) as nobody:
        asks = {"access-control-request-method": "PUT"}
        assert nobody.options(place, headers=asks).headers["access-control-allow-origin"] == "*"
        assert nobody.put(place[:-4] + "AAA=", content=FILE).status_code == 404
        put = nobody.put(place, content=FILE, headers=begun["uploadHeaders"])
        assert (put.status_code, put.headers["access-control-allow-origin"]) == (200, "*")
        assert put.headers["etag"] == f'"{sha256(FILE).hexdigest()}"'
        assert nobody.put(place, content=FILE).status_code == 200
        assert nobody.put(place, content=b"another").status_code == 409
        assert foreign.post(complete, json=parts).status_code == 404
        url = http.post(complete, json=parts).json()["url"]
        assert nobody.get(url).content == FILE
    assert without.post(f"{prefix}/uploads", json=asked).status_code == 404


def test_without_custody_the_form_is_runways_own(services: tuple[httpx.Client, ...]) -> None:
    _, without, *_ = services
    assert _form(without)[2] == "runway://theirs"


def test_a_form_of_runways_takes_one_file_for_its_tenant_alone(
    services: tuple[httpx.Client, ...],
) -> None:
    http, _, foreign, _ = services
    url, fields, uri = _form(http)
    create = {"model": "gen4_turbo", "promptImage": uri, "ratio": "1280:720", "duration": 5}
    none_yet = http.post("/runwayml/v1/image_to_video", json=create)
    assert (none_yet.status_code, none_yet.json()["issues"][0]["path"]) == (400, ["promptImage"])
    assert _post(url, {"token": fields["token"][:-8] + "AAAAAAA="}) == 404
    assert _post(url, {}) == 404
    token = fields["token"].encode()
    late = [("file", ("../../cat.png", FILE)), ("token", (None, token))]
    assert httpx.post(url, files=late, timeout=60, trust_env=False).status_code == 404
    assert _post(url, fields, b"") == 422
    assert [_post(url, fields), _post(url, fields), _post(url, fields, FILE[:-1])] == [
        204,
        204,
        409,
    ]
    made = http.post("/runwayml/v1/image_to_video", json=create).json()
    linked = http.get(f"/v1/tasks/{made['id']}/input").json()["promptImage"]
    assert httpx.get(linked, timeout=60, trust_env=False).content == FILE
    images = {**create, "promptImage": [{"uri": uri, "position": "first"}]}
    theirs = foreign.post("/runwayml/v1/image_to_video", json=images)
    path = theirs.json()["issues"][0]["path"]
    assert (theirs.status_code, path) == (400, ["promptImage", "0", "uri"])
    (kept,) = http.get("/v1/assets", params={"limit": "1"}).json()["assets"]
    assert (kept["kind"], kept["bytes"], kept["media_type"]) == ("upload", len(FILE), "image/png")


def test_a_file_of_openais_clients_is_named_by_its_id(services: tuple[httpx.Client, ...]) -> None:
    http, _, foreign, _ = services
    sent = {"file": ("cat.png", FILE, "image/png")}
    file = http.post("/openai/v1/files", files=sent, data={"purpose": "vision"}).json()
    named = {"file_id": file["id"]}
    tool = {"type": "image_generation", "input_image_mask": named}
    content = [{"type": "input_image", **named}, {"type": "input_file", **named}]
    asked = {"input": [{"role": "user", "content": content}], "tools": [tool], "metadata": named}
    create = {"model": "gpt-6", "background": True, **asked}
    made = http.post("/openai/v1/responses", json=create)
    kept = http.get(f"/v1/tasks/{made.json()['id'].removeprefix('resp_')}/input").json()
    image, document = kept["input"][0]["content"]
    link = image["image_url"]
    assert document["file_url"] == kept["tools"][0]["input_image_mask"]["image_url"] == link
    assert kept["metadata"] == named  # which is the caller's own
    assert httpx.get(link, timeout=60, trust_env=False).content == FILE
    video = {"model": "sora-2", "prompt": "a cat", "input_reference": named}
    theirs = foreign.post("/openai/v1/videos", json=video)
    assert (theirs.status_code, theirs.json()["error"]["param"]) == (400, "input_reference.file_id")
    listed = {**create, "tools": [{"type": "code_interpreter", "file_ids": [file["id"]]}]}
    refused = http.post("/openai/v1/responses", json=listed)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "tools.0.file_ids.0")


def test_files_of_openais_clients_are_listed_read_and_deleted(
    services: tuple[httpx.Client, ...],
) -> None:
    http, without, foreign, _ = services
    url = "/openai/v1/files"

    def sent(purpose: str, **more: str) -> dict[str, Any]:
        form = {"file": ("katze \u732b.png", FILE, "image/png")}
        answer = http.post(url, files=form, data={"purpose": purpose, **more})
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    brief = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
    one, two = sent("assistants", **brief), sent("user_data")
    assert one["expires_at"] - one["created_at"] == 3600
    too_brief = {**brief, "purpose": "vision", "expires_after[seconds]": "60"}
    refused = http.post(url, files={"file": ("a", FILE)}, data=too_brief)
    assert (refused.status_code, refused.json()["error"]["param"]) == (
        400,
        "expires_after[seconds]",
    )
    page = http.get(url, params={"limit": 1}).json()
    assert (page["data"], page["has_more"], page["last_id"]) == ([two], True, two["id"])
    behind = http.get(url, params={"after": two["id"], "purpose": "assistants"}).json()
    assert (behind["data"], behind["has_more"]) == ([one], False)
    assert http.get(f"{url}/{one['id']}").json() == one
    part = http.get(f"{url}/{one['id']}/content", headers={"range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, FILE[1:4])
    for path in ("", "/content"):
        assert foreign.get(f"{url}/{one['id']}{path}").status_code == 404
    assert foreign.delete(f"{url}/{one['id']}").status_code == 404
    assert foreign.get(url).json()["data"] == []
    assert without.get(url).status_code == 404  # such files are at the provider
    video = {"model": "sora-2", "prompt": "a cat", "input_reference": {"file_id": one["id"]}}
    made = http.post("/openai/v1/videos", json=video).json()
    deleted = http.delete(f"{url}/{one['id']}")
    assert deleted.json() == {"id": one["id"], "object": "file", "deleted": True}
    for path in ("", "/content"):
        assert http.get(f"{url}/{one['id']}{path}").status_code == 404
    assert http.post("/openai/v1/videos", json=video).status_code == 400
    given = http.get(f"/v1/tasks/{made['id']}/input").json()["input_reference"]["image_url"]
    assert httpx.get(given, timeout=60, trust_env=False).content == FILE
    assert http.get(f"{url}/file-1").json()["error"]["message"].endswith("file-1")
    assert http.patch(f"{url}/{two['id']}").status_code == 405


def test_files_of_replicates_clients_are_listed_and_deleted(
    services: tuple[httpx.Client, ...],
) -> None:
    http, _, foreign, _ = services
    url = "/replicate/v1/files"
    made = http.post(url, files={"content": ("dog.png", FILE, "image/png")}).json()
    assert made in http.get(url).json()["results"]
    assert http.get(f"{url}/{made['id']}").json()["name"] == "dog.png"
    assert foreign.get(f"{url}/{made['id']}").status_code == 404
    assert http.get(f"/openai/v1/files/file-{UUID(made['id']).hex}").status_code == 404
    assert http.delete(f"{url}/{made['id']}").status_code == 204
    assert http.delete(f"{url}/{made['id']}").status_code == 404


def test_what_no_input_can_name_is_not_taken_in(services: tuple[httpx.Client, ...]) -> None:
    http, without, *_ = services
    before = len(http.get("/v1/assets").json()["assets"])
    form = {"file": ("cat.png", FILE, "image/png")}
    wrong: list[dict[str, str]] = [{"purpose": "fine-tune"}, {}]
    for data in wrong:
        answer = http.post("/openai/v1/files", files=form, data=data)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "purpose")
    assert len(http.get("/v1/assets").json()["assets"]) == before
    assert http.get("/openai/v1/files/file-1").status_code == 404
    passed = without.post("/openai/v1/files", files=form, data={"purpose": "fine-tune"})
    assert passed.json() == {"id": "theirs"}


def test_a_file_that_the_provider_keeps_is_named_by_its_tenant_alone(
    services: tuple[httpx.Client, ...],
) -> None:
    _, without, _, foreign = services
    form = {"file": ("cat.png", FILE, "image/png")}
    id_ = without.post("/openai/v1/files", files=form, data={"purpose": "vision"}).json()["id"]
    for naming, place in (
        ({"input_reference": {"file_id": id_}}, "input_reference.file_id"),
        ({"tools": [{"file_ids": ["elsewhere", id_]}]}, "tools[0].file_ids[1]"),
    ):
        create = {"model": "sora-2", "prompt": "a cat", **naming}
        ours = without.post("/openai/v1/videos", json=create)
        assert ours.status_code == 200, ours.text
        refused = foreign.post("/openai/v1/videos", json=create)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, place)


def test_files_that_providers_keep_are_named_by_their_tenant_in_any_field(
    services: tuple[httpx.Client, ...],
) -> None:
    """Clients of Runway name them by a URI, those of Replicate by their link."""
    _, without, _, foreign = services
    uri, url = _form(without)[2], "https://api.replicate.com/v1/files/theirs"
    without.post("/replicate/v1/files", files={"content": ("a.png", FILE, "image/png")})
    runway = {"model": "gen4_turbo", "promptImage": uri, "ratio": "1280:720", "duration": 5}
    replicate = {"version": "a" * 64, "input": {"image": {"deep": [url]}}}
    for path, create in (
        ("/runwayml/v1/image_to_video", runway),
        ("/replicate/v1/predictions", replicate),
    ):
        ours = without.post(path, json=create)
        assert ours.status_code in (200, 201), ours.text
        refused = foreign.post(path, json=create)
        assert refused.status_code in (400, 422), refused.text
        assert "there is no such" in refused.text


def test_a_response_of_another_tenant_is_continued_by_nobody(
    services: tuple[httpx.Client, ...],
) -> None:
    http, _, foreign, _ = services
    create = {"model": "gpt-6", "background": True, "input": "a cat"}
    made = http.post("/openai/v1/responses", json=create).json()
    following = {**create, "previous_response_id": made["id"]}
    own = http.post("/openai/v1/responses", json=following).json()["error"]
    assert own["param"] == "previous_response_id"
    assert "has no id at its provider yet" in own["message"]
    of_nobody = {**create, "previous_response_id": "resp_68ab"}
    for asked in (following, of_nobody):
        refused = foreign.post("/openai/v1/responses", json=asked)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, own["param"])
        assert "there is no task" in refused.json()["error"]["message"]
    for conversation in ("conv_1", {"id": "conv_1"}):
        asked = {**create, "conversation": conversation}
        assert foreign.post("/openai/v1/responses", json=asked).status_code == 400
        assert http.post("/openai/v1/responses", json=asked).status_code == 200
