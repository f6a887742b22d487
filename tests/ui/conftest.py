"""The app on an empty store, opened at an address."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.stores import APP


@pytest.fixture
def open_page(empty_store: None) -> Callable[..., AppTest]:
    """Opens a page of the app with an address; fails where it shows an error."""

    def opened(path: str, **address: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60).switch_page(path)
        app.query_params.update(address)
        app.run()
        assert not app.exception
        assert not app.error, [each.value for each in app.error]
        return app

    return opened
