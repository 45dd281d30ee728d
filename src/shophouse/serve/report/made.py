"""What stands in a report, as plain data: the contents of the dashboard's pages, and what proves them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from shophouse.errors import ConfigError, LockedError, ShophouseError
from shophouse.metrics import Catalogue, Metric
from shophouse.metrics.conditions import parse_conditions
from shophouse.metrics.personal import personal_columns, without_personal
from shophouse.serve.dashboard.blocks import Block, Context
from shophouse.serve.dashboard.choices import days_of, filter_values
from shophouse.serve.dashboard.contents import Chart, Content, Figures
from shophouse.serve.dashboard.formats import Formats
from shophouse.serve.dashboard.needs import Need
from shophouse.serve.dashboard.pages import Page, laid_out, load_pages, pages, placed
from shophouse.serve.dashboard.pages.health import PROOF
from shophouse.serve.dashboard.periods import COMPARISONS, Comparison, Period
from shophouse.serve.dashboard.published import PersonalData, Published, WithoutPersonal
from shophouse.serve.dashboard.view import FILTERS, View
from shophouse.serve.report.period import Days, read_period
from shophouse.yamlfile import did_you_mean

if TYPE_CHECKING:
    from shophouse.engines import Engine
    from shophouse.project import Project

__all__ = ["Asked", "Chapter", "Report", "Section", "Version", "comparison_of", "made", "period_of"]

_SECONDS = 600.0
_TRIES = 3


@dataclass(frozen=True)
class Asked:
    """What a report is to be of, in a person's words."""

    period: str = "last month"
    compare: Comparison = "previous"
    pages: tuple[str, ...] = ()
    """Names of pages of the dashboard, in this order; all without one."""
    where: str | None = None
    """As `channel = 'web' and country in ('DE', 'AT')`."""
    personal_data: bool = False


@dataclass(frozen=True)
class Version:
    """A published version: its number, the run that published it, and when that began, in UTC."""

    number: int
    run_id: str
    run_at: datetime


@dataclass(frozen=True)
class Section:
    """A block of a page: its content, or why it was left out. `width` is of twelve columns."""

    title: str
    width: int
    content: Content | None
    left_out: str = ""


@dataclass(frozen=True)
class Chapter:
    """A page of the dashboard. `lacked` is what it as a whole needs and the shop has not, `lacking` what parts need."""

    name: str
    title: str
    sections: tuple[Section, ...] = ()
    lacked: Need | None = None
    lacking: tuple[Need, ...] = ()


@dataclass(frozen=True)
class Report:
    """All that a report says. `definitions` are those of the metrics in it, by name."""

    shop: str
    view: View
    version: Version
    formats: Formats
    chapters: tuple[Chapter, ...]
    proof: Chapter
    definitions: Mapping[str, Metric]
    named: Mapping[str, str]
    """Figures and columns by their name, and the metric that each is."""

    @property
    def period(self) -> Period:
        return self.view.period

    def figures(self) -> Iterator[tuple[str, str, str]]:
        """What the catalogue's metrics are in it, as written: by this, two reports of a period are told apart."""
        for chapter in self.chapters:
            for section in chapter.sections:
                for name, value in _written(section.content, self.formats):
                    if name in self.definitions:
                        yield section.title, name, value


def comparison_of(word: str) -> Comparison:
    """Raises ConfigError for a word that is none."""
    found = next((name for name in COMPARISONS if name == word), None)
    if found is None:
        why = f"there are {', '.join(COMPARISONS)}"
        raise ConfigError(f"nothing can be compared with {word!r}", why=why, hint=did_you_mean(word, COMPARISONS))
    return found


def period_of(project: Project, engine: Engine, asked: Asked) -> tuple[Version, Period]:
    """The newest published version, and the days that are asked for as of it. Raises ConfigError, BuildError."""
    held = _OneVersion(engine)
    return held.version, read_period(asked.period, _days(project, Published(held), held.version))


def made(project: Project, engine: Engine, asked: Asked) -> Report:
    """The report of the newest published version.

    Raises ConfigError for words that are not understood or a page of the shop's own that can't be shown, BuildError
    when nothing is published, QueryFailed, and LockedError where versions are published faster than one is read.
    """
    load_pages(project.folder)
    for _ in range(_TRIES):
        held = _OneVersion(engine)
        report = _made(project, Published(held, seconds=_SECONDS), held.version, asked)
        # one connection stays with one version on DuckDB, and not on every engine
        if held.is_the_same():
            return report
    raise LockedError("a new version was published each time that the report was read", hint="try again")


class _OneVersion:
    """An engine's newest published version, whatever is published meanwhile."""

    def __init__(self, engine: Engine) -> None:
        self._reader = engine.reader()
        number = engine.published()
        assert number is not None
        [(run_id, run_at)] = self._run()
        self.version = Version(number, str(run_id), run_at)

    def _run(self) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = (
            self._reader.cursor()
            .execute("select run_id, started_at from shop.ops.runs order by run_id desc limit 1")
            .fetchall()
        )
        return found

    def published(self) -> int:
        return self.version.number

    def reader(self) -> Any:
        return self._reader

    def is_the_same(self) -> bool:
        return str(self._run()[0][0]) == self.version.run_id


