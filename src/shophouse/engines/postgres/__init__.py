"""PostgreSQL: a database on a server, for a shop that several machines work on or read."""
