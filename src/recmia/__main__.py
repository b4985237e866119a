"""`python -m recmia`."""

from recmia.cli import main

main()
