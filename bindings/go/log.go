package axonpush

/*
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// LogLevel is how much the library logs. Each level includes the ones before it.
type LogLevel int32

const (
	// LogOff logs nothing.
	LogOff LogLevel = C.AXONPUSH_LOG_OFF
	// LogError logs errors.
	LogError LogLevel = C.AXONPUSH_LOG_ERROR
	// LogWarn logs warnings. It is the default; an outage costs one line every few seconds, not one per
	// event.
	LogWarn LogLevel = C.AXONPUSH_LOG_WARN
	// LogInfo logs rare events that may be of interest.
	LogInfo LogLevel = C.AXONPUSH_LOG_INFO
	// LogDebug logs what happens to each request.
	LogDebug LogLevel = C.AXONPUSH_LOG_DEBUG
)

// String returns "off", "error", "warn", "info" or "debug".
func (l LogLevel) String() string {
	names := [...]string{"off", "error", "warn", "info", "debug"}
	if l < 0 || int(l) >= len(names) {
		return fmt.Sprintf("LogLevel(%d)", int32(l))
	}
	return names[l]
}

// The library's lines wait in the library until they are asked for, so that none of its threads has to call
// into this package. One goroutine of the process, which starts with the first logger, waits for them in C.
var logger struct {
	// delivering is held while lines are handed on, so that they stay in order.
	delivering sync.Mutex
	// running says that the logger may be running.
	running atomic.Bool

	mu      sync.Mutex
	log     func(LogLevel, string)
	serving bool // the goroutine runs
}

// SetLogger chooses what is logged, and where, for the whole process. The last call applies, and takes
// precedence over the variable AXONPUSH_LOG (off, error, warn, info, debug). If log is nil, lines go to stderr
// as "axonpush: warning: …", which is also what happens without SetLogger.
//
// log receives the lines one at a time, without a newline, shortly after they were written; [Client.Close] returns after it has received those of the client. At most 1000 lines wait. Then
// the oldest are lost, which [Stats].LogLinesLost counts. log may call anything.
func SetLogger(max LogLevel, log func(level LogLevel, message string)) error {
	logger.mu.Lock()
	defer logger.mu.Unlock()
	logger.log = log
	C.axg_log_set(C.axonpush_log_level(max), log != nil)
	if log != nil && !logger.serving {
		logger.serving = true
		go serveLog()
	}
	return nil
}

const (
	// logWait is for how long the goroutine waits in C before it looks whether it is still needed.
	logWait = time.Minute
	// logPause keeps it from spinning if the log is no longer polled: C code in the program may have taken it.
	logPause = 20 * time.Millisecond
)

// serveLog hands lines to the logger for as long as there is one.
func serveLog() {
	for {
		if C.axg_log_wait(toMilliseconds(logWait)) {
			deliverLog()
			continue
		}
		logger.mu.Lock()
		if logger.log == nil {
			logger.serving = false
			logger.mu.Unlock()
			return
		}
		logger.mu.Unlock()
		time.Sleep(logPause)
	}
}

// deliverLog hands the lines that wait to the logger.
func deliverLog() {
	if inLogger() {
		return // these lines come when it returns
	}
	logger.delivering.Lock()
	defer logger.delivering.Unlock()
	lines := C.axg_log_take()
	defer C.axg_log_free(lines)
	logger.mu.Lock()
	log := logger.log
	logger.mu.Unlock()
	if log == nil {
		return
	}
	logger.running.Store(true)
	defer logger.running.Store(false)
	for line := lines; line != nil; line = line.next {
		runLogger(log, LogLevel(line.level), goNames(C.GoString(C.axg_line_text(line))))
	}
}

// runLogger is the only place where the logger runs. It must stay a function of its own, which inLogger looks
// for.
//
//go:noinline
func runLogger(log func(LogLevel, string), level LogLevel, message string) { log(level, message) }

var nameOfRunLogger = func() (name string) {
	runLogger(func(LogLevel, string) { name = nameOfCaller() }, LogOff, "")
	return name
}()

// inLogger says whether the calling goroutine is in the logger, handling a line of the library's own log.
func inLogger() bool { return logger.running.Load() && isCalledFrom(nameOfRunLogger) }
