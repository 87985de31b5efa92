"""The tests. A package of their own: some distributions bring another one of this name."""
