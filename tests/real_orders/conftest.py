"""Real orders are tested where the files are shared. Where nothing is shared, as in a user's clone, they are not
collected, and the summary says so; where things are shared and a file is not, its own test fails."""

import pytest

from tests.real_orders.shared import SHARED

collect_ignore = (
    [] if SHARED.exists() else ["test_real_orders.py", "test_whole_online_retail.py", "test_whole_adventureworks.py"]
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if collect_ignore:
        terminalreporter.write_line(
            f"NOT TESTED: real orders, since there is no {SHARED.name} folder beside the checkout"
        )
