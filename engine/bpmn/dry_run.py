"""Run a model in memory, in simulated time: pools, messages, timers, answers. Knows no database.

The steps are those of ``engine.bpmn.run``: state bytes in, moved tokens out, so a dry run saves
and restores every instance between any two steps, as the real house does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine import calendar
from engine.bpmn import run as steps
from engine.bpmn.answers import Answers, Step
from engine.bpmn.beginnings import YEARS, SimulatedClock, plain_starts, repeats, start_of
from engine.bpmn.bounds import MAX_INSTANCES, MAX_RINGS, MAX_TRACE, NOTHING, Bounds, Look, look
from engine.bpmn.loops import MAX_TURNS
from engine.bpmn.model import ArmedTimer, MessageFlow, Model, Move, OpenTask, Sent, Wanted
from engine.bpmn.outcome import Outcome, Place, Record, Verdict
from engine.errors import Invalid, MotCuaError
from engine.findings import Finding

_WAY_OUT = "Hãy trả lời bằng kịch bản (--answers), hoặc cho vòng lặp một đường ra."


def run(
    model: Model,
    *,
    file: str = "",
    data: Mapping[str, Any] | None = None,
    answers: Answers | None = None,
    at: datetime | None = None,
    auto: bool = False,
    begin: Sequence[str] = (),
    findings: Iterable[Finding] = (),
    days: calendar.Calendar | None = None,
) -> Outcome:
    """Run ``model`` from its main pool, or from the pools in ``begin``.

    Whatever goes wrong on the way is in the outcome; Invalid only for a start as ``start_of``.

    ``data`` goes over the answers' own start data. Without ``auto`` the run stops when the answers
    are used up; with it, tasks without an answer are completed with ``{}`` and time jumps to the
    next timer when nothing else can move. ``findings`` of the gate go first in the outcome.
    """
    answers = answers or Answers()
    start = start_of(at, answers)
    clock = SimulatedClock(start, days)
    record = Record(file, clock, findings)
    the_run = _Run(model, record, clock, answers, auto)
    facts = {**answers.data, **(data or {})}
    try:
        the_run.open(begin or (model.main.id,), facts)
        the_run.go()
    except _Stop:
        pass
    except MotCuaError as error:
        record.fail(error)
    except RecursionError:
        record.error("too-deep", None, "sơ đồ hoặc dữ liệu lồng quá sâu.", "Hãy vẽ phẳng hơn.")
    except Exception as error:  # a fault of ours must still be a verdict, and a visible one
        record.error("internal", None, f"lỗi của chương trình: {error!r}", "Hãy báo lỗi này.")
    the_run.compare()
    return the_run.outcome()


@dataclass
class _Instance:
    """One running pool."""

    number: int
    pool: str
    facts: dict[str, Any]
    move: Move
    look: Look = NOTHING


@dataclass
class _Letter:
    """A message on its way along a flow."""

    flow: MessageFlow
    sender: _Instance
    payload: dict[str, Any]


class _Stop(Exception):
    """The run has reached one of its bounds; a finding says which."""


class _Run:
    """One dry run under way."""

    def __init__(
        self,
        model: Model,
        record: Record,
        clock: SimulatedClock,
        answers: Answers,
        auto: bool,
    ) -> None:
        self.model, self.clock, self.auto = model, clock, auto
        self.record = record
        self.todo = list(enumerate(answers.steps, 1))
        self.expect = answers.expect
        self.instances: list[_Instance] = []
        self.letters: list[_Letter] = []
        self.opened: dict[tuple[int, int], int] = {}  # (instance, task) in order of opening
        self.bounds = Bounds(MAX_TURNS if repeats(model) else 0)
        self.rings = 0  # one after another, nothing else between
        self.facts: dict[str, Any] = {}  # of a pool that a step will open

    def open(self, pools: Sequence[str], facts: dict[str, Any]) -> None:
        """Begin the first pools; one that only messages open begins with the first message step,
        else as if the message of its first start event had come."""
        for pool in pools:
            starts = self.model.pools[pool].starts
            if plain_starts(self.model, pool):
                self.begin(pool, facts)
            elif not self._opens(pool):
                self.begin(pool, facts, starts[0] if starts else None)
            else:
                self.facts = facts

    def begin(
        self, pool: str, facts: dict[str, Any], start: str | None = None, flow: str = ""
    ) -> None:
        """Start a pool with ``facts``."""
        if len(self.instances) >= MAX_INSTANCES:
            self._stop("endless", None, "các pool mở nhau mãi không dừng.")
        move = steps.start(self.model, pool, facts, self.clock, at=start)
        instance = _Instance(len(self.instances) + 1, pool, facts, move)
        self.instances.append(instance)
        self._tell("start", instance, start or "", flow=flow)
        self._moved(instance, move, None)

    def _moved(self, instance: _Instance, move: Move, before: Move | None) -> None:
        """Take note of a step of an instance."""
        instance.move = move
        self.record.follow(move.trace)
        now_open = {task.id for task in move.open_tasks}
        if before is not None:
            done = Counter(entry.element for entry in move.trace)
            for task in before.open_tasks:
                if task.id not in now_open:
                    kind = "done" if done[task.element] > 0 else "gone"
                    done[task.element] -= 1
                    self._tell(kind, instance, task.element, task=task.id)
        for entry in move.trace:
            if "Event" in entry.type:
                self._tell("pass", instance, entry.element)
        for task in move.open_tasks:
            key = (instance.number, task.id)
            if key not in self.opened:
                self.opened[key] = len(self.opened)
                self._tell("open", instance, task.element, task=task.id)
        for sent in move.sent:
            self._send(instance, sent)
        if move.ended:
            self._tell("end", instance)
        self._bound(instance)

    def _send(self, instance: _Instance, sent: Sent) -> None:
        flows = [f for f in self.model.flows.values() if f.source_element == sent.element]
        if not flows:
            self._tell("outside", instance, sent.element)
        for flow in flows:
            if flow.target_pool not in self.model.plans:
                self._tell("outside", instance, sent.element, flow=flow.id)
                continue
            self._tell("send", instance, sent.element, flow=flow.id)
            known = {**instance.facts, **sent.data}
            self.letters.append(_Letter(flow, instance, flow.payload(known)))

    def go(self) -> None:
        """Move until nothing moves any more."""
        while self._carry() or self._act():
            pass

    def _act(self) -> bool:
        if self.todo and self._ready(self.todo[0][1]):
            self._take(0)
            return True
        if not self.auto:
            if self.todo:
                self._unfit(*self.todo[0])
            return False
        wanted = {step.task for _, step in self.todo}
        for instance, task in self._tasks():
            if task.element not in wanted:
                self.rings = 0
                self._complete(instance, task, {})
                return True
        for index, (_, step) in enumerate(self.todo):
            if not (step.task or step.message):
                break
            if self._ready(step):
                self._take(index)
                return True
        if self._jump():
            return True
        if self.todo:
            number, step = self.todo.pop(0)
            what = step.task or step.message
            self.record.warning(
                "answer-unused",
                what,
                f"bước {number} của kịch bản không được dùng đến.",
                "Hãy bỏ bước này hoặc xem lại đường đi.",
            )
            return True
        return False

    def _unfit(self, number: int, step: Step) -> None:
        what = step.task or step.message
        open_now = sorted({task.element for _, task in self._tasks()})
        self.record.error(
            "answer-unfit",
            what,
            f"bước {number} của kịch bản: «{what}» không đang chờ "
            f"(đang chờ: {', '.join(open_now) or 'không có việc nào'}).",
            "Hãy xem lại thứ tự các bước của kịch bản.",
        )

    def _tasks(self) -> list[tuple[_Instance, OpenTask]]:
        found = [(i, task) for i in self._live() for task in i.move.open_tasks]
        return sorted(found, key=lambda pair: self.opened[pair[0].number, pair[1].id])

    def _live(self) -> list[_Instance]:
        return [instance for instance in self.instances if not instance.move.ended]

    def _ready(self, step: Step) -> bool:
        """Whether a step can be done now, or only lets time pass."""
        if not (step.task or step.message):
            return True
        return self._place_of(step) is not None or self._start_of(step) is not None

    def _place_of(self, step: Step) -> tuple[_Instance, OpenTask | Wanted] | None:
        """The open task a step is about, else the place that waits for its message."""
        tasks = self._tasks() if step.task else []
        wanted = [(i, place) for i in self._live() for place in i.move.wanted]
        name = step.task or step.message
        places: list[tuple[_Instance, OpenTask | Wanted]] = [*tasks, *wanted]
        for instance, place in places:
            if place.element == name and self._in_pool(step, instance.pool):
                return instance, place
        for instance, waits in wanted:
            if waits.message == step.message and self._in_pool(step, instance.pool):
                return instance, waits
        return None

    def _start_of(self, step: Step) -> tuple[str, str] | None:
        """The pool and start event that the step's message opens."""
        if not step.message:
            return None
        for pool in self.model.pools.values():
            for start in pool.starts if pool.id in self.model.plans else ():
                event = self.model.plans[pool.id].plan.task_specs[start].event
                named = event.kind == "message" and step.message in (start, event.name)
                if named and self._in_pool(step, pool.id):
                    return pool.id, start
        return None

    def _opens(self, pool: str) -> bool:
        """Whether the scenario begins with the message that opens the pool."""
        found = self._start_of(self.todo[0][1]) if self.todo else None
        return found is not None and found[0] == pool

    def _in_pool(self, step: Step, pool: str) -> bool:
        return step.pool in ("", pool, self.model.pools[pool].process_id)

    def _take(self, index: int) -> None:
        """Do a step of the scenario: its time passes first, and may take the task away."""
        number, step = self.todo.pop(index)
        if step.after:
            if step.after.days > 366 * (YEARS[-1] - self.clock.now.year):
                raise Invalid(f"Bước {number} của kịch bản kéo dài quá năm {YEARS[-1]}.")
            self._pass_time(self.clock.now + step.after)
        if not (step.task or step.message):
            return
        instance, place = self._place_of(step) or (None, None)
        if instance is not None and isinstance(place, OpenTask):
            self._complete(instance, place, step.data)
        elif instance is not None and isinstance(place, Wanted):
            self._deliver(instance, place.task, place.element, step.data)
        elif (start := self._start_of(step)) is not None:
            self.begin(start[0], {**self.facts, **step.data}, start[1])
            self.facts = {}
        else:
            self._unfit(number, step)
            raise _Stop

    def _complete(self, instance: _Instance, task: OpenTask, data: dict[str, Any]) -> None:
        before = instance.move
        move = steps.complete(self.model, instance.pool, before.state, task.id, data, self.clock)
        self._moved(instance, move, before)

    def _carry(self) -> bool:
        """Deliver the first message that is wanted; a boundary catches only while it is armed."""
        for index, letter in enumerate(self.letters):
            target = self.model.elements.get(letter.flow.target_element or "")
            if target is not None and target.id in self.model.pools[target.pool].starts:
                del self.letters[index]
                self.begin(letter.flow.target_pool, letter.payload, target.id, letter.flow.id)
                return True
            receivers = [i for i in self.instances if i.pool == letter.flow.target_pool]
            receivers.sort(key=lambda i: (i.move.ended, -i.number))
            for receiver in receivers:
                for place in receiver.move.wanted if not receiver.move.ended else ():
                    if place.element == letter.flow.target_element:
                        del self.letters[index]
                        flow = letter.flow.id
                        receiver.facts = {**receiver.facts, **letter.payload}
                        self._deliver(receiver, place.task, place.element, letter.payload, flow)
                        return True
            late = receivers and receivers[0].move.ended
            if late or (target is not None and target.type == "boundaryEvent"):
                del self.letters[index]
                self._tell("void", letter.sender, flow=letter.flow.id)
                self.record.warning(
                    "message-void",
                    letter.flow.id,
                    f"thông điệp «{letter.flow.name or letter.flow.id}» đến khi nơi nhận "
                    "không (còn) chờ, nên vô hiệu.",
                    "Nếu không chủ ý, hãy nhận nó ở một bước chờ riêng.",
                )
                return True
        return False

    def _deliver(
        self, instance: _Instance, task: int, element: str, data: dict[str, Any], flow: str = ""
    ) -> None:
        self._tell("deliver", instance, element, flow=flow)
        before = instance.move
        move = steps.deliver(
            self.model, instance.pool, before.state, task, element, data, self.clock
        )
        self._moved(instance, move, before)

    def _next_timer(self) -> tuple[_Instance, ArmedTimer] | None:
        armed = [(t.due, i.number, t.task, i, t) for i in self._live() for t in i.move.timers]
        if not armed:
            return None
        first = min(armed, key=lambda row: row[:3])
        return first[3], first[4]

    def _ring(self, until: datetime | None = None) -> bool:
        """Fire the next timer, due by ``until``, at its own moment."""
        found = self._next_timer()
        if found is None or (until is not None and found[1].due > until):
            return False
        instance, timer = found
        if timer.due.year not in YEARS and timer.due > self.clock.now:
            self.record.warning(
                "too-far",
                timer.element,
                f"hẹn giờ rơi vào sau năm {YEARS[-1]}.",
                "Hãy xem lại thời hạn.",
            )
            return False
        self.clock.now = max(self.clock.now, timer.due)
        self._tell("ring", instance, timer.element)
        before = instance.move
        move = steps.fire(
            self.model, instance.pool, before.state, timer.task, timer.element, self.clock
        )
        self._moved(instance, move, before)
        return True

    def _jump(self) -> bool:
        """Fire the next timer, however late it is; not for ever while a message is awaited."""
        if not self._ring():
            return False
        self.rings += 1
        if self.rings > MAX_RINGS and self._hopes():
            self._stop(
                "endless", self.record.lines[-1].element, "hẹn giờ cứ lặp trong khi chờ thông điệp."
            )
        return True

    def _pass_time(self, until: datetime) -> None:
        while self._carry() or self._ring(until):
            pass
        self.clock.now = until

    def _bound(self, instance: _Instance) -> None:
        """Stop when the run has gone on long enough or comes back to the same place for ever."""
        instance.look = look(instance.pool, instance.move, self.clock.now)
        shapes = [i.look.shape for i in self._live()] + [
            letter.flow.id.encode() for letter in self.letters
        ]
        if self.bounds.spent(instance.look.cost) or len(self.record.lines) > MAX_TRACE:
            self._stop("too-long", None, "chạy thử quá nhiều bước.")
        if self.bounds.same_again(shapes):
            last = self.record.lines[-1].element if self.record.lines else None
            self._stop("endless", last, "quy trình quay lại đúng chỗ cũ mãi không dừng.")

    def _hopes(self) -> bool:
        """Whether a message from outside could still move something."""
        return any(instance.move.wanted for instance in self._live())

    def _stop(self, rule: str, element: str | None, reason: str) -> None:
        """End the run; it is not an error while a message may still come from outside."""
        note = self.record.warning if self._hopes() else self.record.error
        note(rule, element, reason, _WAY_OUT)
        raise _Stop

    def compare(self) -> None:
        """Find where a run differs from what its scenario expects."""
        expect = self.expect
        reached = {line.element for line in self.record.lines}
        open_now = sorted(task.element for _, task in self._tasks())
        ended = {i.pool for i in self.instances if i.move.ended}
        wrong = [f"chưa qua «{e}»." for e in expect.get("reached", ()) if e not in reached]
        wrong += [f"đã qua «{e}»." for e in expect.get("not_reached", ()) if e in reached]
        wrong += [f"pool «{p}» chưa xong." for p in expect.get("ended_pools", ()) if p not in ended]
        if sorted(expect.get("open", open_now)) != open_now:
            wrong.append(f"đang chờ {open_now}, kịch bản ghi {sorted(expect['open'])}.")
        for text in wrong:
            self.record.error("scenario-differs", None, text, "Hãy sửa bức vẽ hoặc kịch bản.")

    def _tell(
        self, kind: str, instance: _Instance, element: str = "", flow: str = "", task: int = 0
    ) -> None:
        self.record.tell(kind, instance.pool, instance.number, element, flow, task)

    def outcome(self) -> Outcome:
        """What has become of the run."""
        live = self._live()
        verdict: Verdict = "completed"
        if self.record.failed:
            verdict = "error"
        elif live:
            verdict = "waiting"
        for letter in self.letters:
            self.record.warning(
                "message-pending",
                letter.flow.id,
                f"thông điệp «{letter.flow.name or letter.flow.id}» chưa có ai nhận.",
                "Hãy xem nơi nhận có được mở và có đi tới chỗ chờ hay không.",
            )
        pools = {i.pool: i.move.data for i in self.instances}
        return Outcome(
            verdict=verdict,
            findings=tuple(self.record.findings),
            trace=tuple(self.record.lines),
            waiting=tuple(place for i in live for place in _places(i)),
            data=self.instances[0].move.data if self.instances else {},
            pools=pools,
            story=tuple(self.record.story),
            ended_at=self.clock.now,
        )


def _places(instance: _Instance) -> list[Place]:
    move, pool = instance.move, instance.pool
    return [
        *(Place(task.element, "person", pool) for task in move.open_tasks),
        *(Place(w.element, "message", pool, message=w.message) for w in move.wanted),
        *(Place(w.element, "signal", pool, message=w.message) for w in move.signals),
        *(Place(t.element, "time", pool, due=t.due) for t in move.timers),
    ]
