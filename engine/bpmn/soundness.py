"""Whether a drawing can always come to its end: deadlocks, steps run twice, ways that never end.

What holds whichever conditions are true is an error; what depends on conditions or events is a
warning that names them. Plays the token game of ``tokens`` scope by scope. Knows no engine.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

from engine import feel
from engine.bpmn.graph import Flow, Node, Scope
from engine.bpmn.tokens import Game, Play, Step, is_whole_end
from engine.errors import FeelError
from engine.feel import analysis
from engine.findings import Finding, Findings, rule

DEADLOCK = rule("deadlock", "soundness", "Không đường nào bế tắc ở một cổng gộp")
TWICE = rule("lack-of-synchronisation", "soundness", "Không bước nào bị chạy hai lần vì thiếu gộp")
NO_END = rule("no-way-to-end", "soundness", "Từ mọi chỗ đều tới được điểm kết thúc")
NEVER = rule("never-runs", "soundness", "Bước nào cũng có lúc được chạy")
MANY = rule("too-many-states", "soundness", "Bức vẽ được xét hết mọi đường đi")
NO_WAY = rule("gateway-without-way", "soundness", "Cổng rẽ nhánh nào cũng có đường ra")
OVERLAP = rule("overlapping-conditions", "soundness", "Hai nhánh loại trừ không cùng đúng")
ENDLESS = rule("endless-loop", "soundness", "Vòng lặp tự động có gì đó làm đổi điều kiện ra")

_WAITS = ("userTask", "manualTask", "receiveTask", "intermediateCatchEvent", "eventBasedGateway")
_MOST_PAIRS = 2_000  # conditions compared with each other in a pool
_Found = dict[str, set[int]]


def explore(scope: Scope, file: str, *, strict: bool, bound: int = 50_000) -> list[Finding]:
    """What is found in a normalised pool and in every scope inside it."""
    findings, pairs = Findings(file), iter(range(_MOST_PAIRS))
    seen: set[str] = set()
    todo = [(scope, False)]
    while todo:
        here, rescued = todo.pop()
        if here.id in seen:  # a process that is called twice
            continue
        seen.add(here.id)
        ends_whole = rescued or any(map(is_whole_end, here.nodes.values()))
        for node in here.nodes.values():
            if node.scope is not None:
                edges = here.boundaries(node.id)
                left = ends_whole or any(edge.interrupting for edge in edges)
                todo.append((node.scope, left))
        for node in here.nodes.values():
            if node.kind in ("exclusiveGateway", "inclusiveGateway"):
                _gateway(here, node, findings, strict, pairs)
        _Judge(here, findings, strict, bound, rescued).judge()
        _endless(here, findings)
    return list(findings)


def name_of(node: Node) -> str:
    """A node as people know it; what was put in speaks for the drawn one."""
    if node.id.startswith("__body_"):
        return "phần chính"
    return node.name or node.element or node.id.removeprefix("__split_").removeprefix("__")


def id_of(node: Node) -> str:
    """The drawn id of a node, or of the one it was put in for."""
    drawn = node.element or node.id
    for prefix in ("__split_", "__pass_", "__body_", "__start_"):
        drawn = drawn.removeprefix(prefix)
    return drawn


class _Judge:
    """Looks back from what went wrong: is it certain, or does it hang on conditions?"""

    def __init__(
        self, scope: Scope, findings: Findings, strict: bool, bound: int, rescued: bool
    ) -> None:
        self.scope, self.findings, self.strict, self.bound = scope, findings, strict, bound
        self.rescued = rescued  # an event around it may end the scope, stuck or not
        self.game = Game(scope)
        self.play: Play = self.game.play(bound)
        self.after: dict[int, list[Step]] = defaultdict(list)
        self.before: dict[int, list[Step]] = defaultdict(list)
        for step in self.play.steps:
            self.after[step.source].append(step)
            self.before[step.target].append(step)

    def judge(self) -> None:
        """Note everything that can be said of the scope."""
        if not self.play.complete:
            self.findings.warning(
                MANY,
                id_of_scope(self.scope),
                f"có hơn {self.bound} trạng thái, chưa xét hết mọi đường đi.",
                "Hãy chia bức vẽ thành các tiểu quy trình.",
            )
        for key in sorted(self.play.partly):
            node = self.scope.nodes[key]
            self.findings.warning(
                MANY,
                id_of(node),
                f"«{name_of(node)}» có {len(self.scope.out(key))} nhánh ra, chưa thử hết mọi cách "
                "kết hợp các nhánh ấy.",
                "Hãy gộp các nhánh ấy ngay tại một cổng bao hàm, hoặc chia thành vài cổng.",
            )
        doubled = self._doubled()
        stuck = self._stuck()
        if self.play.complete and not doubled and not stuck:
            self._never()

    def _doubled(self) -> bool:
        bad: dict[str, list[Step]] = defaultdict(list)
        for step in self.play.steps:
            if step.doubled is not None:
                bad[step.doubled].append(step)
        told: set[str] = set()
        for head, steps in bad.items():
            node = self.scope.nodes[self.game.behind[head][0]]
            key = id_of(node)
            if key in told:
                continue
            told.add(key)
            merge = self.scope.nodes[self.game.flow[head].source]
            where = name_of(merge) if merge.kind.endswith("Gateway") else name_of(node)
            message = (
                f"«{name_of(node)}» và các bước sau nó bị chạy hai lần: hai nhánh song song "
                f"gặp nhau ở «{where}» mà không được gộp lại"
            )
            cure = "Hãy gộp các nhánh bằng cổng song song (hoặc cổng bao hàm nếu tách bằng nó)."
            if self._certain({step.source for step in steps}):
                self.findings.error(TWICE, key, f"{message}.", cure)
            else:
                self.findings.warning(TWICE, key, f"có thể {message}{self._when(steps)}.", cure)
        return bool(bad)

    def _certain(self, bad: set[int]) -> bool:
        """Whether some order of steps doubles the token whichever ways the gateways take."""
        sure = set(bad)
        # A state is sure when a step without a choice leads to a sure one, or a gateway all of
        # whose ways do.
        ways: dict[tuple[int, str], set[int]] = defaultdict(set)
        for step in self.play.steps:
            if step.free and step.doubled is None and step.node not in self._edges:
                ways[step.source, step.node].add(step.target)
        left = {key: len(targets) for key, targets in ways.items()}
        todo = deque(sure)
        touched: set[tuple[int, str, int]] = set()
        while todo:
            state = todo.popleft()
            for step in self.before[state]:
                if step.source in sure or step.doubled is not None or step.node in self._edges:
                    continue
                if step.free:
                    key = (step.source, step.node)
                    if (*key, state) in touched:
                        continue
                    touched.add((*key, state))
                    left[key] -= 1
                    if left[key] > 0:
                        continue
                sure.add(step.source)
                todo.append(step.source)
        return self._always(sure)

    @property
    def _edges(self) -> frozenset[str]:
        return frozenset(n.id for n in self.scope.nodes.values() if n.kind == "boundaryEvent")

    def _always(self, sure: set[int]) -> bool:
        """Whether every start, or every marking in which some gateway chooses, is sure.

        Then no condition helps; that one way of a gateway is sure to fail hangs on its condition.
        """
        if self.play.starts and all(start in sure for start in self.play.starts):
            return True
        if not self.play.complete:
            return False
        asked: dict[str, set[int]] = defaultdict(set)
        for step in self.play.steps:
            if step.free and step.node not in self._edges:
                asked[step.node].add(step.source)
        for number, (marking, _) in enumerate(self.play.markings):
            for head in marking:
                for key in self.game.within.get(head, ()):
                    asked[key].add(number)
        return any(sources <= sure for sources in asked.values())

    def _stuck(self) -> bool:
        """Deadlocks, and ways that go round for ever."""
        ended = {n for n, (marking, _) in enumerate(self.play.markings) if not marking}
        if not self.play.complete:
            ended |= {n for n in range(len(self.play.markings)) if not self.after[n]}
        ended |= {step.source for step in self.play.steps if step.doubled is not None}
        good = set(ended)
        todo = deque(good)
        while todo:
            for step in self.before[todo.popleft()]:
                if step.source not in good:
                    good.add(step.source)
                    todo.append(step.source)
        doomed = set(range(len(self.play.markings))) - good
        dead = [n for n in doomed if not self.after[n]]
        told: set[str] = set()
        for state in dead:
            for join, missing in self._short(self.play.markings[state][0]):
                key = id_of(join)
                if key in told:
                    continue
                told.add(key)
                self._deadlock(join, missing, doomed, state)
        round_and_round = doomed and not dead
        if round_and_round and self.play.complete:
            self._livelock(doomed)
        return bool(doomed)

    def _short(self, marking: Iterable[str]) -> Iterator[tuple[Node, list[Node]]]:
        marked = set(marking)
        for node in self.scope.nodes.values():
            into = self.scope.into(node.id)
            if node.kind != "parallelGateway" or len(into) < 2:
                continue
            empty = [flow for flow in into if self.game.place[flow.id] not in marked]
            if empty and len(empty) < len(into):
                yield node, [self.scope.nodes[flow.source] for flow in empty]

    def _deadlock(self, join: Node, missing: list[Node], doomed: set[int], dead: int) -> None:
        names = ", ".join(f"«{name_of(node)}»" for node in missing)
        message = f"bế tắc ở cổng gộp «{name_of(join)}»: nhánh từ {names} không tới nữa"
        cure = (
            "Hãy tách bằng cổng song song, hoặc gộp bằng cổng cùng loại với cổng tách "
            "(loại trừ với loại trừ, bao hàm với bao hàm)."
        )
        if self._always(doomed) and not self.rescued:
            self.findings.error(DEADLOCK, id_of(join), f"{message}.", cure)
        else:
            when = self._when(self.before[dead])
            self.findings.warning(DEADLOCK, id_of(join), f"có thể {message}{when}.", cure)

    def _livelock(self, doomed: set[int]) -> None:
        heads = sorted({flow for n in doomed for flow in self.play.markings[n][0]})
        nodes = [self.scope.nodes[self.game.behind[head][0]] for head in heads]
        first = nodes[0]
        names = ", ".join(dict.fromkeys(f"«{name_of(node)}»" for node in nodes[:4]))
        message = f"từ {names} không còn đường nào tới điểm kết thúc."
        cure = "Hãy vẽ đường ra khỏi vòng lặp tới một điểm kết thúc."
        certain = self.strict and not self.rescued and self._always(doomed)
        note = self.findings.error if certain else self.findings.warning
        note(NO_END, id_of(first), message, cure)

    def _never(self) -> None:
        run = {step.node for step in self.play.steps}
        marked = self.play.passed.union(*(marking for marking, _ in self.play.markings))
        for head in marked:
            run.update(self.game.behind[head])
        for node in self.scope.nodes.values():
            if node.element is None or node.id in run or node.kind == "startEvent":
                continue
            if node.kind == "boundaryEvent" and node.host in run:
                continue
            note = self.findings.warning if self.play.guessed else self.findings.error
            note(
                NEVER,
                id_of(node),
                f"«{name_of(node)}» không bao giờ được chạy.",
                "Hãy xem lại cổng và điều kiện dẫn tới đây.",
            )

    def _when(self, steps: Iterable[Step]) -> str:
        """The conditions and events of one way that leads there, in words."""
        goal = next(iter(steps), None)
        if goal is None:
            return ""
        way: list[Step] = [goal]
        came: dict[int, Step | None] = dict.fromkeys(self.play.starts)
        todo = deque(self.play.starts)
        while todo and goal.source not in came:
            here = todo.popleft()
            for step in self.after[here]:
                if step.target not in came and step.doubled is None:
                    came[step.target] = step
                    todo.append(step.target)
        back = came.get(goal.source)
        while back is not None:
            way.append(back)
            back = came.get(back.source)
        told = []
        for step in reversed(way):
            for chosen in step.chosen:
                told.append(choice_in_words(self.game, chosen))
        parts = list(dict.fromkeys(part for part in told if part))[:4]
        return f" (khi {'; '.join(parts)})" if parts else ""


def choice_in_words(game: Game, chosen: str) -> str:
    """The condition of a way that was taken, or the event that happened."""
    flow = game.flow.get(chosen)
    if flow is None:
        return f"«{name_of(game.scope.nodes[chosen])}» xảy ra"
    gateway = game.scope.nodes[flow.source]
    if flow.condition:
        return flow.condition.strip()
    if gateway.default == flow.id:
        return f"nhánh mặc định của «{name_of(gateway)}»"
    return ""


def id_of_scope(scope: Scope) -> str:
    """The drawn id of a scope."""
    return scope.id.removeprefix("__body_")


def _conditions(scope: Scope, node: Node) -> list[tuple[Flow, feel.Compiled]]:
    found = []
    for flow in scope.out(node.id):
        if flow.condition and flow.id != node.default:
            try:
                found.append((flow, feel.compile_expression(flow.condition.strip().lstrip("="))))
            except FeelError:
                return []  # told elsewhere
    return found


def _gateway(
    scope: Scope, node: Node, findings: Findings, strict: bool, pairs: Iterator[int]
) -> None:
    flows = scope.out(node.id)
    conditions = _conditions(scope, node)
    if not conditions:
        return
    if node.default is None and len(conditions) == len(flows):
        answer = analysis.covers([compiled for _, compiled in conditions])
        if answer.verdict != "yes":
            why = f" {answer.witness}" if answer.verdict == "no" and answer.witness else ""
            note = findings.error if strict else findings.warning
            note(
                NO_WAY,
                id_of(node),
                f"«{name_of(node)}» có thể không có đường ra"
                + (
                    f": không điều kiện nào đúng {why.strip()}."
                    if why
                    else ": các điều kiện không chắc bao hết mọi trường hợp."
                ),
                "Hãy đặt một mũi tên ra làm mặc định.",
            )
    if node.kind == "exclusiveGateway":
        for place, (_, one) in enumerate(conditions):
            for _, other in conditions[place + 1 :]:
                if next(pairs, None) is None:
                    findings.warning(
                        MANY,
                        id_of(node),
                        f"có quá nhiều điều kiện; từ «{name_of(node)}» trở đi chưa xét hết "
                        "hai điều kiện nào cùng đúng.",
                        "Hãy rẽ nhánh bằng bảng quyết định, hoặc chia thành vài cổng.",
                    )
                    return
                if analysis.overlap(one, other) == "overlaps":
                    findings.warning(
                        OVERLAP,
                        id_of(node),
                        f"«{one.text}» và «{other.text}» "
                        "có lúc cùng đúng; khi đó đi theo mũi tên được vẽ trước.",
                        "Hãy viết các điều kiện loại trừ nhau, hoặc giữ nếu đó là ý định.",
                    )


def _endless(scope: Scope, findings: Findings) -> None:
    """Rounds without a wait whose way out asks for nothing that the round writes."""
    for round_ in _rounds(scope):
        nodes = [scope.nodes[key] for key in round_]
        if any(
            node.kind in _WAITS or node.scope is not None or node.event.kind == "timer"
            for node in nodes
        ):
            continue
        ways_out = [
            flow for node in nodes for flow in scope.out(node.id) if flow.target not in round_
        ]
        asked: set[str] = set()
        for node in nodes:
            if node.kind in ("exclusiveGateway", "inclusiveGateway"):
                for _, compiled in _conditions(scope, node):
                    asked |= set(compiled.names)
        written: set[str] | None = set()
        for node in nodes:
            if node.kind == "scriptTask" and written is not None:
                try:
                    written |= set(feel.compile_script(node.script or "").assigned)
                except FeelError:
                    written = None
            elif node.kind == "businessRuleTask":
                written = None
        if ways_out and written is not None and not asked & written:
            first = min(nodes, key=lambda node: list(scope.nodes).index(node.id))
            findings.warning(
                ENDLESS,
                id_of(first),
                f"vòng lặp qua «{name_of(first)}» không chờ ai và không làm đổi điều kiện để ra "
                "khỏi vòng: đã vào là có thể chạy mãi.",
                "Hãy đặt trong vòng một bước người làm, một sự kiện chờ, hoặc phép gán đổi điều "
                "kiện.",
            )


def _rounds(scope: Scope) -> list[set[str]]:
    """The strongly connected parts with more than one node (Tarjan, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    held: list[str] = []
    on: set[str] = set()
    found: list[set[str]] = []
    for root in scope.nodes:
        if root in index:
            continue
        work: list[tuple[str, Iterator[Flow]]] = [(root, iter(scope.out(root)))]
        index[root] = low[root] = len(index)
        held.append(root)
        on.add(root)
        while work:
            here, ways = work[-1]
            flow = next(ways, None)
            if flow is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[here])
                if low[here] == index[here]:
                    part: set[str] = set()
                    while True:
                        key = held.pop()
                        on.discard(key)
                        part.add(key)
                        if key == here:
                            break
                    if len(part) > 1:
                        found.append(part)
            elif flow.target not in index:
                index[flow.target] = low[flow.target] = len(index)
                held.append(flow.target)
                on.add(flow.target)
                work.append((flow.target, iter(scope.out(flow.target))))
            elif flow.target in on:
                low[here] = min(low[here], index[flow.target])
    return found
