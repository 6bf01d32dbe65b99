"""Letters: really spoken over SMTP and HTTP to servers of our own, retried, given up, shown."""

from __future__ import annotations

import http.server
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import select

from engine import letter_texts, letters
from engine.catalog import releases
from engine.db import writing
from engine.dossiers import clock_commands, scenario
from engine.dossiers.models import Dossier
from engine.errors import Invalid, NotFound
from engine.letters import Delivery
from engine.org import queries
from tests.webapp.api_house import PROCEDURE, House
from webapp import jobs, post, processes
from webapp.config import BadSettings, Settings

SECRET = "g" * 40


class Box:
    """An SMTP server's handler: keeps what was said, refuses whom it is told to refuse."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.refuse = ""

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.letters.append(
            (envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default))
        )
        return "250 OK"


@pytest.fixture
def box() -> Iterator[tuple[Box, int]]:
    """A real SMTP server on this machine."""
    handler = Box()
    port = processes.free_port("127.0.0.1", 20_000 + os.getpid() % 10_000)
    server = Controller(handler, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield handler, port
    finally:
        server.stop()


class Gateway(http.server.ThreadingHTTPServer):
    """A gateway for short messages: answers as told, remembers each call."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []


class _Answer(http.server.BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((dict(self.headers), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Nothing on the screen."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A real HTTP server on this machine."""
    server = Gateway()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def connected(
    house: House, box: tuple[Box, int], gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> House:
    """The province with both channels set up."""
    settings = {
        "MOTCUA_SMTP_URL": f"smtp://127.0.0.1:{box[1]}",
        "MOTCUA_MAIL_FROM": "motcua@tinh.example",
        "MOTCUA_WEBHOOK_URL": f"http://127.0.0.1:{gateway.server_port}/gui?to=zalo",
        "MOTCUA_WEBHOOK_SECRET": SECRET,
        "MOTCUA_PUBLIC_URL": "https://motcua.example",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    jobs.forget(close=True)
    house.app.config["CHANNELS"] = frozenset(letters.CHANNELS)
    return house


def _owe(house: House, channel: str, *, key: str = "accepted:1::x") -> int:
    with writing(), house.sessions() as session:
        letter = Delivery(
            key=key,
            event="accepted",
            channel=channel,
            recipient={"email": "tot@dan.example", "sms": "0900000001"}[channel],
            values={
                "code": "H99.31-261123-0001",
                "procedure": "Khai tử",
                "applicant": "T. V. Tốt",
                "due": "17:00 ngày 04/12/2026",
            },
            next_at=house.now,
            created_at=house.now,
        )
        session.add(letter)
        session.commit()
        return letter.id


def _letter(house: House, number: int) -> Delivery:
    with house.sessions() as session:
        return session.get_one(Delivery, number)


def _with_address(house: House, until_step: int | None) -> tuple[str, dict[str, Any]]:
    """A dossier whose applicant gave an address, brought to a step; its code and its form."""
    story = house.story("bhxh-chi-tra")
    asker = {**story.data["nguoi_yeu_cau"], "email": "tot@dan.example"}
    data = {**story.data, "nguoi_yeu_cau": asker}
    with house.sessions() as session:
        release = releases.in_force(session, PROCEDURE, house.now.date())
    told = scenario.play(
        house.sessions, release, story, start_at=house.now, data=data, until_step=until_step
    )
    assert told.ok, told.differences
    house.now += timedelta(days=20 if until_step is None else 0)
    return told.code, data


def test_a_whole_dossier_tells_the_applicant_and_hides_the_rest(
    connected: House, box: tuple[Box, int], gateway: Gateway, redis_url: str
) -> None:
    """Accepted, asked, returned: by mail and by message, through a real worker; names masked."""
    _code, data = _with_address(connected, None)
    asked = data["nguoi_yeu_cau"]
    with connected.sessions() as session:
        owed = session.scalars(select(Delivery).where(Delivery.event == "accepted")).all()
        dossier = session.scalars(select(Dossier)).one()
        assert {d.recipient for d in owed} == {asked["email"], asked["dien_thoai"]}
    jobs.sweep_once(connected.app, connected.now)
    redis = Redis.from_url(redis_url)
    queues = [Queue(name, connection=redis, serializer=JSONSerializer) for name in jobs.QUEUES]
    SimpleWorker(queues, connection=redis, serializer=JSONSerializer).work(burst=True)
    with connected.sessions() as session:
        states = {d.status for d in session.scalars(select(Delivery))}
        assert states == {"sent"}
    told = [letter for to, letter in box[0].letters if to == [asked["email"]]]
    subjects = " | ".join(letter["Subject"] for letter in told)
    assert dossier.code in subjects
    said = "".join(letter.get_content() for letter in told)
    said += "".join(body.decode() for _headers, body in gateway.calls)
    assert f"https://motcua.example/tra-cuu?ma={dossier.code}" in said
    for secret in (asked["ho_ten"], asked["so_dinh_danh"], data["nguoi_chet"]["ho_ten"]):
        assert secret not in said
        assert secret not in subjects


def test_a_message_is_signed_and_carries_its_key(connected: House, gateway: Gateway) -> None:
    number = _owe(connected, "sms")
    assert jobs.carry_letters([number], connected.now) == 1
    ((headers, body),) = gateway.calls
    stamp = headers["X-Motcua-Timestamp"]
    assert headers["X-Motcua-Signature"] == post.signature(SECRET, stamp, body)
    assert post.signature("other" * 8, stamp, body) != headers["X-Motcua-Signature"]
    assert headers["Idempotency-Key"] == json.loads(body)["key"] == "accepted:1::x"
    assert json.loads(body)["to"] == "0900000001"
    assert jobs.carry_letters([number], connected.now) == 0
    assert len(gateway.calls) == 1


def test_a_busy_gateway_is_asked_again_later_with_the_same_key(
    connected: House, gateway: Gateway
) -> None:
    """503, then 429, then accepted: less and less often, and not before its time."""
    gateway.answers = [503, 429]
    number, moment = _owe(connected, "sms"), connected.now
    waits = []
    for _ in range(2):
        assert jobs.carry_letters([number], moment) == 0
        letter = _letter(connected, number)
        assert letter.status == "owed"
        waits.append(letter.next_at - moment)
        jobs.sweep_once(connected.app, letter.next_at - timedelta(seconds=1))
        assert len(gateway.calls) == letter.attempts
        moment = letter.next_at
    assert waits[0] < waits[1]
    assert jobs.carry_letters([number], moment) == 1
    assert {h["Idempotency-Key"] for h, _body in gateway.calls} == {"accepted:1::x"}
    assert _letter(connected, number).status == "sent"


@pytest.mark.parametrize(("channel", "answer"), [("sms", 400), ("email", 550)])
def test_a_refusal_for_good_is_a_dead_letter_that_is_shown_and_can_be_sent_again(
    connected: House, box: tuple[Box, int], gateway: Gateway, channel: str, answer: int
) -> None:
    gateway.answers, box[0].refuse = [400], "550 no such mailbox"
    number = _owe(connected, channel)
    assert jobs.carry_letters([number], connected.now) == 0
    letter = _letter(connected, number)
    assert (letter.status, letter.attempts) == ("dead", 1)
    assert letter.error.startswith(str(answer))
    watcher = connected.enter("khoa.quantri")
    page = watcher.get("/thu-gui-di?trang_thai=dead").text
    assert letter.error in page
    assert letter.recipient not in page  # masked
    gateway.answers, box[0].refuse = [], ""
    assert watcher.post(f"/thu-gui-di/{number}").status_code == 302
    assert jobs.carry_letters([number], connected.now) == 1
    assert connected.enter("lan.ubnd.tanan").get("/thu-gui-di").status_code == 403


def test_a_server_that_is_away_is_tried_until_it_is_enough(connected: House) -> None:
    """Nobody listens: the letter is dead after the last attempt and says why."""
    settings = replace(jobs._settings(), webhook_url="http://127.0.0.1:9/")
    number = _owe(connected, "sms")
    with pytest.raises(post.NotNow):
        post.carry(
            settings, post.Address("sms", "0900", "k"), "accepted", letter_texts.Text("", "x"),
            connected.now,
        )  # fmt: skip
    moment = connected.now
    for _ in range(letters.MOST_ATTEMPTS):
        with writing(), connected.sessions.begin() as session:
            assert letters.begin(session, number, moment) is not None
            letters.failed(session, number, moment, "ConnectionRefusedError")
        moment += timedelta(hours=2)
    assert _letter(connected, number).status == "dead"


def test_a_carrier_that_died_is_followed_by_another(connected: House) -> None:
    """Begun and never finished: free again after the lease, by the sweeper's next look."""
    number = _owe(connected, "sms")
    with writing(), connected.sessions.begin() as session:
        assert letters.begin(session, number, connected.now) is not None
    with writing(), connected.sessions.begin() as session:
        assert letters.begin(session, number, connected.now) is None
        assert letters.claim(session, connected.now + timedelta(seconds=60)) == []
        assert letters.claim(session, connected.now + timedelta(seconds=121)) == [number]


def test_channels_that_are_off_keep_nothing_for_later(house: House) -> None:
    number = _owe(house, "email")
    jobs.sweep_once(house.app, house.now)
    assert _letter(house, number).status == "off"


def test_an_address_with_a_line_break_harms_nobody(connected: House, box: tuple[Box, int]) -> None:
    number = _owe(connected, "email")
    with writing(), connected.sessions.begin() as session:
        session.get_one(Delivery, number).recipient = "a@dan.example\nBcc: all@dan.example"
    assert jobs.carry_letters([number], connected.now) == 0
    assert _letter(connected, number).status == "dead"
    assert box[0].letters == []


def test_the_new_date_goes_to_the_applicant_and_stands_on_the_tracking_page(
    connected: House, box: tuple[Box, int]
) -> None:
    code, _data = _with_address(connected, 3)
    reason = "Phải xác minh tại nơi cư trú cũ của người mất"
    with writing(), connected.sessions() as session:
        dossier = session.scalars(select(Dossier).where(Dossier.code == code)).one()
        someone = queries.heads_of(session, dossier.intake_agency_id, connected.now)[0]
        head = queries.actor_of(session, someone.id, connected.now)
        clock_commands.extend(
            session, head, dossier.id, date(2026, 12, 30), reason, "7/PXL", connected.now
        )
        session.commit()
        number = session.scalars(
            select(Delivery.id).where(Delivery.event == "late", Delivery.channel == "email")
        ).one()
    assert jobs.carry_letters([number], connected.now) == 1
    ((_to, letter),) = box[0].letters
    assert "17:00 ngày 30/12/2026" in letter.get_content()
    page = connected.visitor().get(f"/tra-cuu?ma={code}").text
    assert "30/12/2026 17:00" in page
    assert reason in page


def test_templates_are_checked_and_the_procedures_own_wins(tmp_path: Path) -> None:
    general = tmp_path / "forms/notices/accepted/sms.vi.txt"
    own = tmp_path / "processes/khai-tu/notices/accepted/sms.vi.txt"
    for path, text in ((general, "chung {{ code }}"), (own, "riêng {{ code }}")):
        path.parent.mkdir(parents=True)
        path.write_text(text)
    said = {"code": "C1"}
    assert letter_texts.write(tmp_path, "accepted", "sms", said).body == "chung C1"
    told = letter_texts.write(tmp_path, "accepted", "sms", said, procedure="khai-tu", language="en")
    assert told.body == "riêng C1"
    with pytest.raises(NotFound):
        letter_texts.write(tmp_path, "late", "sms", said)
    assert letter_texts.check(tmp_path) == []
    for wrong, sentence in {
        "{{ so_dinh_danh }}": "so_dinh_danh",
        "{{ code.__class__.__mro__ }} {{ x": "cú pháp",
        "{% include 'other' %}": "không được gọi",
    }.items():
        general.write_text(wrong)
        (fault,) = letter_texts.check(tmp_path)
        assert sentence in fault
        with pytest.raises(Invalid):
            letter_texts.write(tmp_path, "accepted", "sms", said)
    general.write_text("{{ code.__class__.__mro__[1].__subclasses__() }}")
    with pytest.raises(Invalid):
        letter_texts.write(tmp_path, "accepted", "sms", said)
    (tmp_path / "forms/notices/nothing").mkdir()
    (tmp_path / "forms/notices/nothing/sms.vi.txt").write_text("x")
    (tmp_path / "forms/notices/accepted/fax.vi.txt").write_text("x")
    faults = " ".join(letter_texts.check(tmp_path))
    assert "nothing" in faults
    assert "fax" in faults


def test_the_house_templates_can_all_be_used() -> None:
    assert letter_texts.check(jobs.ROOT) == []
    for event, names in letter_texts.VARIABLES.items():
        values = {name: ["x"] if name == "lines" else "x" for name in names}
        assert letter_texts.write(jobs.ROOT, event, "email", values).subject


@pytest.mark.parametrize(
    "wrong",
    [
        {"MOTCUA_SMTP_URL": "mail.example:25"},
        {"MOTCUA_SMTP_URL": "smtp://mail.example", "MOTCUA_MAIL_FROM": "Một Cửa"},
        {"MOTCUA_SMTP_URL": "smtp://mail.example"},
        {"MOTCUA_WEBHOOK_URL": "ftp://gateway.example"},
        {"MOTCUA_WEBHOOK_URL": "https://gateway.example", "MOTCUA_WEBHOOK_SECRET": "short"},
        {"MOTCUA_DIGEST_AT": "sáng sớm"},
    ],
)
def test_a_wrong_setting_is_one_sentence(tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(BadSettings) as refused:
        Settings.from_env({"MOTCUA_DEMO": "1", "MOTCUA_DATA_DIR": str(tmp_path), **wrong})
    assert "MOTCUA_" in refused.value.message
    assert refused.value.message.endswith(".")
