"""Which requirement a test proves, and `docs/coverage.md` written from the tests that ran and passed.

    @requirement("S0-15", "S0-16")
    def test_a_second_run_changes_nothing() -> None: ...

    pytest --coverage-doc=docs/coverage.md                          after a whole run, writes the file
    pytest --coverage-doc=docs/coverage.md --coverage-doc-check     fails when the file says otherwise

A proof counts when every case of the test that ran passed. A test that was skipped here, for want of data or a server,
keeps the line that the file on disk gives it: it was proved on a machine that has them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
_HEAD = """# Coverage

Each requirement of the systems that shophouse replaces, and the tests that prove it. Written by
`pytest --coverage-doc=docs/coverage.md` from the tests that ran and passed, never by hand.
"""


def requirement(*ids: str) -> pytest.MarkDecorator:
    return pytest.mark.requirement(*ids)


def titles() -> dict[str, tuple[str, dict[str, str]]]:
    """System → its title and its requirements, id → title."""
    systems = yaml.safe_load((Path(__file__).parent / "requirements.yml").read_text("utf-8"))
    return {name: (system["title"], system["requirements"]) for name, system in systems.items()}


def known_ids() -> set[str]:
    return {identifier for _, listed in titles().values() for identifier in listed}


def coverage(proofs: Mapping[str, set[str]]) -> str:
    """The text of the file; `proofs` gives the tests (path::name) of each proved id."""
    systems = titles()
    total = sum(len(listed) for _, listed in systems.values())
    lines = [_HEAD, f"{len(proofs)} of {total} are proved.", ""]
    for name, (title, listed) in systems.items():
        done = sum(identifier in proofs for identifier in listed)
        lines += [
            f"## {name}: {title} ({done} of {len(listed)})",
            "",
            "| id | requirement | proved by |",
            "|---|---|---|",
        ]
        for identifier, what in listed.items():
            tests = "<br>".join(f"`{test}`" for test in sorted(proofs.get(identifier, ()))) or "open"
            lines.append(f"| {identifier} | {what.replace('|', chr(92) + '|')} | {tests} |")
        lines.append("")
    return "\n".join(lines)


def proofs_in(text: str) -> dict[str, set[str]]:
    """The proofs that a written file lists."""
    rows = re.findall(r"^\| (S\d-\d\d) \|.*\| ([^|]*) \|$", text, re.MULTILINE)
    return {identifier: set(re.findall(r"`([^`]+)`", tests)) for identifier, tests in rows}


class CoverageDoc:
    """The part of a test run that writes the file."""

    def __init__(self, file: Path, *, check: bool) -> None:
        self.file = file
        self.check = check
        self.outcomes: dict[str, set[str]] = defaultdict(set)
        self.ids: dict[str, set[str]] = defaultdict(set)
        self.said = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = re.sub(r"\[.*", "", report.nodeid, flags=re.DOTALL)
        self.ids[test] |= {str(value) for name, value in report.user_properties if name == "requirement"}
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[test].add(report.outcome)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus != pytest.ExitCode.OK:
            self.said = f"{self.file} is left as it is: the run failed"
            return
        before = self.file.read_text("utf-8") if self.file.is_file() else ""
        text = coverage(self.proofs(before))
        if text == before:
            self.said = f"{self.file} is up to date"
        elif self.check:
            self.said = f"{self.file} differs from what the tests prove; write it with --coverage-doc={self.file}"
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        else:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.write_text(text, "utf-8")
            self.said = f"{self.file} written"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.write_line(self.said)

    def proofs(self, before: str) -> dict[str, set[str]]:
        known = proofs_in(before)
        found: dict[str, set[str]] = defaultdict(set)
        for test, ids in self.ids.items():
            outcomes = self.outcomes[test]
            for identifier in ids:
                if outcomes == {"skipped"}:
                    proved = test in known.get(identifier, ())
                else:
                    proved = "passed" in outcomes and "failed" not in outcomes
                if proved:
                    found[identifier].add(test)
        return dict(found)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("coverage-doc")
    group.addoption("--coverage-doc", metavar="FILE", help="write which requirements the tests prove")
    group.addoption("--coverage-doc-check", action="store_true", help="fail when that file would change")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "requirement(*ids): the requirements that the test proves (tests/requirements.yml)"
    )
    config.addinivalue_line("markers", "server: needs a running server (PostgreSQL, Kafka, MinIO …)")
    config.addinivalue_line("markers", "slow: takes more than some seconds")
    config.addinivalue_line("markers", "real_data: needs the real data sets, see the fixture shophouse_data")
    file = config.getoption("--coverage-doc")
    if not file or config.getoption("collectonly"):
        if config.getoption("--coverage-doc-check"):
            raise pytest.UsageError("--coverage-doc-check needs --coverage-doc FILE")
        return
    named = [arg for arg in config.invocation_params.args if "::" in str(arg) or str(arg).endswith(".py")]
    if named or config.getoption("keyword") or config.getoption("markexpr"):
        raise pytest.UsageError("--coverage-doc needs a whole run: without -k, -m or single files")
    # a worker of pytest-xdist knows a part of the run, and whether that went well
    if hasattr(config, "workerinput"):
        return
    config.pluginmanager.register(CoverageDoc(Path(file), check=config.getoption("--coverage-doc-check")))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    known = known_ids()
    for item in items:
        for mark in item.iter_markers("requirement"):
            if unknown := set(mark.args) - known:
                raise pytest.UsageError(f"{item.nodeid}: unknown requirement {', '.join(sorted(unknown))}")
            # As properties they are part of the report, and so survive a run over several processes.
            item.user_properties.extend(("requirement", identifier) for identifier in mark.args)
