"""One pass over a file's bytes: its hash, whether it is whole, and a plain copy where DuckDB should read that instead.

DuckDB reads half of a cut-off .gz without a word, and reads compressed or foreign encodings on one core. So everything
but plain UTF-8 is unpacked to UTF-8 once, which also proves checksum and length, and is read from there on all cores.
"""

from __future__ import annotations

import codecs
import hashlib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

from shophouse.errors import SourceMismatch, SourceUnreachable

__all__ = ["Compression", "compression_of", "fingerprint", "is_plain_utf8"]

Compression: TypeAlias = Literal["none", "gzip", "zstd"]

_CHUNK = 1 << 20


def compression_of(name: str) -> Compression:
    """What the name's ending says."""
    endings: dict[str, Compression] = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd"}
    return endings.get(Path(name).suffix.lower(), "none")


def is_plain_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii")


def fingerprint(
    path: Path,
    label: str,
    *,
    compression: Compression,
    encoding: str = "utf-8",
    copy: Path | None = None,
    newlines: bool = False,
    done: Callable[[int], None] | None = None,
) -> str:
    """The sha256 of the file's bytes, having seen that what is packed is whole.

    With `copy` the unpacked, decoded content is written there, as UTF-8; `newlines` makes every line end in one
    newline character. `done` is told the bytes read so far. Raises SourceMismatch for a file that is cut off, damaged
    or not in that encoding, SourceUnreachable when it can't be opened.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb", buffering=0) as raw:
            chunks = _unpacked(_hashed(raw, digest, done), compression, label)
            if copy is None:
                for _ in chunks:
                    pass
            else:
                copy.parent.mkdir(parents=True, exist_ok=True)
                with copy.open("wb") as out:
                    for chunk in _one_newline(_decoded(chunks, encoding, label), newlines):
                        out.write(chunk)
    except OSError as error:
        raise SourceUnreachable(f"{label} can't be read", why=str(error)) from error
    return digest.hexdigest()


def _hashed(raw: BinaryIO, digest: hashlib._Hash, done: Callable[[int], None] | None) -> Iterator[bytes]:
    total = 0
    while chunk := raw.read(_CHUNK):
        digest.update(chunk)
        total += len(chunk)
        if done:
            done(total)
        yield chunk


def _unpacked(chunks: Iterator[bytes], compression: Compression, label: str) -> Iterator[bytes]:
    if compression == "gzip":
        yield from _gunzipped(chunks, label)
    elif compression == "zstd":
        yield from _unzstd(chunks, label)
    else:
        yield from chunks


def _cut_off(label: str, kind: str) -> SourceMismatch:
    return SourceMismatch(
        f"{label} is cut off",
        why=f"the {kind} stream ends before its end mark",
        hint="copy the file again, then run again",
    )


def _damaged(label: str, kind: str, why: object) -> SourceMismatch:
    return SourceMismatch(
        f"{label} is not a whole {kind} file",
        why=str(why),
        hint="copy the file again, then run again",
    )


def _gunzipped(chunks: Iterator[bytes], label: str) -> Iterator[bytes]:
    member = None
    try:
        for chunk in chunks:
            while chunk:
                if member is None:
                    # what follows the last member may be zero padding, as gzip itself allows
                    chunk = chunk.lstrip(b"\0") if chunk[:1] == b"\0" else chunk
                    if not chunk:
                        break
                    member = zlib.decompressobj(wbits=31)
                yield member.decompress(chunk)
                chunk = member.unused_data
                if member.eof:
                    member = None
    except zlib.error as error:
        raise _damaged(label, "gzip", error) from error
    if member is not None:
        raise _cut_off(label, "gzip")


def _unzstd(chunks: Iterator[bytes], label: str) -> Iterator[bytes]:
    import zstandard

    frame = None
    try:
        for chunk in chunks:
            while chunk:
                if frame is None:
                    frame = zstandard.ZstdDecompressor().decompressobj()
                yield frame.decompress(chunk)
                chunk = frame.unused_data
                if frame.eof:
                    frame = None
    except zstandard.ZstdError as error:
        raise _damaged(label, "zstd", error) from error
    if frame is not None:
        raise _cut_off(label, "zstd")


def _decoded(chunks: Iterator[bytes], encoding: str, label: str) -> Iterator[bytes]:
    if is_plain_utf8(encoding):
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    at = 0
    try:
        for chunk in chunks:
            yield decoder.decode(chunk).encode()
            at += len(chunk)
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise SourceMismatch(
            f"{label} is not {encoding}, or is cut off",
            why=f"near byte {at}: {getattr(error, 'reason', error)}",
            hint="say the right encoding under the source in shophouse.yml",
        ) from error


def _one_newline(chunks: Iterator[bytes], wanted: bool) -> Iterator[bytes]:
    if not wanted:
        yield from chunks
        return
    held = b""
    for chunk in chunks:
        chunk = held + chunk
        held = b"\r" if chunk.endswith(b"\r") else b""
        body = chunk[:-1] if held else chunk
        yield body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if held:
        yield b"\n"
