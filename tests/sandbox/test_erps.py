"""The ERPs of a sandbox other than Tryton, and the main job into one of them, from the first to the last."""

import os
import re
import subprocess
import sys

import pytest

from order_sync import registry
from order_sync.registry import read_page
from sandbox import CHECKOUT
from sandbox.erps import ERPS, FilesErp


def test_the_page_of_an_erp_lists_the_channels_of_the_one_that_is_shipped_and_feeds_that_erp() -> None:
    page = read_page(FilesErp.registry)
    assert [spec.name for spec in page.channels] == [spec.name for spec in registry.CHANNELS]
    assert {spec.erp for spec in page.channels} == {spec.name for spec in page.erps}
    assert {spec.name for spec in page.erps} <= set(ERPS)


@pytest.mark.full
def test_make_run_brings_the_sample_orders_into_files_and_ends_well_when_the_folder_has_each_once() -> None:
    command = [sys.executable, "-m", "sandbox.run", "--once", "--erp", "drop"]
    env = {**os.environ, "PYTHONPATH": "plugins"}
    done = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "Tryton" not in done.stdout
    assert re.search(r"the ERP's own count: \d{3}, the same orders as the ledger, each once", done.stdout)
