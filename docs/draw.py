"""Draw what is drawn from the code: `make docs`. A test fails when what is committed is stale."""

import ast
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from docs import draw_providers, word_tables
from tracker.domain.events import EventKind
from tracker.domain.lifecycle import TRANSITIONS
from tracker.domain.task import TERMINAL, TaskState
from tracker.emulator import create_app
from tracker.locale import ENGLISH, SIMPLIFIED_CHINESE, Language, load_explanations, translate
from tracker.providers import capabilities
from tracker.providers.registry import PROVIDERS
from tracker.web.api import home
from tracker.web.api.openapi import build_document, format_document
from tracker.web.edge import problems
from tracker.web.routes import ROUTES

OPENAPI = Path(__file__).parent / "reference" / "openapi.json"
EMULATOR = Path(__file__).parent / "reference" / "emulator.md"
PROBLEMS: Mapping[Language, Path] = {
    ENGLISH: Path(__file__).parent / "reference" / "problems.md",
    SIMPLIFIED_CHINESE: Path(__file__).parent / "reference" / "problems.zh-CN.md",
}
_ROOT, _REFERENCE = Path(__file__).parents[1], Path(__file__).parent / "reference"
SYSTEMS = Path(__file__).parent / "reference" / "providers.md"
CLIENTS = Path(__file__).parents[1] / "tracker" / "providers" / capabilities.CLIENTS
_CLIENT_TESTS = Path(__file__).parents[1] / "tests" / "clients"
PAGE = Path(__file__).parent / "reference" / "lifecycle.md"
_SYSTEM_COLUMNS = (
    *("system", "provider", "callback", "lookup", "batch"),
    *("cancel", "cost", "custody", "front", "client"),
)
_CLIENT = re.compile(r"(@?[a-z][a-z0-9/_-]*) (\d+(?:\.\d+)+)")
_IN_A_DAY = {"d": 1, "h": 24, "min": 1440}
BEGIN, END = "<!-- drawn by docs/draw.py: begin -->", "<!-- drawn by docs/draw.py: end -->"


def diagram() -> str:
    """The state diagram (Mermaid) and the whole table, from TRANSITIONS."""
    return f"{_picture()}\n\n{_table()}"


def openapi() -> str:
    """The description of the HTTP API."""
    return format_document(build_document(ROUTES))


def scenarios() -> str:
    """Draw every word that the emulator knows: those of all providers, then each one's own."""
    lines: list[str] = []
    for provider, words in create_app().state.emulator.list_words().items():
        if not words:
            continue
        lines += [f"### Words of `{provider}` alone" if provider else "### Words of all providers"]
        lines += ["", "| word | takes | what happens |", "|---|---|---|"]
        for name, spec in words.items():
            takes = ", ".join(f"`{choice}`" for choice in spec.choices) or spec.param.value
            takes = f"{takes} ({spec.default})" if spec.default and not spec.choices else takes
            lines.append(f"| `{name}` | {takes} | {spec.summary} |")
        lines += [""]
    return "\n".join(lines).rstrip()


def problem_types(language: Language) -> str:
    """Every `type` of a problem answer, with its cause and what to do."""
    explained, statuses = load_explanations(language), problems.list_statuses()
    meaning, remedy = (translate(text, language) for text in (home.MEANING, home.REMEDY))
    colon = ": " if language == ENGLISH else translate(":", language)
    return "\n\n".join(
        f"## {slug}\n\n`{problems.PREFIX}{slug}` · {statuses[slug]} · {one.title}\n\n"
        f"- {meaning}{colon}{one.cause}\n- {remedy}{colon}{one.remedy}"
        for slug, one in explained.items()
        if slug in statuses
    )


