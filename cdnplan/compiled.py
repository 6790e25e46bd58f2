"""How kernels are compiled: numba's `njit`, with what holds for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numba

if TYPE_CHECKING:
    from numba.core.dispatcher import Dispatcher

Function = TypeVar("Function", bound=Callable[..., object])


def njit(*, cache: bool = True, **options: Any) -> Callable[[Function], Dispatcher[Function]]:
    """Decorate a kernel.

    Parameters
    ----------
    cache : bool
        Keep the machine code on disk, beside the source or in `NUMBA_CACHE_DIR`.
    **options
        As of ``numba.njit``.

    Returns
    -------
    callable
        The decorator.

    Examples
    --------
    >>> @njit(cache=False)
    ... def double(x):
    ...     return 2.0 * x
    >>> double(1.5)
    3.0
    """
    # Kernels are called from Python and from other kernels, never through a C function pointer: without the
    # wrapper for that, which takes the many arrays apart once more, all of them compile in a tenth less time.
    decorator: Any = numba.njit  # whose types leave this option out
    return decorator(cache=cache, no_cfunc_wrapper=True, **options)  # type: ignore[no-any-return]
