"""form-js JSON → nodes. Everything outside the allowed subset is refused with its cure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.forms import leaves, nodes
from engine.forms.checks import KEY, Checks
from engine.forms.subset import ATTRIBUTES, PROPERTIES, RULES, TYPES

MAX_FIELDS = 300
MAX_ROWS = 50

_ID = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)


class Compiler(Checks):
    """One form file on its way to nodes; keeps what must be unique or is looked up later."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.ids: set[str] = set()
        self.paths: set[str] = set()

    def root(self, source: bytes | dict[str, Any]) -> tuple[dict[str, Any], tuple[nodes.Node, ...]]:
        """The JSON document and its components."""
        if isinstance(source, bytes | str):
            try:
                source = json.loads(source, parse_float=Decimal)
            except (ValueError, RecursionError) as error:
                raise self.refuse(
                    None,
                    f"Tệp không phải JSON hợp lệ ({error}).",
                    "Lưu lại từ trình soạn biểu mẫu.",
                ) from None
        if not isinstance(source, dict) or source.get("type") != "default":
            raise self.refuse(
                None,
                'Gốc của biểu mẫu phải là đối tượng có "type": "default".',
                "Lưu lại từ trình soạn biểu mẫu.",
            )
        properties = self.properties(source, None, {"title", "inputs"})
        self.conditions.inputs = frozenset(
            name.strip() for name in properties.get("inputs", "").split(",") if name.strip()
        )
        tree = self.children(source, "", in_list=False, element=None)
        count = sum(1 for _ in nodes.walk(tree))
        if count > MAX_FIELDS:
            raise self.refuse(None, f"Biểu mẫu có {count} thành phần.", f"Tối đa {MAX_FIELDS}.")
        self.conditions.bind(tree)
        return source, self.resolve(tree)

    def children(
        self, holder: Mapping[str, Any], prefix: str, *, in_list: bool, element: str | None
    ) -> tuple[nodes.Node, ...]:
        components = holder.get("components")
        if not isinstance(components, list):
            raise self.refuse(element, "Thiếu danh sách components.", 'Thêm "components": [].')
        if prefix.count(".") > 10:
            raise self.refuse(element, "Nhóm lồng nhau quá sâu.", "Tách thành nhóm ngang hàng.")
        return tuple(self.node(c, prefix, in_list=in_list) for c in components)

    def node(self, raw: Any, prefix: str, *, in_list: bool) -> nodes.Node:
        if not isinstance(raw, dict):
            raise self.refuse(None, "Một thành phần không phải đối tượng JSON.", "Xóa nó đi.")
        id_ = raw.get("id")
        if not isinstance(id_, str) or not _ID.fullmatch(id_):
            raise self.refuse(
                str(raw.get("key") or id_),
                "Thành phần không có id hợp lệ.",
                "Đặt id bằng chữ không dấu, số, gạch dưới.",
            )
        if id_ in self.ids:
            raise self.refuse(id_, "Hai thành phần trùng id.", "Đặt id khác nhau.")
        self.ids.add(id_)
        kind = raw.get("type")
        if not isinstance(kind, str) or kind not in ATTRIBUTES:
            raise self.refuse(
                id_,
                f"Loại thành phần «{kind}» không dùng được.",
                f"Dùng một trong: {', '.join(TYPES)}.",
            )
        if unknown := sorted(set(raw) - ATTRIBUTES[kind]):
            raise self.refuse(
                id_,
                f"Thuộc tính «{unknown[0]}» không dùng được với {kind}.",
                "Bỏ thuộc tính này; xem forms/README.md.",
            )
        common = self.common(raw, id_, kind)
        if kind == "text":
            return self.words(raw, common)
        if kind == "separator":
            return nodes.Separator(**common)
        if kind in ("group", "dynamiclist"):
            return self.container(raw, common, prefix, in_list=in_list)
        return self.leaf(raw, common, prefix)

    def common(self, raw: Mapping[str, Any], id_: str, kind: str) -> dict[str, Any]:
        layout = self.inside(raw, "layout", id_)
        columns = layout.get("columns")
        if columns is not None and (not isinstance(columns, int) or not 1 <= columns <= 16):
            raise self.refuse(id_, "layout.columns sai.", "Ghi số cột từ 1 đến 16.")
        conditional = raw.get("conditional") or {}
        if not isinstance(conditional, dict) or set(conditional) - {"hide"}:
            raise self.refuse(id_, "conditional chỉ dùng được với hide.", "Bỏ phần còn lại.")
        hide = conditional.get("hide")
        return {
            "kind": kind,
            "id": id_,
            "label": self.plain(raw, "label", id_),
            "description": self.plain(raw, "description", id_),
            "hide": self.conditions.compile(id_, hide) if hide not in (None, "") else None,
            "row": str(layout.get("row") or ""),
            "columns": columns,
            "properties": self.properties(raw, id_, PROPERTIES[kind]),
        }

    def words(self, raw: Mapping[str, Any], common: dict[str, Any]) -> nodes.Words:
        text = self.plain(raw, "text", common["id"])
        if not text:
            raise self.refuse(common["id"], "Đoạn chữ trống.", "Viết nội dung hoặc xóa đoạn.")
        return nodes.Words(**common, paragraphs=tuple(re.split(r"\n\s*\n", text)))

    def name(self, raw: Mapping[str, Any], field: str, prefix: str, id_: str) -> tuple[str, str]:
        key = raw.get(field)
        if not isinstance(key, str) or not KEY.fullmatch(key) or len(key) > 60:
            raise self.refuse(
                id_,
                f"{field} «{key}» không dùng được.",
                "Đặt bằng chữ không dấu, số, gạch dưới, bắt đầu bằng chữ, không có dấu chấm.",
            )
        path = f"{prefix}{key}"
        if path in self.paths:
            raise self.refuse(id_, f"Hai trường cùng ghi vào «{path}».", "Đặt key khác nhau.")
        self.paths.add(path)
        return key, path

    def container(
        self, raw: Mapping[str, Any], common: dict[str, Any], prefix: str, *, in_list: bool
    ) -> nodes.Node:
        id_ = common["id"]
        key = path = ""
        if raw.get("path") or common["kind"] == "dynamiclist":
            key, path = self.name(raw, "path", prefix, id_)
        if common["kind"] == "group":
            inner = f"{path}." if path else prefix
            children = self.children(raw, inner, in_list=in_list, element=id_)
            return nodes.Group(**common, key=key, path=path, children=children)
        if in_list:
            raise self.refuse(id_, "Danh sách nằm trong danh sách.", "Đưa ra ngoài thành hai.")
        if raw.get("isRepeating") is not True or raw.get("allowAddRemove") is False:
            raise self.refuse(
                id_,
                "Danh sách phải thêm, bớt dòng được.",
                'Ghi "isRepeating": true và "allowAddRemove": true.',
            )
        children = self.children(raw, f"{path}.{nodes.ROW}.", in_list=True, element=id_)
        if not any(isinstance(node, nodes.Leaf) for node in nodes.walk(children)):
            raise self.refuse(id_, "Danh sách không có trường nào.", "Thêm trường vào dòng.")
        least, most, begin = (
            self.whole(id_, name, value, 0, MAX_ROWS)
            for name, value in (
                ("minRows", common["properties"].get("minRows", 0)),
                ("maxRows", common["properties"].get("maxRows", 20)),
                ("defaultRepetitions", raw.get("defaultRepetitions", 1)),
            )
        )
        if least > most or begin > most:
            raise self.refuse(id_, "minRows hoặc số dòng đầu lớn hơn maxRows.", "Sửa lại số dòng.")
        return nodes.Rows(
            **common, key=key, path=path, children=children,
            min_rows=least, max_rows=most, default_rows=max(begin, least),
        )  # fmt: skip

    def leaf(self, raw: Mapping[str, Any], common: dict[str, Any], prefix: str) -> nodes.Leaf:
        id_, kind = common["id"], common["kind"]
        if kind == "datetime":
            common["label"] = self.plain(raw, "dateLabel", id_) or (
                self.plain(raw, "timeLabel", id_) or common["label"]
            )
        if not common["label"]:
            raise self.refuse(id_, "Trường không có nhãn.", "Thêm label bằng tiếng Việt.")
        for name in ("disabled", "readonly"):
            if raw.get(name) not in (None, False):
                raise self.refuse(
                    id_,
                    f"Trường {name} không dùng được: giá trị gửi lên không tin được.",
                    "Bỏ trường này; thông tin đã có hiện ở phần hồ sơ.",
                )
        rules = raw.get("validate") or {}
        allowed = RULES.get(kind, {"required"})
        if not isinstance(rules, dict) or set(rules) - allowed:
            name = sorted(set(rules) - allowed)[0] if isinstance(rules, dict) else "validate"
            raise self.refuse(
                id_,
                f"validate có «{name}» không dùng được với {kind}.",
                f"Dùng: {', '.join(sorted(allowed))}.",
            )
        for name, value in rules.items():
            if isinstance(value, str) and value.startswith("=") and name != "pattern":
                raise self.refuse(id_, f"validate.{name} là biểu thức.", "Ghi giá trị cố định.")
        required = rules.get("required", False)
        if not isinstance(required, bool):
            raise self.refuse(id_, "validate.required sai.", "Ghi true hoặc false.")
        need = common["properties"].get("requiredWhen")
        key, path = self.name(raw, "key", prefix, id_)
        appearance = self.inside(raw, "appearance", id_)
        base = {
            **common, "key": key, "path": path, "required": required,
            "need": self.conditions.compile(id_, need) if need else None,
            "omit": self.flag(common["properties"], "omitEmpty", id_),
            "default": raw.get("defaultValue"),
            "prefix": self.plain(appearance, "prefixAdorner", id_),
            "suffix": self.plain(appearance, "suffixAdorner", id_),
        }  # fmt: skip
        return leaves.check_default(self, leaves.READERS[kind](self, raw, rules, base))

    def resolve(self, tree: tuple[nodes.Node, ...]) -> tuple[nodes.Node, ...]:
        """Check what points at other fields: date limits."""
        dates = {
            node.path for node in nodes.walk(tree)
            if isinstance(node, nodes.DateTime) and node.subtype == "date"
        }  # fmt: skip
        for node in nodes.walk(tree):
            if not isinstance(node, nodes.DateTime):
                continue
            for target in (node.not_after, node.not_before):
                if target in ("", "today") or limit_path(node, target) in dates:
                    continue
                if target.split(".")[0] in self.conditions.inputs:
                    continue
                raise self.refuse(
                    node.id,
                    f"notAfter/notBefore nêu «{target}», không phải trường ngày.",
                    "Ghi today, đường dẫn một trường ngày, hoặc khai tên ở properties.inputs.",
                )
        return tree


def limit_path(node: nodes.DateTime, target: str) -> str:
    """Where a date limit points: ``this.x`` is the same row's field."""
    if target.startswith("this.") and nodes.ROW in node.path:
        return f"{node.path.split(nodes.ROW)[0]}{nodes.ROW}.{target[5:]}"
    return target
