"""``python -m beaufort`` is the command ``beaufort``."""

from beaufort.cli import main

if __name__ == "__main__":
    main()
