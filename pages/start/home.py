"""Home: how the shop did last week, what needs somebody today, and what is loaded."""

from datetime import date

import streamlit as st

from ui import home, layout, navigation, sidebar, worklist

if not sidebar.has_data():
    home.welcome()
    st.stop()

today = date.today()
head = layout.page(f"{today:%A} {today.day} {today:%B}")
dataset = sidebar.chosen()
whole = sidebar.whole(dataset)

with head.actions:
    if not home.demo_is_loaded():
        home.offer_demo()
    if worklist.is_possible(dataset):
        worklist.limits_popover(dataset)
    if st.button("Add sales", icon=":material/note_add:"):
        st.switch_page(navigation.UPLOAD)

home.caption(dataset)
slots = home.cards(dataset, whole)
work = st.container()
home.loaded(dataset)
home.forecast_card(slots, dataset, whole)
with work:
    if worklist.is_possible(dataset):
        view = worklist.read(dataset, whole)
        if slots is not None:
            worklist.card(slots.stake, view)
        worklist.show(view)
    else:
        home.movers(dataset, whole)
