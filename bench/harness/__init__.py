"""The benchmark: workloads, how turns are taken, and the report."""
