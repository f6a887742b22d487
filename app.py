"""The entry point: one router for all pages, the sidebar, and a guard around both."""

import os

# Before anything imports torch: threads that spin while they wait slow a busy machine 35 times.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

from pathlib import Path

import streamlit as st

from ui import address, layout, navigation, sidebar

ASSETS = Path(__file__).parent / "assets"

st.set_page_config(page_icon=ASSETS / "favicon.png", layout="wide")
st.logo(ASSETS / ("logo-white.svg" if st.context.theme.type == "dark" else "logo-ink.svg"))

page = navigation.current()
st.set_page_config(page_title=f"{page.title} · Almanac")
with layout.errors_in_words():
    address.arrive(page.url_path)
    sidebar.show()
    page.run()
