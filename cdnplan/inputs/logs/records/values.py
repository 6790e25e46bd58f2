"""Amounts, statuses and words out of fields."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cdnplan.inputs.logs.meaning.sql import Sql, literal, matches
from cdnplan.inputs.tables.arrow_arrays import from_numpy, missing, to_numpy

_MOST_BYTES = 4 * 10**18
_DECIMAL = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?"
_STATUS = re.compile(rb"[1-5][0-9]{2}|000")


def read_amounts(texts: Any, unit: int, sql: Sql) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Read amounts >= 0 and give them in bytes; a single dash is 0.

    Parameters
    ----------
    texts : pyarrow.Array of text
    unit : int
        Bytes that 1 stands for. Decimals and exponents are allowed where whole bytes come of them after
        rounding: of plain bytes only those like 512.0.
    sql : Sql

    Returns
    -------
    amount : (n,) int64
    good : (n,) bool
        Whether there is one, of at most 4e18 bytes.

    Examples
    --------
    >>> read_amounts(pa.array(["1.5", "-", "x"]), 1000, Sql())
    (array([1500,    0,    0]), array([ True,  True, False]))
    """
    amount = np.zeros(len(texts), dtype=np.int64)
    plain = matches(texts, "^[0-9]{1,18}$")
    amount[plain] = to_numpy((texts if plain.all() else texts.filter(_mask(plain))).cast(pa.int64()))
    good = plain & (amount <= _MOST_BYTES // unit)
    amount = np.where(good, amount, 0) * unit
    if not plain.all():
        whole = "scaled = round(scaled)" if unit == 1 else "true"
        query = (
            "SELECT CASE WHEN text = '-' THEN 0 "
            f"WHEN scaled <= {_MOST_BYTES} AND {whole} THEN round_even(scaled, 0)::BIGINT END AS amount "
            f"FROM (SELECT text, CASE WHEN regexp_full_match(text, {literal(_DECIMAL)}) "
            f"THEN try_cast(text AS DOUBLE) * {unit} END AS scaled FROM texts)"
        )
        found = sql.over(texts.filter(_mask(~plain)), query).column("amount").combine_chunks()
        found = found.cast(pa.int64())
        good[~plain] = ~missing(found)
        amount[~plain] = np.where(good[~plain], to_numpy(found), 0)
    return amount, good


def _mask(wanted: npt.NDArray[np.bool_]) -> Any:
    return from_numpy(wanted.astype(np.uint8)).cast(pa.bool_())


def read_statuses(texts: Any) -> npt.NDArray[np.int16]:
    """HTTP statuses, (n,); -1 for what is none. 000, which some write for a viewer who left, is one.

    Examples
    --------
    >>> read_statuses(pa.array([b"200", b"099"])).tolist()
    [200, -1]
    """
    found = [int(text) if _STATUS.fullmatch(text) else -1 for text in texts.to_pylist()]
    return np.array(found, dtype=np.int16)


def are_among(texts: Any, words: Collection[str]) -> npt.NDArray[np.bool_]:
    """Whether texts are one of some words, (n,); ASCII letters in capitals or not.

    Examples
    --------
    >>> are_among(pa.array([b"hit", b"MISS"]), ("Hit",)).tolist()
    [True, False]
    """
    wanted = {word.upper().encode() for word in words}
    return np.array([text.upper() in wanted for text in texts.to_pylist()], dtype=bool)
