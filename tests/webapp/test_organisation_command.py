"""An empty house becomes one in which people work: tables, organisation, password, procedures."""

from __future__ import annotations

import json
from pathlib import Path

from argon2 import PasswordHasher
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text

from webapp.cli import COMMANDS, group
from webapp.commands.database import upgrade

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "organisation.example.toml"


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(group, words, input=typed)


def test_the_first_hour_of_an_empty_house(tmp_path: Path) -> None:
    """The operator's guide, command by command, to a log-in that works."""
    url = f"sqlite:///{tmp_path / 'house.db'}"
    upgrade(url)
    place = ("--database", url)
    shown = run("organisation", "import", str(EXAMPLE), "--preview", *place)
    assert shown.exit_code == 0, shown.output
    assert "thêm người dùng lan.ubnd.tanan" in shown.output
    assert "mật khẩu của" not in shown.output
    taken = json.loads(run("organisation", "import", str(EXAMPLE), "--json", *place).stdout)
    assert set(taken["passwords"]) == {"lan.ubnd.tanan", "quan.tri"}
    again = run("organisation", "import", str(EXAMPLE), *place)
    assert again.output == "Không có gì thay đổi.\n"
    changed = run("password", "lan.ubnd.tanan", *place, typed="mật-khẩu-mới\nmật-khẩu-mới\n")
    assert changed.exit_code == 0, changed.output
    published = run("publish", *place)
    assert published.output.count("công bố: khai-tu-lien-thong") == 2
    assert run("publish", *place).output.count("đã có: khai-tu-lien-thong") == 2
    with create_engine(url).connect() as connection:
        query = text("SELECT username, password_hash FROM person")
        hashes = dict(tuple(row) for row in connection.execute(query))
    assert PasswordHasher().verify(hashes["lan.ubnd.tanan"], "mật-khẩu-mới")
    assert PasswordHasher().verify(hashes["quan.tri"], taken["passwords"]["quan.tri"])


def test_what_cannot_be_done_is_a_sentence(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'house.db'}"
    upgrade(url)
    broken = tmp_path / "sai.toml"
    broken.write_text("[[agency]\n")
    assert (
        "Không đọc được tệp TOML"
        in run("organisation", "import", str(broken), "--database", url).output
    )
    broken.write_text('[[agency]]\ncode = "X"\n')
    told = run("organisation", "import", str(broken), "--database", url)
    assert told.exit_code == 1
    assert "agency[1] X.kind: Chưa ghi mục này." in told.output
    nobody = run("password", "ai-do", "--database", url)
    assert nobody.exit_code == 1
    assert "Không có người dùng" in str(nobody.exception)
    assert {"organisation", "password", "publish"} <= set(COMMANDS)
