"""What is written beside a token while it waits: data belongs to the process, not to a branch.

Branches carry copies, so that what runs in one go depends on no order. Whoever has waited for a
person, a message, a signal or time first learns what was written meanwhile, the latest value of
each name. Knows no files or bytes.
"""

from __future__ import annotations

from typing import Any

from engine.bpmn.flow import Token

_LOOKED_AT = 100  # tokens that count as one step, else a split without end takes for ever


def catch_up(token: Token) -> None:
    """Take what other live tokens wrote later than what the token knows.

    Nothing from other turns of a repeated activity, nor across the border of a called process; the
    item of a turn and what else only counts within it stays as it is.
    """
    top = token.workflow.top_workflow
    if len(top.index) < 2:
        return  # alone
    top.steps += len(top.index) // _LOOKED_AT
    own, space, scope = {token.id}, top, token.workflow
    local = _local(token)
    while scope is not top:
        if space is top and _calls(scope.host):
            space = scope
        own.add(scope.host.id)
        local |= _local(scope.host)
        scope = scope.around
    kept = {name: (token.data[name], token.stamps.get(name)) for name in local & set(token.data)}
    seen: set[Any] = set()
    for scope in top.scopes():
        if scope is not space:
            if scope is top or scope.around not in seen:
                continue
            if _calls(scope.host) or _other_turn(scope.host, own):
                continue
        seen.add(scope)
        token.absorb(
            t for t in scope.live() if t.stamps and t is not token and not _other_turn(t, own)
        )
    for name, (value, stamp) in kept.items():
        token.data[name] = value
        if stamp is not None:
            token.stamps[name] = stamp


def _local(token: Token) -> set[str]:
    """The names that only count within a turn, when the token is one."""
    repeats = token.task_spec.repeats
    return set() if repeats is None else set(token.workflow.spec.task_specs[repeats].local())


def _other_turn(token: Token, own: set[int]) -> bool:
    return token.task_spec.repeats is not None and token.id not in own


def _calls(host: Token) -> bool:
    return bool(host.task_spec.tag == "callActivity")
