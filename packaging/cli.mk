# make cli and make install-cli; included by the root Makefile. packaging/install-cli knows the variables.

## make cli       the program axonpush, optimised (make build builds it for development)
cli:
	$(CARGO) build --profile cli --package axonpush-cli

## make install-cli  that program, its man pages and completions, to PREFIX=/usr/local; also DESTDIR
# Like `make install`, it needs no Rust when everything is built: root may have none.
install-cli:
	@[ -x "$${AXONPUSH_CLI:-$(CARGO_TARGET_DIR)/cli/axonpush}" ] || $(MAKE) cli
	@packaging/install-cli

## make uninstall-cli  removes that again; with the same variables
uninstall-cli:
	@packaging/install-cli --uninstall

.PHONY: cli install-cli uninstall-cli
