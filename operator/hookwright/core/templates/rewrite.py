"""What a template may say, and the syntax tree turned into one that can only do that.

Every node type is either known here or refused. Lookups, calls, comparisons, `~` and literals become
internal filters (`core.templates.environment`) that pay from the budget; every loop is priced with the size
of its body; every expression gets the writer of its place. Must not: be skipped, the sandbox alone is no
bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import or_
from typing import Any, Final

from jinja2 import nodes

from hookwright import limits
from hookwright.core.templates import environment, tables, texts
from hookwright.core.templates.access import METHOD_NAMES
from hookwright.core.templates.budget import CHARACTERS_PER_STEP
from hookwright.core.templates.helpers import VARIABLES, filter_for
from hookwright.core.templates.lists import number
from hookwright.core.templates.missing import join_path, nearest
from hookwright.core.templates.outline import Outline
from hookwright.errors import TemplateError

REFUSED_STATEMENTS: Final = {
    "macro": "macros are not understood here; a loop or set repeats a piece",
    "call": "macros are not understood here; a loop or set repeats a piece",
    "include": "a body is one template; write the text of the other one here",
    "import": "a body is one template; write the text of the other one here",
    "from": "a body is one template; write the text of the other one here",
    "extends": "a body is one template; write the text of the other one here",
    "block": "a body is one template; leave block and endblock out",
    "filter": "put the filter on each expression, as in {{ data.id | upper }}",
    "autoescape": "escaping follows the place; leave autoescape out",
    "print": "write {{ data.id }}",
    "do": "write {% set name = data.id %}",
    "break": "filter the loop instead, as in {% for item in data.access_groups if item.integration %}",
    "continue": "filter the loop instead, as in {% for item in data.access_groups if item.integration %}",
    "each": "write {% for item in data.access_groups %} … {% endfor %}",
    "endeach": "write {% endfor %}",
    "unless": "write {% if not data.id %} … {% endif %}",
    "elsif": "write {% elif data.id %}",
}
STATEMENTS: Final = frozenset(
    ["if", "elif", "else", "endif", "for", "endfor", "set", "endset", "with", "endwith", "raw", "endraw"]
)

_KEEPS: Final = (
    nodes.Template, nodes.If, nodes.With, nodes.Assign, nodes.AssignBlock, nodes.TemplateData,
    nodes.Pair, nodes.Keyword, nodes.Operand, nodes.Slice,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow,
    nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos,
)  # fmt: skip
_ORDERING: Final = frozenset(("eq", "ne", "lt", "lteq", "gt", "gteq"))  # and not in or notin
_SIDES_MAX: Final = 8
_RESERVED: Final = {
    "null": "write none",
    "nil": "write none",
    "undefined": "write `is defined`",
    "this": "write event, or the loop's own variable",
    "self": "write event",
}


class Rewriter:
    """One template's rules and rewriting. `writer_of` names the writer of an expression of an Output."""

    def __init__(self, outline: Outline, writer_of: Callable[[nodes.Expr], str]) -> None:
        self._outline = outline
        self._writer_of = writer_of
        self._names: set[str] = set(VARIABLES)
        self._loops = 0
        self._tag: Any = None

    def rewrite(self, tree: nodes.Template) -> nodes.Template:
        """The tree, changed in place. Raises TemplateError for what a template may not say."""
        self._names |= {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
        if "loop" in self._names:
            raise TemplateError("loop is the name of Jinja's own variable; choose another one")
        self._visit(tree)
        return tree

    def _visit(self, node: Any) -> Any:
        """The node that stands for `node`; an error inside it names its tag."""
        tag = self._outline.tags.get(id(node))
        if tag is None:
            return self._node(node)
        outer, self._tag = self._tag, tag
        try:
            return self._node(node)
        except TemplateError as error:
            if error.line:
                raise
            raise tag.error(str(error)) from None
        finally:
            self._tag = outer

    def _node(self, node: Any) -> Any:
        special = getattr(self, f"_{type(node).__name__.lower()}", None)
        if special is not None:
            return special(node)
        if not isinstance(node, _KEEPS):
            raise TemplateError(f"Jinja's {type(node).__name__.lower()} is not understood here")
        return self._children(node)

    def _children(self, node: Any) -> Any:
        for field, value in node.iter_fields():
            if isinstance(value, nodes.Node):
                setattr(node, field, self._visit(value))
            elif isinstance(value, list):
                value[:] = [self._visit(one) if isinstance(one, nodes.Node) else one for one in value]
        return node

    # --- statements

    def _output(self, node: nodes.Output) -> nodes.Output:
        node.nodes = [
            part if isinstance(part, nodes.TemplateData) else self._written(part) for part in node.nodes
        ]
        return node

    def _written(self, expression: nodes.Expr) -> nodes.Expr:
        writer = self._writer_of(expression)
        return internal(writer, self._visit(expression))

    def _for(self, node: nodes.For) -> nodes.For:
        if node.recursive:
            raise TemplateError("a loop cannot be recursive here; write one loop inside the other")
        node.iter = self._visit(node.iter)
        node.target = self._visit(node.target)
        self._loops += 1
        if node.test:
            node.test = self._visit(node.test)
        node.body = [self._visit(one) for one in node.body]
        self._loops -= 1
        node.else_ = [self._visit(one) for one in node.else_]
        weight = _LOOP_ROUND + weigh([*node.body, node.target, *([node.test] if node.test else [])])
        node.iter = internal(environment.EACH, node.iter, nodes.Const(weight))
        return node

    # --- expressions

    def _name(self, node: nodes.Name) -> nodes.Name:
        if node.ctx == "load" and not (node.name in self._names or (node.name == "loop" and self._loops)):
            cure = _RESERVED.get(node.name)
            near = nearest(node.name, self._names)
            cure = cure or (f"did you mean {near}?" if near else f"there are {', '.join(sorted(VARIABLES))}")
            raise TemplateError(f"there is no variable {node.name[:64]}; {cure}")
        return node

    def _nsref(self, node: nodes.NSRef) -> nodes.NSRef:
        if node.attr.startswith("_"):
            raise TemplateError("a name in a namespace cannot begin with _")
        return node

    def _const(self, node: nodes.Const) -> nodes.Const:
        value = node.value
        if isinstance(value, str) and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise TemplateError(
                    "half of a surrogate pair is no character; write the character itself"
                ) from None
        if isinstance(value, int | float):
            number(value)
        return node

    def _getattr(self, node: nodes.Getattr) -> nodes.Expr:
        return self._path(node)

    def _getitem(self, node: nodes.Getitem) -> nodes.Expr:
        if isinstance(node.arg, nodes.Slice):
            node.node = internal(environment.WEIGH, self._visit(node.node))
            node.arg = self._visit(node.arg)
            return node
        if _constant_key(node) is None:
            base = path_text(node.node)
            return internal(
                environment.ITEM, self._visit(node.node), self._visit(node.arg), nodes.Const(base)
            )
        return self._path(node)

    def _path(self, node: nodes.Expr) -> nodes.Expr:
        names: list[str | int] = []
        while isinstance(node, nodes.Getattr | nodes.Getitem) and (name := _constant_key(node)) is not None:
            names.append(name)
            node = node.node
        steps = [nodes.Const(name) for name in reversed(names)]
        return internal(environment.GET, self._visit(node), nodes.Const(path_text(node)), *steps)

    def _call(self, node: nodes.Call) -> nodes.Expr:
        if node.dyn_args or node.dyn_kwargs:
            raise TemplateError("* and ** are not understood in a call; write the arguments one by one")
        args = [self._visit(one) for one in node.args]
        kwargs = [self._visit(one) for one in node.kwargs]
        if isinstance(node.node, nodes.Getattr):
            name = node.node.attr
            if name in ("format", "format_map"):
                raise TemplateError(
                    'format is not understood here; ~ puts texts together, as in {{ "Hello " ~ data.id }}'
                )
            if name not in METHOD_NAMES:
                raise TemplateError(
                    f"there is no method {name}(); there are {', '.join(sorted(METHOD_NAMES))}"
                )
            return internal(
                environment.METHOD, self._visit(node.node.node), nodes.Const(name), *args, kwargs=kwargs
            )
        name = node.node.name if isinstance(node.node, nodes.Name) else "…"
        if name == "range" and args and not kwargs:
            return internal(environment.RANGE, *args)
        if name == "namespace" and not args:
            return internal(environment.NAMESPACE, nodes.Const(None), kwargs=kwargs)
        if name == "loop":
            raise TemplateError("a loop cannot be recursive here; write one loop inside the other")
        raise TemplateError(
            f"there is no function {name}(); there are range(…) and namespace(name=value), and filters"
        )

    def _filter(self, node: nodes.Filter) -> Any:
        if node.name not in tables.FILTERS:
            if cure := tables.REFUSED.get(node.name):
                raise TemplateError(f"the filter {node.name} is not there; {cure}")
            if ours := filter_for(node.name):
                raise TemplateError(f"there is no filter {node.name[:64]}; did you mean {ours}?")
            raise TemplateError(tables.unknown("filter", node.name, tables.FILTERS))
        if node.node is None:
            raise TemplateError("put the filter on the expression, as in {{ data.id | upper }}")
        return self._arguments(node, tables.FILTERS[node.name])

    def _test(self, node: nodes.Test) -> Any:
        if node.name not in tables.TESTS:
            raise TemplateError(tables.unknown("test", node.name, tables.TESTS))
        return self._arguments(node, tables.TESTS[node.name])

    def _arguments(self, node: Any, operation: texts.Operation) -> Any:
        if node.dyn_args or node.dyn_kwargs:
            raise TemplateError(f"* and ** are not understood in {node.name}; write the arguments one by one")
        tables.check_arguments(node.name, operation, len(node.args), [one.key for one in node.kwargs])
        return self._children(node)

    def _condexpr(self, node: nodes.CondExpr) -> Any:
        if node.expr2 is None:
            node.expr2 = nodes.Const("")
        return self._children(node)

    def _concat(self, node: nodes.Concat) -> nodes.Expr:
        return internal(environment.CONCAT, *[self._visit(one) for one in node.nodes])

    def _compare(self, node: nodes.Compare) -> nodes.Expr:
        sides = [node.expr, *(op.expr for op in node.ops)]
        if len(sides) > _SIDES_MAX:
            raise TemplateError(
                f"a comparison may have {_SIDES_MAX} sides; put shorter ones together with and"
            )
        constant = [isinstance(one, nodes.Const) for one in sides]
        node.expr = self._visit(node.expr)
        for op in node.ops:
            op.expr = self._visit(op.expr)
        if any(op.op not in _ORDERING for op in node.ops):
            return self._contained(node)
        if not all(map(or_, constant, constant[1:])):
            node.expr = internal(environment.WEIGH, node.expr)
            for op in node.ops:
                op.expr = internal(environment.WEIGH, op.expr)
        return node

    def _contained(self, node: nodes.Compare) -> nodes.Expr:
        if len(node.ops) > 1:
            raise TemplateError(
                "in cannot be one of several comparisons in a row; put them together with and"
            )
        (op,) = node.ops
        made = internal(environment.IN, node.expr, op.expr)
        return made if op.op == "in" else nodes.Not(made, lineno=node.lineno)

    def _list(self, node: nodes.List) -> nodes.Expr:
        node.items = [self._element(one) for one in node.items]
        return node

    def _tuple(self, node: nodes.Tuple) -> nodes.Expr:
        if node.ctx == "load":
            node.items = [self._element(one) for one in node.items]
        return node

    def _dict(self, node: nodes.Dict) -> nodes.Expr:
        for pair in node.items:
            pair.key, pair.value = self._element(pair.key), self._element(pair.value)
        return node

    def _element(self, node: nodes.Expr) -> nodes.Expr:
        made = self._visit(node)
        return made if isinstance(made, nodes.Const) else internal(environment.WEIGH, made)


_LOOP_ROUND: Final = 3


def internal(name: str, value: Any, *args: nodes.Expr, kwargs: Any = ()) -> nodes.Filter:
    """A call of one of the environment's internal filters."""
    return nodes.Filter(value, name, list(args), list(kwargs), None, None, lineno=value.lineno)


def _constant_key(node: Any) -> str | int | None:
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        value = node.arg.value
        return value if type(value) in (str, int) else None
    return None


def path_text(node: Any) -> str:
    """How the template writes a path, for messages; empty for anything but a path."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        key = _constant_key(node)
        base = path_text(node.node)
        return join_path(base, key) if key is not None else f"{base}[…]"
    return ""


def weigh(parts: Iterable[Any]) -> int:
    """The price of running nodes once, in steps; loops inside pay for their bodies themselves."""
    total, waiting = 0, list(parts)
    while waiting:
        node = waiting.pop()
        total += 1
        if isinstance(node, nodes.TemplateData):
            total += len(node.data) // CHARACTERS_PER_STEP
        elif isinstance(node, nodes.Const) and isinstance(node.value, str):
            total += len(node.value) // CHARACTERS_PER_STEP
        elif isinstance(node, nodes.For):
            waiting.extend([node.iter, *node.else_])
        else:
            waiting.extend(node.iter_child_nodes())
    return total


def check_depth(tree: nodes.Template) -> None:
    """Raises TemplateError for a tree that is too deep to compile."""
    waiting: list[tuple[nodes.Node, int, int]] = [(tree, 0, 0)]
    while waiting:
        node, depth, loops = waiting.pop()
        loops += isinstance(node, nodes.For)
        if depth > limits.TEMPLATE_DEPTH:
            raise TemplateError("the template is nested too deeply; split it with set", line=node.lineno)
        if loops > limits.TEMPLATE_LOOPS:
            raise TemplateError(
                f"more than {limits.TEMPLATE_LOOPS} loops stand inside each other; sum(attribute=…, start=[]) "
                "makes one list of many",
                line=node.lineno,
            )
        waiting.extend((child, depth + 1, loops) for child in node.iter_child_nodes())
