# make docs; included by the root Makefile.

## make docs      an HTML reference of both headers, in target/docs/html
docs:
	@packaging/docs

.PHONY: docs
