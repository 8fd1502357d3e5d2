"""`python -m hookwright`: the command line."""

from hookwright.cli.main import main

main()
