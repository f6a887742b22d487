"""The entry point: one router for all pages, the sidebar, and a guard around both."""

import os

# Before anything imports numpy or torch: threads that spin while they wait, and more of them than
# small models need, slow a busy machine by a factor of 10 to 35.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

ASSETS = Path(__file__).parent / "assets"


def show() -> None:
    """One run of the script: the page that the address asks for, inside the common frame."""
    # Not at the top: caches that are made before the server runs warn, one line each.
    from ui import address, arrival, layout, navigation, sidebar

    st.set_page_config(page_icon=ASSETS / "favicon.png", layout="wide")
    st.logo(ASSETS / ("logo-white.svg" if st.context.theme.type == "dark" else "logo-ink.svg"))
    page = navigation.current()
    st.set_page_config(page_title=f"{page.title} · Almanac")
    with layout.errors_in_words():
        arrival.take_over(page.url_path)
        address.arrive(page.url_path)
        sidebar.show()
        page.run()


def _check_fonts() -> None:
    """Say in the log what reports cannot be set in; beside the start, which need not wait."""
    from reports import fonts

    fonts.warn_at_start()


def _url() -> str:
    """Where this server answers; Streamlit has settled on a port by then."""
    from api import server_file

    return server_file.url_of(
        address=st.get_option("server.address") or "",
        port=int(st.get_option("server.port")),
        is_encrypted=bool(st.get_option("server.sslCertFile")),
    )


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Schedules begin and jobs end with the server, whether anybody looks at a page or not."""
    from api import keys, server_file
    from ui import engine, pauses, scheduling, settings

    pauses.take_short_turns()
    keeping_short = asyncio.create_task(pauses.keep_short())
    scheduling.scheduler().start()
    asyncio.get_running_loop().run_in_executor(None, _check_fonts)
    threading.Thread(target=pauses.load_ahead, name="load ahead", daemon=True).start()
    var = settings.from_environment().var
    keys.trust(server_file.announce(var, _url()))
    yield
    keeping_short.cancel()
    server_file.withdraw(var)
    scheduling.close()
    engine.close()


if __name__ == "__main__":  # Streamlit runs the file as a script, once per interaction
    show()
else:  # the server imports it once, before the first browser connects
    # Otherwise the folder `pages` makes Streamlit look for scripts in it until `st.navigation`
    # has run once, and the first deep link after a start shows "Page not found" over the page.
    PagesManager.uses_pages_directory = False
    from api import mounting

    rest = mounting.mounted("/api", mounting.service)
    app = st.App(__file__, lifespan=lifespan, routes=[rest])
