"""Settings of the server that make no sense."""

from __future__ import annotations

import pytest

from app.web.server import Settings, _listen
from estimators.errors import ConfigError


def test_a_user_without_a_password_is_refused() -> None:
    assert Settings().auth is None and Settings().host == "127.0.0.1"
    with pytest.raises(ConfigError, match="belong together"):
        Settings(user="somebody")


def test_a_port_in_use_is_a_sentence() -> None:
    with _listen(Settings(port=0)) as listener:
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(ConfigError, match="another port"), _listen(Settings(port=port)):
            pass
