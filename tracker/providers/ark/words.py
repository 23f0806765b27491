"""Words and fields of Ark's task object that the adapter reads and the front shows."""

EXPIRED = "expired"
"""Status of a task that was not made in time, and our code of that failure: Ark gives none."""
USAGE = "completion_tokens"
"""Field of `usage` that is charged for."""
TOKENS = "tokens"
"""Unit of costs."""
DETAILS = (
    *("seed", "resolution", "ratio", "duration", "frames", "framespersecond", "service_tier"),
    *("execution_expires_after", "generate_audio", "draft", "draft_task_id", "output_format"),
    *("priority", "safety_identifier", "revised_prompt", "tools"),
)
"""Fields of a task that has ended, besides its result, its usage and its error."""
