"""A service over TLS with its emulated provider, and emulators that clients call directly."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.running import CLIENTS, LONGEST_S
from tests.support.databases import SqliteTemplate
from tests.support.keys import issue, read_folder_secret
from tests.support.service import build_environment, listen, read_url, serve_service
from tests.support.tls import Certificates, make_certificates
from tests.support.tunnel import Tunnel
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator
from tracker.emulator.providers.jimeng.signature import DEFAULT_SECRET

OFFICIAL = "api-singapore.klingai.com"
"""The address that is built into one of the clients."""
UPLOADED = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300
"""The file that programs upload."""
OWN_HOSTS = {"fal": "fal.example", "flux": "flux.example", "jimeng": "jimeng.example"}
"""Of fronts whose clients take a host and no path."""


@dataclass(frozen=True)
class Installed:
    """Where a client finds the service.

    url:  https, below a path of its host.
    key:  one of the service's API keys.
    pair: one of its access keys, with the secret key.
    """

    url: str
    certificates: Certificates
    tunnel: Tunnel
    home: Path
    key: str
    pair: tuple[str, str]

    def run(
        self, command: Sequence[str], env: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a client to its end. It reaches the service and nothing else."""
        everywhere = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "NO_PROXY": "127.0.0.1",
            "HTTPS_PROXY": self.tunnel.url,
            "HTTP_PROXY": self.tunnel.url,
            "SSL_CERT_FILE": str(self.certificates.authority),
            "REQUESTS_CA_BUNDLE": str(self.certificates.authority),
            "DO_NOT_TRACK": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(
            [str(CLIENTS / "bin" / "python"), *command],
            env=everywhere | dict(env),
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
            cwd=self.home,
        )

    def run_json(self, command: Sequence[str], env: Mapping[str, str]) -> Any:
        """Run a command that must work, and return the JSON it prints."""
        done = self.run(command, env)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


@dataclass(frozen=True)
class Served:
    """Address and key of providers' APIs.

    url:      http; the providers' prefixes follow.
    provider: the address of the emulator, itself or behind.
    pair:     an access key and its secret key, joined by a point; empty where there is none.
    """

    url: str
    key: str
    provider: str
    pair: str = ""

    def created(self, prompt: str) -> int:
        """Return how many tasks with this prompt were made at the emulator."""
        return self.created_each([prompt])[0]

    def created_each(self, prompts: Sequence[str]) -> list[int]:
        """Return the same for each of several prompts."""
        bodies = [json.dumps(request) for request in self._requests()]
        return [sum(json.dumps(one) in body for body in bodies) for one in prompts]

    def requests(self, prompt: str) -> list[Any]:
        """Return what those tasks were made from."""
        return [one for one in self._requests() if json.dumps(prompt) in json.dumps(one)]

    def _requests(self) -> list[Any]:
        made = httpx.get(
            f"{self.provider}/emulator/tasks?limit=50000", trust_env=False, timeout=60
        ).json()
        return [task["request"] for task in made]

    def fetch(self, url: str) -> bytes:
        """Return the bytes of a result."""
        answer = httpx.get(url, trust_env=False, timeout=60)
        return answer.raise_for_status().content


@pytest.fixture(scope="session", autouse=True)
def are_installed() -> None:
    assert (CLIENTS / ".ready").exists(), "run `make .clients/.ready` (`make test` does)"


@pytest.fixture
def installed(sqlite_url: str, tmp_path: Path) -> Iterator[Installed]:
    certificates = make_certificates(tmp_path, "127.0.0.1", OFFICIAL)
    pair = issue(sqlite_url, kling=True, secret=read_folder_secret(tmp_path))
    listener = listen()
    port = listener.getsockname()[1]
    with (
        Emulator(EmulatorConfig(step_seconds=0.05, callback_backoff_seconds=0.05)) as emulator,
        Tunnel({f"{OFFICIAL}:443": port}) as tunnel,
    ):
        env = build_environment(
            sqlite_url,
            tmp_path,
            provider_url=emulator.url,
            public_url=None,
            TRACKER_TLS_CERT=str(certificates.cert),
            TRACKER_TLS_KEY=str(certificates.key),
            TRACKER_ROOT_PATH="/below",
        )
        with serve_service(env, listener=listener, workers=True) as url:
            yield Installed(
                f"{url}/below",
                certificates,
                tunnel,
                tmp_path,
                key=issue(sqlite_url).secret,
                pair=(pair.access_key or "", pair.secret),
            )


