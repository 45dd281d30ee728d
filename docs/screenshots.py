"""Takes each page of the dashboard in light, in dark and on a telephone, into docs/images/.

    python docs/screenshots.py [FOLDER] [--pages overview sales]

Of the shop in FOLDER, else of the demo shop with 20,000 orders, which is made for it. Its days are fixed; what runs
took, on the page of health, is not.
"""

from __future__ import annotations

import argparse
import base64
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from servers.browser import browser, serving
from shophouse.serve.dashboard.pages import pages

IMAGES = Path(__file__).resolve().parent / "images"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1360, "height": 900}},
    "dark": {"viewport": {"width": 1360, "height": 900}, "color_scheme": "dark"},
    "telephone": {"viewport": {"width": 390, "height": 800}, "has_touch": True},
}
_DRAWN = """() => document.querySelectorAll('.block-body').length > 0 &&
    [...document.querySelectorAll('.block-body')].every(body => body.dataset.shows) &&
    [...document.querySelectorAll('.chart')].every(chart => chart.querySelector('canvas'))"""
_TALLEST = 6000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--pages", nargs="*", default=[one.name for one in pages().values() if not one.about])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = asked.folder
        if folder is None:
            folder = Path(place) / "demo-shop"
            command = [sys.executable, "-m", "shophouse", "demo", "shop", "--into", str(folder)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        IMAGES.mkdir(exist_ok=True)
        with serving(folder.resolve()) as address, browser() as chromium:
            for name in asked.pages:
                for look, how in LOOKS.items():
                    image = taken(chromium, f"{address}/{name}", how)
                    (IMAGES / f"{name}-{look}.webp").write_bytes(image)
                    sys.stdout.write(f"{name}-{look}.webp  {len(image) / 1024:.0f} kB\n")


def taken(chromium: Any, url: str, how: dict[str, Any]) -> bytes:
    """The whole page as WebP, once all of it is drawn."""
    context = chromium.new_context(**how, reduced_motion="reduce")
    page = context.new_page()
    page.goto(url)
    page.wait_for_function(_DRAWN, timeout=60_000)
    page.evaluate("document.fonts.ready.then(() => true)")
    # as one window, so that nothing that sticks to its edge is in the middle
    height = min(_TALLEST, page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": how["viewport"]["width"], "height": height})
    page.wait_for_timeout(500)
    session = context.new_cdp_session(page)
    shot = session.send("Page.captureScreenshot", {"format": "webp", "quality": 70})
    context.close()
    return base64.b64decode(shot["data"])


if __name__ == "__main__":
    main()
