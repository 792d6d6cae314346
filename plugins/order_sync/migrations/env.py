"""What Alembic runs for every migration: on the connection it is given, in the ledger's own schema."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table_schema="order_sync")
context.run_migrations()
