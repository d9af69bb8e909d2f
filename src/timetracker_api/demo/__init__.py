"""A believable company, made up from a seed: to try the service with, and to measure it on."""
