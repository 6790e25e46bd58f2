"""What can be wrong with a line, and the reasons for which a good line is left out."""

from __future__ import annotations

OK = 0
TOO_FEW = 1
TOO_MANY = 2
QUOTE_OPEN = 3
AFTER_QUOTE = 4
BRACKET_OPEN = 5
TIME = 6
BYTES = 7
STATUS = 8
OBJECT = 9
REQUEST = 10
CLIENT = 11
UTF8 = 12
TOO_LONG = 13
NOT_JSON = 14
NO_VALUE = 15
NO_FIELDS = 16
CUT_SHORT = 17
SIZE = 18
REGION = 19
LAST_FAULT = 19

SKIPPED_BLANK = 40
SKIPPED_COMMENT = 41
LEFT_STATUS = 50
LEFT_METHOD = 51
LEFT_REGION = 52
LEFT_OBJECT = 53
LEFT_TITLE = 54
LEFT_PERIOD = 55

NAMES: dict[int, str] = {
    TOO_FEW: "too few fields",
    TOO_MANY: "too many fields",
    QUOTE_OPEN: "quote never closed",
    AFTER_QUOTE: "text right after a closing quote or bracket",
    BRACKET_OPEN: "bracket never closed",
    TIME: "time not understood",
    BYTES: "bytes no whole number >= 0",
    STATUS: "status no number of three digits",
    OBJECT: "no object",
    REQUEST: "request without method and URL",
    CLIENT: "client no address",
    UTF8: "not UTF-8 text",
    TOO_LONG: "line too long",
    NOT_JSON: "no JSON object",
    NO_VALUE: "a value is missing",
    NO_FIELDS: "before any #Fields",
    CUT_SHORT: "file broken or cut short",
    SIZE: "size no number >= 0",
    REGION: "no region",
}
"""Malformed lines by fault, in words."""

LEFT_OUT: dict[int, str] = {
    LEFT_STATUS: "status not wanted",
    LEFT_METHOD: "method not wanted",
    LEFT_REGION: "region not known",
    LEFT_OBJECT: "object not known",
    LEFT_TITLE: "title or file not in the tables",
    LEFT_PERIOD: "in a period not whole",
}
"""Good lines that do not count, by reason, in words."""
