"""Read a version's folder into texts. Knows no rules and no database."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from engine.catalog import rules
from engine.errors import ModelError

MAX_FILE, MAX_FILES = 10 * 1024 * 1024, 2_000
NEEDED = ("process.bpmn", "procedure.toml")


def read_folder(folder: Path, forms: Path) -> dict[str, str]:
    """The files that are published, as {relative path: text}; forms stand under ``forms/``.

    Raises ModelError when the folder lacks its picture or its procedure.toml.
    """
    files = _texts(
        [
            *((path, path.name) for path in sorted(folder.glob("*")) if path.is_file()),
            *((path, f"forms/{path.name}") for path in sorted(forms.glob("*.json"))),
        ]
    )
    for needed in NEEDED:
        if needed not in files:
            raise ModelError(
                str(folder), None, f"Thiếu tệp {needed}.", "Hãy thêm tệp này.", rules.FILES.id
            )
    return files


def read_scenarios(folder: Path) -> dict[str, str]:
    """The scenario files of a version, as {``scenarios/x.toml``: text}; not published."""
    found = sorted((folder / "scenarios").glob("*.toml"))
    return _texts([(path, f"scenarios/{path.name}") for path in found])


def _texts(sources: list[tuple[Path, str]]) -> dict[str, str]:
    if len(sources) > MAX_FILES:
        raise ModelError(
            str(sources[0][0].parent), None, f"Thư mục có hơn {MAX_FILES} tệp.",
            "Hãy bỏ tệp thừa.", rules.FILES.id,
        )  # fmt: skip
    return dict(_text(path, name) for path, name in sources)


def _text(path: Path, name: str) -> tuple[str, str]:
    if path.stat().st_size > MAX_FILE:
        raise ModelError(
            str(path), None, "Tệp lớn hơn 10 MB.", "Hãy tách hoặc rút gọn tệp.", rules.FILES.id
        )
    try:
        return name, path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ModelError(
            str(path),
            None,
            "Tệp không phải văn bản UTF-8.",
            "Hãy lưu lại bằng mã UTF-8.",
            rules.FILES.id,
        ) from error


def libraries(files: Iterable[str]) -> list[str]:
    """The further ``.bpmn`` files of a version, whose processes its picture may call."""
    return [name for name in _ending(files, ".bpmn") if name != "process.bpmn"]


def tables_of(files: Iterable[str]) -> list[str]:
    """The ``.dmn`` files of a version."""
    return _ending(files, ".dmn")


def _ending(files: Iterable[str], ending: str) -> list[str]:
    return sorted(name for name in files if name.endswith(ending) and "/" not in name)
