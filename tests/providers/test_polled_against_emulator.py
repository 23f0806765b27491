"""Providers that polls are enough for, against their emulators: each kind of upstream, each lie."""

from collections.abc import Mapping

from tests.providers.emulator_contract import EmulatorContract
from tests.providers.kinds import KINDS, POLLED

VIDEO_LIES = (
    *("empty_status", "unknown_status", "empty_status,slow=2", "sweep_timeout"),
    *("channel_removed", "no_reason", "false_failure", "stuck_progress", "two_upstreams"),
    *("string_numbers", "foreign_words", "content_redirect", "unknown_404"),
)
LIES: Mapping[str, tuple[str, ...]] = {
    "openai videos": (*VIDEO_LIES, "wrapped", "done_without_url=9", "multipart_only"),
    "openai rows": (*VIDEO_LIES, "done_without_url=2", "url_in_fail_reason"),
    "openai unified": ("foreign_words", "done_without_url=2", "no_reason", "unknown_404"),
    "openai tasks": (*VIDEO_LIES, "wrapped", "done_without_url=2"),
    "runway": (
        *("throttled", "throttled,slow=2", "no_cost", "progress_text", "progress_resets"),
        *("cost_falls=1", "empty_output=2"),
    ),
    "runway at kie": ("empty_output=2", "expire_flag", "no_callback"),
    "aleph at kie": ("empty_output=2", "no_callback"),
    "runway with numbers": ("empty_output=2",),
    "luma agents": ("no_output=3",),
    "runway at a gateway": ("throttled", "progress_text", "progress_resets", "empty_output=2"),
    "cogvideox": ("no_id", "empty_result=1", "empty_result=2", "result_object", "lower_case"),
    "cogvideox at a gateway": ("no_id", "empty_result=2", "result_object", "lower_case"),
    "domo": ("url_late=2", "null_created_at", "new_category", "no_callback", "final_only"),
    "ark": (
        *("no_content=2", "error_null", "duration_float", "no_id", "gateway_words"),
        *("late_running", "queued_long=3", "seed_hidden", "no_callback"),
    ),
    "fal": (
        *("result_early=2", "result_broken=2", "gateway_id", "origin_down=2", "nsfw"),
        *("foreign_addresses", "no_callback", "final_only", "large_result=1"),
    ),
    "hailuo": ("file_id_number", "no_file_id=2", "file_refused=2", "callback_early", "no_callback"),
    "wan": ("unknown_first=1", "no_url=2", "suspended", "lower_case"),
    "veo": ("nothing=1", "no_callback", "keys_rotated"),
    "interactions": ("nothing=1", "no_callback"),
    "stability": ("large=1",),
    "vidu": ("empty_creations=2", "code_in_success", "late_processing", "no_callback"),
    "flux": ("state_field", "no_sample=2", "null_cost", "poll_url_too", "bare_signature"),
    "jimeng at a relay": ("no_files=1", "no_files=2", "number_id", "internal_query=2"),
    "flux at a gateway": ("state_field", "no_sample=2", "null_cost"),
    "luma at a gateway": (
        *("double_json", "array_answer", "completed_no_link=2", "failed_but_pending"),
        "double_json,array_answer,completed_no_link=1",
    ),
    "pika at a gateway": (
        *("empty_first=3", "two_videos", "finished_no_url=2", "progress_null"),
        *("two_videos,empty_first=2,finished_no_url=1", "code_msg", "feed_query"),
        "code_msg,feed_query",
    ),
    "pika in comfy": ("finished_no_url=2", "progress_null"),
    "runway of the web": ("throttled", "progress_resets", "empty_output=2"),
}


class TestPolled(EmulatorContract):
    kinds = {name: KINDS[name] for name in POLLED}  # noqa: RUF012 - read only
    lies = LIES
