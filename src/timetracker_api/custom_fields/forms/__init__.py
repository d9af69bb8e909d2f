"""The custom fields there are, in the words of form builders and code generators."""
