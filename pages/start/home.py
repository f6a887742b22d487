"""Home: how the shop did last week, what moves, and what is loaded."""

from datetime import date

import streamlit as st

from ui import format as fmt
from ui import home, layout, navigation, sidebar

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
    if st.button("Add sales", icon=":material/note_add:"):
        st.switch_page(navigation.UPLOAD)
    if st.button("Forecast", type="primary", icon=":material/show_chart:"):
        st.switch_page(navigation.FORECAST)

st.caption(
    f"{fmt.escape(dataset.name)} · sales through {fmt.day(dataset.last_day)} · "
    f"{fmt.count(dataset.products, 'product')} in {fmt.count(dataset.places, 'place')}"
)
forecast_slot = home.cards(dataset, whole)
home.movers(dataset, whole)
home.loaded(dataset)
home.forecast_card(forecast_slot, dataset, whole)
