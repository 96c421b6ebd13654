"""`python -m indexlab` is `indexlab`."""

from indexlab.cli import main

if __name__ == "__main__":
    main()
