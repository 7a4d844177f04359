"""One module an engine: connect, bulk load, transaction, publish, lock."""
