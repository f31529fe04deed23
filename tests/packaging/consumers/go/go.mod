module consumer

go 1.19

require github.com/axonpush/libaxonpush/bindings/go v0.0.0

replace github.com/axonpush/libaxonpush/bindings/go => ./axonpush