def proved_clients() -> str:
    """Return, as JSON, the published clients that tests/clients runs, by provider.

    A test file is about the provider that its name or its first words name; its first words name
    the clients with their versions.
    """
    found: dict[str, list[str]] = {name: [] for name in sorted(PROVIDERS)}
    for path in sorted(_CLIENT_TESTS.glob("test_*.py")):
        tree = ast.parse(path.read_text())
        words = (ast.get_docstring(tree) or "").replace("`", "")
        runs = [one for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
        if not any(one.name.startswith("test_") for one in runs):
            continue
        named = [n for n in found if path.stem.startswith(f"test_{n}")] or [
            n for n in found if n in words.lower()
        ]
        ran = words.partition(" needs ")[0].rpartition(" npm ")[0] if " needs " in words else words
        for name in named:
            found[name] += [" ".join(one) for one in _CLIENT.findall(ran)]
    found = {name: list(dict.fromkeys(ran)) for name, ran in found.items()}  # several tests run one
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def systems_table() -> str:
    """Draw what works with each system."""
    lines = [
        f"| {' | '.join(_SYSTEM_COLUMNS)} |",
        "|---" * len(_SYSTEM_COLUMNS) + "|",
    ]
    for one in capabilities.list_systems():
        if one.capabilities is None:
            lines.append(f"| {one.title} | {one.status} | | | | | | | | |")
            continue
        can = one.capabilities
        cells = [
            one.title,
            f"[{one.provider}](../providers/{one.provider}.md)",
            _yes(can.callback),
            ", ".join(can.lookup),
            f"{can.batch}" if can.batch > 1 else "one by one",
            _yes(can.cancel),
            _yes(can.cost),
            _custody(can.custody_days),
            _yes(can.front),
            "<br>".join(can.clients) or "none run",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _custody(days: float | None) -> str:
    """Tell how long URLs live. days: None where the provider does not say."""
    if days is None:
        return "kept"
    short = next((name for name in ("d", "h") if days * _IN_A_DAY[name] >= 1), "min")
    return f"kept; URLs live {round(days * _IN_A_DAY[short], 1):g} {short}"


def _yes(can: bool) -> str:  # noqa: FBT001 - a fact, not a switch
    return "yes" if can else "no"


def drawn(page: str, part: str, begin: str = BEGIN) -> str:
    """A page with the part between the marks drawn anew. begin: the first of several parts."""
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(END)
    return f"{before}{begin}\n\n{part}\n\n{END}{after}"


def _picture() -> str:
    """Moves only; what happens without leaving a state stands in the table."""
    arrows: dict[tuple[TaskState, TaskState], list[EventKind]] = {}
    for state, row in TRANSITIONS.items():
        for kind, target in row.items():
            if target is not state:
                arrows.setdefault((state, target), []).append(kind)
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {TaskState.QUEUED}: created"]
    for (state, target), kinds in arrows.items():
        lines.append(f"    {state} --> {target}: {', '.join(kinds)}")
    lines += [f"    {state} --> [*]" for state in TaskState if state in TERMINAL]
    return "\n".join([*lines, "```"])


def _table() -> str:
    lines = ["| state | event | next |", "|---|---|---|"]
    for state, row in TRANSITIONS.items():
        if not row:
            lines.append(f"| `{state}` | | nothing moves it |")
        for kind, target in row.items():
            after = "stays" if target is state else f"`{target}`"
            lines.append(f"| `{state}` | `{kind}` | {after} |")
    return "\n".join(lines)


BEGIN_PATHS = "<!-- drawn by docs/draw.py: begin paths -->"
OF_PROVIDERS: Sequence[tuple[Path, str, Callable[[], str]]] = (
    (_ROOT / "README.md", BEGIN, partial(draw_providers.links, "docs/providers/")),
    (_ROOT / "README.zh-CN.md", BEGIN, partial(draw_providers.chinese_links, "docs/providers/")),
    (
        _REFERENCE / "fronts.md",
        BEGIN,
        partial(draw_providers.links, "../providers/", fronts=True),
    ),
    (_REFERENCE / "settings.md", BEGIN, draw_providers.settings),
    (EMULATOR, BEGIN_PATHS, draw_providers.emulated),
)
"""Parts of pages that name every provider: the page, the mark before the part, what draws it."""


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(), diagram()))
    EMULATOR.write_text(drawn(EMULATOR.read_text(), scenarios()))
    OPENAPI.write_text(openapi())
    CLIENTS.write_text(proved_clients())
    capabilities.forget()
    SYSTEMS.write_text(drawn(SYSTEMS.read_text(), systems_table()))
    for language, page in PROBLEMS.items():
        page.write_text(drawn(page.read_text(), problem_types(language)))
    for of_all, begin, draw in OF_PROVIDERS:
        of_all.write_text(drawn(of_all.read_text(), draw(), begin))
    word_tables.RECORDED.write_text(word_tables.drawn())
