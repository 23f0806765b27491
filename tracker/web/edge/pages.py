"""Small pages for people: plain HTML that needs no script, no other server, and no key."""

import re
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse

from tracker.locale import Language, choose_by_header

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "vary": "Accept, Accept-Language",
}
_STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}"
    "code,pre{font:14px ui-monospace,monospace;background:#f2f2f2;padding:.1em .3em}"
    "h2{margin-top:2.5rem}dt{font-weight:600}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8bf}"
    "code,pre{background:#222}}"
)
_CODE = re.compile("`([^`]+)`")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")


def choose_language(request: Request) -> Language:
    """Return the language that the reader's browser asks for."""
    return choose_by_header(request.headers.get("accept-language", ""))


def render_inline(text: str) -> str:
    """Return a sentence as HTML: escaped, with `code` marked and links of the manual left out."""
    return _CODE.sub(r"<code>\1</code>", escape(_LINK.sub(r"\1", text)))


def build_page(language: Language, title: str, body: str) -> HTMLResponse:
    """Return a page. title: plain text; body: HTML, in which all that varies is escaped."""
    content = (
        f'<!doctype html>\n<html lang="{language}">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n<body>\n{body}\n</body>\n</html>\n"
    )
    return HTMLResponse(content, headers={**_HEADERS, "content-language": language})
