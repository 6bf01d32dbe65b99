"""Which processes of a file run, in which pools; the rest is only drawn or called. No engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from engine.bpmn.refused import ignored
from engine.bpmn.rules import (
    DANGLING,
    EMPTY_POOL,
    EXECUTABLE_MISSING,
    NO_PROCESS,
    NOT_EXECUTABLE,
    PARTICIPANT_MULTIPLICITY,
    PROCESS_IN_TWO_POOLS,
    PROCESS_WITHOUT_POOL,
    SEVERAL_COLLABORATIONS,
    Notes,
)
from engine.bpmn.source import Source
from engine.bpmn.xml import BPMN, children, drawn_elements, is_false, owner, tag

_OTHER_DIAGRAMS = ("choreography", "globalChoreographyTask", "conversation", "globalConversation")


@dataclass
class Pools:
    """``participants`` by pool id (None: a process without a pool), ``processes`` those that run.

    ``outside`` has the elements inside pools that are only drawn, with their pool.
    """

    participants: dict[str, etree._Element | None] = field(default_factory=dict)
    processes: dict[str, etree._Element] = field(default_factory=dict)
    outside: dict[str, str] = field(default_factory=dict)


def read_pools(source: Source, notes: Notes) -> Pools:
    """The pools of a file in the order of drawing."""
    pools = Pools()
    collaborations = children(source.root, "collaboration")
    if len(collaborations) > 1:
        notes.error(
            SEVERAL_COLLABORATIONS,
            collaborations[1].get("id"),
            "có hai sơ đồ cộng tác.",
            "Hãy giữ một.",
        )
    for other in _OTHER_DIAGRAMS:
        for diagram in children(source.root, other):
            notes.warning(
                NOT_EXECUTABLE,
                owner(diagram),
                f"«{other}» chỉ được vẽ, không chạy.",
                "Hãy vẽ phần cần chạy thành quy trình trong các pool.",
            )
    used: set[str] = set()
    for participant in children(collaborations[0], "participant") if collaborations else []:
        _participant(source, participant, pools, used, notes)
    called = _called(source)
    loose = [key for key in source.processes if key not in used and key not in called]
    if not loose and not used:
        loose = list(source.processes)[:1]
    for key in loose:
        _loose(source.processes[key], key, pools, bool(collaborations), notes)
    for process in [*pools.processes.values(), *(source.processes[k] for k in called - used)]:
        if process.get("isExecutable") is None and key_of(process) in source.processes:
            notes.doubt(
                EXECUTABLE_MISSING,
                key_of(process),
                "không ghi isExecutable, không rõ quy trình có để chạy hay không.",
                'Hãy ghi isExecutable="true", hoặc "false" nếu chỉ vẽ để xem.',
            )
    if source.processes and not pools.processes and notes.ok:
        notes.error(
            NO_PROCESS,
            next(iter(source.processes)),
            "không có quy trình nào chạy được: tất cả chỉ được vẽ để xem.",
            'Hãy ghi isExecutable="true" ở quy trình cần chạy và vẽ các bước của nó.',
        )
    return pools


def key_of(process: etree._Element) -> str:
    """The id of a process."""
    return process.get("id", "")


def _called(source: Source) -> set[str]:
    """The processes that other processes of this file call."""
    called = set()
    for element in source.root.iter(f"{{{BPMN}}}callActivity"):
        target = (element.get("calledElement") or "").strip()
        process = source.processes.get(target)
        if process is not None and not any(above is process for above in element.iterancestors()):
            called.add(target)
    return called


def _participant(
    source: Source, participant: etree._Element, pools: Pools, used: set[str], notes: Notes
) -> None:
    key, process_id = participant.get("id", ""), participant.get("processRef")
    if not key:
        return
    pools.participants[key] = participant
    if children(participant, "participantMultiplicity"):
        notes.error(
            PARTICIPANT_MULTIPLICITY,
            key,
            "pool có dấu nhiều bên tham gia, điều này không chạy được.",
            "Hãy bỏ dấu này; vẽ mỗi bên một pool, hoặc lặp ở bước gửi.",
        )
    if not process_id:
        return
    process = source.processes.get(process_id)
    if process is None or process_id in used:
        notes.error(
            DANGLING if process is None else PROCESS_IN_TWO_POOLS,
            key,
            f"trỏ tới quy trình «{process_id}» không có hoặc đã thuộc pool khác.",
            "Hãy vẽ lại pool này.",
        )
        return
    used.add(process_id)
    if _runs(process, key, notes):
        pools.processes[key] = process
    else:
        for element in drawn_elements(process):
            if element.get("id"):
                pools.outside[element.get("id", "")] = key


def _loose(
    process: etree._Element, key: str, pools: Pools, collaboration: bool, notes: Notes
) -> None:
    if collaboration and not _has_nodes(process):
        return
    if collaboration:
        notes.doubt(
            PROCESS_WITHOUT_POOL,
            key,
            "quy trình không thuộc pool nào.",
            "Hãy đặt nó vào một pool, hoặc xoá nó.",
        )
    if _runs(process, key, notes):
        pools.participants[key] = None
        pools.processes[key] = process


def _runs(process: etree._Element, key: str, notes: Notes) -> bool:
    """Whether a process is to be run; what is only drawn is said."""
    if is_false(process, "isExecutable"):
        notes.warning(
            NOT_EXECUTABLE,
            key,
            'quy trình ghi isExecutable="false": chỉ được vẽ, không chạy.',
            'Hãy ghi isExecutable="true" nếu muốn chạy.',
        )
        return False
    if not _has_nodes(process):
        notes.doubt(
            EMPTY_POOL,
            key,
            "không có bước nào bên trong, nên chỉ là một bên ở ngoài.",
            "Hãy vẽ các bước, hoặc thu gọn pool này.",
        )
        return False
    return True


def _has_nodes(process: etree._Element) -> bool:
    kinds = [tag(child) for child in process if isinstance(child.tag, str)]
    return any(kind and not ignored(kind) for kind in kinds)