def _made(project: Project, published: Published, version: Version, asked: Asked) -> Report:
    formats = Formats(project.serve.locale, project.currency)
    catalogue = Catalogue.load(project)
    if not asked.personal_data:
        personal = personal_columns(project)
        published, catalogue = WithoutPersonal(published, personal), without_personal(catalogue, personal)
    days = _days(project, published, version)
    view = View(
        days.first,
        days.last,
        own=read_period(asked.period, days),
        comparison=asked.compare,
        filters=_filters(published, asked.where),
        until=days.until,
    )
    context = Context(published, catalogue, formats, view)
    chapters = tuple(_chapter(page, context) for page in _pages(asked.pages))
    proof = Chapter("reconciliation", "Reconciliation", _sections(pages()["health"], PROOF, context))
    named = _named((*chapters, proof), catalogue)
    definitions = {name: catalogue.metrics[name] for name in catalogue.metrics if name in named.values()}
    return Report(project.name, view, version, formats, chapters, proof, definitions, named)


def _days(project: Project, published: Published, version: Version) -> Days:
    first, last, until = days_of(published)
    run_at = version.run_at.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(project.timezone))
    return Days(first, last, until, run_at.date())


def _pages(names: Sequence[str]) -> list[Page]:
    known = {name: page for name, page in pages().items() if not page.under}
    for name in names:
        if name not in known:
            near = did_you_mean(name, known)
            raise ConfigError(f"there is no page {name!r}", why=f"there are {', '.join(known)}", hint=near)
    # what the page of health proves is at the end of every report
    return [known[name] for name in dict.fromkeys(names or [name for name in known if name != "health"])]


def _filters(published: Published, where: str | None) -> dict[str, tuple[str, ...]]:
    if where is None:
        return {}
    values = filter_values(published)
    found: dict[str, tuple[str, ...]] = {}
    for condition in parse_conditions(where):
        name = condition.dimension
        if name not in FILTERS:
            raise ConfigError(
                f"a report can't be filtered by {name!r}",
                why=f"it can by {', '.join(FILTERS)}",
                hint=did_you_mean(name, FILTERS),
            )
        if condition.is_not or name in found:
            raise ConfigError(f"{name} can be one of several values, once", hint=f"write   {name} in ('…', '…')")
        for value in condition.values:
            if value not in values[name]:
                raise ConfigError(
                    f"there is no {name} {value!r}",
                    why=f"there are {', '.join(values[name][:20])}{' …' if len(values[name]) > 20 else ''}",
                    hint=did_you_mean(value, values[name]),
                )
        found[name] = condition.values
    return found


def _chapter(page: Page, context: Context) -> Chapter:
    if page.needs is not None and not page.needs.is_met(context.published):
        return Chapter(page.name, page.title, lacked=page.needs)
    blocks, lacking = page.shown(context.published)
    return Chapter(page.name, page.title, _sections(page, blocks, context), lacking=lacking)


def _sections(page: Page, blocks: Sequence[Block], context: Context) -> tuple[Section, ...]:
    shown = [block for block in blocks if block.needs is None or block.needs.is_met(context.published)]
    return tuple(_section(page, block, width, context) for block, width in zip(shown, laid_out(shown), strict=True))


def _section(page: Page, block: Block, width: int, context: Context) -> Section:
    try:
        return Section(block.title, width, block.content(context))
    except PersonalData:
        return Section(block.title, width, None, "Left out, for it shows personal data (--with-personal-data).")
    except ShophouseError as error:
        raise placed(error, page, block) from error


def _named(chapters: Sequence[Chapter], catalogue: Catalogue) -> dict[str, str]:
    by_column = {
        column: name for name, metric in reversed(list(catalogue.metrics.items())) for column in metric.columns
    }
    names: dict[str, str] = {}
    for chapter in chapters:
        for section in chapter.sections:
            content = section.content
            if isinstance(content, Figures):
                shown = [figure.metric for figure in content.figures]
            else:
                shown = [column.name for column in content.columns] if content is not None else []
            for name in shown:
                metric = name if name in catalogue.metrics else by_column.get(name)
                if metric is not None:
                    names[name] = metric
    return names


def _written(content: Content | None, formats: Formats) -> Iterator[tuple[str, str]]:
    if isinstance(content, Figures):
        for figure in content.figures:
            yield figure.metric, f"{formats.value(figure.value, figure.unit)}, {figure.change}"
    elif isinstance(content, Chart) and content.columns:
        for series in content.series:
            values = " ".join(formats.value(value, content.unit) for value in series.values)
            yield content.columns[-1].name, f"{series.name}: {values}"
