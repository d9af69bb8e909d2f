"""How fast the service is, as ratios to the least that would do the same in the same run."""
