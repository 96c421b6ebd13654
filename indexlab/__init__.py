"""indexlab tests the promise that a single broken source does not move anybody's margin state.

Importing this package loads none of the heavy libraries; the floors are imported by name (`indexlab.market`, `indexlab.index`, ...).
"""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("indexlab")
except PackageNotFoundError:  # a checkout on PYTHONPATH that nobody installed
    __version__ = "0+unknown"
