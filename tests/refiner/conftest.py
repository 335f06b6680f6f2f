import pytest

from tests.support.synthetic import write_mocap


@pytest.fixture(scope="session")
def mocap(tmp_path_factory):
    return write_mocap(tmp_path_factory.mktemp("mocap") / "mocap.npz")
