from __future__ import annotations

import importlib.util
import re
import struct
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import shophouse.errors
from requirements import requirement
from shophouse.errors import ShophouseError

from .guide import DOCS, ROOT, shell, steps

PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "examples").rglob("*.md")])


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = module
    spec.loader.exec_module(module)
    return module


@requirement("S3-25")
def test_every_generated_page_is_what_the_program_says_now(generate: ModuleType) -> None:
    assert {"settings.md", "commands.md", "models.md", "errors.md", "metrics.md"} <= {
        page.name for page in generate.PAGES
    }
    differing = [page.name for page, write in generate.PAGES.items() if page.read_text("utf-8") != write()]
    assert differing == [], "type   python docs/generate.py"


@requirement("S2-17", "S3-30", "S4-74")
def test_the_picture_of_the_readme_is_drawn_from_the_diagram_of_the_page(generate: ModuleType) -> None:
    content = generate.PICTURE.read_bytes()
    assert content.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", content[16:24])
    assert (width > 1500, height > 400) == (True, True)
    assert generate.drawn_from(content) == generate.architecture()
    assert generate.architecture().startswith("flowchart LR")
    assert "](assets/architecture.png)" in (ROOT / "README.md").read_text("utf-8")


@requirement("S2-18")
def test_each_tool_that_is_used_has_its_reason_on_the_page() -> None:
    page = (DOCS / "concepts" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", page.split("| tool | does | why")[1], re.MULTILINE)
    reasons = {name.strip(): why for names, _, why in rows for name in names.split(",")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [
        *project["dependencies"],
        *(name for names in project["optional-dependencies"].values() for name in names),
    ]
    names = {re.split(r"[\[>=<;]", name)[0] for name in needed}
    assert {name for name in names if len(reasons.get(name, "")) < 10} == set()


def test_every_error_has_its_exit_code_on_the_page() -> None:
    page = (DOCS / "reference" / "errors.md").read_text("utf-8")
    for name in shophouse.errors.__all__:
        kind: type[ShophouseError] = getattr(shophouse.errors, name)
        assert f"| {kind.exit_code} | `{name}` |" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if path.startswith("http") or path == "docs/coverage.md":
            continue
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", there.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, target


def test_every_page_can_be_found_from_the_first() -> None:
    contents = (DOCS / "README.md").read_text("utf-8")
    pages = [page for page in DOCS.rglob("*.md") if page.name not in ("README.md", "coverage.md")]
    assert not [page.name for page in pages if page.relative_to(DOCS).as_posix() not in contents]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_page_knows_a_machine(page: Path) -> None:
    assert not re.findall(r"/work\b|/root\b|/tmp\b|\.\./shared", page.read_text("utf-8"))


def test_the_readme_shows_a_model_of_the_guide_word_for_word() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (shown,) = re.findall(r"   ```sql\n(.*?)   ```", readme, re.DOTALL)
    guide = {step.file: step.text for step in steps(DOCS / "guides" / "first-shop.md") if step.file}
    model = guide["models/staging/kiosk/stg_kiosk__orders.sql"]
    assert re.sub(r"^   ", "", shown, flags=re.MULTILINE) == model.partition("}}\n\n")[2]


def test_the_readme_is_one_screen() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 120


@requirement("S3-29")
def test_an_environment_is_made_and_activated_on_windows_macos_and_linux(tmp_path: Path) -> None:
    page = (DOCS / "guides" / "windows.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|`]+) \| `([^`]+)` \| (?:`([^`]+)`|the same) \|$", page, re.MULTILINE)
    typed = {what: (windows, unix) for what, windows, unix in rows}
    assert typed["an environment"][0] == "py -m venv .venv"
    assert "Activate.ps1" in typed["activate it"][0]
    shell(
        f"{typed['an environment'][1]} --without-pip && . {typed['activate it'][1].split()[1]} && python -V", tmp_path
    )
    assert {"uv in it", "all that is locked", "the demo"} <= typed.keys()
