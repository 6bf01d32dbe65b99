"""Every folder under processes/ is whole: facts, forms, handoffs, decisions and scenarios agree."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine import bpmn, feel
from engine.calendar import parse_limit
from engine.dmn import parse_decisions

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(p.parent for p in (ROOT / "processes").glob("*/*/process.bpmn"))
KINDS = {"ubnd-xa", "cong-an", "bhxh", "ldtbxh", "noi-vu", "y-te"}
ROLES = {"mot-cua", "ho-tich", "lanh-dao", "cu-tru", "che-do", "chinh-sach", "bao-tro"}
POOL = {"kind", "main", "place", "limit"}
ELEMENT = {"form", "limit", "after-15h", "pauses-clock", "escalate-to", "portal-status"}
ELEMENT |= {"public-phase", "result", "clock"}
every = pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.name)


def model_of(folder: Path) -> bpmn.Model:
    """The parsed picture of a folder."""
    tables = {p.name: p.read_bytes() for p in folder.glob("*.dmn")}
    return bpmn.parse((folder / "process.bpmn").read_bytes(), tables, f"{folder.name}/process.bpmn")


def facts_of(folder: Path) -> dict[str, Any]:
    """procedure.toml of a folder."""
    return tomllib.loads((folder / "procedure.toml").read_text(encoding="utf-8"))


def scenarios_of(folder: Path) -> dict[str, dict[str, Any]]:
    """The scenario files of a folder by name."""
    return {
        p.stem: tomllib.loads(p.read_text(encoding="utf-8"))
        for p in sorted((folder / "scenarios").glob("*.toml"))
    }


def keys_of(form: dict[str, Any], prefix: str = "") -> set[str]:
    """Root keys of a form-js form."""
    found: set[str] = set()
    for part in form["components"]:
        name = part.get("key") or part.get("path")
        if name and part["type"] not in ("text", "separator"):
            found.add(name.split(".")[0])
        elif "components" in part:
            found |= keys_of(part)
    return found


@every
def test_the_picture_parses(folder: Path) -> None:
    """The engine accepts the picture; each pool has a kind, a place and known roles."""
    model = model_of(folder)
    assert model.main.properties["kind"] == "ubnd-xa"
    for pool in model.pools.values():
        assert pool.properties["kind"] in KINDS
        feel.compile_expression(pool.properties["place"])
        assert set(pool.properties) <= POOL
        if "limit" in pool.properties:
            parse_limit(pool.properties["limit"])
    for element in model.elements.values():
        assert set(element.properties) <= ELEMENT, element.id
        if "limit" in element.properties:
            parse_limit(element.properties["limit"])
        if element.type == "userTask":
            assert element.lane in ROLES, element.id
            assert {"limit", "pauses-clock"} & set(element.properties), element.id
        if "portal-status" in element.properties:
            assert 1 <= int(element.properties["portal-status"]) <= 10


@every
def test_versions_follow_one_another(folder: Path) -> None:
    """The folder's name is the day it begins to hold; no two versions hold on one day."""
    facts = facts_of(folder)
    assert facts["valid_from"] == date.fromisoformat(folder.name)
    for other in FOLDERS:
        if other.parent == folder.parent and other > folder:
            assert facts["valid_to"] < facts_of(other)["valid_from"]
    assert "when" not in facts["promise"][-1]
    for case in facts["promise"]:
        for step in case["steps"]:
            parse_limit(step)
        if "when" in case:
            feel.compile_expression(case["when"])
    for paper in facts["papers"]:
        assert {"key", "name", "accepted", "legal_basis"} <= set(paper)
        if "required_when" in paper:
            feel.compile_expression(paper["required_when"])


@every
def test_only_listed_papers_can_be_demanded(folder: Path) -> None:
    """A form that asks for papers offers those of the list; another needs its law written down."""
    papers = {paper["key"]: paper for paper in facts_of(folder)["papers"]}
    for file in (ROOT / "forms" / folder.parent.name / folder.name).glob("*.json"):
        fields = {c["key"]: c for c in json.loads(file.read_text())["components"] if "key" in c}
        results = [v["value"] for c in fields.values() for v in c.get("values", ())]
        lists = [key for key in fields if key.endswith("giay_to_thieu")]
        assert len(lists) == bool({"thieu", "can-bo-sung"} & set(results)), file
        for key in lists:
            hidden = fields[key].get("properties", {}).get("hideOption", "").split("; ")
            for line in filter(None, hidden):  # not offered where the list does not ask for it
                paper, _, when = line.partition(": ")
                assert when == f"=not({papers[paper]['required_when']})"
            offered = {v["value"]: v["label"] for v in fields[key]["values"]}
            assert {"to_khai", "khac"} <= set(offered)
            for paper in set(offered) - {"to_khai", "khac"}:
                assert offered[paper] == papers[paper]["name"]
            basis = fields[key.replace("giay_to_thieu", "can_cu_giay_to")]
            assert basis["validate"]["required"]
            assert basis["conditional"]["hide"] == f'=not(list contains({key}, "khac"))'


