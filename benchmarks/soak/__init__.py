"""Whether the service keeps its promises under load, while its database and its workers fail."""
