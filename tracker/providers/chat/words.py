"""The paths that adapter and front share, below the base URL of OpenAI's clients."""

COMPLETIONS = "chat/completions"
MODELS = "models"
