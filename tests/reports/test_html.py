"""The HTML file: whole in itself, and words of users are never markup."""

import re
from collections.abc import Callable

import reports
from reports import ForecastFacts, ModelFacts, Setting
from tests.reports.conftest import HOSTILE
from tests.reports.plans import make_scenarios

Facts = Callable[..., ForecastFacts]


def body(made: bytes) -> str:
    return made.decode().split("<body>")[1]


def test_when_a_page_is_made_then_it_loads_nothing(forecast_facts: Facts) -> None:
    made = reports.html(reports.forecast_review(forecast_facts())).decode()
    assert "default-src 'none'" in made
    assert not re.findall(
        r'<(?:script|img|iframe)[^>]+src="(?!data:image/)|<link ', body(made.encode())
    )
    assert made.count("Plotly.newPlot") == 1  # the fan; bars are plain HTML
    assert made.count('<div class="bars"') == 2


def test_when_names_are_hostile_then_they_are_text_everywhere(forecast_facts: Facts) -> None:
    facts = forecast_facts(name=HOSTILE[1], names=HOSTILE)
    text = body(reports.html(reports.forecast_review(facts)))
    assert "<script>alert" not in text
    assert "</script><img" not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert text.count("<script") == text.count("</script>")


def test_when_it_is_chinese_then_the_page_says_so(model_facts: Callable[..., ModelFacts]) -> None:
    made = reports.html(reports.model_card(model_facts("zh"))).decode()
    assert '<html lang="zh-CN">' in made
    assert '<h2 id="s0">概要</h2>' in made


def test_when_a_line_has_dollars_then_plotly_reads_no_mathematics(
    setting: Callable[..., Setting],
) -> None:
    facts = make_scenarios(setting(), names=("$x$ & <b>", "Tea"))
    made = reports.html(reports.scenario_comparison(facts))
    drawn = body(made).split("Plotly.newPlot")[1].split("</script>")[0]
    assert "$x$" not in drawn
    assert "\\u0026#36;x" in drawn or "&#36;x" in drawn


def test_when_bars_are_drawn_then_each_has_its_name_its_length_and_its_signed_value(
    forecast_facts: Facts,
) -> None:
    made = body(reports.html(reports.forecast_review(forecast_facts())))
    drawn = made.split('<div class="bars"')[1].split("</div>")[0]
    assert drawn.count("<span>") == 2 * drawn.count("<b style=")
    assert "width:nan" not in drawn
    values = re.findall(r"<span>([^<]*)</span>", drawn)[1::2]
    assert all(value.startswith(("+\u2060€", "−\u2060€")) for value in values)


def test_when_a_screen_is_narrow_then_ticks_stay_level_and_names_are_not_crushed(
    forecast_facts: Facts,
) -> None:
    made = reports.html(reports.forecast_review(forecast_facts("zh"))).decode()
    assert '"tickangle":0' in made
    assert re.search(r"td:first-child \{ min-width: \d+em", made)
