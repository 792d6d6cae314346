"""Airflow's LocalExecutor, whose workers have imported what our tasks need before a task begins.

Each task is a fork of a worker, and would otherwise import it anew, which takes most of its time. Nothing else differs.
"""

from importlib import import_module

from airflow.executors import local_executor

NEEDED = (
    *("aiohttp", "psycopg", "airflow.dag_processing.dagbag", "airflow.sdk.execution_time.task_runner"),
    *(
        f"airflow.providers.{each}"
        for each in ("http.hooks.http", "postgres.hooks.postgres", "slack.hooks.slack_webhook")
    ),
    *(f"airflow.providers.{each}" for each in ("smtp.hooks.smtp", "standard.triggers.temporal")),
    *(f"order_sync.{each}" for each in ("operators", "hooks", "ledger", "channels.sql", "erps.tryton", "notifiers")),
)


class LocalExecutor(local_executor.LocalExecutor):
    """Imports first, and then makes its workers."""

    def start(self) -> None:
        """Start the workers."""
        for name in NEEDED:
            import_module(name)
        super().start()
