"""Copies of a database file, past the memory in which the system keeps what was read and written of files.

A copy of gigabytes would drive out of it what the build still reads, and to fill it is most of the work of a copy.
"""

from __future__ import annotations

import errno
import mmap
import os
import shutil
from pathlib import Path

__all__ = ["copy_file"]

# bytes; smaller ones are copied faster through the memory, which they leave enough of
_LARGE = 1 << 29
_AT_ONCE = 1 << 24
_ALIGNED = 4096
# what a file system says that can't pass the memory by
_REFUSALS = (errno.EINVAL, errno.ENOTSUP)


def copy_file(source: Path, target: Path) -> None:
    """Copy `source` to `target`, which is made or replaced. Raises OSError where that can't be done."""
    past_memory = getattr(os, "O_DIRECT", 0)
    if past_memory and source.stat().st_size >= _LARGE:
        try:
            _copy(source, target, past_memory)
            return
        except OSError as error:
            if error.errno not in _REFUSALS:
                raise
    shutil.copyfile(source, target)


def _copy(source: Path, target: Path, flags: int) -> None:
    reading = os.open(source, os.O_RDONLY | flags)
    try:
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | flags, 0o666)
        try:
            with mmap.mmap(-1, _AT_ONCE) as buffer:
                _pass_on(reading, writing, buffer)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _pass_on(reading: int, writing: int, buffer: mmap.mmap) -> None:
    copied, length = 0, os.fstat(reading).st_size
    with memoryview(buffer) as view:
        while read := os.readv(reading, [view]):
            # only whole sectors can be written; what is too much of the last is cut off
            whole = -(-read // _ALIGNED) * _ALIGNED
            written = 0
            while written < whole:
                with view[written:whole] as rest:
                    written += os.write(writing, rest)
            copied += read
            if read % _ALIGNED and copied != length:
                # what comes next would have to be written inside a sector
                raise OSError(errno.EINVAL, "read a part of a sector before the end of the file")
    os.ftruncate(writing, copied)
