# What a release consists of; included by the root Makefile. docs/release.md says what is what.

## make dist      what a release consists of, for machines without Rust, into target/dist
dist:
	packaging/dist/run

## make dist-test installs each of these artefacts in an empty place, and publishes an event from there
dist-test:
	packaging/dist/test

## make release-check  one version everywhere, the ABI recorded, the artefacts made and installed
release-check: library
	packaging/dist/release check
	packaging/dist/run
	packaging/dist/test

# The licences of everything that is linked.
test-licences:
	packaging/dist/linked.py

.PHONY: dist dist-test release-check test-licences
