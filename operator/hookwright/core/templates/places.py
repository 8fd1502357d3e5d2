"""Where each expression of a body stands in the JSON text around it, on every path through `if` and `for`.

A path is followed text by text (`core.templates.json_scan`). An `if` may go either way, except that
`loop.first` and `loop.last` are known in each round of a loop; a loop runs zero times, once, or first,
middle, last. On every path the text must be JSON and each expression must stand at one and the same place,
else the template is refused with the cure. Must not: change the syntax tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from jinja2 import nodes

from hookwright import limits
from hookwright.core.templates import commas, environment, json_scan
from hookwright.core.templates.commas import Frame
from hookwright.core.templates.json_scan import NotJsonError, State, StringID, Verdict
from hookwright.core.templates.outline import Outline
from hookwright.core.templates.rounds import Rounds, truth
from hookwright.errors import TemplateError

_PUNCTUATION: Final = re.compile(
    r"""\{\{-?\s*(['"])\s*,\s*\1\s+if\s+(.*?)(?:\s+else\s+(?:''|""))?\s*-?\}\}""", re.S
)


def _embedded(depth: int) -> re.Pattern[str]:
    """`{"id": "` or `{"` inside `depth` strings, right before an expression: JSON, whatever text stands before it."""
    quote = rf'(?<!\\)\\{{{2**depth - 1}}}"'
    blanks = r"(?:[ \t]|\\+[nrt])*"
    key = rf'{quote}[^"\\]*{quote}{blanks}:{blanks}'
    return re.compile(rf'(?:(?:\A|[{{,]){blanks}{key}(?:{quote}[^"\\]*)?|\{{{blanks}{quote}[^"\\]*)\Z')


_STRINGS_MAX: Final = 3
_EMBEDDED: Final = {depth: _embedded(depth) for depth in range(1, _STRINGS_MAX + 1)}
_EMBEDDED_CHARACTERS: Final = 200  # before an expression that are looked at

_CURE_CHARACTERS: Final = 200  # of a tag that is quoted in its own cure


@dataclass(frozen=True, slots=True)
class _Spot:
    """A place that an expression has if the strings around it (`strings`, outermost first) are JSON."""

    strings: tuple[StringID, ...]
    in_string: bool


class Places:
    """Walks one template; `writers` gives the name of the writer for each expression (by its id)."""

    def __init__(self, tree: nodes.Template, outline: Outline) -> None:
        self._outline = outline
        self._verdicts: dict[StringID, set[Verdict]] = {}
        self._spots: dict[int, set[_Spot]] = {}
        self._expressions: dict[int, nodes.Expr] = {}
        self._before: dict[int, str] = {}
        self._plain: set[int] = set()
        self._known: dict[tuple[int, State, Rounds | None], frozenset[State]] = {}
        self._read: dict[tuple[int, State], State] = {}
        self._left = limits.TEMPLATE_SCAN_STEPS
        self._frames: list[Frame] = []
        try:
            self._follow(tree)
        except TemplateError:
            self.writers()  # where paths disagree about an expression, that is the better sentence
            raise

    def _follow(self, tree: nodes.Template) -> None:
        for state in self._run(tree, tree.body, json_scan.START, None):
            if len(state) > 1 or not json_scan.complete(state[0]):
                begun = state[0].stack or state[0].mode != "value"
                sentence = None if begun else commas.empty_body(tree, self._outline)
                raise TemplateError(sentence or _unfinished(state), line=self._outline.last_line)

    def writers(self) -> dict[int, str]:
        """Expression id → name of its writer. Raises TemplateError where paths disagree."""
        found = {key: self._writer(key, spots) for key, spots in self._spots.items()}
        return found | dict.fromkeys(self._plain, environment.PLAIN)

    def _writer(self, key: int, spots: set[_Spot]) -> str:
        writers = {self._resolve(spot, key) for spot in spots}
        if len(writers) > 1:
            raise self._refusal(
                key,
                "on one path this stands inside a string and on another it does not; "
                "put the quotes and the expression into the same branch",
            )
        (writer,) = writers
        expression = self._expressions[key]
        if isinstance(expression, nodes.CondExpr) and expression.expr2 is None and "json" in writer:
            whole = re.sub(
                r"\s*[-+]?\}\}\Z", " else none }}", self._outline.tags[key].text[:_CURE_CHARACTERS]
            )
            raise self._refusal(key, f"say what stands here otherwise, as in {whole}")
        return writer

    def _resolve(self, spot: _Spot, key: int) -> str:
        for depth, string in enumerate(spot.strings, 1):
            verdicts = self._verdicts.get(string, {"plain"})
            if len(verdicts) > 1:
                raise self._refusal(
                    key,
                    "the string around this holds JSON on one path and other text on another; "
                    "give each path its own string",
                )
            if "plain" in verdicts:
                self._check_embedded(key, depth)
                return environment.string_writer(depth)
        depth = len(spot.strings) + spot.in_string
        if depth > _STRINGS_MAX:
            raise self._refusal(
                key, "this stands in a string inside a string inside a string inside a string"
            )
        if not spot.in_string:
            return environment.json_writer(depth)
        self._check_embedded(key, depth)
        return environment.string_writer(depth)

    def _check_embedded(self, key: int, depth: int) -> None:
        """Raises TemplateError in JSON behind other text: a quote in the value would end its string there."""
        expression = self._expressions[key]
        before = _EMBEDDED[depth].search(self._before.get(key, ""))
        by_json = isinstance(expression, nodes.Filter) and expression.name in ("json", "tojson")
        if before is None or (by_json and before[0].rstrip().endswith(":")):
            return
        inner = self._outline.tags[key].text[2:-2].strip("-+ \t\r\n")
        simple = isinstance(expression, nodes.Name | nodes.Getattr | nodes.Getitem | nodes.Filter)
        line = inner if by_json else f"{inner} | json" if simple else f"({inner}) | json"
        raise self._refusal(
            key,
            "the text around this holds JSON that a quote in the value would break; "
            f"write {{{{ {line} }}}}, without quotes around it",
        )

    def _refusal(self, key: int, sentence: str) -> TemplateError:
        return self._outline.tags[key].error(sentence)

    def _run(
        self, owner: nodes.Node, body: list[nodes.Node], state: State, rounds: Rounds | None
    ) -> frozenset[State]:
        key = (id(body), state, rounds)
        if (known := self._known.get(key)) is not None:
            return known
        states = frozenset((state,))
        for index, node in enumerate(body):
            self._frames.append(Frame(owner, body, index, state, rounds))
            states = frozenset(end for one in states for end in self._statement(node, one, rounds))
            self._frames.pop()
            self._pay(len(states))
            if len(states) > limits.TEMPLATE_PATHS:
                raise TemplateError(
                    "too many different paths lead here; use fewer {% if %} around halves of JSON"
                )
        self._known[key] = states
        return states

    def _pay(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise TemplateError(
                "too many different paths lead through this template; use fewer {% if %} and {% for %}"
            )

    def _statement(self, node: nodes.Node, state: State, rounds: Rounds | None) -> Iterable[State]:
        if isinstance(node, nodes.Output):
            text = ""
            for part in node.nodes:
                if isinstance(part, nodes.TemplateData):
                    text = part.data[-_EMBEDDED_CHARACTERS:]
                    state = self._text(part, state)
                else:
                    self._before[id(part)], text = text, ""
                    state = self._place(part, state)
            return (state,)
        if isinstance(node, nodes.If):
            return self._if(node, state, rounds)
        if isinstance(node, nodes.For):
            return self._for(node, state, rounds)
        if isinstance(node, nodes.With):
            return self._run(node, node.body, state, rounds)
        if isinstance(node, nodes.AssignBlock):
            self._plain.update(
                id(part)
                for output in node.find_all(nodes.Output)
                for part in output.nodes
                if not isinstance(part, nodes.TemplateData)
            )
        return (state,)

    def _if(self, node: nodes.If, state: State, rounds: Rounds | None) -> frozenset[State]:
        ends: frozenset[State] = frozenset()
        for branch in (node, *node.elif_):
            taken = truth(branch.test, rounds)
            if taken is not False:
                ends |= self._run(branch, branch.body, state, rounds)
            if taken is True:
                return ends
        return ends | self._run(node, node.else_, state, rounds)

    def _for(self, node: nodes.For, state: State, rounds: Rounds | None) -> frozenset[State]:
        ends = self._run(node, node.else_, state, rounds) | self._run(
            node, node.body, state, Rounds(True, True)
        )
        begun = self._run(node, node.body, state, Rounds(True, False))
        waiting, seen = set(begun), set(begun)
        while waiting:
            for new in self._run(node, node.body, waiting.pop(), Rounds(False, False)) - seen:
                seen.add(new)
                waiting.add(new)
        for one in seen:
            ends |= self._run(node, node.body, one, Rounds(False, True))
        return ends

    def _text(self, node: nodes.TemplateData, state: State) -> State:
        key = (id(node), state)
        if key not in self._read:
            try:
                self._read[key], steps = json_scan.read(state, node.data, id(node), self._hear, self._left)
                self._pay(steps)
            except NotJsonError as error:
                at_start = self._leads(node) and not node.data[: error.offset].strip()
                raise self._not_json(node, error.offset, self._with_cure(error, at_start)) from None
        return self._read[key]

    def _not_json(self, node: nodes.TemplateData, offset: int, sentence: str) -> TemplateError:
        """The column is known where the text's own line break begins the line."""
        line = self._outline.lines[id(node)] + node.data.count("\n", 0, offset)
        column = offset - node.data.rfind("\n", 0, offset) if "\n" in node.data[:offset] else 0
        return TemplateError(sentence, line=line, column=column, length=min(column, 1))

    def _leads(self, part: nodes.Node) -> bool:
        """Whether a piece is the first thing after the tag before it."""
        frame = self._frames[-1]
        output = frame.body[frame.at]
        return isinstance(output, nodes.Output) and output.nodes[0] is part

    def _with_cure(self, error: NotJsonError, at_start: bool) -> str:
        if error.level is None:
            return error.sentence
        cure = commas.cure(self._frames, error.level, error.char, at_start, self._outline)
        return error.sentence if cure is None else f"{error.fault}; {cure}"

    def _hear(self, string: StringID, verdict: Verdict) -> None:
        self._verdicts.setdefault(string, set()).add(verdict)

    def _place(self, expression: nodes.Expr, state: State) -> State:
        key = id(expression)
        self._expressions[key] = expression
        state = json_scan.close_plain(state, self._hear)
        if any(above.part for above in state if json_scan.in_string(above)):
            raise self._refusal(
                key, "an expression cannot be part of an escape; write the whole escape as text"
            )
        while True:
            level = json_scan.settled(state[-1])
            try:
                after = level if json_scan.in_string(level) else json_scan.after_value(level)
            except NotJsonError as error:
                if len(state) > 1:  # the string around it is not JSON after all
                    self._hear(_string(state[-2]), "plain")
                    state = state[:-1]
                    continue
                raise self._misplaced(key, error) from None
            spot = _Spot(tuple(_string(above) for above in state[:-1]), json_scan.in_string(level))
            self._spots.setdefault(key, set()).add(spot)
            return (*state[:-1], after)

    def _misplaced(self, key: int, error: NotJsonError) -> TemplateError:
        comma = _PUNCTUATION.fullmatch(self._outline.tags[key].text[:_CURE_CHARACTERS])
        if comma:
            return self._refusal(
                key,
                "an expression cannot be the comma between two values; "
                f"write {{% if {comma[2]} %}},{{% endif %}}",
            )
        expression = self._expressions[key]
        if isinstance(expression, nodes.Const) and str(expression.value).strip() == ",":
            around = self._frames[-1].owner
            tag = self._outline.tags.get(id(around)) if isinstance(around, nodes.If) else None
            line = f"{tag.text},{{% endif %}}" if tag else commas.NOT_LAST
            return self._refusal(key, f"an expression cannot be the comma between two values; write {line}")
        return self._refusal(key, self._with_cure(error, self._leads(expression)))


def _string(level: json_scan.Level) -> StringID:
    assert level.string is not None
    return level.string


def _unfinished(state: State) -> str:
    level = state[0]
    if json_scan.in_string(level):
        return "on some path a string is not closed at the end of the template"
    if level.mode == "value" and not level.stack:
        return "the template is empty; a body is an object or a list"
    what = " and ".join(level.stack[::-1]) or "a value"
    return f"on some path {what} is not closed at the end of the template"
