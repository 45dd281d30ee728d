"""Pages of HTML alone: the login, why someone is kept out, and that there is nothing to show at the moment."""

from __future__ import annotations

import html
from urllib.parse import quote

from shophouse.errors import ShophouseError

__all__ = ["farewell", "form", "message", "unavailable"]


def form(shop: str, wanted: str, *, problem: str = "", provider: str | None = None, has_passwords: bool = True) -> str:
    """The login that leads to `wanted`, an address of this server; by a provider, by password, or by either."""
    next_ = html.escape(quote(wanted), quote=True)
    parts = [f'<p role="alert">{html.escape(problem)}</p>'] if problem else []
    if provider is not None:
        parts.append(_PROVIDER.format(wanted=next_, provider=html.escape(provider)))
    if provider is not None and has_passwords:
        parts.append('<div class="or">or</div>')
    if has_passwords:
        parts.append(_PASSWORD.format(wanted=next_))
    return _page(shop, "Log in", "\n".join(parts))


def message(shop: str, title: str, problem: str, *, hints: tuple[str, ...] = (), link: tuple[str, str]) -> str:
    """Why someone is kept out, and a link to where they can go on: its address and its words."""
    told = "".join(f'<p class="note">{html.escape(hint)}</p>' for hint in hints)
    words = f'<p role="alert">{html.escape(problem)}</p>{told}'
    return _page(shop, title, words + _LINK.format(address=html.escape(link[0]), words=html.escape(link[1])))


def farewell(shop: str, provider: str, address: str) -> str:
    """After a logout: leads on to the provider, which logs out there, too."""
    # a form that posts may not be sent on to another host, a page may
    on = f'<meta http-equiv="refresh" content="0; url={html.escape(address)}">'
    words = f'<p class="note">You are logged out here. {html.escape(provider)} is told.</p>'
    link = _LINK.format(address=html.escape(address), words="Go on")
    return _page(shop, "Logged out", words + link, head=on)


def unavailable(shop: str, error: ShophouseError) -> str:
    """What is missing to show a page, which is asked for again by itself."""
    told = "".join(f'<p class="note">{html.escape(line)}</p>' for line in (*error.why, *error.hint))
    again = f'<p class="note">This page looks again every {_AGAIN} seconds.</p>'
    head = f'<meta http-equiv="refresh" content="{_AGAIN}">'
    return _page(shop, "Not there", f'<p role="alert">{html.escape(error.what)}</p>{told}{again}', head=head)


def _page(shop: str, title: str, body: str, head: str = "") -> str:
    return _PAGE.format(shop=html.escape(shop), title=html.escape(title), body=body, head=head)


_AGAIN = 5
_LINK = '<a class="button" href="{address}">{words}</a>'
_PROVIDER = '<a class="button" href="/login/oidc?next={wanted}">Log in with {provider}</a>'
_PASSWORD = """<form method="post" action="/login?next={wanted}">
<label>Name<input name="name" autocomplete="username" required autofocus></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button>Log in</button></form>"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">{head}
<title>{title} – {shop}</title><style>
:root {{ color-scheme: light dark; --ink: #20262d; --paper: #f5f6f8; --card: #fff; --line: #88929d; --bad: #a82a45; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e6e8eb; --paper: #14181d; --card: #1d232a; --line: #6d7884; --bad: #f08aa0; }} }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper); color: var(--ink);
  font-family: Inter, "Segoe UI", system-ui, sans-serif; }}
main {{ background: var(--card); border-radius: 10px; padding: 24px; width: min(86vw, 320px); }}
h1 {{ font-size: 1.3rem; margin: 0 0 16px; }} p {{ color: var(--bad); overflow-wrap: anywhere; }}
p.note {{ color: inherit; }} .or {{ text-align: center; margin: 12px 0; }}
label {{ display: block; margin-bottom: 12px; }}
input {{ display: block; box-sizing: border-box; width: 100%; margin-top: 4px; padding: 9px; font: inherit;
  border: 1px solid var(--line); border-radius: 6px; background: var(--card); color: var(--ink); }}
button, .button {{ display: block; box-sizing: border-box; width: 100%; padding: 10px; border: 0; border-radius: 6px;
  background: #2563a8; color: #fff; font: inherit; text-align: center; text-decoration: none; }}
</style></head><body><main><h1>{shop}</h1>{body}
</main></body></html>
"""
