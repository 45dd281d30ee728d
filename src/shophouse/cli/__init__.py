"""The command line: what `shophouse.shop.Shop` can do, for a shell. It holds no logic of its own.

Nothing heavy is imported here or by the modules of the commands: a run that finds nothing new has to end at once.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """The entry point. Ends the process with the exit code of `shophouse.errors`, 130 for Ctrl-C, 143 for SIGTERM."""
    from shophouse.cli import stopping

    stopping.listen()
    try:
        from shophouse.cli.commands import app

        app(prog_name="shophouse")
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(130)
