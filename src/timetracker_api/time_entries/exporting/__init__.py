"""All entries that match, as one file, however many they are."""