@pytest.fixture(scope="module")
def emulated() -> Iterator[Served]:
    with Emulator(EmulatorConfig(step_seconds=0.05)) as emulator:
        yield Served(emulator.url, DEFAULT_KEY, emulator.url)


@pytest.fixture(scope="module")
def more_settings() -> Mapping[str, str]:
    """Further settings of the service; a module that needs some has a fixture of this name."""
    return {}


@pytest.fixture(scope="module")
def fronted(
    emulated: Served,
    sqlite_template: SqliteTemplate,
    tmp_path_factory: pytest.TempPathFactory,
    more_settings: Mapping[str, str],
) -> Iterator[Served]:
    """The service, with the emulator behind it."""
    folder = tmp_path_factory.mktemp("fronted")
    database_url = sqlite_template.copy(folder)
    listener = listen()
    env = build_environment(
        database_url,
        folder,
        provider_url=emulated.url,
        public_url=read_url(listener),
        TRACKER_LUMA_BASE_URL=f"{emulated.url}/luma/dream-machine/v1",
        TRACKER_LUMA_API_KEY=emulated.key,
        TRACKER_REPLICATE_BASE_URL=f"{emulated.url}/replicate/v1",
        TRACKER_REPLICATE_API_KEY=emulated.key,
        TRACKER_FLUX_BASE_URL=f"{emulated.url}/bfl/v1",
        TRACKER_FLUX_API_KEY=emulated.key,
        TRACKER_ARK_BASE_URL=f"{emulated.url}/ark/api/v3",
        TRACKER_ARK_API_KEY=emulated.key,
        TRACKER_WAN_BASE_URL=f"{emulated.url}/wan/api/v1",
        TRACKER_WAN_API_KEY=emulated.key,
        TRACKER_WAN_POLL_SPACING_S="0.05",
        TRACKER_FAL_BASE_URL=f"{emulated.url}/fal",
        TRACKER_FAL_API_KEY=emulated.key,
        TRACKER_JIMENG_BASE_URL=f"{emulated.url}/jimeng",
        TRACKER_JIMENG_ACCESS_KEY=emulated.key,
        TRACKER_JIMENG_SECRET_KEY=DEFAULT_SECRET,
        TRACKER_JIMENG_POLL_SPACING_S="0.05",
        TRACKER_FRONT_HOSTS=",".join(f"{name}={host}" for name, host in OWN_HOSTS.items()),
        TRACKER_COGVIDEOX_BASE_URL=f"{emulated.url}/cogvideox/api/paas/v4",
        TRACKER_COGVIDEOX_API_KEY=emulated.key,
        TRACKER_RUNWAY_BASE_URL=f"{emulated.url}/runway/official",
        TRACKER_RUNWAY_API_KEY=emulated.key,
        TRACKER_RUNWAY_PROFILE="official",
        TRACKER_RUNWAY_POLL_SPACING_S="0.05",
        TRACKER_OPENAI_BASE_URL=f"{emulated.url}/openai/v1",
        TRACKER_OPENAI_API_KEY=emulated.key,
        TRACKER_OPENAI_POLL_SPACING_S="0.05",
        TRACKER_CHAT_BASE_URL=f"{emulated.url}/chat/v1",
        TRACKER_CHAT_API_KEY=emulated.key,
        TRACKER_SUNO_BASE_URL=f"{emulated.url}/sunoapi/api/v1",
        TRACKER_SUNO_API_KEY=emulated.key,
        TRACKER_SUNO_PROFILE="sunoapi",
        TRACKER_WEBHOOK_SECRETS="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )
    with serve_service({**env, **more_settings}, listener=listener, workers=True) as url:
        pair = issue(database_url, kling=True, secret=read_folder_secret(folder))
        joined = f"{pair.access_key}.{pair.secret}"
        yield Served(url, issue(database_url).secret, emulated.url, joined)


@pytest.fixture(scope="module", params=["emulated", "fronted"])
def served(request: pytest.FixtureRequest) -> Served:
    """A provider's emulator, and the service's front with the emulator behind it."""
    found: Served = request.getfixturevalue(request.param)
    return found
