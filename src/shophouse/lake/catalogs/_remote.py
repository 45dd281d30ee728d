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

    def __init__(self, place: str, storage: Storage, prefix: str) -> None:
        self.place = place
        self._storage = storage
        self._prefix = prefix
        self._made: pyiceberg.catalog.Catalog | None = None

    def _make(self) -> pyiceberg.catalog.Catalog:
        raise NotImplementedError

    def identifier(self, name: Name) -> Name:
        """A source's namespace, with what tells it from those of other shops."""
        return (self._prefix + name[0], name[1])

    def heads(self) -> dict[Name, str]:
        with self._told(), self.opened() as catalog:
            found = {
                (source, name): catalog.load_table((namespace, name)).metadata_location
                for source, namespace in self._sources(catalog)
                for _, name in catalog.list_tables(namespace)
            }
        return self._ours(found)

    def head(self, name: Name) -> str | None:
        from pyiceberg.exceptions import NoSuchTableError

        with self._told(), self.opened() as catalog:
            try:
                return catalog.load_table(self.identifier(name)).metadata_location
            except NoSuchTableError:
                return None

    def _sources(self, catalog: pyiceberg.catalog.Catalog) -> Iterator[tuple[str, str]]:
        """Each source and its namespace."""
        for namespace in catalog.list_namespaces():
            if len(namespace) == 1 and namespace[0].startswith(self._prefix):
                yield namespace[0].removeprefix(self._prefix), namespace[0]

    def _ours(self, found: dict[Name, str]) -> dict[Name, str]:
        """A catalog of a whole company has tables of others, too."""
        return {name: place for name, place in sorted(found.items()) if place.startswith(self._storage.base + "/")}

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
