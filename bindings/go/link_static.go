//go:build axonpush_static

package axonpush

// #cgo pkg-config: axonpush-static
import "C"
