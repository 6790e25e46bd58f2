"""Folders that a command writes: one run at a time, whole or not at all, over nothing that is not its own."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cdnplan.errors import InputError, Problem


@dataclass(frozen=True, slots=True)
class Kind:
    """What a command writes into a folder of its own, so that it is known again.

    Parameters
    ----------
    name : str
        As in "holds no plan".
    mark : str
        The file that every such folder has.
    files : callable
        Given a folder, the paths of files within it that the command wrote, "/" between their parts; raises
        `InputError` where the mark does not read as one.
    replaceable : bool
        Whether the command can be told to replace an earlier one.
    """

    name: str
    mark: str
    files: Callable[[Path], Collection[str]]
    replaceable: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that this run may write and no other run does; see `claimed`."""

    out: Path
    kind: Kind
    replace: bool

    @contextmanager
    def whole(self) -> Iterator[Path]:
        """Give a hidden sibling folder to write into; it takes its place only when all went well.

        Yields
        ------
        Path

        Raises
        ------
        InputError
            What is at the place now may not be replaced: others put it there in the meantime.
        """
        out = real_path(self.out)
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = out.with_name(f".{out.name}.partial-{os.getpid()}")
        _sweep(out)
        partial.mkdir()
        try:
            yield partial
            check_place(self.out, self.kind, replace=self.replace)
            self._put(partial, out)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _put(self, new: Path, out: Path) -> None:
        """Put the new folder in place; an old one is moved away first, removed last, put back on failure."""
        if not self.replace or not out.exists():
            # The kernel lets this take the place of an empty folder only, whoever else is at work.
            try:
                new.rename(out)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                message = "another run wrote this folder in the meantime: it is left alone"
                raise InputError([Problem(message, str(self.out))]) from None
            return
        old = out.with_name(f".{out.name}.old-{os.getpid()}")
        try:
            out.rename(old)
            new.rename(out)
        finally:
            if out.exists():
                shutil.rmtree(old, ignore_errors=True)
            elif old.exists():
                old.rename(out)


def real_path(path: Path) -> Path:
    """Return what makes a file the same file, also for names that no file can have and links in a circle."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path.absolute()


@contextmanager
def claimed(out: Path, kind: Kind, *, replace: bool = False) -> Iterator[Place]:
    """Hold a folder that is to be written, from before the work begins until it is in place.

    Parameters
    ----------
    out : Path
    kind : Kind
    replace : bool
        Whether a folder of this kind that is there may be replaced.

    Yields
    ------
    Place

    Raises
    ------
    InputError
        As `check_place`; or another run is about to write it.
    """
    check_place(out, kind, replace=replace)
    with alone(out):
        check_place(out, kind, replace=replace)
        yield Place(out, kind, replace)


def check_place(out: Path, kind: Kind, *, replace: bool) -> None:
    """Refuse a place where no folder can be written, or where something is that has to stay.

    Parameters
    ----------
    out : Path
    kind : Kind
    replace : bool
        Whether a folder of this kind that is there may be replaced.

    Raises
    ------
    InputError
        No folder can be made there; or there is a file, a folder that is not empty and (without `replace`)
        stays, one of another kind, or one with a file in it that the command did not write.
    """
    check_above(out)
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise InputError([Problem("there is a file of this name, expected a folder to write", str(out))])
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not (out / kind.mark).is_file():
        message = f"the folder is not empty and holds no {kind.name}: it is left alone"
        raise InputError([Problem(message, str(out), hint="choose another name")])
    if not replace:
        message = f"the folder is not empty, it holds another {kind.name}"
        hint = "choose another name" + (" or say --force" if kind.replaceable else "")
        raise InputError([Problem(message, str(out), hint=hint)])
    foreign = _foreign(out, {kind.mark, *kind.files(out)})
    if foreign is not None:
        message = f"holds {foreign!r}, which is not part of the {kind.name} there: the folder is left alone"
        raise InputError([Problem(message, str(out), hint="move it away or choose another name")])


def check_above(out: Path) -> None:
    """Refuse a folder that cannot be put in place: that takes a change in the folder above it.

    Parameters
    ----------
    out : Path

    Raises
    ------
    InputError
    """
    if real_path(out) == Path.cwd():
        message = "is the folder this command runs in, expected one that can be put in place as a whole"
        raise InputError([Problem(message, str(out))])
    above = next(folder for folder in real_path(out).parents if folder.exists())
    if not above.is_dir():
        raise InputError([Problem("is a file, expected a folder to write into", str(above))])
    if not os.access(above, os.W_OK | os.X_OK):
        raise InputError([Problem("this folder may not be written to", str(above))])


def _foreign(out: Path, known: Collection[str]) -> str | None:
    """The first path within a folder that is not known; links are not followed and never known."""
    for above, folders, files in os.walk(out):
        folders.sort()
        links = [name for name in folders if (Path(above) / name).is_symlink()]
        for name in sorted([*files, *links]):
            path = Path(above) / name
            within = path.relative_to(out).as_posix()
            if within not in known or path.is_symlink():
                return within
    return None


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Keep other runs from writing the same folder; the kernel ends this with the process at the latest.

    Parameters
    ----------
    out : Path

    Raises
    ------
    InputError
        Another run is about to write it.
    """
    place = real_path(out)
    made = [folder for folder in place.parents if not folder.exists()]
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = place.with_name(f".{place.name}.claim")
    try:
        descriptor = _locked(lock, out)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
            os.close(descriptor)
    finally:
        # Where nothing was written, nothing is left: neither are folders above that were made for it.
        for folder in made:
            try:
                folder.rmdir()
            except OSError:
                break


def _locked(lock: Path, out: Path) -> int:
    """Open and lock a file that its owner removes: what is locked has to be the one that is still there."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise InputError([Problem("another run is about to write this folder", str(out))]) from None
        except OSError:
            # A file system without locks: that a folder in place is not replaced is seen to at the end.
            return descriptor
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.lstat(lock), os.fstat(descriptor)):
                return descriptor
        os.close(descriptor)


def _sweep(out: Path) -> None:
    """Remove what runs for the same folder left behind that were killed and could not clean up."""
    for left in out.parent.glob(f".{glob.escape(out.name)}.partial-*"):
        pid = left.name.rpartition("-")[2]
        if pid.isdigit() and (int(pid) == os.getpid() or not _runs(int(pid))):
            shutil.rmtree(left, ignore_errors=True)


def _runs(pid: int) -> bool:
    """Whether a process of this number is alive."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
