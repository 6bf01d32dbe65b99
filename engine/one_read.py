"""Read rows of several tables in one statement and hand them out as objects of the session.

What SQLAlchemy's own loading does on every call (look the statement up, set the loaders up) is
done once per query and dialect here; the objects are the session's own all the same. Knows no
table of the house.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, Select, inspect
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state, set_committed_value

from engine import driver

Made = tuple[str, Callable[[Any], Any]]


def columns(*entities: Any) -> list[Any]:
    """What to select of mapped classes, or aliases of them, so that ``Read`` knows them again."""
    return [getattr(one, prop.key) for one in entities for prop in _mapper(one).column_attrs]


class Read:
    """A query of the ``columns`` of ``entities``, then of further values; every key is ``id``.

    Its parameters are ``bindparam(name, None, type)``. The further values are as the driver gives
    them.
    """

    def __init__(self, query: Select[Any], *entities: Any) -> None:
        self.query, self.entities = query, entities
        self._plans: WeakKeyDictionary[Dialect, _Plan] = WeakKeyDictionary()

    def rows(self, session: Session, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """For each row its objects (None where an outer join found none), then its values.

        An object that the session holds already is brought up to date, its changes lost.
        """
        connection = session.connection()
        plan = self._plans.get(connection.dialect)
        if plan is None:
            plan = self._plans[connection.dialect] = self._plan(connection.dialect)
        named = {**plan.constants, **given}
        values = [
            named[name] if process is None or named[name] is None else process(named[name])
            for name, process in plan.order
        ]
        found: dict[Any, Any] = {}
        rows = []
        for row in driver.rows(connection, plan.text, values):
            objects = []
            for entity in plan.entities:
                key = entity.key(row)
                if key not in found:
                    found[key] = None if key[1] == (None,) else entity.object(session, key, row)
                objects.append(found[key])
            rows.append((*objects, *row[plan.width :]))
        return rows

    def _plan(self, dialect: Dialect) -> _Plan:
        marks: Any = type(dialect)
        compiled = self.query.compile(dialect=marks(paramstyle="qmark"))
        said = compiled.construct_expanded_state(escape_names=False)
        entities, width = [], 0
        for one in self.entities:
            mapper, made = _mapper(one), []
            for prop in mapper.column_attrs:
                process = prop.columns[0].type.dialect_impl(dialect).result_processor(dialect, None)
                if process is not None:
                    made.append((prop.key, process))
            keys = tuple(prop.key for prop in mapper.column_attrs)
            entities.append(_Entity(mapper, keys, width, width + keys.index("id"), tuple(made)))
            width += len(keys)
        order = tuple(
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            if name in compiled.binds
            else (name, None)
            for name in said.positiontup or ()
        )
        return _Plan(said.statement, dict(said.parameters), order, tuple(entities), width)


@dataclass(frozen=True)
class _Entity:
    mapper: Any
    names: tuple[str, ...]
    first: int
    id: int
    made: tuple[Made, ...]  # attributes that are not what the driver gives, and what makes them

    def key(self, row: Any) -> tuple[Any, ...]:
        """The session's key of the row's object."""
        return (self.mapper.class_, (row[self.id],), None)

    def object(self, session: Session, key: tuple[Any, ...], row: Any) -> Any:
        """The session's object of this row, with the row's values."""
        values = dict(zip(self.names, row[self.first : self.first + len(self.names)], strict=True))
        for name, process in self.made:
            values[name] = process(values[name])
        known = session.identity_map.get(key)
        if known is not None:
            session.expire(known)
            for name, value in values.items():
                set_committed_value(known, name, value)
            return known
        # What the session does itself for each row it loads, without its search for loaders.
        made = self.mapper.class_manager.new_instance()
        state = instance_state(made)
        made.__dict__.update(values)
        state.key = key
        state.session_id = session.hash_key
        session.identity_map.add(state)
        return made


@dataclass(frozen=True)
class _Plan:
    text: str
    constants: dict[str, Any]
    order: tuple[tuple[str, Callable[[Any], Any] | None], ...]  # parameters, for the driver
    entities: tuple[_Entity, ...]
    width: int


def _mapper(entity: Any) -> Any:
    return inspect(entity).mapper
