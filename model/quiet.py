"""Silence for what TensorFlow's C++ code says of each step, which Python's own `sys.stderr` does not pass on."""

import os
import sys
from contextlib import contextmanager


@contextmanager
def quiet(verbose: bool = False):
    """Keep back what goes to stderr, unless it is asked for. Gives the true stderr, for progress."""
    sys.stderr.flush()
    with open(os.devnull, "wb") as nowhere, os.fdopen(os.dup(2), "w") as stderr:
        if not verbose:
            os.dup2(nowhere.fileno(), 2)
        try:
            yield stderr
        finally:
            sys.stderr.flush()
            os.dup2(stderr.fileno(), 2)
