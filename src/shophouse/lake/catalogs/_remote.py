"""What catalogs that pyiceberg alone can talk to have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shophouse.errors import LakeError, LakeUnreachable, ShophouseError
from shophouse.lake.catalogs import Name

if TYPE_CHECKING:
    import pyiceberg.catalog

    from shophouse.lake._storage import Storage

__all__ = ["RemoteCatalog"]


class RemoteCatalog:
    """See `shophouse.lake.catalogs.Catalog`; a kind says how pyiceberg's catalog is made."""

    def __init__(self, place: str, storage: Storage) -> None:
        self.place = place
        self._storage = storage
        self._made: pyiceberg.catalog.Catalog | None = None

    def _make(self) -> pyiceberg.catalog.Catalog:
        raise NotImplementedError

    def heads(self) -> dict[Name, str]:
        with self._told(), self.opened() as catalog:
            names = [name for source in catalog.list_namespaces() for name in catalog.list_tables(source)]
            found = {(name[0], name[1]): catalog.load_table(name).metadata_location for name in names if len(name) == 2}
        return {name: location for name, location in sorted(found.items()) if self._is_ours(location)}

    def head(self, name: Name) -> str | None:
        from pyiceberg.exceptions import NoSuchTableError

        with self._told(), self.opened() as catalog:
            try:
                return catalog.load_table(name).metadata_location
            except NoSuchTableError:
                return None

    def _is_ours(self, location: str) -> bool:
        """A catalog of a whole company has other tables, too."""
        return location.startswith(self._storage.base + "/")

    @contextmanager
    def opened(self) -> Iterator[pyiceberg.catalog.Catalog]:
        if self._made is None:
            with self._told():
                self._made = self._make()
        yield self._made

    @contextmanager
    def anew(self) -> Iterator[RemoteCatalog]:
        raise LakeError(
            "a lake with a catalog of this kind can't be moved",
            where=self.place,
            why="nothing there exchanges all of its tables at once",
            hint="move it with a catalog of kind sqlite or postgres, or load it anew at the new place",
        )
        yield self

    @contextmanager
    def _told(self) -> Iterator[None]:
        from pyiceberg.exceptions import ForbiddenError, UnauthorizedError

        try:
            yield
        except ShophouseError:
            raise
        except (UnauthorizedError, ForbiddenError) as error:
            raise LakeError(
                "the lake's catalog refuses", where=self.place, why=str(error), hint="look at lake.catalog"
            ) from error
        except Exception as error:
            if _refuses(error):
                raise LakeError(
                    "the lake's catalog refuses", where=self.place, why=str(error), hint="look at lake.catalog"
                ) from error
            raise LakeUnreachable(
                "the lake's catalog can't be reached",
                where=self.place,
                why=" ".join(str(error).split())[:300],
                hint="nothing is lost: try again when it answers",
            ) from error


def _refuses(error: Exception) -> bool:
    answer = getattr(error, "response", None)
    code = answer.get("Error", {}).get("Code", "") if isinstance(answer, dict) else ""
    return code in ("AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException")
