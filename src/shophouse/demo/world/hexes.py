"""Ids as other systems have them: 32 hexadecimal digits that say nothing."""

from __future__ import annotations

import binascii
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shophouse.demo.tables import Ints

_WIDTH = 32


def hexes(kind: int, number: Ints) -> Any:
    """The ids of the numbers, other ones for each kind."""
    with np.errstate(over="ignore"):
        low = _mixed(number.astype(np.uint64) * np.uint64(2) + np.uint64(kind << 48))
        high = _mixed(low + np.uint64(kind))
    digits = binascii.hexlify(np.stack((high, low), axis=1).astype(">u8").tobytes())
    offsets = np.arange(len(number) + 1, dtype=np.int64) * _WIDTH
    return pa.LargeStringArray.from_buffers(len(number), pa.py_buffer(offsets), pa.py_buffer(digits))


def _mixed(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
