"""The version of this package. It needs a library at least as new as the header that it was generated from."""

__version__ = "0.1.0"
