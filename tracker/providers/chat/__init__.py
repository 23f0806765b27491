"""Media models behind OpenAI's chat completions: the stream is the task."""
