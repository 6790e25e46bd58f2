"""The words of edits: what people type, and what scripts say, as operations.

set KIND NAME KEY=VALUE ...        KEY+=VALUE and KEY-=VALUE for lists
scale KIND NAME KEY=FACTOR ...     1.2, +20%, -10%
add KIND NAME KEY=VALUE ... [like OTHER]
remove KIND NAME [KEY ...] [cascade]
rename KIND NAME NEW
... where KEY=PATTERN ...          narrows NAME
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cdnplan.errors import InputError, Problem, nearest

VERBS = ("set", "scale", "add", "remove", "rename")
KINDS = {
    "site": "sites",
    "region": "regions",
    "origin": "origins",
    "hardware": "hardware",
    "link": "links",
    "appliance": "appliances",
    "pin": "pins",
    "ban": "bans",
    "copy": "copies",
    "launch": "launches",
    "policy": "policy",
    "topology": "topology",
}
"""What operations speak of, one and many; both words are understood."""
RULE_KINDS = frozenset({"pin", "ban", "copy", "launch"})
UNNAMED = frozenset({"policy", "topology"})
"""There is one of these, so no name follows."""

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*(?:\.\w+|\[[^\[\]]+\])*)\s*(\+=|-=|=)(.*)\Z", re.DOTALL)
_STEP = re.compile(r"\w+|\[[^\[\]]+\]")
_SINGLE = {many: one for one, many in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Assignment:
    """``KEY=VALUE``: steps of the key (an index or a name in brackets is a step), sign, and value.

    `raw` is the value as typed on a command line, where `value` is not known before its kind is; scripts give
    `value`, and `raw` is None.
    """

    steps: tuple[str, ...]
    sign: str
    raw: str | None
    value: object = None

    @property
    def key(self) -> str:
        """The key as people write it."""
        return key_text(self.steps)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `text` is what was typed, `file`, `line` and `column` where a script has it."""

    verb: str
    kind: str
    name: str = ""
    new: str = ""
    assignments: tuple[Assignment, ...] = ()
    keys: tuple[tuple[str, ...], ...] = ()
    like: str = ""
    where: tuple[Assignment, ...] = ()
    cascade: bool = False
    text: str = ""
    file: str = ""
    line: int | None = None
    column: int | None = None

    def problem(self, message: str, hint: str = "") -> Problem:
        """Describe something wrong with it."""
        shown = self.text if len(self.text) <= 80 else self.text[:77] + "..."
        return Problem(f"'{shown}': {message}", self.file, self.line, self.column, hint=hint)

    def refusal(self, message: str, hint: str = "") -> InputError:
        """Refuse it for something wrong with it."""
        return InputError([self.problem(message, hint)])


@dataclass(slots=True)
class Words:
    """Words of an operation that have not been understood yet."""

    words: list[str]
    operation: Operation

    def take(self, what: str) -> str:
        """Take the next word; complain that it is missing."""
        if not self.words:
            raise self.operation.refusal(f"{what} is missing", _usage(self.operation.verb))
        return self.words.pop(0)


def key_text(steps: Sequence[str]) -> str:
    """Write steps of a key as people do.

    Examples
    --------
    >>> key_text(("appliances", "[flash-1u]", "count"))
    'appliances[flash-1u].count'
    """
    return "".join(step if step.startswith("[") else f".{step}" for step in steps).lstrip(".")


def _usage(verb: str) -> str:
    lines = [line.strip() for line in (__doc__ or "").splitlines()]
    return "write: " + next(
        (re.split(r"  +", line)[0] for line in lines if line.startswith(verb + " ")), verb
    )


def parse_operations(words: Sequence[str]) -> list[Operation]:
    """Understand the arguments of a command line.

    Parameters
    ----------
    words : sequence of str
        Operations, each in one argument; or the words of a single operation.

    Returns
    -------
    list of Operation

    Raises
    ------
    InputError
        Everything that was not understood, with what was expected.

    Examples
    --------
    >>> [op.verb for op in parse_operations(["set site a* kind=ixp", "remove site lon-1 cascade"])]
    ['set', 'remove']
    >>> parse_operations(["rename", "site", "ams-ix", "ams-1"])[0].new
    'ams-1'
    """
    if words and not any(_is_operation(word) for word in words):
        return [_understood(list(words), " ".join(words))]
    operations: list[Operation] = []
    problems: list[Problem] = []
    for text in words:
        try:
            operations.append(parse_operation(text))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return operations


def _is_operation(word: str) -> bool:
    """Whether an argument is an operation of its own: more than one word, the first a verb."""
    parts = word.split(None, 1)
    return len(parts) == 2 and parts[0] in VERBS


def parse_operation(text: str, at: Operation | None = None) -> Operation:
    """Understand one operation, written as a shell command is: words, quotes where a word has spaces."""
    at = at or Operation("", "", text=text)
    try:
        words = shlex.split(protected(text))
    except ValueError as error:
        raise at.refusal(f"quotes do not match: {str(error).lower()}") from None
    return _understood(words, text, at)


