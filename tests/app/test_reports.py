"""The Reports page: templates, languages, and the way there from the Forecast page."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.test_pages import text_of
from ui import navigation


def opened(app: AppTest, **address: str) -> AppTest:
    for name, value in address.items():
        app.query_params[name] = value
    return app.switch_page(navigation.REPORTS).run()


def test_when_a_product_is_reported_then_its_pages_and_files_are_there(demo_app: AppTest) -> None:
    app = opened(demo_app.run(), product="3")
    assert not app.exception
    assert not app.error
    assert len(app.get("image") or app.get("imgs")) == 1
    labels = [button.proto.label for button in app.get("download_button")]
    assert labels == ["PDF", "Excel", "HTML"]


def test_when_another_template_and_language_are_chosen_then_the_report_changes(
    demo_app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    import reports
    from ui import reports as page

    real = reports.product_sheets

    def watched(*args: object) -> reports.Review:
        made.append(real(*args))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(page.reports, "product_sheets", watched)
    app = opened(demo_app.run(), report="Product sheet")
    assert not app.exception
    assert made[-1].sections[0].title == "Products"
    assert len(made[-1].sections) == 6


def test_when_no_model_was_trained_then_the_card_leads_to_train(demo_app: AppTest) -> None:
    app = opened(demo_app.run(), report="Model card")
    assert not app.exception
    assert "No trained model of this dataset yet" in text_of(app)
