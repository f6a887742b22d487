"""The Download menu and the time window of charts, without a page."""

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from ui import chart_downloads, chart_zoom
from ui.chart_zoom import Window


def page() -> None:
    import pandas as pd
    import plotly.graph_objects as go
    import streamlit as st

    from ui import chart_downloads

    files = chart_downloads.begin(st.container())
    for name in ("One", "Two *bold*")[: 2 if st.checkbox("both", value=True) else 1]:
        chart_downloads.draw(
            go.Figure(go.Bar(y=[1])),
            title=name,
            key=chart_downloads.keyed(name),
            alt=name,
            data=lambda: pd.DataFrame({"y": [1]}),
        )
    with chart_downloads.menu(files):
        st.write("own")


def labels(app: AppTest) -> list[str]:
    return [button.proto.label for button in app.get("download_button")]


def test_when_charts_are_drawn_then_the_menu_has_the_numbers_of_each_and_of_no_other() -> None:
    app = AppTest.from_function(page).run()
    assert not app.exception
    assert labels(app) == ["One (CSV)", "Two \\*bold\\* (CSV)"]
    app.checkbox[0].uncheck().run()
    assert labels(app) == ["One (CSV)"]


def test_when_a_format_is_chosen_then_the_camera_saves_in_it() -> None:
    app = AppTest.from_function(page).run()
    (one, two) = (chart.proto.config for chart in app.get("plotly_chart"))
    assert '"format": "png"' in one
    assert '"filename": "two-bold"' in two
    app.get_by_key("picture_format").set_value("SVG")
    app.run()
    assert '"format": "svg"' in app.get("plotly_chart")[0].proto.config


def test_when_a_page_keeps_no_list_then_a_chart_is_drawn_all_the_same() -> None:
    def alone() -> None:
        import pandas as pd
        import plotly.graph_objects as go

        from ui import chart_downloads

        chart_downloads.draw(
            go.Figure(), title="Alone", key="alone", alt="Nothing", data=pd.DataFrame
        )

    app = AppTest.from_function(alone).run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == 1


def test_when_names_would_be_formulas_then_the_file_has_them_as_text() -> None:
    frame = pd.DataFrame({"name": ["=1+1", None, "Mug"], "share": [1 / 3, float("nan"), 1.0]})
    lines = chart_downloads.csv(frame).splitlines()
    assert lines == ["name,share", "'=1+1,0.3333", ",", "Mug,1.0"]
    assert frame["name"][0] == "=1+1"  # the frame is shared with other sessions


@pytest.mark.parametrize(
    ("ends", "found"),
    [
        (["2026-01-05", "2026-02-01 11:30"], Window(pd.Timestamp("2026-01-05"),
                                                     pd.Timestamp("2026-02-01 11:30"))),
        (["2026-01-05", "2026-01-05"], None),
        ([], None),
    ],
)  # fmt: skip
def test_when_a_box_has_no_width_then_it_is_no_window(
    ends: list[str], found: Window | None
) -> None:
    assert chart_zoom.between({"x": ends, "y": [0, 1]}) == found


def test_when_the_window_lies_outside_of_the_data_then_all_is_shown() -> None:
    def zoomed() -> None:
        import pandas as pd
        import streamlit as st

        from ui import chart_zoom

        st.session_state["window_x"] = chart_zoom.Window(
            pd.Timestamp("2020-01-01"), pd.Timestamp("2020-02-01")
        )
        for start in ("2020-01-10", "2021-01-10"):
            shown = chart_zoom.window("x", pd.date_range(start, periods=9))
            st.write(str(shown is None))
        st.write(str(chart_zoom.window("x", pd.DatetimeIndex([])) is None))

    app = AppTest.from_function(zoomed).run()
    assert [each.value for each in app.markdown] == ["False", "True", "True"]
