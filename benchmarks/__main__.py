"""``python -m benchmarks``: measure, and write the report."""

# The process that asks comes by here as well, under another name, and needs nothing of all this.
if __name__ == "__main__":
    from benchmarks.command import main

    main()
