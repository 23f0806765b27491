"""Words and fields of Stability's answers that the adapter reads and the front shows."""

SUCCESS, FILTERED = "SUCCESS", "CONTENT_FILTERED"
"""Finish reasons; with the second one HTTP 200 brings a blurred picture."""
MODERATED = "content_moderation"
"""Name of the error for a request, or a result, that was blocked."""
FIELDS = ("image", "result", "video", "audio", "artifact")
"""Fields of JSON that may hold the file."""
