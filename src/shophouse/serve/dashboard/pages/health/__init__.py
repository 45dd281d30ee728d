"""Whether the numbers can be trusted: how fresh they are, what was held back, what was tested, and what a run took."""

from __future__ import annotations

from pathlib import Path

from shophouse.serve.dashboard.contents import Column
from shophouse.serve.dashboard.needs import FAILED_TESTS, SECOND_RUN
from shophouse.serve.dashboard.pages import Page
from shophouse.serve.dashboard.sql_blocks import SqlChart, SqlFigures, SqlTable

_HERE = Path(__file__).parent

PROOF = (
    SqlFigures(
        "Can these numbers be trusted?",
        _HERE / "figures.sql",
        covers="as of the published version; times are UTC",
        columns=(
            Column("last_run", "Last run", "time", "When the run that built this version began."),
            Column("last_day", "Sales up to", "day", "The last day with a valid order: where periods end."),
            Column("late_tables", "Tables late", "count", "Tables whose newest load is older than they should be."),
            Column("failed_tests", "Tests failed", "count", "Tests of the last run that failed or warned."),
            Column("passed_tests", "Tests passed", "count", "Tests of the last run that passed."),
            Column("rows_loaded", "Rows loaded", "count", "Rows that ever arrived, of all sources."),
            Column(
                "rows_held_back", "Rows held back", "count", "Rows that could not be read, or that break the rules."
            ),
            Column("money_held_back", "Money held back", "money", "Amounts of the rows that break the rules."),
        ),
    ),
    SqlTable(
        "Laws",
        _HERE / "laws.sql",
        definition="What must hold of the numbers, tested in the last run; a broken law stops publishing.",
        covers="last run",
        columns=(
            Column("law", "Law"),
            Column("tests", "Tests", "count"),
            Column("failed", "Failed", "count"),
            Column("status", "Status", "name"),
        ),
        shown=15,
    ),
    SqlTable(
        "The same net sales, wherever you look",
        _HERE / "reconciliation.sql",
        definition="Net sales of all time in each table that has them, and the difference from the ledger's days.",
        covers="all time",
        columns=(
            Column("place", "Table"),
            Column("net_sales_amount", "Net sales", "money"),
            Column("difference_amount", "Difference", "money", "From marts.sales_daily."),
        ),
        shown=15,
    ),
    SqlTable(
        "From the sources to the marts",
        _HERE / "sources.sql",
        definition=(
            "Orders and sales of all time as they came from each source, after what was held back, and as the marts "
            "have them. The last line is the difference."
        ),
        width=12,
        covers="all time",
        columns=(
            Column("place", "Where"),
            Column("order_count", "Orders", "count", "Also those that are not valid."),
            Column("gross_amount", "Gross sales", "money"),
            Column("net_sales_amount", "Net sales", "money"),
            Column("rejected_order_count", "Orders held back", "count", "They break the rules, and are in no figure."),
            Column("rejected_amount", "Money held back", "money", "Amounts of the orders held back."),
        ),
        shown=15,
    ),
    SqlTable(
        "Sources",
        _HERE / "freshness.sql",
        definition="When each table last got rows, and how many of them there are.",
        width=12,
        covers="times are UTC",
        columns=(
            Column("source", "Source"),
            Column("table_name", "Table"),
            Column(
                "status", "Freshness", "name", "Unknown where shophouse.yml says nothing of how fresh it should be."
            ),
            Column("newest_load_at", "Newest load", "time"),
            Column("age_days", "Age when checked", "days"),
            Column("loads", "Loads", "count"),
            Column("files", "Files", "count"),
            Column("row_total", "Rows", "count"),
            Column("rejected_rows", "Rejected", "count", "Rows that could not be read: in quarantine."),
            Column("load_seconds", "Last load", "seconds", "How long it took."),
        ),
        shown=12,
    ),
    SqlTable(
        "Held back",
        _HERE / "held_back.sql",
        definition=(
            "Rows that could not be read, with file and line, and rows that break the rules of the warehouse, with "
            "their money. They are in no figure until they are corrected."
        ),
        width=12,
        covers="at most 500",
        empty="Nothing was held back: every row that arrived is in the figures.",
        # a value that could not be read may be anybody's address, in a row whose cells are out of place
        personal={
            "unread": ("split_part(reason, '.', 1)", "split_part(split_part(reason, '.', 1), ': ', 1)"),
            "refused": ("reason", "split_part(reason, ': ', 1)"),
        },
        columns=(
            Column("kind", "What"),
            Column("table_name", "Table"),
            Column("reason", "Reason"),
            Column("row_count", "Rows", "count"),
            Column("amount", "Money", "money", "Amounts of the rows, where they could be read."),
            Column("first_seen", "First in"),
        ),
    ),
    SqlTable(
        "Tests that did not pass",
        _HERE / "failed_tests.sql",
        definition="Tests of the last run that failed or warned.",
        width=12,
        covers="last run",
        columns=(
            Column("test", "Test"),
            Column("status", "Status", "name"),
            Column("failure_count", "Rows", "count"),
            Column("message", "Message"),
        ),
        needs=FAILED_TESTS,
    ),
)
"""What says whether the numbers can be trusted: also the end of every report."""

PAGE = Page(
    name="health",
    title="Health",
    icon="monitor_heart",
    position=8,
    choices=(),
    blocks=(
        *PROOF,
        SqlChart(
            "Runs",
            _HERE / "phases.sql",
            definition="How long each run took, by phase.",
            covers="the last 30 runs",
            kind="stacked",
            unit="seconds",
            columns=(Column("run", "Run"), Column("phase", "Phase", "name"), Column("seconds", "Seconds", "seconds")),
            is_spread=True,
        ),
        SqlChart(
            "Slowest models over runs",
            _HERE / "model_times.sql",
            definition="How long the models take that took longest in the last build, run by run.",
            covers="the last 30 runs",
            unit="seconds",
            columns=(Column("run", "Run"), Column("model", "Model"), Column("seconds", "Seconds", "seconds")),
            is_spread=True,
            needs=SECOND_RUN,
        ),
        SqlChart(
            "Slowest models",
            _HERE / "slowest.sql",
            definition="How long the models take that took longest in the last build.",
            covers="last build",
            kind="ranking",
            unit="seconds",
            columns=(Column("model", "Model"), Column("seconds", "Seconds", "seconds")),
        ),
        SqlTable(
            "What moved",
            _HERE / "moved.sql",
            definition="Tables whose number of rows changed most between the last two builds of each.",
            columns=(
                Column("model", "Table"),
                Column("rows_before", "Before", "count"),
                Column("rows_now", "Now", "count"),
                Column("change_count", "Change", "count"),
                Column("change_rate", "In percent", "rate"),
            ),
            empty="No table has more or fewer rows than after the build before.",
            needs=SECOND_RUN,
        ),
        SqlTable(
            "Run by run",
            _HERE / "runs.sql",
            definition="The runs so far, the newest first.",
            covers="the last 200; times are UTC",
            columns=(
                Column("started_at", "Began", "time"),
                Column("command", "Command"),
                Column("status", "Status", "name"),
                Column("kind", "Kind"),
                Column("seconds", "Took", "seconds"),
                Column("rows_loaded", "Rows loaded", "count"),
                Column("models", "Models built", "count"),
            ),
        ),
    ),
)
