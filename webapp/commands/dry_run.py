"""``motcua dry-run``: run a drawing on the real engine, in simulated time, without a database."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import MAXYEAR, datetime
from pathlib import Path
from typing import Any

import click

from engine import bpmn
from engine.bpmn import beginnings, gate
from engine.bpmn import dry_run as runner
from engine.bpmn.answers import Answers, read_answers, read_json
from engine.bpmn.model import Model
from engine.bpmn.outcome import Outcome
from engine.bpmn.scripting import VIETNAM
from engine.bpmn.story import tell
from engine.calendar import default_calendar
from engine.errors import ModelError, MotCuaError
from engine.findings import Finding
from webapp.commands.deadline import Moment

_DECISION = re.compile(rb"(?:calledDecisionId>\s*|decisionRef=[\"'])([^<\"']+)")


class Unusable(click.ClickException):
    """A file that cannot be read or an argument that means nothing: exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(f"motcua: {self.message}", err=True)


@dataclass(frozen=True)
class Drawing:
    """The files of one drawing: the BPMN, its decision tables, what its call activities call.

    ``version`` is the folder when it is the version of a procedure; all rules hold then.
    """

    name: str
    source: bytes
    dmn: dict[str, bytes] = field(default_factory=dict)
    library: dict[str, bytes] = field(default_factory=dict)
    version: Path | None = None


@click.command("dry-run")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--process", "process", default="", help="Pool or process id to begin with.")
@click.option("--data", "data", default="", help="Start data: JSON, or @FILE with JSON.")
@click.option("--answers", "answers", type=click.Path(path_type=Path), help="A scenario file.")
@click.option("--at", "at", type=Moment(), help='The start: "14/09/2026 09:00" or ISO.')
@click.option("--auto", is_flag=True, help="Answer open tasks with {} and jump to timers.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def dry_run(
    path: Path,
    process: str,
    data: str,
    answers: Path | None,
    at: datetime | None,
    auto: bool,
    as_json: bool,
) -> None:
    """Run PATH (a .bpmn file or a version folder) in simulated time; no database.

    The run begins on Monday 14/09/2026 at 09:00 unless --at or the scenario says otherwise.
    """
    drawing = read_drawing(path, process)
    given = read_answers_file(answers) if answers is not None else Answers()
    try:
        beginnings.start_of(at, given)
    except MotCuaError as error:
        raise Unusable(error.message) from None
    model, outcome = play(drawing, process, read_data(data), given, at, auto)
    if as_json:
        click.echo(json.dumps(as_dict(outcome), ensure_ascii=False, indent=1))
    elif model is None:
        click.echo("Không chạy: bức vẽ có lỗi.")
        for finding in outcome.findings:
            mark = "lỗi" if finding.severity == "error" else "lưu ý"
            where = ", ".join(filter(None, (finding.file, finding.element)))
            click.echo(f"  {mark} [{finding.rule}] {where}: {finding.message} {finding.cure}")
    else:
        for line in tell(model, outcome, default_calendar()):
            click.echo(line)
    raise SystemExit(1 if outcome.verdict in ("refused", "error") else 0)


def play(
    drawing: Drawing,
    process: str = "",
    data: dict[str, Any] | None = None,
    answers: Answers | None = None,
    at: datetime | None = None,
    auto: bool = False,
) -> tuple[Model | None, Outcome]:
    """Check a drawing, then run it; the model is None when it is refused.

    Unusable when ``process`` names nothing that runs.
    """
    model, findings = _inspect(drawing)
    if model is None:
        return None, Outcome("refused", tuple(findings))
    begin = [model.main.id] if drawing.version else beginnings.first_pools(model)
    if process:
        found = [p.id for p in model.pools.values() if process in (p.id, p.process_id)]
        begin = [pool for pool in found if pool in model.plans]
        if not begin:
            known = ", ".join(model.plans)
            raise Unusable(f"Không có pool hay quy trình «{process}» chạy được (có: {known}).")
    outcome = runner.run(
        model,
        file=drawing.name,
        data=data,
        answers=answers,
        at=at,
        auto=auto,
        begin=begin,
        findings=findings,
    )
    return model, outcome


def _inspect(drawing: Drawing) -> tuple[Model | None, list[Finding]]:
    if drawing.version is not None:
        return _inspect_version(drawing, drawing.version)
    seen = gate.inspect(
        drawing.source, drawing.name, dmn=drawing.dmn, library=drawing.library, strict=False
    )
    return seen.model, list(seen.findings)


