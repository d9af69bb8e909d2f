"""Reports: time by whom, on what and when, summed by the database."""
