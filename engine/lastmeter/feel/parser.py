"""FEEL text to tree: precedence climbing; names of several words resolved against the names in scope.

Source: DMN 1.5, 10.3.1.2 (grammar) and 10.3.1.3 (names with spaces and operators).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn, TypeVar

from lastmeter.feel import temporal
from lastmeter.feel.errors import FeelSyntaxError, NoValue
from lastmeter.feel.lexer import STOP_WORDS, Token, needs_scope, tidy, tokens_of
from lastmeter.feel.tree import (
    Arithmetic,
    Between,
    Call,
    Comparison,
    ContextOf,
    Filter,
    For,
    FunctionOf,
    If,
    In,
    InstanceOf,
    Iteration,
    ListOf,
    Literal,
    Logic,
    Name,
    Negation,
    Node,
    Path,
    Quantified,
    RangeOf,
    Tests,
    Unary,
)
from lastmeter.feel.types import (
    ANY,
    ContextType,
    FeelType,
    FunctionType,
    ListType,
    NullType,
    RangeType,
    SimpleType,
    UnknownType,
)
from lastmeter.feel.values import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterator

# Five Python frames a level; Python allows a thousand and the caller has used some.
MAX_NESTING = 64
_COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})
_CONSTANTS: dict[str, object] = {"true": True, "false": False, "null": None}
# Function names that hold a stop word; they are names only where they are called.
_CALLED = tuple(tuple(name.split()) for name in ("date and time", "years and months duration", "get or else"))
_HINTS: dict[str, tuple[str, str]] = {
    "'": ("文本要用双引号。", 'Write text in double quotes: "…".'),
    "“": ('请用半角双引号 "。', 'Use the straight double quote ".'),
    "”": ('请用半角双引号 "。', 'Use the straight double quote ".'),
    "，": ("请用半角逗号 ,。", "Use the ASCII comma ,."),
    "（": ("请用半角括号 ()。", "Use ASCII parentheses ()."),
    "）": ("请用半角括号 ()。", "Use ASCII parentheses ()."),
    "：": ("请用半角冒号 :。", "Use the ASCII colon :."),
    "；": ("表达式里没有分号。", "An expression has no semicolon."),
    ";": ("表达式里没有分号。", "An expression has no semicolon."),
    "≥": ("请写 >=。", "Write >=."),
    "≤": ("请写 <=。", "Write <=."),
    "≠": ("请写 !=。", "Write !=."),
    "&": ("“并且”写作 and。", 'Write "and".'),
    "|": ("“或者”写作 or。", 'Write "or".'),
    "!": ("“不等于”写作 !=，“非”写作 not(…)。", "Write != for unequal and not(…) for the contrary."),
    "$": ("不需要 ${…}，直接写表达式。", "Leave out ${…}; write the expression itself."),
    "%": ("取余数用 modulo(a, b)。", "Use modulo(a, b) for the remainder."),
    '"': ("文本缺少结束的双引号。", "The closing double quote is missing."),
    "@": ('日期写作 @"2026-03-02"。', 'Write dates as @"2026-03-02".'),
}


class Parser:
    """Reads one text. `names` in scope matter where words alone do not show them; `types` are item definitions."""

    def __init__(self, text: str, names: Collection[str] = (), types: Mapping[str, FeelType] | None = None) -> None:
        self.text = text
        self.tokens = tokens_of(text)
        self.index = 0
        self.depth = 0
        self.types: Mapping[str, FeelType] = types or {}
        self.scope: list[tuple[tuple[str, ...], str]] = []
        self.keys: list[tuple[tuple[str, ...], str]] = []
        for name in names:
            self._know(name)

    # --- entries -----------------------------------------------------------------------------------------------------

    def whole_expression(self) -> Node:
        """The text as one expression."""
        node = self.expression()
        self._end()
        return node

    def whole_tests(self) -> Tests:
        """The text as the unary tests of a cell."""
        if self._at("-") and self.tokens[self.index + 1].kind == "end":
            return Tests(0, (), False)
        negated = self._word("not") and self._peek(1).text == "(" and self._closes_at_end(self.index + 1)
        if negated:
            self.index += 2
            tests = self._list_of_tests()
            self._expect(")")
        elif self._at("(") and self._closes_at_end(self.index):
            tests = self._parenthesised_tests()
        else:
            tests = self._list_of_tests()
        self._end()
        return Tests(0, tests, negated)

    def _closes_at_end(self, opening: int) -> bool:
        depth = 0
        for position in range(opening, len(self.tokens)):
            text = self.tokens[position].text if self.tokens[position].kind == "op" else ""
            depth += (text == "(") - (text == ")")
            if depth == 0:
                return self.tokens[position + 1].kind == "end"
        return False

    def _list_of_tests(self) -> tuple[Node, ...]:
        tests = [self.test()]
        while self._take(","):
            tests.append(self.test())
        return tuple(tests)

    def test(self) -> Node:
        """One unary test: an operator and its operand, or any expression."""
        token = self._token
        if token.kind == "op" and token.text in _COMPARISONS:
            self.index += 1
            return Unary(token.start, token.text, self.binary(3))
        return self.expression()

    # --- expressions -------------------------------------------------------------------------------------------------

    def expression(self) -> Node:
        """The weakest binding: for, if, some, every, function, or a disjunction."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            self._fail("表达式嵌套过深。", "The expression is nested too deeply.")
        try:
            return self._expression()
        finally:
            self.depth -= 1

    def _expression(self) -> Node:
        token = self._token
        if not self._textual(token):
            return self.binary(0)
        if token.text == "if":
            return self._if()
        return self._function() if token.text == "function" else self._iterating(token)

    def _textual(self, token: Token) -> bool:
        """Whether an expression of words begins here."""
        if token.kind != "name":
            return False
        following = self._peek(1)
        if token.text == "function":
            return following.text == "("
        if token.text in ("for", "some", "every"):
            return following.kind in ("name", "quoted")
        return token.text == "if" and following.kind != "end" and following.text not in (".", ":", ",", ")", "]", "}")

    def _if(self) -> Node:
        # else-if chains are read in a loop, so that a long ladder is no deep nesting.
        steps: list[tuple[int, Node, Node]] = []
        while self._word("if"):
            start = self._token.start
            self.index += 1
            condition = self.expression()
            self._expect_word("then")
            then = self.expression()
            if not self._word("else"):
                self._fail("if 之后必须有 else。", "An if needs an else.")
            self.index += 1
            steps.append((start, condition, then))
        node = self.expression()
        for start, condition, then in reversed(steps):
            node = If(start, condition, then, node)
        return node

    def _iterating(self, token: Token) -> Node:
        self.index += 1
        with self._scoped():
            if token.text == "for":
                self._know("partial")
            iterations = [self._iteration()]
            while self._take(","):
                iterations.append(self._iteration())
            self._expect_word("return" if token.text == "for" else "satisfies")
            body = self.expression()
        if token.text == "for":
            return For(token.start, tuple(iterations), body)
        return Quantified(token.start, token.text == "every", tuple(iterations), body)

    def _iteration(self) -> Iteration:
        start = self._token.start
        name = self._declared_name(("in",))
        self._expect_word("in")
        source = self.expression()
        until = self.expression() if self._take("..") else None
        self._know(name)
        return Iteration(start, name, source, until)

    def _function(self) -> Node:
        start = self._token.start
        self.index += 2
        parameters: list[tuple[str, FeelType]] = []
        with self._scoped():
            while not self._take(")"):
                if parameters:
                    self._expect(",")
                name = self._declared_name((":", ",", ")"))
                parameters.append((name, self.type() if self._take(":") else ANY))
                self._know(name)
            external = self._word("external")
            self.index += external
            body = self.expression()
        return FunctionOf(start, tuple(parameters), None if external else body)

    # 0 or, 1 and, 2 comparison, 3 sum, 4 product, 5 power
    def binary(self, level: int) -> Node:
        """The operators of `level` and all that bind tighter."""
        if level == 2:
            return self._comparison()
        if level > 5:
            return self._unary()
        if level < 2:
            return self._logic(level)
        operators = (("+", "-"), ("*", "/"), ("**",))[level - 3]
        start = self._token.start
        first = self.binary(level + 1)
        rest = []
        while self._token.kind == "op" and self._token.text in operators:
            operator = self._token.text
            self.index += 1
            rest.append((operator, self.binary(level + 1)))
        return Arithmetic(start, first, tuple(rest)) if rest else first

    def _logic(self, level: int) -> Node:
        word = ("or", "and")[level]
        start = self._token.start
        operands = [self.binary(level + 1)]
        while self._word(word):
            self.index += 1
            operands.append(self.binary(level + 1))
        return Logic(start, word, tuple(operands)) if len(operands) > 1 else operands[0]

    def _comparison(self) -> Node:
        left = self.binary(3)
        while True:
            token = self._token
            if token.kind == "op" and token.text in _COMPARISONS:
                self.index += 1
                left = Comparison(token.start, token.text, left, self._right_side())
            elif self._word("between"):
                self.index += 1
                low = self.binary(3)
                self._expect_word("and")
                left = Between(token.start, left, low, self.binary(3))
            elif self._word("in"):
                self.index += 1
                left = In(token.start, left, self._in_tests())
            elif self._word("instance"):
                self.index += 1
                self._expect_word("of")
                left = InstanceOf(token.start, left, self.type())
            else:
                return left

    def _right_side(self) -> Node:
        """The operand behind a comparison; `= >= 2` compares with the range of what is at least 2."""
        if self._token.kind == "op" and self._token.text in ("<", "<=", ">", ">="):
            return self.test()
        return self.binary(3)

    def _in_tests(self) -> tuple[Node, ...]:
        token = self._token
        if token.kind == "op" and token.text in _COMPARISONS:
            return (self.test(),)
        if token.text == "(" and token.kind == "op":
            return self._parenthesised_tests()
        return (self.binary(3),)

    def _parenthesised_tests(self) -> tuple[Node, ...]:
        """`(> 5, 3)` is a list of tests; `(1..5)`, `(a)+1` and the like are one expression."""
        if self._one_expression_ahead():
            return (self.binary(3),)
        self.index += 1
        tests = self._list_of_tests()
        self._expect(")")
        return tests

    def _one_expression_ahead(self) -> bool:
        """Whether the parenthesis ahead is a range, or only the beginning of an expression."""
        depth = 0
        for position in range(self.index, len(self.tokens)):
            token = self.tokens[position]
            if token.kind != "op":
                continue
            if token.text == ".." and depth == 1:
                return True
            depth += (token.text in "([{") - (token.text in ")]}")
            if depth == 0:
                after = self.tokens[position + 1]
                return after.kind == "op" and after.text in ("+", "-", "*", "/", "**", ".", "[", "(")
        return False

    def _unary(self) -> Node:
        token = self._token
        if token.kind == "op" and token.text == "-":
            self.index += 1
            self.depth += 1
            if self.depth > MAX_NESTING:
                self._fail("表达式嵌套过深。", "The expression is nested too deeply.")
            operand = self._unary()
            self.depth -= 1
            if isinstance(operand, Literal) and isinstance(operand.value, Decimal):
                return Literal(token.start, operand.value.copy_negate())
            return Negation(token.start, operand)
        return self._postfix()

    def _postfix(self) -> Node:
        node = self._primary()
        for _ in range(4 * MAX_NESTING):
            token = self._token
            if token.kind != "op" or token.text not in (".", "[", "("):
                return node
            if token.text == ".":
                self.index += 1
                node = Path(token.start, node, self._property())
            elif token.text == "[":
                if self._closes_range():
                    return node
                self.index += 1
                condition = self.expression()
                self._expect("]")
                node = Filter(token.start, node, condition)
            else:
                node = self._call(node)
        return self._fail("路径过长。", "The path is too long.")

    def _closes_range(self) -> bool:
        """Whether `[` here closes a range such as `]1..5[` rather than opens a filter."""
        following = self._peek(1)
        if following.kind == "end":
            return True
        if following.kind == "op":
            return following.text not in ("(", "[", "{", "-", "]") or (
                following.text == "]" and self._peek(2).kind == "end"
            )
        return following.kind == "name" and following.text in (STOP_WORDS - _CONSTANTS.keys() - {"if", "some", "every"})

    def _call(self, callee: Node) -> Node:
        start = self._token.start
        self.index += 1
        arguments: list[Node] = []
        names: list[str] = []
        while not self._take(")"):
            if arguments:
                self._expect(",")
            if self._key_ahead():
                names.append(self._declared_name((":",)))
                self._expect(":")
            arguments.append(self.expression())
        if names and len(names) != len(arguments):
            self._fail("参数要么都写名称，要么都不写。", "Name all arguments or none.")
        return Call(start, callee, tuple(arguments), tuple(names) if names else None)

    def _key_ahead(self) -> bool:
        """Whether a name and a colon come before any bracket or comma."""
        # By index: a slice would copy the rest of the text for every argument.
        for position in range(self.index, len(self.tokens)):
            token = self.tokens[position]
            if token.kind == "op" and token.text == ":":
                return True
            if token.kind in ("string", "at", "end") or (token.kind == "op" and token.text in "()[]{},.."):
                return False
        return False

    def _primary(self) -> Node:
        token = self._token
        if token.kind == "number":
            self.index += 1
            return Literal(token.start, self._number(token))
        if token.kind == "string":
            self.index += 1
            return Literal(token.start, token.value)
        if token.kind == "at":
            return self._at_literal(token)
        if token.kind in ("name", "quoted"):
            return self._name(token)
        if token.kind == "op":
            if token.text == "(":
                return self._parenthesis(token)
            if token.text in ("[", "]"):
                return self._bracket(token)
            if token.text == "{":
                return self._context(token)
        return self._unexpected()

    def _number(self, token: Token) -> Decimal:
        number = NUMBERS.create_decimal(token.text)
        if not number.is_finite():
            self._fail("数字超出范围。", "The number is out of range.")
        return number

    def _at_literal(self, token: Token) -> Node:
        try:
            value = temporal.parse_at(token.value)
        except NoValue:
            # Source: DMN 1.5, 10.3.2.3: a literal whose text is no moment and no duration is null.
            value = None
        self.index += 1
        return Literal(token.start, value)

    def _parenthesis(self, token: Token) -> Node:
        self.index += 1
        if self._token.kind == "op" and self._token.text in _COMPARISONS:
            test = self.test()
            self._expect(")")
            return test
        inner = self.expression()
        if self._take(".."):
            return self._range_end(token, inner, low_included=False)
        self._expect(")")
        return inner

    def _bracket(self, token: Token) -> Node:
        self.index += 1
        if token.text == "[" and self._take("]"):
            return ListOf(token.start, ())
        if token.text == "]":
            low = self.binary(3)
            self._expect("..")
            return self._range_end(token, low, low_included=False)
        items = [self._item()]
        if self._take(".."):
            return self._range_end(token, items[0], low_included=True)
        while self._take(","):
            items.append(self._item())
        self._expect("]")
        return ListOf(token.start, tuple(items))

    def _item(self) -> Node:
        return self.test()

    def _range_end(self, token: Token, low: Node, *, low_included: bool) -> Node:
        high = self.binary(3)
        closing = self._token
        if closing.kind != "op" or closing.text not in (")", "]", "["):
            self._unexpected()
        self.index += 1
        high_included = closing.text == "]"
        return RangeOf(token.start, _end(low, low_included), _end(high, high_included), low_included, high_included)

    def _context(self, token: Token) -> Node:
        self.index += 1
        entries: list[tuple[str, Node]] = []
        with self._scoped():
            while not self._take("}"):
                if entries:
                    self._expect(",")
                if self._token.kind == "string":
                    key = self._token.value
                    self.index += 1
                else:
                    key = self._declared_name((":",))
                self._expect(":")
                entries.append((key, self.expression()))
                self._know(key)
        return ContextOf(token.start, tuple(entries))

    # --- names -------------------------------------------------------------------------------------------------------

    def _name(self, token: Token) -> Node:
        if token.kind == "quoted":
            self.index += 1
            return Name(token.start, token.value)
        known = self._match(self.scope)
        if known is not None:
            return Name(token.start, known)
        if token.text in _CONSTANTS:
            self.index += 1
            return Literal(token.start, _CONSTANTS[token.text])
        for words in _CALLED:
            if self._peek(len(words)).text == "(" and self._words_ahead(words):
                self.index += len(words)
                return Name(token.start, " ".join(words))
        if token.text in STOP_WORDS:
            return self.expression() if self._textual(token) else self._unexpected()
        return Name(token.start, self._joined())

    def _property(self) -> str:
        token = self._token
        if token.kind == "quoted":
            self.index += 1
            return token.value
        if token.kind != "name":
            self._fail("点号后面要有名称。", "A name must follow the dot.")
        return self._match(self.keys) or self._joined()

    def _joined(self) -> str:
        """This word and the words and numbers right behind it: FEEL puts nothing side by side but parts of a name."""
        words = [self._token.text]
        self.index += 1
        while (self._token.kind == "name" and self._token.text not in STOP_WORDS and self._token.text != "?") or (
            self._token.kind == "number" and self._token.text.isdigit()
        ):
            words.append(self._token.text)
            self.index += 1
        return " ".join(words)

    def _declared_name(self, closers: tuple[str, ...]) -> str:
        """The name up to a closing token: whatever stands there, operators included."""
        first = self._token
        if first.kind == "quoted" and self._peek(1).text in closers:
            self.index += 1
            return first.value
        if first.kind not in ("name", "number", "op", "junk") or first.text in closers:
            self._fail("这里要有名称。", "A name is missing here.")
        last = first
        while self._token.text not in closers:
            last = self._token
            if last.kind in ("end", "string", "at") or (last.kind == "op" and last.text in "()[]{},:"):
                self._unexpected()
            self.index += 1
        return tidy(self.text[first.start : last.end])

    def _know(self, name: str) -> None:
        words = needs_scope(name)
        if words is not None:
            self.scope.append((words, name))
            self.keys.append((words, name))

    @contextmanager
    def _scoped(self) -> Iterator[None]:
        size = len(self.scope)
        yield
        del self.scope[size:]

    def _match(self, known: Iterable[tuple[tuple[str, ...], str]]) -> str | None:
        best: tuple[tuple[str, ...], str] | None = None
        for words, name in known:
            if (best is None or len(words) > len(best[0])) and self._words_ahead(words):
                best = (words, name)
        if best is None:
            return None
        longer = self._joined_ahead()
        if longer > len(best[0]):
            return None
        self.index += len(best[0])
        return best[1]

    def _joined_ahead(self) -> int:
        before = self.index
        self._joined()
        count = self.index - before
        self.index = before
        return count

    def _words_ahead(self, words: tuple[str, ...]) -> bool:
        ahead = self.tokens[self.index : self.index + len(words)]
        return len(ahead) == len(words) and all(token.text == word for token, word in zip(ahead, words, strict=True))

    # --- types -------------------------------------------------------------------------------------------------------

    def type(self) -> FeelType:
        """A type's name, with what stands in its angle brackets."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            self._fail("类型嵌套过深。", "The type is nested too deeply.")
        try:
            return self._type()
        finally:
            self.depth -= 1

    def _type(self) -> FeelType:
        for name in sorted(self.types, key=len, reverse=True):
            words = tuple(token.text for token in tokens_of(name)[:-1])
            if self._words_ahead(words):
                self.index += len(words)
                return self.types[name]
        for name in ("days and time duration", "years and months duration", "date and time"):
            if self._words_ahead(tuple(name.split())):
                self.index += len(name.split())
                return SimpleType(name)
        token = self._token
        if token.kind != "name":
            self._fail("这里要有类型名称。", "A type's name is missing here.")
        if self._peek(1).text == "<" and token.text in ("list", "range", "context", "function"):
            return self._generic(token.text)
        name = self._joined() if token.text not in STOP_WORDS else token.text
        self.index += token.text in STOP_WORDS
        while self._take("."):
            name += "." + self._joined()
        return simple_type(name)

    def _generic(self, name: str) -> FeelType:
        self.index += 2
        if name == "context":
            entries: dict[str, FeelType] = {}
            while not self._take(">"):
                if entries:
                    self._expect(",")
                key = self._declared_name((":",))
                self._expect(":")
                entries[key] = self.type()
            return ContextType(entries)
        if name == "function":
            return self._function_type()
        inner = self.type()
        self._expect(">")
        return ListType(inner) if name == "list" else RangeType(inner)

    def _function_type(self) -> FeelType:
        parameters: list[FeelType] = []
        while not self._take(">"):
            if parameters:
                self._expect(",")
            parameters.append(self.type())
        self._expect("->")
        return FunctionType(tuple(parameters), self.type())

    # --- tokens ------------------------------------------------------------------------------------------------------

    @property
    def _token(self) -> Token:
        return self.tokens[self.index]

    def _peek(self, ahead: int) -> Token:
        return self.tokens[min(self.index + ahead, len(self.tokens) - 1)]

    def _at(self, text: str) -> bool:
        return self._token.kind == "op" and self._token.text == text

    def _take(self, text: str) -> bool:
        found = self._at(text)
        self.index += found
        return found

    def _expect(self, text: str) -> None:
        if not self._take(text):
            if self._token.kind == "end":
                self._fail(f"缺少 {text}。", f"{text} is missing.")
            self._unexpected(f"此处应为 {text}。", f"{text} was expected here.")

    def _word(self, word: str) -> bool:
        return self._token.kind == "name" and self._token.text == word

    def _expect_word(self, word: str) -> None:
        if not self._word(word):
            self._unexpected(f"此处应为 {word}。", f"{word!r} was expected here.")
        self.index += 1

    def _end(self) -> None:
        if self._token.kind != "end":
            self._unexpected()

    def _unexpected(self, hint_zh: str = "", hint_en: str = "") -> NoReturn:
        token = self._token
        if token.kind == "end":
            self._fail(*((hint_zh, hint_en) if hint_zh else ("表达式不完整。", "The expression ends too early.")))
        if token.text in _HINTS:
            self._fail(*_HINTS[token.text])
        if token.text == "=" and self.index and self.tokens[self.index - 1].text == "=":
            self._fail("相等只写一个 =。", "Write a single = for equal.")
        self._fail(hint_zh or f"此处不应有 {token.text}。", hint_en or f"{token.text!r} is out of place here.")

    def _fail(self, hint_zh: str, hint_en: str) -> NoReturn:
        raise FeelSyntaxError(self.text, self._token.start, hint_zh, hint_en)


def _end(end: Node, included: bool) -> Node | None:
    """The end of a range; none for an open end that is written `null`, which is unbounded."""
    return None if isinstance(end, Literal) and end.value is None and not included else end


def simple_type(name: str) -> FeelType:
    """The built-in type of that name, or an unknown one."""
    if name in SimpleType.NAMES:
        return SimpleType(name)
    built_in: dict[str, FeelType] = {
        "Any": ANY,
        "Null": NullType(),
        "list": ListType(ANY),
        "context": ContextType(),
        "function": FunctionType(),
        "range": RangeType(ANY),
        "dateTime": SimpleType("date and time"),
        "dayTimeDuration": SimpleType("days and time duration"),
        "yearMonthDuration": SimpleType("years and months duration"),
    }
    return built_in.get(name) or UnknownType(name)


_Tree = TypeVar("_Tree", bound=Node)


def _guarded(text: str, read: Callable[[], _Tree]) -> _Tree:
    try:
        return read()
    except RecursionError:
        raise FeelSyntaxError(text, 0, "表达式嵌套过深。", "The expression is nested too deeply.") from None


def parse(text: str, names: Collection[str] = (), types: Mapping[str, FeelType] | None = None) -> Node:
    """The tree of an expression. Raises FeelSyntaxError."""
    return _guarded(text, lambda: Parser(text, names, types).whole_expression())


def parse_tests(text: str, names: Collection[str] = (), types: Mapping[str, FeelType] | None = None) -> Tests:
    """The tree of a cell's unary tests. Raises FeelSyntaxError."""
    return _guarded(text, lambda: Parser(text, names, types).whole_tests())
