package axonpush

/*
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
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

// The lines of the library may come from threads that are not Go's, inside calls that are. So C puts them
// into a queue, and one goroutine of the process, which starts with the first logger and waits in Go's
// network poller, hands them on.
var logger struct {
	// delivering is held while lines are handed on, so that their order stays.
	delivering sync.Mutex
	// running says that the logger may be running.
	running atomic.Bool

	mu   sync.Mutex
	log  func(LogLevel, string)
	file *os.File // kept, since closing it would close the descriptor that C writes to
}

// SetLogger chooses what is logged, and where to, for the whole process. The last call wins, and it wins
// over the variable AXONPUSH_LOG (off, error, warn, info, debug). log nil: to stderr, as lines
// "axonpush: warning: …", which is what happens without SetLogger.
//
// Lines are handed to log one at a time, without a newline, shortly after they were written; those of a
// client at the latest before [Client.Close] returns. When more than 1000 wait, more are dropped and
// counted in a line of their own. log must not call [Client.Close].
func SetLogger(max LogLevel, log func(level LogLevel, message string)) error {
	logger.mu.Lock()
	defer logger.mu.Unlock()
	if log != nil && logger.file == nil {
		fd := C.axg_log_fd()
		if fd < 0 {
			return newError(ErrInternal, "no descriptor for the log: too many open files?", nil)
		}
		logger.file = os.NewFile(uintptr(fd), "axonpush log")
		go serveLog(logger.file)
	}
	logger.log = log
	C.axg_log_set(C.axonpush_log_level(max), log != nil)
	return nil
}

// serveLog hands lines on for as long as the process lives.
func serveLog(file *os.File) {
	conn, err := file.SyscallConn()
	for err == nil {
		err = conn.Read(func(uintptr) bool { return deliverLog() })
	}
}

// deliverLog hands the lines that wait to the logger; false if there was none.
func deliverLog() bool {
	logger.delivering.Lock()
	defer logger.delivering.Unlock()
	var dropped C.uint64_t
	lines := C.axg_log_take(&dropped)
	defer C.axg_log_free(lines)
	logger.mu.Lock()
	log := logger.log
	logger.mu.Unlock()
	if log == nil {
		return lines != nil
	}
	logger.running.Store(true)
	defer logger.running.Store(false)
	for line := lines; line != nil; line = line.next {
		runLogger(log, LogLevel(line.level), C.GoString(C.axg_line_text(line)))
	}
	if dropped > 0 {
		runLogger(log, LogWarn, fmt.Sprintf("%d more lines were dropped: the logger is too slow", uint64(dropped)))
	}
	return lines != nil
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
