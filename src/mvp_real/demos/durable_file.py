"""A file that only ever grows by whole messages, whatever stops the writing."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path

from mvp_real.errors import MvpRealError


class DiskError(MvpRealError):
    """The disk took no more. The file ends with its last whole message."""


class DurableFile:
    """The stream an MCAP writer writes to.

    What is written waits in memory until `commit`, which hands it to the operating system in one piece: a process
    killed in between leaves nothing behind. When the disk refuses, the file is cut back to where the last commit
    ended, so that it never carries half a message.

    Args:
        path: The file to create. While it is open nobody else may write, repair or remove it (`in_use`).

    Raises:
        DiskError: It cannot be created.

    Attributes:
        size: Bytes committed so far.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._synced = 0
        try:
            # Cut off only once it is ours.
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise self._explained(error) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._descriptor, 0)
        except OSError as error:
            self.close()
            if isinstance(error, BlockingIOError):
                raise DiskError(
                    f"'{path}' is being recorded by another process; choose another folder"
                ) from error
            raise self._explained(error) from error

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._descriptor < 0

    def write(self, data: bytes) -> int:
        """Keep bytes for the next commit."""
        self._pending.append(bytes(data))
        self._pending_size += len(data)
        return len(data)

    def tell(self) -> int:
        """Position behind everything written, committed or not."""
        return self.size + self._pending_size

    def flush(self) -> None:
        """Nothing: a half-written message is worth nothing to the disk."""

    def commit(self) -> None:
        """Hand everything written to the operating system; it survives the end of this process.

        Raises:
            DiskError: The disk is full or failed; the file was cut back to its last commit.
        """
        data = memoryview(b"".join(self._pending))
        self._pending.clear()
        self._pending_size = 0
        done = 0
        try:
            while done < len(data):
                done += os.write(self._descriptor, data[done:])
        except OSError as error:
            with contextlib.suppress(OSError):  # a disk that is gone cannot be cut back either
                os.ftruncate(self._descriptor, self.size)
                os.lseek(self._descriptor, self.size, os.SEEK_SET)
            raise self._explained(error) from error
        self.size += done

    def sync(self) -> None:
        """Force what was committed to the disk; it then survives a power cut.

        Raises:
            DiskError: The disk failed.
        """
        if self._synced == self.size:
            return
        target = self.size
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise self._explained(error) from error
        self._synced = target

    def close(self) -> None:
        """Close the file; what was not committed is dropped."""
        if not self.closed:
            os.close(self._descriptor)
            self._descriptor = -1

    def _explained(self, error: OSError) -> DiskError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return DiskError(
                f"no space left for '{self.path}'; everything before is kept ({self.size / 1e6:.1f} MB). "
                f"Free space, then finish the file with: mvp_real demos repair '{self.path}'"
            )
        return DiskError(f"'{self.path}' cannot be written: {error.strerror}; everything before is kept")


def in_use(path: Path) -> bool:
    """Whether a file is open as a `DurableFile`, in this process or another one on this computer."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk: a new or renamed file is found again after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
