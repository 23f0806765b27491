"""Options of Haimian accounts: a cookie, a pair of keys, and the shape that nobody documents."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from tracker.domain.task import TaskState
from tracker.providers.kit.useless_options import UNSIGNED
from tracker.providers.kit.volc_signature import VolcOptions
from tracker.providers.ports.account import Account, CookieSecret, reveal

WEB, VOLC, CUSTOM = "web", "volc", "custom"
_STATES = {
    state.value: state
    for state in (
        TaskState.SUBMITTED,
        TaskState.RUNNING,
        TaskState.SUCCEEDED,
        TaskState.FAILED,
        TaskState.CANCELLED,
    )
}


class HaimianOptions(VolcOptions):
    """The credentials of each profile, and where its answers hold what.

    cookie:      `web`: of a login in a browser.
    access_key, secret_key, session_token, sign_region, sign_service: `volc`.
    create_path, poll_path: `custom`: below the base URL; `{id}` stands for the provider's id. The
                 defaults are those of gateways of new-api's kind.
    id_in, status_in, result_in: `custom`, and the last two `web`: fields, `a.b` for one in another.
    words:       `WORD=STATE`, e.g. `done=succeeded`, for the status words of the upstream.
    """

    cookie: CookieSecret | None = None
    sign_region: str = "cn-beijing"
    sign_service: str = "imagination"
    create_path: str = "submit/music"
    poll_path: str = "fetch/{id}"
    id_in: str | None = None
    status_in: str | None = None
    result_in: str | None = None
    words: tuple[str, ...] = Field((), max_length=50, strict=False)
    why_no_secrets = UNSIGNED

    def has_credentials(self) -> bool:
        """Tell whether a call could be proved in any profile."""
        return self.cookie is not None or super().has_credentials()

    def find_flaws(self) -> Sequence[str]:
        """Return `key: reason` for what contradicts itself."""
        found = list(super().find_flaws())
        wrong = [one for one in self.words if one.partition("=")[2] not in _STATES]
        if wrong:
            found.append(f"words: must be WORD=STATE, with one of: {', '.join(_STATES)}")
        return found

    def list_states(self) -> Mapping[str, TaskState]:
        """Return the states of the words that are set."""
        pairs = (one.partition("=") for one in self.words)
        return {word: _STATES[state] for word, _, state in pairs if state in _STATES}


def build_web_headers(account: Account) -> dict[str, str]:
    """Build the headers of the web page; a gateway that hides it takes a key."""
    cookie, key = reveal(account.get_options(HaimianOptions).cookie), account.api_key
    headers = {} if cookie is None else {"cookie": cookie}
    return headers | ({"authorization": f"Bearer {key}"} if key else {})
