//go:build !race

package axonpush_test

const raceDetector = false
