"""Formats of owners: one per file, reading and writing together."""
