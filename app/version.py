"""Which release this is."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("d3prefiner")
except PackageNotFoundError:  # a checkout that is not installed
    __version__ = "unknown"