@every
def test_every_task_has_its_form(folder: Path) -> None:
    """One form per user task and start.json; no form without a task."""
    tasks = {e.id for e in model_of(folder).elements.values() if e.type == "userTask"}
    forms = {p.stem for p in (ROOT / "forms" / folder.parent.name / folder.name).glob("*.json")}
    assert forms == tasks | {"start"}


@every
def test_handoffs_send_what_is_known(folder: Path) -> None:
    """Each field of a message is written by a form, the table or a script of its sender's side."""
    known = {"noi_chi_tra", "can_cu_chi_tra"}
    for path in (ROOT / "forms" / folder.parent.name / folder.name).glob("*.json"):
        known |= keys_of(json.loads(path.read_text(encoding="utf-8")))
    model = model_of(folder)
    for flow in model.flows.values():
        assert flow.fields, flow.id
        assert {field.split(".")[0] for field in flow.fields} <= known, flow.id


@every
def test_agencies_see_only_what_they_need(folder: Path) -> None:
    """The police get no bank account and no cause of death."""
    model = model_of(folder)
    for flow in model.flows.values():
        if flow.target_pool == "cong_an":
            private = {"so_tai_khoan", "ngan_hang", "nguoi_chet.nguyen_nhan", "nguoi_chet"}
            assert not private & set(flow.fields)


PAYERS = [
    (["khan-cap", "bhxh", "nguoi-co-cong"], "bhxh"),
    (["cuu-chien-binh", "nguoi-co-cong"], "nguoi-co-cong"),
    (["bao-tro-xa-hoi", "cuu-chien-binh"], "cuu-chien-binh"),
    (["bao-tro-xa-hoi"], "bao-tro"),
    (["huu-tri-xa-hoi"], "bao-tro"),
    (["khan-cap"], "bao-tro"),
    ([], "none"),
    (None, "none"),
]


@every
@pytest.mark.parametrize(("kinds", "payer"), PAYERS)
def test_one_payer_for_the_funeral(folder: Path, kinds: list[str] | None, payer: str) -> None:
    """BHXH, người có công, cựu chiến binh, bảo trợ, none: the first that holds pays."""
    tables = parse_decisions((folder / "mai-tang.dmn").read_bytes(), "mai-tang.dmn")
    told = tables["noi_chi_tra_mai_tang"].evaluate({"doi_tuong": kinds})
    assert told["noi_chi_tra"] == payer
    assert told["can_cu_chi_tra"]


PATHS = {
    *("payer bhxh", "payer nguoi-co-cong", "payer cuu-chien-binh", "payer bao-tro-xa-hoi"),
    *("payer huu-tri-xa-hoi", "payer khan-cap", "payer none"),
    *("survivor benefits beside another payer", "monthly survivor benefit first"),
    *("no giấy báo tử", "no thường trú", "three communes", "verification"),
    *("supplement answered", "supplement expired"),
    *("agency supplement answered", "agency supplement expired"),
    *("refusal at first step", "refusal by one agency", "result at once"),
    "wrong trích lục after another agency finished",
    "wrong trích lục while another agency works",
}


@every
def test_scenarios_cover_every_path(folder: Path) -> None:
    """Each path the procedure promises has a scenario, and scenarios name what the picture has."""
    model = model_of(folder)
    results = {e.properties["result"] for e in model.elements.values() if "result" in e.properties}
    covered: set[str] = set()
    for name, scenario in scenarios_of(folder).items():
        covered |= set(scenario["covers"])
        for step in scenario["step"]:
            if "task" in step:
                element = model.elements[step["task"]]
                assert (element.type, element.pool) == ("userTask", step["pool"]), (name, step)
        expect = scenario["expect"]
        for key in ("reached", "not_reached", "open"):
            assert set(expect.get(key, ())) <= set(model.elements), (name, key)
        assert set(expect.get("ended_pools", ())) <= set(model.pools), name
        assert set(expect.get("returned", ())) <= results, name
    assert PATHS - covered == set()
