"""An instance as bytes and back: live tokens only, parents first, checked. Knows no files.

Layout: one format byte, then zstd (with checksum) of a JSON list. The plan is never inside.
"""

from __future__ import annotations

from threading import local
from typing import Any

import orjson
import zstandard

from engine.bpmn.flow import FUTURE, READY, STARTED, WAITING, InstanceFlow, SubFlow, Token
from engine.bpmn.model import Clock
from engine.errors import MotCuaError

FORMAT = b"\x02"
OLD_FORMAT = b"\x01"  # whole data instead of the numbers of its large values
MAX_STATE = 32_000_000
_STATES = {"w": WAITING, "r": READY, "s": STARTED}
_LARGE = (list, dict)
_LETTERS = {value: key for key, value in _STATES.items()}


class _Packers(local):
    """One of each per thread: to make one costs more than to use it."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=3, write_checksum=True).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_packers = _Packers()


class BadState(MotCuaError):
    """The saved state of an instance cannot be read back."""

    code = "bad-state"


def dump(flow: InstanceFlow) -> bytes:
    """The state of an instance after a step has settled."""
    values: list[Any] = []
    index: dict[bytes, int] = {}
    known: dict[int, int] = {}

    def once(value: Any) -> int:
        key = orjson.dumps(value)
        if key not in index:
            index[key] = len(values)
            values.append(orjson.Fragment(key))
        return index[key]

    def shared(value: Any) -> int:
        # Branches carry the same lists and contexts; each is looked at and written once.
        if id(value) not in known:
            known[id(value)] = once(value)
        return known[id(value)]

    def parts(data: dict[str, Any]) -> list[Any]:
        large = [name for name, value in data.items() if type(value) in _LARGE]
        return [{**data, **{name: shared(data[name]) for name in large}} if large else data, large]

    scopes = []
    for scope in flow.scopes():
        host = 0 if scope is flow else scope.parent_task_id
        tokens = []
        for token in scope.live():
            letter = _LETTERS.get(token.state)
            if letter is None or (token.state == READY and not token.task_spec.manual):
                raise BadState(
                    "Quy trình chưa dừng ở một điểm lưu được.", element=token.task_spec.name
                )
            tokens.append(
                [
                    token.id,
                    token._parent,
                    letter,
                    token.task_spec.name,
                    once(parts(token.data)),
                    once(token.stamps),
                    token.came,
                    token.host,
                    token.last_state_change,
                    {k: shared(v) if k == "items" else v for k, v in token.internal_data.items()},
                    token.rank[0],
                ]
            )
        tokens.sort(key=lambda row: row[0])
        scopes.append([host, scope.spec.name, tokens])
    final = flow.data if flow.completed else None
    body = [flow.spec.name, flow.last_id, flow.count, final, values, scopes]
    raw = orjson.dumps(body)
    flow.size = len(raw)
    return FORMAT + _packers.compress(raw)


def load(state: bytes, plan: Any, inner: dict[str, Any], clock: Clock) -> InstanceFlow:
    """The instance again, over the same plan; BadState with a sentence when it does not fit."""
    if state[:1] not in (FORMAT, OLD_FORMAT):
        raise BadState("Trạng thái đã lưu có định dạng không biết.")
    try:
        if zstandard.get_frame_parameters(state[1:]).content_size > MAX_STATE:
            raise BadState("Trạng thái đã lưu quá lớn.")
        raw = _packers.decompress(state[1:], max_output_size=MAX_STATE)
        body = orjson.loads(raw)
        name, last_id, count, final, values, scopes = body
    except (zstandard.ZstdError, ValueError, TypeError) as error:
        raise BadState("Trạng thái đã lưu bị hỏng, không đọc được.") from error
    if name != plan.name:
        raise BadState("Trạng thái đã lưu thuộc về một quy trình khác.")
    flow = InstanceFlow(plan, inner, clock)
    try:
        for host, scope_name, tokens in scopes:
            scope: Any = flow
            if host:
                parent = flow.get_task_from_id(host)
                if parent.task_spec.inner != scope_name or parent.state != STARTED:
                    raise BadState("Trạng thái đã lưu không khớp với sơ đồ.")
                scope = SubFlow(inner[scope_name], host, flow)
                flow.subprocesses[host] = scope
            for row in tokens:
                _token(scope, row, values, state[:1] == OLD_FORMAT)
    except BadState:
        raise
    except (MotCuaError, KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise BadState("Trạng thái đã lưu không khớp với sơ đồ.") from error
    flow.last_id, flow.count = last_id, count
    if final is not None:
        flow.data, flow.completed = final, True
    return flow


def _token(scope: Any, row: list[Any], values: list[Any], old: bool) -> None:
    key, parent, letter, name, data, stamps, came, host, changed, internal, *rank = row
    if not isinstance(key, int) or key <= 0 or key in scope.tasks or parent not in scope.tasks:
        raise BadState("Trạng thái đã lưu có thứ tự sai.")
    token = Token(scope, scope.spec.task_specs[name], scope.tasks[parent], FUTURE, id=key)
    token._state = _STATES[letter]
    token.data, token.stamps = _data(values, data, old), dict(values[stamps])
    token.came, token.host, token.internal_data = came, host, internal
    if "items" in internal:
        _items(internal, values, old)
    token.last_state_change, token.rank = changed, (rank[0] if rank else key,)


def _data(values: list[Any], number: int, old: bool) -> dict[str, Any]:
    if old:
        return dict(values[number])
    data, large = values[number]
    return {**data, **{name: values[data[name]] for name in large}}


def _items(internal: dict[str, Any], values: list[Any], old: bool) -> None:
    """The list of a repeated activity, and what its turns gave."""
    if not old:
        internal["items"] = values[internal["items"]]
        return
    done = internal["out"]
    internal["out"] = [[turn, result] for turn, result in enumerate(done) if result is not None]
