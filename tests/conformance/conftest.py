"""The checks live in modules of their own: their assertions shall say what differs too."""

import pytest

pytest.register_assert_rewrite(
    "tests.conformance.asking",
    "tests.conformance.margin_asking",
    *(f"tests.conformance.{name}_cases" for name in ("page", "pyth", "connect", "other", "venue", "margin_account", "margin_money")),
)
