"""The place of the REST interface on a server: light, since the app is imported with it."""

import asyncio
import re
from importlib import import_module

from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send


def mounted(path: str, app: ASGIApp) -> Mount:
    """An app at a path, for every address below it, those with line breaks too.

    Starlette's own pattern ends at one, and the server behind would answer in its own way.
    """
    found = Mount(path, app=app)
    found.path_regex = re.compile(found.path_regex.pattern, re.DOTALL)
    return found


async def service(scope: Scope, receive: Receive, send: Send) -> None:
    """The REST interface; loaded when it is first asked, so that screens need not wait for it."""
    serving = await asyncio.to_thread(import_module, "api.serving")
    await serving.application()(scope, receive, send)
