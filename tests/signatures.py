"""Signatures as plain integers: bit k for the k-th candidate of a region."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cdnplan.model.plan.placement import Serving


def words_of(masks: Sequence[int], n_words: int) -> npt.NDArray[np.uint64]:
    """Cut integers into words as `Serving.mask` has them, (n, n_words)."""
    words = [[mask >> 64 * w & (2**64 - 1) for w in range(n_words)] for mask in masks]
    return np.array(words, np.uint64).reshape(len(masks), n_words)


def signature(serving: Serving, row: int) -> int:
    """Join the words of one row."""
    return sum(int(word) << 64 * w for w, word in enumerate(serving.mask[row]))


def shares(serving: Serving, row: int) -> dict[int, float]:
    """Share of a row's demand by number of the candidate."""
    part = slice(int(serving.share_ptr[row]), int(serving.share_ptr[row + 1]))
    return dict(zip(serving.slot[part].tolist(), serving.ratio[part].tolist(), strict=True))
