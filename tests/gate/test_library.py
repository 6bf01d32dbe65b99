"""Call activities into other files of the same version: found, named, and never ambiguous."""

from __future__ import annotations

import itertools

from engine import bpmn
from engine.bpmn import gate
from engine.findings import Finding
from tests.engine.bpmn.drawing import Clock

HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL">'


def process(key: str, *nodes: str) -> str:
    """A process of nodes one after another; ``C=p`` calls p, ``S:x`` is a script, else a task."""
    drawn, ids = [f'<startEvent id="{key}_s"/>'], [f"{key}_s"]
    for node in nodes:
        name, _, script = node.partition(":")
        name, _, called = name.partition("=")
        ids.append(name)
        if called:
            drawn.append(f'<callActivity id="{name}" calledElement="{called}"/>')
        elif script:
            drawn.append(f'<scriptTask id="{name}"><script>{script}</script></scriptTask>')
        else:
            drawn.append(f'<userTask id="{name}"/>')
    for index, (a, b) in enumerate(itertools.pairwise(ids)):
        drawn.append(f'<sequenceFlow id="{key}_f{index}" sourceRef="{a}" targetRef="{b}"/>')
    return f'<process id="{key}" isExecutable="true">{"".join(drawn)}</process>'


def file(*processes: str) -> bytes:
    """A file of processes."""
    return f"{HEAD}{''.join(processes)}</definitions>".encode()


def found(main: bytes, **library: bytes) -> list[Finding]:
    """What the gate finds, with files of the library by name."""
    files = {f"{name}.bpmn": source for name, source in library.items()}
    return list(gate.inspect(main, "process.bpmn", library=files, strict=True).findings)


MAIN = file(process("p", "A", "C=kiem_tra", "B"))


def test_a_process_of_another_file_is_called() -> None:
    """Its steps run inside the call, under their own ids."""
    library = {"kiem-tra.bpmn": file(process("kiem_tra", "K"))}
    assert gate.inspect(MAIN, "process.bpmn", library=library, strict=True).findings == ()
    model = bpmn.parse(MAIN, {}, "process.bpmn", library)
    clock = Clock()
    move = bpmn.start(model, "p", {}, clock)
    for element in ("A", "K", "B"):
        assert [task.element for task in move.open_tasks] == [element]
        move = bpmn.complete(model, "p", move.state, move.open_tasks[0].id, {}, clock)
    assert move.ended
    assert model.elements["K"].pool == "p"


def test_without_the_file_the_target_is_missing() -> None:
    """Named at the call."""
    assert [(f.rule, f.element) for f in found(MAIN)] == [("call-target", "C")]


def test_two_files_with_the_same_process_are_ambiguous() -> None:
    """Which of them is meant is not guessed."""
    one = file(process("kiem_tra", "K"))
    assert [f.rule for f in found(MAIN, one=one, two=one)] == ["call-target"]


def test_a_fault_in_the_called_file_names_that_file() -> None:
    """Not the file that calls it."""
    (finding,) = found(MAIN, khac=file(process("kiem_tra", "K:x ==")))
    assert (finding.file, finding.rule, finding.element) == ("khac.bpmn", "foreign-text", "K")


def test_an_id_used_in_both_files_is_refused() -> None:
    """The trace could not tell them apart."""
    (finding,) = found(MAIN, khac=file(process("kiem_tra", "A")))
    assert (finding.file, finding.rule, finding.element) == ("process.bpmn", "duplicate-id", "A")


def test_a_called_file_that_is_no_drawing_is_told() -> None:
    """Beside the target that is missing because of it."""
    rules = {(f.file, f.rule) for f in found(MAIN, khac=b"<a/>")}
    assert rules == {("khac.bpmn", "not-bpmn"), ("process.bpmn", "call-target")}


def test_calls_in_a_circle_through_files_are_refused() -> None:
    """At the call that closes the circle."""
    (finding,) = found(
        MAIN, mot=file(process("kiem_tra", "D=hai")), hai=file(process("hai", "E=kiem_tra"))
    )
    assert (finding.rule, finding.element) == ("call-recursion", "E")


def test_a_file_of_the_library_that_nothing_calls_is_not_read() -> None:
    """Its faults are those of nobody."""
    assert found(file(process("p", "A")), khac=b"<a/>") == []
