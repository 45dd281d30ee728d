"""pyiceberg's files in a lake of ours: the same library, settings and copies as everything else.

pyiceberg makes this by its name and hands over text alone, so the storages in use are known here by a number.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream

if TYPE_CHECKING:
    from shophouse.lake._storage import Storage

__all__ = ["NAME", "STORAGE", "StorageIO", "known"]

NAME = f"{__name__}.StorageIO"
STORAGE = "shophouse.storage"
_STORAGES: dict[str, Storage] = {}


def known(storage: Storage) -> str:
    """What StorageIO finds this storage by."""
    for number, other in _STORAGES.items():
        if other is storage:
            return number
    number = str(len(_STORAGES))
    _STORAGES[number] = storage
    return number


class StorageIO(FileIO):
    """Files of the storage that the property `shophouse.storage` names. None of them ever changes."""

    def __init__(self, properties: dict[str, Any]) -> None:
        super().__init__(properties)
        self._storage = _STORAGES[properties[STORAGE]]

    def new_input(self, location: str) -> InputFile:
        return _Input(location, self._storage)

    def new_output(self, location: str) -> OutputFile:
        return _Output(location, self._storage)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        self._storage.delete([location if isinstance(location, str) else location.location])


class _Input(InputFile):
    def __init__(self, location: str, storage: Storage) -> None:
        super().__init__(location)
        self._storage = storage

    def __len__(self) -> int:
        return self._storage.fetch([self.location])[0].stat().st_size

    def exists(self) -> bool:
        try:
            self._storage.fetch([self.location])
        except FileNotFoundError:
            return False
        return True

    def open(self, seekable: bool = True) -> InputStream:
        return self._storage.fetch([self.location])[0].open("rb")


class _Output(OutputFile):
    def __init__(self, location: str, storage: Storage) -> None:
        super().__init__(location)
        self._storage = storage

    def __len__(self) -> int:
        return len(self.to_input_file())

    def exists(self) -> bool:
        return self.to_input_file().exists()

    def to_input_file(self) -> InputFile:
        return _Input(self.location, self._storage)

    def create(self, overwrite: bool = False) -> OutputStream:
        # names are drawn anew for each file, so there is never one to be overwritten
        return _Writing(self.location, self._storage)


class _Writing(io.BytesIO):
    def __init__(self, location: str, storage: Storage) -> None:
        super().__init__()
        self._location = location
        self._storage = storage

    def close(self) -> None:
        if not self.closed:
            self._storage.write(self._location, self.getvalue())
        super().close()

    def __exit__(self, kind: object, *rest: object) -> None:
        # what was written in part is not there at all
        if kind is not None:
            super().close()
        self.close()
