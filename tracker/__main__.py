"""`python -m tracker`: the same as the `tracker` command."""

from tracker.cli.main import main

if __name__ == "__main__":
    main(prog_name="tracker")