def protected(text: str) -> str:
    """Keep what stands in brackets together as one word, with the quotes in it: ``location=[52.3, 4.9]``."""
    parts: list[str] = []
    depth, quote = 0, ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "[{":
            depth += 1
        elif sign in "]}":
            depth = max(0, depth - 1)
        protected = depth > 0 and (sign.isspace() or sign in "'\"\\")
        parts.append("\\" + sign if protected else sign)
    return "".join(parts)


def _understood(words: list[str], text: str, at: Operation | None = None) -> Operation:
    at = at or Operation("", "", text=text)
    rest = Words(list(words), at)
    verb = rest.take("the operation")
    if verb not in VERBS:
        raise at.refusal(f"unknown operation {verb!r}", nearest(verb, VERBS))
    rest.operation = at = replace(at, verb=verb)
    kind = kind_word(rest.take("what to change"), at)
    at = rest.operation = replace(at, kind=kind)
    name = name_words(rest, kind, verb)
    where = _tail(rest.words, "where")
    like = _like(rest, verb)
    cascade = verb == "remove" and "cascade" in rest.words
    if cascade:
        rest.words.remove("cascade")
    new = rest.take("the new name") if verb == "rename" else ""
    keys: tuple[tuple[str, ...], ...] = ()
    assignments: tuple[Assignment, ...] = ()
    if verb == "remove":
        keys = tuple(key_steps(word, at) for word in rest.words)
    elif verb == "rename" and rest.words:
        raise at.refusal(f"{rest.words[0]!r} is one word too many", _usage(verb))
    else:
        assignments = tuple(_assignment(word, at) for word in rest.words)
    operation = replace(
        at,
        name=name,
        new=new,
        assignments=assignments,
        keys=keys,
        like=like,
        where=tuple(_assignment(word, at) for word in where),
        cascade=cascade,
    )
    return checked(operation)


def kind_word(word: str, at: Operation) -> str:
    """Understand the word for a kind of thing, one or many."""
    kind = _SINGLE.get(word, word)
    if kind not in KINDS:
        raise at.refusal(f"unknown kind {word!r}", nearest(word, KINDS) or "known: " + ", ".join(KINDS))
    return kind


def name_words(rest: Words, kind: str, verb: str) -> str:
    """Take the name; that of a link may be its two ends, in two words."""
    if kind in UNNAMED or (kind in RULE_KINDS and verb == "add"):
        return ""
    name = rest.take("the name")
    if kind == "link" and ">" not in name:
        other = rest.words[0] if rest.words else ""
        if not other or _ASSIGNMENT.match(other) or other in ("where", "like", "cascade"):
            raise rest.operation.refusal(f"{name!r} is one end of a link", "name both: A B, or 'A>B'")
        name = f"{name}>{rest.words.pop(0)}"
    return name


def _tail(words: list[str], mark: str) -> list[str]:
    """Split off the words behind a word."""
    if mark not in words:
        return []
    at = words.index(mark)
    tail = words[at + 1 :]
    del words[at:]
    return tail


def _like(rest: Words, verb: str) -> str:
    if verb != "add" or "like" not in rest.words:
        return ""
    at = rest.words.index("like")
    if at + 1 == len(rest.words):
        raise rest.operation.refusal("the name after 'like' is missing")
    name = rest.words[at + 1]
    del rest.words[at : at + 2]
    return name


def key_steps(word: str, at: Operation) -> tuple[str, ...]:
    """Split a key into its steps."""
    steps = tuple(_STEP.findall(word))
    if not steps or key_text(steps) != word:
        raise at.refusal(f"expected a key, found {word!r}", "write keys as fill_window.hours")
    return steps


def _assignment(word: str, at: Operation) -> Assignment:
    found = _ASSIGNMENT.match(word)
    if found is None:
        hint = "write KEY=VALUE without spaces, or put it in quotes"
        raise at.refusal(f"expected KEY=VALUE, found {word!r}", hint)
    return Assignment(tuple(_STEP.findall(found[1])), found[2], found[3])


def checked(operation: Operation) -> Operation:
    """Refuse what no operation of its kind can mean."""
    verb, kind = operation.verb, operation.kind
    if verb == "rename" and not operation.new:
        raise operation.refusal("the new name is missing", _usage(verb))
    if verb in ("set", "scale") and not operation.assignments:
        raise operation.refusal("nothing to change", _usage(verb))
    if verb != "set" and any(each.sign != "=" for each in operation.assignments):
        raise operation.refusal("'+=' and '-=' are for 'set'")
    if kind in UNNAMED and verb not in ("set", "scale") and not (verb == "remove" and operation.keys):
        hint = (
            "write: set topology name=NEW"
            if kind == "topology"
            else "write: set policy KEY=VALUE, or: remove policy KEY"
        )
        raise operation.refusal(f"there is one {kind}, which cannot be {_PAST[verb]}", hint)
    if verb == "rename" and kind not in ("site", "region", "origin", "hardware", "appliance"):
        what = "links are named by their ends" if kind == "link" else "rules have no names"
        raise operation.refusal(f"a {kind} cannot be renamed: {what}")
    if verb == "add" and operation.where:
        raise operation.refusal("'where' does not go with 'add'")
    if kind == "appliance" and verb != "add" and "/" not in operation.name:
        raise operation.refusal(f"{operation.name!r} names no appliances", "write SITE/MODEL")
    return operation


_PAST = {"add": "added", "remove": "removed", "rename": "renamed"}
