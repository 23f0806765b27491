"""Catalogues are whole: what people are shown in English is there in Chinese too."""

import re

from tests.support.helptexts import iterate_help_texts
from tests.support.messages import find_sentences, find_shown, has_english
from tests.support.service import ROOT
from tracker.cli.main import main
from tracker.domain.validation import REASONS as VALIDATION
from tracker.locale import SIMPLIFIED_CHINESE, translate
from tracker.locale.texts import SLOT, load_provider_texts
from tracker.locale.zh_cn import commands, doctor, fields, lines, tables, texts
from tracker.providers.kit.useless_options import (
    NO_CALLBACKS,
    ONE_KIND,
    SECRET_PER_CREATE,
    UNSIGNED,
    UNSIGNED_BY_SECRET,
)

PROBLEMS = {**load_provider_texts(SIMPLIFIED_CHINESE), **fields.TEXTS, **texts.TEXTS}
"""Texts of problem answers, and of the reasons that they list."""
PROBLEM_CALLS = {
    **dict.fromkeys(
        (
            *("NotFound", "CursorTooOld", "Conflict", "BeingSent", "IdempotencyReuse"),
            *("IdempotencyInFlight", "CallbackUnproven", "Unavailable", "WrongMediaType"),
            *("BodyTooSlow", "ForeignPage", "ValueError", "HTTPException", "CallbackRejected"),
            *("BudgetExceeded", "NoLongerKept", "Recovering", "malformed_form"),
        ),
        0,
    ),
    **dict.fromkeys(("Unauthenticated", "FieldError"), 1),
}
"""Calls whose text a problem answer shows, with the position of that argument."""
PROBLEM_PATHS = sorted(
    path
    for folder in ("domain", "providers", "services", "store", "web")
    for path in (ROOT / "tracker" / folder).rglob("*.py")
)
OF_ONE = "those of one provider are TEXTS of tracker/locale/zh_cn/providers/NAME.py"
REASONS = [re.sub(r"\{[^}]*\}", SLOT, text) for text in VALIDATION.values()]
ADAPTER_PATHS = [
    path
    for path in sorted((ROOT / "tracker" / "providers").rglob("*.py"))
    if not any(part.startswith("front") for part in path.parts)
    and path.stem not in {"options", "passing", "profiles", "examples", "held_answers"}
]
"""Modules of providers but for fronts, whose callers read English, settings, and examples."""
ADAPTER_CALLS = frozenset(
    {"compile", "Field", "Code", "Cost", "TypeError", "encode", "sha256", "examples"}
)
"""Names of what adapters call with texts that no page shows, and of such arguments."""
NOT_OF_ANSWERS = frozenset(
    {
        # Settings and operations that are not there
        "not built",
        "profile: no such profile; one of: {}",
        "the provider of account {} ({}) serves tasks only",
        "must be predictions, models/OWNER/NAME or deployments/OWNER/NAME",
        "files are not uploaded through this service",
        "it makes no task",
        "it answers with a text, and makes no task that could be asked for",
        "udioapi.pro is not served",
        "PiAPI's tasks (model music-u) are not served",
        "udioapi.pro resells Suno; its protocol is not served",
        "service_account: is for Vertex AI: set region to its location",
        "region: is needed for Vertex AI, or base_url",
        "service_account: is needed for Vertex AI, which takes no key",
        "{}: is needed for Vertex AI",
        # Answers that are passed on to callers
        "the provider refused this service's own credentials (code {})",
        "the provider refused this service's own key (401)",
        "the provider's answer (HTTP {}) is no JSON",
        # Parts of texts
        ": no answer of its API; check the base URL",
        "customMode is true",
        "customMode is false",
        "no words",
        # Providers' own words, which are looked for
        "still in progress",
        "no available channel",
    }
)
EVENT_PATHS = [
    ROOT / "tracker" / "call_failures.py",
    *(
        path
        for folder in ("domain", "egress", "services")
        for path in sorted((ROOT / "tracker" / folder).rglob("*.py"))
        if "backup" not in path.parts
    ),
]
"""Modules whose texts are kept of tasks, attempts, looks, files and conditions."""
EVENT_CALLS = frozenset({"info", "warning", "error", "exception", "Misuse", "compile"})
"""Names of what these call with texts for logs and for ourselves."""
NOT_OF_EVENTS = frozenset(
    {
        # Parts of texts, of which the whole ones are in the catalogue
        "a file of an answer waits",
        "ahead of",
        "could not connect to any validated address: ",
        (
            "the clock of a process is {} s {} the database server's. Times are kept by the server,"
            " but logs differ: let both hosts follow one time server"
        ),
        (
            "the clock of the machine went {} by {} s at once: let a time server keep it, which"
            " shifts it little by little"
        ),
        "far in the future",
        (
            "the clock of the database server went {} by {} s at once, or another server with"
            " another clock took over: let a time server keep them"
        ),
        "{} is too {}: off by {} s",
        "{} is asked to cancel it{}",
        " once it is found there",
        "{} by {}; it was {}",
        "; did you mean {}?",
        "the status word '",
        "' is unknown",
        "Value error, ",
        "may not be",
        "the file",
        # Of settings, which stop the start
        "must be a network in CIDR notation{}",
        ", without bits behind its prefix: write {}",
        ", like 10.0.0.0/8; separate several by commas",
        (
            "{} can never match: its addresses stand for IPv4 addresses, and those are what is"
            " compared; {}"
        ),
        "write the IPv4 network itself",
        "write the IPv4 network, {}",
        # For logs, for ourselves, and what digests are made of
        "the answer is no JSON Web Key Set with a key that can be used",
        "those of {} ago go on counting",
        "there are none",
        "{} has no field {}",
        "Excess data after padding",
        "look up",
        "bulk run {}",
        "(nested too deep to be kept)",
        "secret key\n{}",
        "inline file\n{}\n{}",
        "self answer",
        "Azure's platform endpoint",
        "Microsoft Learn, What is IP address 168.63.129.16",
        "a public address that only ever leads to the host's own control plane",
        "stands for an IPv4 address behind a translator; nobody gives it as a place to call",
    }
)
COMMAND_CALLS = {
    **dict.fromkeys(("fail", "print_note", "_tell"), 0),
    **dict.fromkeys(("BackupRefused", "BackupFailed", "ManifestError"), 0),
    "_print_line": 1,
}
COMMAND_PATHS = sorted((ROOT / "tracker" / "cli").rglob("*.py"))
BACKUP_PATHS = [
    *sorted((ROOT / "tracker" / "services" / "backup").rglob("*.py")),
    ROOT / "tracker" / "domain" / "manifest.py",
    ROOT / "tracker" / "store" / "backup.py",
]
DOWNLOAD_PATHS = [ROOT / "tracker" / "client" / f"{name}.py" for name in ("downloads", "errors")]
"""Modules whose texts `tracker assets get` shows."""
NOT_OF_COMMANDS = frozenset(
    {
        "task {} is still {}",
        "{} {}: {}",
    }
)
"""Texts of errors that no command lets through."""


