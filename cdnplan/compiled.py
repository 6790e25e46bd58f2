"""How kernels are compiled, and what is called by kernels only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numba
from numba.extending import register_jitable

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
    # wrapper for that, which takes the many arrays apart once more, they compile in less time.
    decorator: Any = numba.njit  # whose types leave this option out
    return decorator(cache=cache, no_cfunc_wrapper=True, **options)  # type: ignore[no-any-return]


def part(function: Function) -> Function:
    """Decorate a part of kernels: a plain function, which numba compiles with each kernel that calls it.

    Without what a kernel needs to be called from Python it compiles in less time, and small problems can be
    interpreted. It has no machine code of its own on disk.

    Examples
    --------
    >>> @part
    ... def half(x):
    ...     return 0.5 * x
    >>> @njit(cache=False)
    ... def quarter(x):
    ...     return half(half(x))
    >>> half(2.0), quarter(2.0)
    (1.0, 0.5)
    """
    decorator: Any = register_jitable(no_cfunc_wrapper=True)
    return decorator(function)  # type: ignore[no-any-return]


def inlined(function: Function) -> Function:
    """Decorate a part of a kernel that is called in one place only: it is compiled as if it stood there.

    That takes less time still, as nothing is handed over. Where it is called more than once, each place takes
    the time anew: then it is a `part`.

    Examples
    --------
    >>> @inlined
    ... def half(x):
    ...     return 0.5 * x
    >>> @njit(cache=False)
    ... def quarter(x):
    ...     return 0.5 * half(x)
    >>> quarter(2.0)
    0.5
    """
    decorator: Any = numba.njit(inline="always")
    return decorator(function)  # type: ignore[no-any-return]
