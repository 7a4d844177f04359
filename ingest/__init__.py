"""Landing files to raw tables: nothing personal leaves this package in clear."""
