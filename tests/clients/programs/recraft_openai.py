"""Use Recraft through `openai` from PyPI, as Recraft's pages show it; print what came as JSON.

Arguments: base URL, key, a prompt.
"""

import json
import sys

from openai import APIStatusError, OpenAI

STYLE = {"controls": {"no_text": True}, "style": "digital_illustration"}


def main() -> None:
    """Make pictures, and be refused."""
    url, key, prompt = sys.argv[1:]
    client = OpenAI(api_key=key, base_url=url)
    made = client.images.generate(
        model="recraftv4_1", prompt=prompt, size="1024x1024", n=2, extra_body=STYLE
    )
    try:
        client.images.generate(model="recraftv4_1", prompt=f"{prompt} [scenario:no_units]")
        refused = None
    except APIStatusError as problem:
        refused = [problem.status_code, problem.code]
    json.dump({"made": made.to_dict(), "refused": refused}, sys.stdout)


main()
