"""Finding and sorting records by the values of their custom fields."""
