"""The files of the page, what browsers may do with them, and who may send requests in the name of a user."""

from __future__ import annotations

import logging
from importlib.resources import files
from urllib.parse import urlsplit

from aiohttp import http_exceptions, web

TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
HEADERS = {
    # Only our own files run; pictures come as blobs over the socket.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Permissions-Policy": "xr-spatial-tracking=(self)",
}


def page_file(name: str) -> web.Response:
    """One file of the page.

    Raises:
        web.HTTPNotFound: There is no such file.
    """
    kind = TYPES.get(name.rpartition(".")[2])
    page = files("mvp_real.teleop.gateway") / "page"
    if kind is None or name not in {item.name for item in page.iterdir()}:
        raise web.HTTPNotFound
    return web.Response(text=(page / name).read_text(encoding="utf-8"), content_type=kind)


def refuse_other_pages(request: web.Request) -> None:
    """Refuse what another web page sends in the name of the user.

    Raises:
        web.HTTPForbidden: The origin is there and is not this page.
    """
    origin = request.headers.get("Origin")
    try:
        ours = origin is None or urlsplit(origin).netloc == request.host
    except ValueError:  # no address at all
        ours = False
    if not ours:
        raise web.HTTPForbidden(text="wrong origin")


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add `HEADERS` to everything that is no WebSocket."""
    if not isinstance(response, web.WebSocketResponse):
        response.headers.update(HEADERS)


def _not_the_strangers(record: logging.LogRecord) -> bool:
    """Whether a record is about us: requests that are no HTTP are answered, and not worth a traceback each."""
    return not (record.exc_info and isinstance(record.exc_info[1], http_exceptions.HttpProcessingError))


QUIET = logging.getLogger("mvp_real.gateway")
QUIET.addFilter(_not_the_strangers)
