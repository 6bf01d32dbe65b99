"""Read a version's folder into texts. Knows no rules and no database."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from engine.catalog import rules
from engine.errors import ModelError

MAX_FILE, MAX_FILES, MAX_FOLDER = 10 * 1024 * 1024, 2_000, 50 * 1024 * 1024
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
            raise _refusal(folder, f"Thiếu tệp {needed}.", "Hãy thêm tệp này.")
    return files


def read_scenarios(folder: Path) -> dict[str, str]:
    """The scenario files of a version, as {``scenarios/x.toml``: text}; not published."""
    found = sorted((folder / "scenarios").glob("*.toml"))
    return _texts([(path, f"scenarios/{path.name}") for path in found])


def _texts(sources: list[tuple[Path, str]]) -> dict[str, str]:
    if len(sources) > MAX_FILES:
        raise _refusal(sources[0][0].parent, f"Thư mục có hơn {MAX_FILES} tệp.", "Hãy bỏ tệp thừa.")
    texts: dict[str, str] = {}
    left = MAX_FOLDER
    for path, name in sources:
        texts[name] = _text(path)
        left -= len(texts[name])
        if left < 0:
            raise _refusal(path.parent, "Các tệp cộng lại quá lớn.", "Hãy bỏ tệp thừa.")
    return texts


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise _refusal(path, "Không phải tệp thường.", "Hãy thay bằng tệp có nội dung.")
        if path.stat().st_size > MAX_FILE:
            raise _refusal(path, "Tệp lớn hơn 10 MB.", "Hãy tách hoặc rút gọn tệp.")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _refusal(
            path, "Tệp không phải văn bản UTF-8.", "Hãy lưu lại bằng mã UTF-8."
        ) from error
    except OSError as error:
        raise _refusal(path, "Không đọc được tệp.", "Hãy kiểm tra quyền đọc và ổ đĩa.") from error


def _refusal(path: Path, reason: str, cure: str) -> ModelError:
    return ModelError(str(path), None, reason, cure, rules.FILES.id)


def libraries(files: Iterable[str]) -> list[str]:
    """The further ``.bpmn`` files of a version, whose processes its picture may call."""
    return [name for name in _ending(files, ".bpmn") if name != "process.bpmn"]


def tables_of(files: Iterable[str]) -> list[str]:
    """The ``.dmn`` files of a version."""
    return _ending(files, ".dmn")


def _ending(files: Iterable[str], ending: str) -> list[str]:
    return sorted(name for name in files if name.endswith(ending) and "/" not in name)
