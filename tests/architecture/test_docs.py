"""The documentation, held to the code."""

import re
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import get_args, get_type_hints

import click
import pytest
from starlette.routing import BaseRoute, Mount, Route

from docs import draw
from tests.support.service import ROOT
from tracker.app import make_app
from tracker.cli.main import main
from tracker.config.provider_settings import get_setting_prefix
from tracker.domain.events import EventKind, Source
from tracker.domain.lifecycle import Verdict
from tracker.domain.signals import CrashPoint
from tracker.domain.task import TaskState
from tracker.providers.ports.account import AccountOptions
from tracker.providers.ports.adapter import Finds
from tracker.providers.ports.provider import Provider
from tracker.providers.registry import PROVIDERS
from tracker.settings import Settings, list_setting_names
from tracker.web.fronts.host import FrontHost

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
_WHOLE_LINK = re.compile(r"!?\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)(?:#[^)]*)?\)")


def _reference(name: str) -> str:
    return (DOCS / "reference" / name).read_text()


def _commands(command: click.Command, path: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _commands(inner, f"{path} {name}")
    else:
        yield path


def _paths(routes: Iterable[BaseRoute]) -> Iterator[str]:
    """Yield the paths that are served but for the Kling front's, which have their own section."""
    for route in routes:
        assert isinstance(route, Mount | Route)
        if not isinstance(route, Route) or not isinstance(route.endpoint, FrontHost):
            yield route.path


def test_the_list_of_changes_is_short_enough_to_read() -> None:
    """Lines that were removed come back where two changes of the page are joined (merge=union)."""
    lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
    assert len(lines) <= 300, "take the page as main has it, and add your line to that"


def _long_lines(text: str) -> Iterator[str]:
    """Yield lines of prose that a person should have wrapped: not code, tables and lone links."""
    is_code = is_drawn = False
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("```"):
            is_code = not is_code
        elif bare in (draw.BEGIN, draw.BEGIN_PATHS, draw.END):
            is_drawn = bare != draw.END
        can_wrap = " " in _WHOLE_LINK.sub("link", bare).lstrip("-*> ")
        if len(line) > 100 and can_wrap and not (is_code or is_drawn) and bare[0] not in "|#<":
            yield line


def test_lines_of_prose_have_at_most_100_characters() -> None:
    long = {str(page.relative_to(ROOT)): [*_long_lines(page.read_text())] for page in PAGES}
    assert {name: lines for name, lines in long.items() if lines} == {}


@pytest.mark.parametrize("name", sorted(list_setting_names()))
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in _reference("settings.md")


def test_no_setting_is_documented_that_does_not_exist() -> None:
    named = set(re.findall(r"`(TRACKER_[A-Z_]+)`", _reference("settings.md"))) - {"TRACKER_"}
    assert named <= list_setting_names()


@pytest.mark.parametrize("path", sorted(_commands(main, "tracker")))
def test_every_command_is_documented(path: str) -> None:
    assert f"`{path}`" in _reference("commands.md")


def test_every_route_outside_the_kling_front_is_documented() -> None:
    app = make_app(Settings.read_environment({}), workers=False)
    ours = sorted(set(_paths(app.routes)))
    assert ours
    page = _reference("http.md")
    assert [path for path in ours if f"{path}`" not in page] == []


# Not the first transition, nor the event that never moves anything: they are in no row.
@pytest.mark.parametrize(
    "word", [*TaskState, *sorted(set(EventKind) - {EventKind.CREATED, EventKind.SEEN_UNKNOWN_WORD})]
)
def test_every_state_and_event_is_in_the_lifecycle(word: str) -> None:
    assert f"`{word}`" in _reference("lifecycle.md")


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_is_documented(verdict: Verdict) -> None:
    assert f"`{verdict}`" in _reference("http.md")


@pytest.mark.parametrize("source", Source)
def test_every_source_is_documented(source: Source) -> None:
    assert f"`{source}`" in (DOCS / "tutorial" / "first-task.md").read_text()


def test_the_lifecycle_diagram_is_what_the_table_draws() -> None:
    page = draw.PAGE.read_text()
    assert draw.drawn(page, draw.diagram()) == page, "run `make docs`"


def test_the_emulators_scenarios_are_what_its_table_draws() -> None:
    page = draw.EMULATOR.read_text()
    assert draw.drawn(page, draw.scenarios()) == page, "run `make docs`"


@pytest.mark.parametrize(
    ("page", "begin", "part"), draw.OF_PROVIDERS, ids=lambda one: getattr(one, "name", "")
)
def test_what_pages_say_of_every_provider_is_drawn(
    page: Path, begin: str, part: Callable[[], str]
) -> None:
    assert draw.drawn(page.read_text(), part(), begin) == page.read_text(), "run `make docs`"


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_providers_page_names_the_settings_that_are_its_own(name: str) -> None:
    own = PROVIDERS[name].options.model_fields.keys() - AccountOptions.model_fields.keys()
    page = (DOCS / "providers" / f"{name}.md").read_text()
    settings = {f"`{get_setting_prefix(name)}{key.upper()}`" for key in own}
    assert {one for one in settings if one not in page} == set(), "under Settings"
    known = list_setting_names()
    assert set(re.findall(r"`(TRACKER_[A-Z_]+)`", page)) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = _LINK.findall(page.read_text())
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_decisions_are_numbered_in_order_and_named_by_their_number() -> None:
    pages = sorted((DOCS / "decisions").glob("*.md"))
    numbers = [int(page.name.partition("-")[0]) for page in pages]
    assert numbers == list(range(1, len(pages) + 1))
    for number, page in zip(numbers, pages, strict=True):
        assert page.read_text().startswith(f"# {number}. ")


def test_every_point_where_a_process_may_die_is_explained() -> None:
    page = (DOCS / "explanation" / "durability.md").read_text()
    assert [point.value for point in CrashPoint if f"`{point.value}`" not in page] == []


def test_the_tests_that_prove_promises_exist() -> None:
    page = (DOCS / "explanation" / "durability.md").read_text()
    named = set(re.findall(r"`((?:tests|bench)/[\w/.]+)`", page))
    assert named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


CHINESE = sorted(DOCS.rglob("*.zh-CN.md"))


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_a_chinese_page_stands_beside_its_english_one_with_the_same_code(page: Path) -> None:
    english = page.with_name(page.name.replace(".zh-CN.md", ".md"))
    code = [re.findall(r"```.*?```", one.read_text(), re.DOTALL) for one in (english, page)]
    assert code[0] == code[1]
    assert f"]({page.name})" in english.read_text()
    assert f"]({english.name})" in page.read_text()


_VOCABULARY = ("adapter", "callbacks", "commands", "front", "passing", "provider")
_FACTS = ("cost", "exchange", "observation", "outcome", "task")


def _interface() -> dict[str, type]:
    """Every class that a page about the provider interface may name."""
    modules = [
        *(import_module(f"tracker.providers.ports.{name}") for name in _VOCABULARY),
        *(import_module(f"tracker.domain.{name}") for name in _FACTS),
    ]
    return {
        name: found
        for module in modules
        for name, found in vars(module).items()
        if isinstance(found, type)
    }


def test_the_page_of_providers_names_only_what_the_interface_has() -> None:
    page = (DOCS / "explanation" / "providers.md").read_text()
    known = _interface()
    named = re.findall(r"`((?!None)[A-Z][A-Za-z]+)(?:\.([A-Za-z_]+))?`", page)
    assert len(named) > 60
    for owner, member in named:
        if owner.isupper():  # a member of Finds
            assert owner in Finds.__members__, owner
            continue
        assert owner in known, owner
        if member:
            fields = {*getattr(known[owner], "__annotations__", ()), *vars(known[owner])}
            assert member in fields, f"{owner}.{member}"


def test_the_page_of_providers_has_every_capability() -> None:
    page = (DOCS / "explanation" / "providers.md").read_text()
    capabilities = {
        name
        for name, hint in get_type_hints(Provider).items()
        if any(getattr(one, "_is_protocol", False) for one in (hint, *get_args(hint)))
    }
    assert capabilities >= {"submits", "polls", "front"}
    assert capabilities == set(re.findall(r"^\| `([a-z_]+)` \| `[A-Z]", page, re.MULTILINE))
