"""The drivers that read cameras."""
