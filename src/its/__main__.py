"""`python -m its`."""

from its.cli.main import main

if __name__ == "__main__":
    main()
