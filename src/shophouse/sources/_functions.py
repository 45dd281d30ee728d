"""Functions of a shop's own: found by `folder/file.py:name` or `module:name`, with their faults told as theirs."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from shophouse.errors import ConfigError, ShophouseError, SourceError, SourceUnreachable

__all__ = ["Function", "parameters_of", "resolved", "secrets_of", "without"]


@dataclass(frozen=True)
class Function:
    """A function by its reference; `folder` is the shop's, `setting` where the project file names it.

    `secrets` are not shown in errors.
    """

    reference: str
    folder: Path
    setting: str
    secrets: tuple[str, ...] = ()

    def load(self) -> Callable[..., Any]:
        """Import it. A file is read anew each time. Raises ConfigError that says what is wrong with it."""
        place, _, name = self.reference.rpartition(":")
        with self.importing():
            module = self._file(place) if place.endswith(".py") else self._module(place)
        found: Any = module
        for part in name.split("."):
            if not hasattr(found, part):
                own = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
                near = get_close_matches(part, own, 1)
                raise ConfigError(
                    f"{place} has no function {name}",
                    where=self.setting,
                    why=f"it has: {', '.join(own) or 'none'}",
                    hint=f"did you mean {near[0]}?" if near else None,
                )
            found = getattr(found, part)
        if not callable(found):
            raise ConfigError(f"{self.reference} is no function", where=self.setting, why=f"it is {found!r:.100}")
        return found  # type: ignore[no-any-return]

    @contextlib.contextmanager
    def importing(self) -> Iterator[None]:
        """Where modules of the shop's folder, and those beside the file, can be imported."""
        place = self.reference.rpartition(":")[0]
        folders = [str(self.folder)]
        if place.endswith(".py"):
            folders.insert(0, str((self.folder / place).parent))
        before = list(sys.path)
        sys.path[:0] = folders
        try:
            yield
        finally:
            sys.path[:] = before

    @contextlib.contextmanager
    def told(self, what: str) -> Iterator[None]:
        """Tell what the function raises with the line of the shop's code, as SourceError.

        What does not answer (ConnectionError, TimeoutError) is SourceUnreachable. Errors of shophouse pass.
        """
        try:
            yield
        except (ShophouseError, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            kind = SourceUnreachable if isinstance(error, ConnectionError | TimeoutError) else SourceError
            said = without(self.secrets, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
            raise kind(
                f"{what}: {self.reference} failed: {said.splitlines()[0]}",
                where=self._line(error),
                why=said.splitlines()[1:6],
                hint=f"nothing of {what} was loaded; mend the function and type   shophouse run",
            ) from error

    def _file(self, place: str) -> ModuleType:
        file = self.folder / place
        if not file.is_file():
            raise ConfigError(f"there is no file {place}", where=self.setting, why=f"looked for {file}")
        spec = importlib.util.spec_from_file_location(f"shophouse_functions_{file.stem}", file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        # dataclasses and pickle look their module up
        sys.modules[spec.name] = module
        with self._importing(place):
            spec.loader.exec_module(module)
        return module

    def _module(self, place: str) -> ModuleType:
        importlib.invalidate_caches()
        with self._importing(place):
            return importlib.import_module(place)

    @contextlib.contextmanager
    def _importing(self, place: str) -> Iterator[None]:
        try:
            yield
        except (ShophouseError, KeyboardInterrupt):
            raise
        except SyntaxError as error:
            raise ConfigError(
                f"{place} is no Python: {error.msg}",
                where=[f"{error.filename}, line {error.lineno}: {(error.text or '').strip()}", self.setting],
            ) from error
        except BaseException as error:
            hint = None
            if isinstance(error, ModuleNotFoundError) and error.name:
                hint = f"install it where shophouse is:   {sys.executable} -m pip install {error.name.split('.')[0]}"
                if error.name == place.split(".")[0]:
                    hint = "a file is named with its folder and ending:   sources/erp.py:orders"
            raise ConfigError(
                f"{place} can't be imported: {type(error).__name__}: {error}",
                where=[*self._line(error), self.setting],
                hint=hint,
            ) from error

    def _line(self, error: BaseException) -> list[str]:
        """The innermost line of the shop's own code that the error went through; else the innermost of all."""
        frames = traceback.extract_tb(error.__traceback__)
        shop = str(self.folder.resolve()) + os.sep
        ours = os.path.dirname(os.path.dirname(__file__)) + os.sep
        own = [
            at for at in frames if os.path.realpath(at.filename).startswith(shop) and "site-packages" not in at.filename
        ]
        others = [at for at in frames if not at.filename.startswith((ours, "<"))]
        for at in (own or others)[-1:]:
            name = os.path.relpath(at.filename, self.folder) if own else at.filename
            return [f"{name}, line {at.lineno}, in {at.name}: {at.line}"]
        return []


def secrets_of(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The values that `resolved` takes from the environment."""
    found: list[str] = []

    def look(given: Any) -> None:
        if isinstance(given, str) and given.startswith("env:"):
            found.append(os.environ.get(given.removeprefix("env:"), ""))
        for one in given.values() if isinstance(given, Mapping) else given if isinstance(given, list | tuple) else ():
            look(one)

    look(arguments)
    return tuple(value for value in found if value)


def without(secrets: Iterable[str], text: str) -> str:
    """The text without these values, and without what addresses may have: credentials, and a query."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "…")
    return re.sub(r"(\w+://)[^/@\s]+@", r"\1…@", re.sub(r"(https?://[^\s?]+)\?\S+", r"\1?…", text))


def resolved(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments with the value of the variable in place of each text `env:NAME`, at any depth. Raises ConfigError."""
    from shophouse.values import Secret

    def value(given: Any) -> Any:
        if isinstance(given, str) and given.startswith("env:"):
            return Secret(given).resolve().get_secret_value()
        if isinstance(given, Mapping):
            return {key: value(one) for key, one in given.items()}
        if isinstance(given, list | tuple):
            return [value(one) for one in given]
        return given

    return {name: value(one) for name, one in arguments.items()}


def parameters_of(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Its parameters; none where Python can't tell."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}
