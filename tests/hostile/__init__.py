"""Hostile and broken input, everywhere: a corpus made by code, a fuzzer, and a test that kills what works.

    python -m tests.hostile               every case, and a table of counts: also `make hostile`
    python -m tests.hostile --quick       one in several of each area: what the test suite runs
    python -m tests.hostile.kill          SIGKILL over a batch and a training: also `make kill`
    python -m tests.hostile.fuzz TARGET   a coverage-guided fuzzer (pip install atheris)

A case is a small function that does what a user could do with one bad file, name or option. It runs in a process of its
own (`runner`), and must end in the right result or in one typed, clear error: no traceback, no crash, no hang, no more
memory than a bound, no code run, no connection made, nothing written outside its output folder, nothing half left
there.
"""
