# make docs; included by the root Makefile.

## make docs      an HTML reference of both headers; says where it is
docs:
	@packaging/docs

.PHONY: docs
