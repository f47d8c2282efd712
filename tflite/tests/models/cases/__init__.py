"""Models that contradict themselves, by what is wrong."""
