//go:build !axonpush_static

package axonpush

// #cgo pkg-config: axonpush
import "C"
