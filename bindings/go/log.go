package axonpush

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
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
// into this package. One goroutine of the process, which starts with the first logger, asks for them.
var logger struct {
	// running says that the logger may be running.
	running atomic.Bool

	mu      sync.Mutex
	log     func(LogLevel, string)
	max     LogLevel
	serving bool            // the goroutine runs
	marks   []chan struct{} // closed when the mark of that number has been seen
	passed  int             // how many marks these no longer include
}

// logPollTimeout is for how long the goroutine waits in C for lines before it looks whether it is still needed.
const logPollTimeout = time.Minute

// SetLogger chooses what is logged, and where, for the whole process. The last call applies, and takes
// precedence over the variable AXONPUSH_LOG (off, error, warn, info, debug). If log is nil, lines go to stderr
// as "axonpush: warning: …", which is also what happens without SetLogger.
//
// log receives the lines one at a time, without a newline, on a goroutine of its own, shortly after they
// were written; [Client.Close] returns after it has received those of the client. At most 1000 lines wait. Then
// the oldest are lost, which [Stats].LogLinesLost counts. log must not call [Client.Close] or SetLogger.
func SetLogger(max LogLevel, log func(level LogLevel, message string)) error {
	logger.mu.Lock()
	defer logger.mu.Unlock()
	logger.log, logger.max = log, max
	C.axg_log_set(C.axonpush_log_level(max), log != nil)
	if log != nil && !logger.serving {
		logger.serving = true
		go serveLog()
	}
	return nil
}

// serveLog hands lines to the logger until there is none. Only this goroutine takes lines from the library, so
// they stay in order.
func serveLog() {
	for {
		lines := C.axg_log_poll(toMilliseconds(logPollTimeout))
		logger.mu.Lock()
		log := logger.log
		if log == nil && lines == nil {
			logger.serving = false
			releaseMarks(math.MaxInt)
			logger.mu.Unlock()
			return
		}
		logger.mu.Unlock()
		for line := lines; line != nil; line = line.next {
			text := C.GoString(C.axg_line_text(line))
			if number, ok := markOf(text); ok {
				logger.mu.Lock()
				releaseMarks(number)
				logger.mu.Unlock()
			} else if log != nil {
				logger.running.Store(true)
				runLogger(log, LogLevel(line.level), goNames(text))
				logger.running.Store(false)
			}
		}
		C.axg_log_free(lines)
	}
}

// A mark is a line that this package writes itself, to learn that the lines before it have been handed on.
const markPrefix = "axonpush-go: mark "

func markOf(text string) (number int, ok bool) {
	if !strings.HasPrefix(text, markPrefix) {
		return 0, false
	}
	number, err := strconv.Atoi(text[len(markPrefix):])
	return number, err == nil
}

// releaseMarks lets those go on who wait for a mark up to this number.
func releaseMarks(number int) {
	for len(logger.marks) > 0 && logger.passed < number {
		close(logger.marks[0])
		logger.marks = logger.marks[1:]
		logger.passed++
	}
}

// longestMark is how long flushLog waits at most: a mark is lost when a thousand lines follow it at once.
const longestMark = time.Second

// flushLog waits until the logger has received the lines that were written so far.
func flushLog() {
	if inLogger() {
		return
	}
	logger.mu.Lock()
	if logger.log == nil || logger.max <= LogOff {
		logger.mu.Unlock()
		return
	}
	seen := make(chan struct{})
	logger.marks = append(logger.marks, seen)
	mark := C.CString(markPrefix + strconv.Itoa(logger.passed+len(logger.marks)))
	C.axg_log_write(C.AXONPUSH_LOG_ERROR, mark)
	logger.mu.Unlock()
	C.free(unsafe.Pointer(mark))
	timer := time.NewTimer(longestMark)
	defer timer.Stop()
	select {
	case <-seen:
	case <-timer.C:
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