def _inspect_version(drawing: Drawing, folder: Path) -> tuple[Model | None, list[Finding]]:
    """All rules of a procedure; its scenarios are read, not played."""
    from engine.catalog.gate import finding_of, inspect_folder

    folder = folder.resolve()
    forms = folder / "forms"
    if not forms.is_dir():
        forms = folder.parents[2] / "forms" / folder.parent.name / folder.name
    findings = inspect_folder(folder, forms)
    if any(finding.severity == "error" for finding in findings):
        return None, findings
    try:
        model = bpmn.parse(drawing.source, drawing.dmn, drawing.name, library=drawing.library)
    except ModelError as error:
        return None, [*findings, finding_of(error)]
    return model, findings


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """The outcome as the JSON that programs read; moments on Vietnam's clock."""

    def moment(at: datetime) -> str:
        return (at.astimezone(VIETNAM) if at.year < MAXYEAR else at).isoformat()

    answer: dict[str, Any] = {
        "verdict": outcome.verdict,
        "findings": [
            {
                "file": f.file,
                "rule": f.rule,
                "severity": f.severity,
                "element": f.element,
                "message": f.message,
                "cure": f.cure,
            }
            for f in outcome.findings
        ],
        "trace": [
            {"element": line.element, "type": line.type, "at": moment(line.at)}
            for line in outcome.trace
        ],
        "waiting": [
            {
                "element": place.element,
                "for": place.kind,
                "pool": place.pool,
                **({"message": place.message} if place.message else {}),
                **({"due": moment(place.due)} if place.due is not None else {}),
            }
            for place in outcome.waiting
        ],
        "data": outcome.data,
    }
    if len(outcome.pools) > 1:
        answer["pools"] = outcome.pools
    return answer


def read_drawing(path: Path, process: str = "") -> Drawing:
    """The drawing of a file or of a folder; Unusable when there is none.

    Of a folder that is no procedure's version the only .bpmn file, or the one with ``process``.
    """
    if not path.is_dir():
        source = _read(path)
        wanted = set(_DECISION.findall(source))
        tables = sorted(path.parent.glob("*.dmn")) if wanted else []
        dmn = {table.name: _read(table) for table in tables}
        return Drawing(
            path.name, source, {n: t for n, t in dmn.items() if any(w in t for w in wanted)}
        )
    drawings = {file.name: _read(file) for file in sorted(path.glob("*.bpmn"))}
    dmn = {table.name: _read(table) for table in sorted(path.glob("*.dmn"))}
    strict = "process.bpmn" in drawings and (path / "procedure.toml").is_file()
    names = ["process.bpmn"] if "process.bpmn" in drawings else list(drawings)
    if len(names) > 1 and process:
        named = re.compile(rb"\bid\s*=\s*[\"']" + re.escape(process.encode()) + rb"[\"']")
        names = [name for name in names if named.search(drawings[name])]
    if len(names) != 1:
        raise Unusable(
            f"Không rõ chạy bức vẽ nào trong {path}: hãy chỉ một tệp .bpmn hoặc một thư mục "
            "phiên bản có process.bpmn."
        )
    source = drawings.pop(names[0])
    return Drawing(names[0], source, dmn, drawings, path if strict else None)


def read_data(text: str) -> dict[str, Any]:
    """The start data of ``--data``; Unusable when it is no JSON object."""
    if text.startswith("@"):
        text = _read(Path(text[1:])).decode("utf-8", errors="replace")
    if not text.strip():
        return {}
    try:
        data = read_json(text)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"Dữ liệu --data không phải JSON đọc được: {error}") from None
    if not isinstance(data, dict):
        raise Unusable('Dữ liệu --data phải là một bảng JSON, ví dụ {"tuoi": 66}.')
    return data


def read_answers_file(path: Path) -> Answers:
    """The scenario of ``--answers``; Unusable when it cannot be read."""
    try:
        return read_answers(_read(path), path.name)
    except MotCuaError as error:
        raise Unusable(error.message) from None


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise Unusable(f"Không đọc được {path}: đây không phải một tệp.")
        return path.read_bytes()
    except FileNotFoundError:
        raise Unusable(f"Không đọc được {path}: không có tệp này.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unusable(f"Không đọc được {path}: {reason}.") from None