COMPOSED_PATHS = [
    *(ROOT / "tracker" / "cli" / f"{name}.py" for name in ("listeners", "network", "relaying")),
    *(ROOT / "tracker" / "cli" / f"{name}.py" for name in ("serving", "starting")),
    *(ROOT / "tracker" / "cli" / "doctor" / f"{name}.py" for name in ("reach", "values")),
    *(ROOT / "tracker" / "config" / f"{name}.py" for name in ("front_hosts", "kept_secrets")),
    *(ROOT / "tracker" / f"{name}.py" for name in ("config/paths", "open_access", "settings")),
    *(ROOT / "tracker" / f"{name}.py" for name in ("accounts", "config/provider_settings")),
    *(ROOT / "tracker" / "config" / f"{name}.py" for name in ("setting_errors", "setting_types")),
    *sorted((ROOT / "tracker" / "providers").rglob("options.py")),
    *sorted((ROOT / "tracker" / "providers").rglob("profiles.py")),
]
"""Modules whose functions return parts of what commands say."""
PARTS_OF_SETTINGS = frozenset(
    {
        "tracker on {}",
        *("a whole number", "a whole number of bytes, like 1048576 for a mebibyte"),
        "a number of seconds, like 90 for a minute and a half",
        *("{}must have at least {} characters", "did you mean {}?", "Value error, "),
        "that is taken where none is set",
    }
)
"""Parts of texts, of which the whole ones are in the catalogue."""


