"""The commands of a shop that is always up to date: stream, and produce, which plays a shop's history to it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shophouse.cli import stopping
from shophouse.cli.app import RUN, AsJson, ProjectFolder, command
from shophouse.cli.output import Bars, json_text, note, plural, say, working

if TYPE_CHECKING:
    from shophouse.run_log import RunRecord

__all__: list[str] = []


@command(RUN)
def stream(
    every: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, help="A round begins at most so often.")
    ] = None,
    rows: Annotated[int | None, typer.Option(min=1, help="Or as soon as so many rows wait.")] = None,
    select: Annotated[
        list[str] | None,
        typer.Option("--select", "-s", metavar="MART", help="Bring this one up to date in each round, others later."),
    ] = None,
    whole_every: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, help="How often everything else is built, with --select.")
    ] = None,
    seconds: Annotated[float | None, typer.Option("--for", metavar="SECONDS", min=0, help="End after so long.")] = None,
    project: ProjectFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """Run again and again, in one process that stays.

    Ctrl-C or SIGTERM end it when its round is done, a second one at once. A round in which something fails is told and
    publishes nothing; the stream tries again. `shophouse status` tells how long rows take from event to mart.
    """
    from shophouse.shop import Shop

    given: dict[str, Any] = {
        "every": None if every is None else timedelta(seconds=every),
        "rows": rows,
        "marts": tuple(select) if select else None,
        "whole_every": None if whole_every is None else timedelta(seconds=whole_every),
    }
    pace = {name: value for name, value in given.items() if value is not None}
    # a bar for each round would flicker
    with stopping.gently() as stop:
        shop = Shop.open(project, Bars(quiet=True))
        note("streaming; Ctrl-C ends it")
        record = shop.stream(seconds=seconds, stop=stop, told=note, **pace)
    _print(record, as_json=as_json)


def _print(record: RunRecord, *, as_json: bool) -> None:
    if as_json:
        say(json_text({"run_id": record.run_id, "published": record.published, **record.stream}, indent=1))
        return
    counts = record.stream
    told = plural(counts["rounds"], "round")
    if counts["failed_rounds"]:
        told += f", {counts['failed_rounds']:,} that failed"
    say(f"streamed   {told}; {plural(sum(load['rows'] for load in record.loads), 'row')}")
    if record.published is not None:
        say(f"published  version {record.published}")
    if counts["latency"] and counts["latency"]["rows"]:
        say(f"latency    {latency_text(counts['latency'])}")


def latency_text(figures: dict[str, Any]) -> str:
    """Seconds from event to mart, as people read them."""
    return f"{figures['p50']:.1f} s in the middle, {figures['p95']:.1f} s for 95 %, {figures['max']:.1f} s at most"


@command(RUN)
def produce(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A source of kind kafka: to its topic.")],
    history: Annotated[
        Path | None,
        typer.Option("--from", metavar="FOLDER", help="Whose history: a published shop, or Olist's files."),
    ] = None,
    of: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Of that shop, this source's.")] = None,
    topic: Annotated[str | None, typer.Option(help="Where the source has several.")] = None,
    speed: Annotated[
        str | None, typer.Option(metavar="60x", help="So many seconds of the history pass in one.")
    ] = None,
    rate: Annotated[str | None, typer.Option(metavar="1000/s", help="So many messages a second, instead.")] = None,
    partitions: Annotated[int, typer.Option(min=1, help="Of a topic that has to be made.")] = 1,
    project: ProjectFolder = Path(),
    as_json: AsJson = False,
) -> None:
    """Send a shop's history to a Kafka topic, as it happened.

    Of a source whose staging is order_events, the history is that of a published shop (--from, else this one); where it
    is olist_stream, that of Olist's files. When it is stopped and started again it goes on: each message is sent once.
    """
    from shophouse.errors import ConfigError
    from shophouse.produce import opened, replay
    from shophouse.project import Project
    from shophouse.settings import KafkaSource

    shop = Project.load(project)
    target = shop.source(source)
    if not isinstance(target, KafkaSource):
        raise ConfigError(f"sources.{source} is of kind {target.kind}", why="messages are sent to Kafka")
    topics = [topic] if topic else list(target.topics)
    if len(topics) != 1:
        raise ConfigError(f"sources.{source} has several topics", why=", ".join(topics), hint="--topic NAME")
    client = {**target.resolved_client, "bootstrap.servers": target.resolved_brokers}
    with stopping.gently() as stop, working(quiet=as_json) as bars:
        bars.phase("history")
        with opened(target.staging, (history or project).expanduser(), of) as told:
            if not as_json:
                note(f"{plural(told.events, 'message')}, from {told.first_at} to {told.last_at}, to {topics[0]}")
            bars.phase("produce")
            done = replay(
                told,
                client,
                topics[0],
                speed=_number(speed, "x", "--speed 60x"),
                rate=_number(rate, "/s", "--rate 1000/s"),
                partitions=partitions,
                stop=stop,
                progress=lambda sent, total: bars.progress(topics[0], sent, total),
            )
    if as_json:
        say(json_text(vars(done), indent=1))
        return
    say(f"sent       {plural(done.sent, 'message')} in {done.seconds:.1f} s")
    say("the topic has the whole history" if done.is_whole else "stopped; the same command goes on from there")


def _number(text: str | None, unit: str, example: str) -> float | None:
    from shophouse.errors import ConfigError

    if text is None:
        return None
    try:
        value = float(text.removesuffix(unit))
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise ConfigError(f"can't be {text!r}", hint=example)
    return value
