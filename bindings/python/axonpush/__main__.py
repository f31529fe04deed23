"""`python -m axonpush` says which library is used, and whether it works."""

import sys

from . import ConfigurationError, __version__, _library


def main() -> int:
    try:
        library = _library.load()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"axonpush-native {__version__}, libaxonpush {_library.version()} at {library.path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
