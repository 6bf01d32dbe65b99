"""Benchmarks of the real product: each measures a limit and ours, interleaved in one run."""
