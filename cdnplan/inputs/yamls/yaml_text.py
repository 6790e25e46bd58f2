"""YAML text to nodes with marks: safe on hostile input, every problem with file, line and column.

Scalars follow the core schema of YAML 1.2 [1]_, so ``country: NO`` is text and not false, ``1e-3`` is a
number, and ``22:00`` is text and not 1320. A number with a leading zero is text, because YAML 1.1 and 1.2
read it differently. Anchors, aliases and merge keys (``<<``) work; tags other than those of the core schema
do not, nothing is ever constructed from them. The text is read event by event: libyaml's composer recurses
and can be made to overflow the stack of the process by nesting alone.

References
----------
.. [1] YAML Ain't Markup Language version 1.2, revision 1.2.2, chapter 10.3, 2021.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from cdnplan.errors import Problem, nearest
from cdnplan.inputs.yamls.yaml_nodes import ListNode, MapNode, Mark, Node, Place, ScalarNode, Value, describe

MAX_BYTES = 256_000_000
"""A larger file is taken for a mistake."""
MAX_DEPTH = 100
"""Nesting allowed; a topology needs six levels."""
EXPANSION_FREE = 100_000
EXPANSION_FACTOR = 10
"""Aliases may expand a text to this many nodes, plus this many times the nodes written."""

_CORE_TAG = "tag:yaml.org,2002:"
_CORE_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "null": (type(None),),
}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NUMBER_STARTS = frozenset("0123456789+-.")
_MAX_INT_DIGITS = 18
_CONSTANTS: dict[str, Value] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{sign + name: float("inf") for sign in ("", "+") for name in (".inf", ".Inf", ".INF")},
    **{"-" + name: float("-inf") for name in (".inf", ".Inf", ".INF")},
}
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def core_value(text: str) -> Value:
    """Resolve an unquoted scalar by the core schema.

    Examples
    --------
    >>> [core_value(text) for text in ("80", "1e-3", "true", "NO", "02:00", "007", "~")]
    [80, 0.001, True, 'NO', '02:00', '007', None]
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] in _NUMBER_STARTS:
        if _INT.match(text):
            return int(text) if len(text) <= _MAX_INT_DIGITS else float(text)
        if _FLOAT.match(text):
            return float(text)
    return text


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been read yet; `size` counts nodes with aliases expanded."""

    place: Place
    anchor: str | None
    is_map: bool
    size: int = 1
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Node] = field(default_factory=dict)
    key_places: dict[str, Place] = field(default_factory=dict)
    merges: list[Node] = field(default_factory=list)
    merge_mark: Mark | None = None
    key: str | None = None
    state: str = "key"
    """For mappings, what comes next: "key", "value", "merge" (value of <<) or "skip" (value of a bad key)."""


class _StopError(Exception):
    """Nothing after this place can be understood."""


class _Builder:
    """Turns events into nodes, collecting problems."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._documents = 0
        self._written = 0
        self._copied = 0

    def run(self, events: Iterator[yaml.Event]) -> None:
        """Consume all events."""
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                self._start(event)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                self._end()
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    self._stop(event, "a second document starts here; expected one per file")

    def _place(self, event: yaml.Event) -> Place:
        start = event.start_mark
        assert start is not None, "events read from text have marks"
        return self.file, start.line + 1, start.column + 1

    def _stop(self, event: yaml.Event, message: str) -> None:
        self.problems.append(Mark(*self._place(event)).problem(message))
        raise _StopError

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        place = self._place(event)
        quoted = not event.implicit[0]
        value: Value = event.value
        if event.tag is None:
            value = event.value if quoted else core_value(event.value)
        elif event.tag not in ("!", _CORE_TAG + "str"):
            value = self._tagged(Mark(*place), event.tag, event.value)
        node = ScalarNode(value, place, quoted)
        if event.anchor:
            self._anchors[event.anchor] = (node, 1)
        self._add(node, 1, is_merge=event.value == "<<" and not quoted)

    def _tagged(self, mark: Mark, tag: str, text: str) -> Value:
        wanted = _CORE_TYPES.get(tag.removeprefix(_CORE_TAG))
        if wanted is None:
            self._bad_tag(mark, tag)
            return text
        value = core_value(text)
        if not isinstance(value, wanted):
            self.problems.append(mark.problem(f"{text!r} does not fit its tag {_shown(tag)!r}"))
        return value

    def _bad_tag(self, mark: Mark, tag: str) -> None:
        self.problems.append(
            mark.problem(f"tag {_shown(tag)!r} is not allowed", hint="write a plain value, list or mapping")
        )

    def _alias(self, event: yaml.AliasEvent) -> None:
        name = str(event.anchor)
        found = self._anchors.get(name)
        if found is None:
            place = self._place(event)
            mark = Mark(*place)
            if any(container.anchor == name for container in self._stack):
                self.problems.append(mark.problem(f"alias '*{name}' stands inside what it repeats"))
            else:
                hint = nearest(name, self._anchors) or "no anchor is defined before it"
                self.problems.append(mark.problem(f"unknown alias '*{name}'", hint=hint))
            found = (ScalarNode(None, place), 1)
        self._add(*found)

    def _start(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        place = self._place(event)
        is_map = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", _CORE_TAG + ("map" if is_map else "seq")):
            self._bad_tag(Mark(*place), event.tag)
        if len(self._stack) == MAX_DEPTH:
            self._stop(event, f"nested more than {MAX_DEPTH} levels deep")
        self._stack.append(_Open(place, event.anchor, is_map))

    def _end(self) -> None:
        done = self._stack.pop()
        self._check_expansion(done, done.size)
        node: Node
        if done.is_map:
            node = self._merged(done) if done.merges else MapNode(done.entries, done.key_places, done.place)
        else:
            node = ListNode(tuple(done.items), done.place)
        if done.anchor:
            self._anchors[done.anchor] = (node, done.size)
        self._add(node, done.size)

    def _check_expansion(self, container: _Open, size: int) -> None:
        if size > EXPANSION_FREE + EXPANSION_FACTOR * self._written:
            message = f"aliases expand this to more than {EXPANSION_FREE} values"
            self.problems.append(
                Mark(*container.place).problem(message, hint="write fewer aliases of aliases")
            )
            raise _StopError

    def _add(self, node: Node, size: int, *, is_merge: bool = False) -> None:
        self._written += 1
        if not self._stack:
            self.root = node
            return
        top = self._stack[-1]
        top.size += size
        if not top.is_map:
            top.items.append(node)
        elif top.state == "key":
            top.state = self._key(top, node, is_merge)
        else:
            if top.state == "merge":
                top.merges.append(node)
            elif top.state == "value" and top.key is not None:
                top.entries[top.key] = node
            top.state = "key"

    def _key(self, top: _Open, node: Node, is_merge: bool) -> str:
        """Take a key; return how its value is to be treated."""
        if is_merge:
            if top.merge_mark is not None:
                self.problems.append(
                    node.mark.problem("second '<<' in one mapping", hint="write '<<: [*first, *second]'")
                )
            top.merge_mark = node.mark
            return "merge"
        if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
            hint = "put it in quotes" if isinstance(node, ScalarNode) and node.value is not None else ""
            message = f"expected text as a key, found {describe(node)}"
            self.problems.append(node.mark.problem(message, hint=hint))
            return "skip"
        if node.value in top.key_places:
            first = top.key_places[node.value][1]
            self.problems.append(
                node.mark.problem(f"duplicate key {node.value!r}", hint=f"it is already set in line {first}")
            )
            return "skip"
        top.key = node.value
        top.key_places[node.value] = node.place
        return "value"

    def _merged(self, done: _Open) -> MapNode:
        """Apply ``<<``: earlier mappings before later ones, the mapping's own keys before all."""
        entries, places = dict(done.entries), dict(done.key_places)
        sources: list[Node] = []
        for value in done.merges:
            sources += value.items if isinstance(value, ListNode) else [value]
        for source in sources:
            if not isinstance(source, MapNode):
                message = "'<<' expects the alias of a mapping, or a list of them"
                self.problems.append((done.merge_mark or source.mark).problem(message))
                continue
            self._copied += len(source.entries)
            self._check_expansion(done, self._copied)
            for key, value in source.entries.items():
                if key not in entries:
                    entries[key], places[key] = value, source.key_places[key]
        return MapNode(entries, places, done.place)


def _shown(tag: str) -> str:
    return "!!" + tag.removeprefix(_CORE_TAG) if tag.startswith(_CORE_TAG) else tag


def _syntax_problem(error: yaml.YAMLError, file: str, text: str) -> Problem:
    """Explain a scanner or parser error, at the place people have to look at."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem(f"broken YAML: {error}", file)
    lines = text.splitlines()
    mark, context = error.problem_mark, error.context_mark
    message = f"broken YAML: {error.problem}"
    if error.context:
        message += f" {error.context}"
    if context is not None and mark.line >= len(lines):
        mark, message = context, message + " that starts here and never ends"
    elif context is not None and context.line != mark.line:
        message += f" that starts in line {context.line + 1}"
    line = lines[mark.line] if mark.line < len(lines) else ""
    hint = ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        hint = "indent with spaces, not with tabs"
    elif "mapping values are not allowed" in str(error.problem):
        hint = "check the indentation, and put text that contains ': ' in quotes"
    elif "start any token" in str(error.problem):
        hint = "put text that starts with @, ` or % in quotes"
    return Problem(message, file, mark.line + 1, mark.column + 1, hint=hint)


def parse_yaml(text: str, file: str) -> tuple[Node | None, list[Problem]]:
    r"""Parse one YAML document.

    Parameters
    ----------
    text : str
        The document.
    file : str
        What to call it in problems.

    Returns
    -------
    root : Node or None
        None when the text cannot be understood as a whole (the problems say why).
    problems : list of Problem
        All that is wrong; with a root, those after which reading could go on, as duplicate keys.

    Examples
    --------
    >>> root, problems = parse_yaml("a: 1\na: 2\n", "t.yaml")
    >>> [str(problem) for problem in problems]
    ["t.yaml:2:1: duplicate key 'a'; it is already set in line 1"]
    """
    text = text.removeprefix("\ufeff")
    bad = _UNPRINTABLE.search(text)
    if bad is not None:
        return None, [_character_problem(text, bad.start(), file)]
    builder = _Builder(file)
    try:
        builder.run(yaml.parse(text, Loader=LOADER))
    except _StopError:
        return None, builder.problems
    except yaml.YAMLError as error:
        return None, [*builder.problems, _syntax_problem(error, file, text)]
    if builder.root is None:
        return None, [*builder.problems, Problem("the file is empty", file, 1, 1)]
    return builder.root, builder.problems


def _character_problem(text: str, position: int, file: str) -> Problem:
    before = text[:position]
    line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
    return Problem(f"character U+{ord(text[position]):04X} is not allowed in YAML text", file, line, column)


def read_text(path: Path) -> tuple[str, list[Problem]]:
    """Read a file as text, with a byte order mark if it has one.

    A file that is missing, a directory, unreadable, too large or not UTF-8 is a problem, not an exception;
    the text is empty then.
    """
    file = str(path)
    try:
        if path.is_dir():
            inside = path / "topology.yaml"
            hint = f"did you mean {str(inside)!r}?" if inside.is_file() else ""
            return "", [Problem("expected a file, found a directory", file, hint=hint)]
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return "", [Problem("no such file", file, hint=nearest(path.name, _yaml_files(path.parent)))]
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return "", [Problem(f"cannot be read: {reason}", file)]
    if len(data) > MAX_BYTES:
        return "", [Problem(f"larger than {MAX_BYTES // 1_000_000} MB", file)]
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        return "", [Problem(f"byte 0x{data[error.start]:02X} is not UTF-8 text", file, line, column)]


def read_yaml(path: Path) -> tuple[Node | None, list[Problem]]:
    """Read a YAML file; see `read_text` and `parse_yaml` for what is returned."""
    text, problems = read_text(path)
    return (None, problems) if problems else parse_yaml(text, str(path))


def _yaml_files(folder: Path) -> list[str]:
    """Names of YAML files in a folder; none when it cannot be listed."""
    try:
        return [other.name for other in folder.iterdir() if other.suffix in (".yaml", ".yml")]
    except OSError:
        return []
