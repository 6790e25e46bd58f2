"""Broken topologies: the text itself."""

from __future__ import annotations

from tests.inputs.bad_case import BASE, Case, swap

_BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

TEXT_CASES = [
    Case("empty file", "", [(1, "the file is empty")]),
    Case("only a comment", "# nothing\n", [(1, "the file is empty")]),
    Case("a list at the top", "- 1\n", [(1, "expected a mapping (key: value), found a list")]),
    Case(
        "a word at the top", "benelux\n", [(1, "expected a mapping (key: value), found the text 'benelux'")]
    ),
    Case(
        "unclosed list", swap("[52.3, 4.9]", "[52.3, 4.9"), [(12, "broken YAML: did not find expected ','")]
    ),
    Case("unclosed to the end", BASE + "x: [1, 2\n", [(30, "that starts here and never ends")]),
    Case("tabs", swap("    kind: ixp", "\tkind: ixp"), [(9, "indent with spaces, not with tabs")]),
    Case(
        "colon in text", swap("name: benelux", "name: a: b"), [(1, "put text that contains ': ' in quotes")]
    ),
    Case("bad indentation", swap("    kind: ixp", "   kind: ixp"), [(9, "broken YAML")]),
    Case(
        "duplicate key",
        swap("    kind: ixp\n", "    kind: ixp\n    kind: ixp\n"),
        [(10, "it is already set in line 9")],
    ),
    Case("two documents", BASE + "---\nname: two\n", [(30, "a second document starts here")]),
    Case(
        "tag that runs code",
        swap("name: benelux", "name: !!python/object/apply:os.system ['touch /tmp/owned']"),
        [(1, "tag '!!python/object/apply:os.system' is not allowed"), (1, "expected text, found a list")],
    ),
    Case("unknown tag", swap("kind: ixp", "kind: !special ixp"), [(9, "tag '!special' is not allowed")]),
    Case(
        "number tag on text",
        swap("slices: 4", "slices: !!int four"),
        [(27, "'four' does not fit its tag '!!int'"), (27, "expected a whole number")],
    ),
    Case("alias bomb", _BOMB, [(5, "aliases expand this to more than 100000 values")]),
    Case(
        "unknown alias",
        swap("[53.3, -6.3]", "*dublin"),
        [(6, "unknown alias '*dublin'"), (6, "expected [latitude, longitude], found nothing")],
    ),
    Case(
        "alias inside itself",
        BASE + "x: &x [*x]\n",
        [(30, "unknown key 'x'"), (30, "alias '*x' stands inside what it repeats")],
    ),
    Case(
        "merge of a list",
        swap("{storage_tb: 24,", "{<<: [3], storage_tb: 24,"),
        [(4, "'<<' expects the alias of a mapping")],
    ),
    Case("too deep", "name: " + "[" * 5000, [(1, "nested more than 100 levels deep")]),
    Case("null character", BASE.replace("Opener", "Ope\0ner"), [(28, "character U+0000 is not allowed")]),
    Case("not UTF-8", BASE.replace("Opener", "é").encode("latin-1"), [(28, "byte 0xE9 is not UTF-8 text")]),
    Case("UTF-16", BASE.encode("utf-16"), [(1, "is not UTF-8 text")]),
    Case(
        "number as a key",
        swap("  flash-1u: {", "  1: {"),
        [(4, "expected text as a key, found the number 1"), (14, "unknown hardware 'flash-1u'")],
    ),
]
