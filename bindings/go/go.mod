module github.com/axonpush/libaxonpush/bindings/go

go 1.19
