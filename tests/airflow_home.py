"""An Airflow of the tests' own, in a temporary folder. Import it before Airflow, which reads its settings at import."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
DAGS = CHECKOUT / "dags"
PLUGINS = CHECKOUT / "plugins"
HOME = Path(tempfile.mkdtemp(prefix="order-sync-airflow-"))

for name in [name for name in os.environ if name.startswith(("AIRFLOW", "ORDER_SYNC_"))]:
    del os.environ[name]
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(PLUGINS),
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
}
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
