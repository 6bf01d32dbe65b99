"""What a command wrote, as rows; and the bare transaction that writes such rows again.

The bare transaction is the limit a command is measured against: one statement on PostgreSQL
(a chain of CTEs), one short BEGIN IMMEDIATE on SQLite, with nothing read, checked or computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, select

Row = dict[str, Any]


@dataclass(frozen=True)
class Written:
    """``inserted`` and ``updated`` rows by table; an updated row has its changed columns only."""

    inserted: Mapping[str, list[Row]]
    updated: Mapping[str, list[tuple[Any, Row]]]

    @property
    def count(self) -> int:
        """How many rows were written."""
        return sum(len(rows) for part in (self.inserted, self.updated) for rows in part.values())


def snapshot(engine: Engine, metadata: MetaData) -> dict[str, dict[Any, Row]]:
    """Every row with a number, by table and id, as the driver gives it."""
    found: dict[str, dict[Any, Row]] = {}
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            if "id" not in table.c:
                continue
            names = [column.name for column in table.c]
            listed = ", ".join(f'"{name}"' for name in names)
            rows = connection.exec_driver_sql(
                f'SELECT {listed} FROM "{table.name}"'  # noqa: S608
            )
            found[table.name] = {
                row[names.index("id")]: dict(zip(names, row, strict=True)) for row in rows
            }
    return found


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Written:
    """What was written between two snapshots."""
    inserted: dict[str, list[Row]] = {}
    updated: dict[str, list[tuple[Any, Row]]] = {}
    for table, rows in after.items():
        for key, row in rows.items():
            old = before[table].get(key)
            if old is None:
                inserted.setdefault(table, []).append(row)
            elif old != row:
                changed = {name: value for name, value in row.items() if old[name] != value}
                updated.setdefault(table, []).append((key, changed))
    return Written(inserted, updated)


class Bare:
    """Writes rows like those of one command, for another dossier, in one transaction."""

    def __init__(self, written: Written, postgresql: bool) -> None:
        self.written, self.postgresql = written, postgresql
        self.mark = "%s" if postgresql else "?"
        self.statements: list[tuple[str, list[Any]]] = []
        for table, changes in written.updated.items():
            for key, changed in changes:
                names = ", ".join(f'"{name}" = {self.mark}' for name in changed)
                query = f'UPDATE "{table}" SET {names} WHERE id = {self.mark}'  # noqa: S608
                self.statements.append((query, [*changed.values(), ("id", table, key)]))
        for table, rows in written.inserted.items():
            columns = [name for name in rows[0] if name != "id"]
            line = f"({', '.join([self.mark] * len(columns))})"
            listed = ", ".join(f'"{name}"' for name in columns)
            many = ", ".join([line] * len(rows))
            query = f'INSERT INTO "{table}" ({listed}) VALUES {many}'  # noqa: S608
            values = [self._column(name, row[name]) for row in rows for name in columns]
            self.statements.append((query, values))
        parts = [f"s{n} AS ({query} RETURNING 1)" for n, (query, _) in enumerate(self.statements)]
        self.one = f"WITH {', '.join(parts)} SELECT 1"

    @staticmethod
    def _column(name: str, value: Any) -> Any:
        return ("dossier", "dossier", value) if name == "dossier_id" else value

    def run(self, connection: Connection, dossier: int, ids: Mapping[tuple[str, Any], int]) -> None:
        """Write them for ``dossier``; ``ids`` names its row for each (table, id) that changes."""

        def fill(values: list[Any]) -> list[Any]:
            return [
                value
                if not isinstance(value, tuple)
                else dossier
                if value[0] == "dossier"
                else ids[value[1], value[2]]
                for value in values
            ]

        cursor: Any = connection.connection.cursor()
        if self.postgresql:
            cursor.execute(self.one, [v for _, values in self.statements for v in fill(values)])
            connection.connection.commit()
        else:
            cursor.execute("BEGIN IMMEDIATE")
            for query, values in self.statements:
                cursor.execute(query, fill(values))
            cursor.execute("COMMIT")
        cursor.close()


def counterparts(
    engine: Engine, metadata: MetaData, written: Written, template: int, dossiers: list[int]
) -> dict[int, dict[tuple[str, Any], int]]:
    """For each dossier, which of its rows stand where the template's changed rows stood."""
    found: dict[int, dict[tuple[str, Any], int]] = {dossier: {} for dossier in dossiers}
    with engine.connect() as connection:
        for name, changes in written.updated.items():
            table = metadata.tables[name]
            if name == "dossier":
                for dossier in dossiers:
                    found[dossier][name, template] = dossier
                continue
            if "dossier_id" not in table.c:
                continue
            rows: dict[int, list[int]] = {}
            query = select(table.c.dossier_id, table.c.id).order_by(table.c.id)
            for dossier, key in connection.execute(query):
                rows.setdefault(dossier, []).append(key)
            places = {key: rows[template].index(key) for key, _ in changes}
            for dossier in dossiers:
                for key, place in places.items():
                    found[dossier][name, key] = rows[dossier][place]
    return found
