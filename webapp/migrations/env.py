"""Alembic's entrance: migrates over the connection it is handed. Knows no setting."""

from typing import Any, Literal

from alembic import context

from engine.db import JSONBytes, UTCDateTime, load_models


def plain(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Migrations name the database's own types, so that they outlive our classes."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSONBytes):
        return "sa.LargeBinary()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=load_models(),
    render_as_batch=True,  # SQLite changes a table by copying it
    render_item=plain,
    compare_type=True,
    transaction_per_migration=True,  # what ran stays; online steps end the transaction themselves
)
with context.begin_transaction():
    context.run_migrations()
