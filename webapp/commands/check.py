"""``motcua check``: what a procedure folder or a drawing would do otherwise than it shows."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from engine.bpmn import gate
from engine.bpmn.xml import MAX_BYTES
from engine.findings import RULES, Finding

ROOMS = (
    "engine.bpmn.gate",
    "engine.dmn",
    "engine.catalog.gate",
)
GROUPS = {
    "structure": "Cấu trúc",
    "behaviour": "Cách chạy",
    "soundness": "Đường đi",
    "language": "Ngôn ngữ",
    "dmn": "Bảng quyết định",
    "procedure": "Thủ tục",
}
CLEAN, FAULTY, UNREADABLE = 0, 1, 2
_VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_DECISION = re.compile(rb"calledDecisionId\b[^>]*>\s*([^<\s]+)")
_DRAWINGS = (".bpmn", ".bpmn2", ".bpmn20.xml")


@dataclass
class Checked:
    """What was found in one file."""

    file: str
    findings: list[Finding]
    readable: bool = True

    @property
    def ok(self) -> bool:
        """Whether no error was found."""
        return all(finding.severity != "error" for finding in self.findings)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Findings as JSON, for programs.")
@click.option("--rules", "as_rules", is_flag=True, help="The table of all rules, as Markdown.")
def check(paths: tuple[Path, ...], as_json: bool, as_rules: bool) -> None:
    """Check procedure folders (all rules) and BPMN or DMN files (the engine's rules).

    Exit code 0: clean, 1: errors were found, 2: a file could not be read.
    """
    if as_rules:
        click.echo(rule_table(), nl=False)
        return
    if not paths:
        raise click.UsageError("Hãy cho biết thư mục hoặc tệp cần kiểm tra.")
    results = list(_unique(result for path in paths for result in _check(path)))
    if as_json:
        click.echo(json.dumps([_plain(r) for r in results], ensure_ascii=False, indent=1))
    else:
        for result in results:
            _show(result)
        _summary(results)
    raise SystemExit(exit_code(results))


def exit_code(results: Iterable[Checked]) -> int:
    """2 when something could not be read, else 1 when there are errors, else 0."""
    code = CLEAN
    for result in results:
        if not result.readable:
            return UNREADABLE
        code = code if result.ok else FAULTY
    return code


def rule_table() -> str:
    """All rules of all rooms, by chapter, as Markdown tables."""
    for room in ROOMS:
        importlib.import_module(room)
    lines: list[str] = []
    for group, title in GROUPS.items():
        rules = sorted((r for r in RULES.values() if r.group == group), key=lambda r: r.id)
        if rules:
            lines += [f"### {title}", "", "| Mã | Quy tắc |", "|---|---|"]
            lines += [f"| `{rule.id}` | {rule.title} |" for rule in rules]
            lines.append("")
    return "\n".join(lines)


def _unique(results: Iterable[Checked]) -> Iterator[Checked]:
    seen: set[str] = set()
    for result in results:
        if result.file not in seen:
            seen.add(result.file)
            yield result


def _check(path: Path) -> Iterator[Checked]:
    if not path.is_dir():
        yield from _file(path)
    elif (path / "process.bpmn").is_file() or (path / "procedure.toml").is_file():
        yield from _version(path)
    else:
        yield from _folder(path)


def _folder(path: Path) -> Iterator[Checked]:
    """Everything below a folder: version folders as procedures, other files each for itself."""
    found = False
    try:
        inside = sorted(path.rglob("*"))
    except OSError as error:
        yield _unreadable(str(path), _why(error))
        return
    versions = [p for p in inside if p.is_dir() and _is_version(p)]
    for version in versions:
        found = True
        yield from _version(version)
    taken = set(versions)
    for file in inside:
        loose = file.name.lower().endswith((*_DRAWINGS, ".dmn")) and file.is_file()
        if loose and taken.isdisjoint(file.parents):
            found = True
            yield from _file(file)
    if not found:
        yield _unreadable(str(path), "không có thủ tục hay bức vẽ nào trong thư mục này")


def _is_version(path: Path) -> bool:
    """Whether a folder met on the way is a version of a procedure, not just a folder of files."""
    if (path / "procedure.toml").is_file():
        return True
    return bool(_VERSION.match(path.name)) and (path / "process.bpmn").is_file()


def _version(path: Path) -> Iterator[Checked]:
    """A version folder, checked as a procedure; one result per file that has findings."""
    from engine.catalog.gate import inspect_folder
    from webapp.scenarios import play_folder

    forms = _forms(path)
    whole = path.resolve()
    label = f"{whole.parent.name}/{whole.name}"
    files: dict[str, list[Finding]] = {str(path / "process.bpmn"): []}
    for finding in inspect_folder(whole, forms.resolve(), play=play_folder):
        inside = finding.file.removeprefix(label).removeprefix("/")
        form = inside.startswith("forms/")
        name = forms / inside.removeprefix("forms/") if form else path / inside
        files.setdefault(str(name), []).append(finding)
    for file, findings in files.items():
        yield Checked(file, findings)


def _forms(version: Path) -> Path:
    """The forms of a version: inside it, or beside ``processes/`` under the same names."""
    if (version / "forms").is_dir():
        return version / "forms"
    parts = version if len(version.parts) > 2 else version.resolve()
    return parts.parent.parent.parent / "forms" / parts.parent.name / parts.name


def _file(path: Path) -> Iterator[Checked]:
    """One drawing or table from anywhere, with the engine's rules alone."""
    name = str(path)
    try:
        source = _read(path)
    except OSError as error:
        yield _unreadable(name, _why(error))
        return
    if path.suffix.lower() == ".dmn":
        from engine import dmn

        yield Checked(name, dmn.inspect(source, name)[1])
        return
    inspection = gate.inspect(source, name, dmn=_tables(path, source), strict=False)
    files: dict[str, list[Finding]] = {name: []}
    for finding in inspection.findings:
        files.setdefault(finding.file, []).append(finding)
    for file, findings in files.items():
        yield Checked(file, findings)


def _tables(path: Path, source: bytes) -> dict[str, bytes]:
    """The tables beside a drawing that have a decision it calls."""
    wanted = set(_DECISION.findall(source))
    tables: dict[str, bytes] = {}
    if not wanted:
        return tables
    for file in sorted(path.parent.glob("*.dmn")):
        try:
            text = _read(file)
        except OSError:
            continue  # then its decisions are missing, which is found
        if any(key in text for key in wanted):
            tables[str(file)] = text
    return tables


def _read(path: Path) -> bytes:
    """The bytes of a regular file, one more than the gate takes at most; OSError."""
    if path.exists() and not path.is_file():
        raise OSError("not a regular file")
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "không có tệp này"
    if isinstance(error, PermissionError):
        return "không có quyền đọc"
    return "không phải tệp thường hoặc lỗi đĩa"


def _unreadable(name: str, why: str) -> Checked:
    cure = "Hãy kiểm tra đường dẫn và quyền đọc."
    finding = Finding(name, "unreadable", "error", None, f"không đọc được ({why}).", cure)
    return Checked(name, [finding], readable=False)


def _plain(result: Checked) -> dict[str, Any]:
    keys = ("rule", "severity", "element", "message", "cure")
    findings = [{key: getattr(finding, key) for key in keys} for finding in result.findings]
    return {"file": result.file, "ok": result.ok, "findings": findings}


def _show(result: Checked) -> None:
    if not result.findings:
        click.echo(f"{result.file}: đạt")
        return
    click.echo(f"{result.file}:")
    for finding in result.findings:
        kind = "LỖI" if finding.severity == "error" else "LƯU Ý"
        where = f"«{finding.element}» " if finding.element else ""
        click.echo(f"  {kind} [{finding.rule}] {where}{finding.message}")
        if finding.cure:
            click.echo(f"      → {finding.cure}")


def _summary(results: list[Checked]) -> None:
    severities = [finding.severity for result in results for finding in result.findings]
    errors, warnings = severities.count("error"), severities.count("warning")
    click.echo(f"{len(results)} tệp: {errors} lỗi, {warnings} lưu ý.")
