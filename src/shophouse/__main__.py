"""`python -m shophouse` is `shophouse`."""

from shophouse.cli import main

main()