def test_every_part_of_a_message_of_a_command_is_in_the_chinese_catalogue() -> None:
    told = find_sentences(COMPOSED_PATHS, unseen=EVENT_CALLS)
    missing = {
        text: where
        for text, where in told.items()
        if text not in PARTS_OF_SETTINGS and has_english(translate(text, SIMPLIFIED_CHINESE))
    }
    assert missing == {}, "add them to tracker/locale/zh_cn/lines.py or settings.py"


def test_every_text_of_a_problem_is_in_the_chinese_catalogue() -> None:
    shown = find_shown(PROBLEM_PATHS, PROBLEM_CALLS) | dict.fromkeys(
        REASONS, "domain/validation.py"
    )
    missing = {text: where for text, where in shown.items() if text not in PROBLEMS}
    assert missing == {}, f"add them to fields.py or texts.py of tracker/locale/zh_cn; {OF_ONE}"


def test_every_reason_against_a_useless_option_is_in_the_chinese_catalogue() -> None:
    reasons = {NO_CALLBACKS, ONE_KIND, SECRET_PER_CREATE, UNSIGNED, UNSIGNED_BY_SECRET}
    assert reasons <= PROBLEMS.keys()


def test_every_text_of_an_adapter_about_an_answer_is_in_the_chinese_catalogue() -> None:
    told = find_sentences(ADAPTER_PATHS, unseen=ADAPTER_CALLS)
    assert told.keys() >= NOT_OF_ANSWERS
    missing = {
        text: where
        for text, where in told.items()
        if text not in NOT_OF_ANSWERS and has_english(translate(text, SIMPLIFIED_CHINESE))
    }
    assert missing == {}, f"add them to tracker/locale/zh_cn/answers.py; {OF_ONE}"


def test_every_text_of_what_happened_is_in_the_chinese_catalogue() -> None:
    told = find_sentences(EVENT_PATHS, unseen=EVENT_CALLS)
    assert told.keys() >= NOT_OF_EVENTS
    missing = {
        text: where
        for text, where in told.items()
        if text not in NOT_OF_EVENTS and has_english(translate(text, SIMPLIFIED_CHINESE))
    }
    assert missing == {}, "add them to tracker/locale/zh_cn/events.py"


def in_one_line(text: str) -> str:
    """A text as it is looked up."""
    return " ".join(text.split())


def test_every_text_of_a_help_page_is_in_the_chinese_catalogue() -> None:
    shown = {in_one_line(text.partition("  [")[0]) for text in iterate_help_texts(main)}
    assert sorted(shown - set(commands.TEXTS)) == [], "add it to tracker/locale/zh_cn/commands.py"


def test_every_finding_of_doctor_is_in_the_chinese_catalogue() -> None:
    paths = [path for path in COMMAND_PATHS if "doctor" in path.parts]
    known = {**doctor.TEXTS, **lines.TEXTS, **PROBLEMS}
    missing = [text for text in find_shown(paths, {"Finding": 2}) if in_one_line(text) not in known]
    assert missing == [], "add them to tracker/locale/zh_cn/doctor.py"


def test_every_title_and_column_of_a_table_is_in_the_chinese_catalogue() -> None:
    code = "".join(path.read_text() for path in COMMAND_PATHS)
    names = re.findall(r'(?:Column|print_table)\(\s*"([a-z_0-9]+)"', code)
    missing = sorted({name for name in names if f"column {name}" not in tables.TEXTS})
    assert missing == [], "add them to tracker/locale/zh_cn/tables.py"


def test_every_message_of_a_command_is_in_the_chinese_catalogue() -> None:
    shown = {
        in_one_line(text): where
        for text, where in {
            **find_shown([*COMMAND_PATHS, *BACKUP_PATHS], COMMAND_CALLS),
            **find_shown(DOWNLOAD_PATHS, {"Lost": 0, "Unreachable": 0, "__init__": 0}),
        }.items()
        if text not in NOT_OF_COMMANDS
    }
    known = {**lines.TEXTS, **PROBLEMS}
    missing = {text: where for text, where in shown.items() if text not in known}
    assert missing == {}, "add them to tracker/locale/zh_cn/lines.py"
