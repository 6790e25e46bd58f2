"""The whole table of broken topology files: what is in them, and every problem that has to be reported."""

from __future__ import annotations

from tests.inputs.bad_case import BASE, Case
from tests.inputs.bad_files import FILE_CASES, MANY_CASES
from tests.inputs.bad_references import CROSS_CASES
from tests.inputs.bad_texts import TEXT_CASES
from tests.inputs.bad_values import VALUE_CASES

CASES = [*TEXT_CASES, *VALUE_CASES, *CROSS_CASES, *FILE_CASES, *MANY_CASES]

__all__ = ["BASE", "CASES", "Case"]
