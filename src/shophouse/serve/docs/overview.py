"""The first page of dbt's documentation."""

from __future__ import annotations

from shophouse.laws import LAWS
from shophouse.metrics import Catalogue
from shophouse.project import package_warehouse

__all__ = ["LAYERS", "overview"]

LAYERS = {
    "staging": "a view per raw table (`base_`), and per entity that a source has (`stg_`): renamed, cast, times in UTC",
    "input": "each entity of the input contract, all sources together, the newest version of each key",
    "changes": "internal: the keys that a run has to work on",
    "core": "dimensions (`dim_`) and facts (`fct_`), incremental, by the keys that arrived",
    "aggregates": "additive sums that several marts read",
    "marts": "what people and dashboards read, with a contract on columns and types",
    "ops": "what was rejected, and what runs record",
}
"""What each layer of the warehouse is, in the order of the way of a row."""


def overview() -> str:
    """The text of the block `__overview__`, with dbt's own marks around it."""
    root = package_warehouse() / "models"
    rows = []
    for layer, what in LAYERS.items():
        names = sorted(file.stem for file in (root / layer).rglob("*.sql"))
        known = [name for name in names if name in ("fct_orders", "dim_customer", "sales_daily", "customer_360")]
        shown = ", ".join(_link(name) for name in known)
        rows.append(f"| `{layer}` | {len(names)} | {what} | {shown} |")
    subjects = sorted(folder.name for folder in (root / "marts").iterdir() if folder.is_dir())
    marts = [
        f"| {subject} | {', '.join(_link(file.stem) for file in sorted((root / 'marts' / subject).glob('*.sql')))} |"
        for subject in subjects
    ]
    by_subject: dict[str, list[str]] = {}
    for metric in Catalogue.packaged().metrics.values():
        by_subject.setdefault(metric.subject, []).append(metric.label)
    metrics = [f"| {subject} | {', '.join(labels)} |" for subject, labels in by_subject.items()]
    laws = [f"{number}. {law}" for number, law in LAWS.items()]
    lines = [
        "{% docs __overview__ %}",
        "# A shop's warehouse",
        "",
        "The models of shophouse, and the shop's own: every table and column, with its tests, its SQL and",
        "what it is made of.",
        "",
        "## Architecture",
        "",
        "sources → **lake** (every row that ever arrived, Apache Iceberg) → **raw** → **staging** → **input**",
        "→ **core** → **aggregates** → **marts** → dashboard, exports, BI tools",
        "",
        "A row that can't be read goes to quarantine, one that breaks the contract to [rejected_rows]"
        f"({_address('rejected_rows')}). When every test holds, the warehouse is published; else the last version",
        "still serves.",
        "",
        "## Models by layer",
        "",
        "| layer | models | what | for instance |",
        "|---|---|---|---|",
        *rows,
        "",
        "The marts, by subject:",
        "",
        "| subject | marts |",
        "|---|---|",
        *marts,
        "",
        "Counts are of the models that come with shophouse; staging is built for the platforms that the shop has.",
        "",
        "## Quality",
        "",
        "Each model has tests of its keys, types, accepted words and references in one query (`valid_columns`), and",
        "the laws of money and rows are tested:",
        "",
        *laws,
        "",
        "A test that fails stops publishing. `ops.test_results` keeps what became of each.",
        "",
        "## Metrics",
        "",
        "Each is defined once, in the catalogue; `shophouse metric NAME` gives its numbers, and its page in the",
        "documentation its formula, what it leaves out, and its SQL.",
        "",
        "| subject | metrics |",
        "|---|---|",
        *metrics,
        "",
        "## Navigation",
        "",
        "- **Project**, on the left, shows models as they lie in folders: `shophouse`, and the shop's own project.",
        "- **Database**, beside it, shows tables as they lie in schemas.",
        "- **The blue button** below on the right opens the graph of lineage, of one model or of all. `--select`",
        "  narrows it, for instance to `+sales_daily`. Pages of the dashboard are at its end: they are exposures, as"
        " [Dashboard: Sales](#!/exposure/exposure.shophouse.dashboard_sales).",
        "- The search above looks through names, descriptions, columns and SQL.",
        "",
        "## Getting started",
        "",
        "```",
        "shophouse run                          read what is new, build, check, publish",
        'shophouse query "select * from sales_monthly"',
        "shophouse serve                        the dashboard",
        "dbt build --select my_mart             while you write a model of your own",
        "dbt docs generate && dbt docs serve    this documentation, anew",
        "```",
        "{% enddocs %}",
    ]
    return "\n".join(lines) + "\n"


def _link(model: str) -> str:
    return f"[{model}]({_address(model)})"


def _address(model: str) -> str:
    return f"#!/model/model.shophouse.{model}"
