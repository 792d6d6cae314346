"""The channels of the page that is shipped, feeding an ERP that reads files: what `make run ERP=drop` runs on."""

from dataclasses import replace
from pathlib import Path
from runpy import run_path

from order_sync.specs import ErpSpec

SHIPPED = run_path(str(Path(__file__).parents[2] / "include" / "registry.py"))

ERPS = (ErpSpec("drop", "order_sync.erps.drop:Drop"),)
CHANNELS = tuple(replace(channel, erp="drop") for channel in SHIPPED["CHANNELS"])
