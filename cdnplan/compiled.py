"""How kernels are compiled, and what is called by kernels only."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numba
from numba.extending import register_jitable

if TYPE_CHECKING:
    from numba.core.dispatcher import Dispatcher

Function = TypeVar("Function", bound=Callable[..., object])


def njit(
    *, cache: bool = True, allocates: bool = True, **options: Any
) -> Callable[[Function], Dispatcher[Function]]:
    """Decorate a kernel.

    Parameters
    ----------
    cache : bool
        Keep the machine code on disk: in `NUMBA_CACHE_DIR`, beside the source, or in the user's folder for
        caches, the first of these that may be written. With none of them every process compiles for itself.
    allocates : bool
        Whether it, or what it calls, makes new arrays. One that does not need not count who uses each array:
        it compiles in two thirds of the time, and small steps on tuples of arrays take a third.
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
    counting = {} if allocates else {"_nrt": False}

    def decorate(function: Function) -> Dispatcher[Function]:
        kernel: Any = decorator(no_cfunc_wrapper=True, **counting, **options)(function)
        if cache:
            with suppress(RuntimeError):  # no folder may be written: every process compiles for itself
                kernel.enable_caching()
        return kernel  # type: ignore[no-any-return]

    return decorate


def kept_in(kernel: object) -> Path | None:
    """Folder that keeps the machine code of a kernel; None of what is no kernel, or kept nowhere.

    Examples
    --------
    >>> kept_in(len) is None
    True
    """
    stats = getattr(kernel, "stats", None)
    folder = getattr(stats, "cache_path", None)
    return Path(folder) if folder else None


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
