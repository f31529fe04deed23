"""The library's own log, handed to ``logging.getLogger("axonpush")``.

Lines wait in the library until they are fetched: after each call, and by the attendant (_process.py). They are written after the C
call has returned, so that what a handler raises is raised as from any other call of logging.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

from . import _declarations as c
from ._library import Library

logger = logging.getLogger("axonpush")

_LINES = 1024
_LEVELS = {
    c.LOG_ERROR: logging.ERROR,
    c.LOG_WARN: logging.WARNING,
    c.LOG_INFO: logging.INFO,
    c.LOG_DEBUG: logging.DEBUG,
}
_NAMES = {"off": c.LOG_OFF, "error": c.LOG_ERROR, "warn": c.LOG_WARN, "info": c.LOG_INFO, "debug": c.LOG_DEBUG}

_level: int | None = None
# Re-entrant: a signal handler may make a call of its own meanwhile.
_following = threading.RLock()
_lines: list[tuple[int, bytes | None]] = []
_here = threading.local()


def _append(level: int, message: bytes | None, _user_data: Any) -> None:
    _lines.append((level, message))


_collect = c.axonpush_log_fn(_append)


def _wanted() -> int:
    """How much the library has to say for what the logger lets through. The variable AXONPUSH_LOG can make it less."""
    level = logger.getEffectiveLevel()
    if logging.root.manager.disable >= logging.CRITICAL or level > logging.ERROR:
        wanted = c.LOG_OFF
    elif level > logging.WARNING:
        wanted = c.LOG_ERROR
    elif level > logging.INFO:
        wanted = c.LOG_WARN
    elif level > logging.DEBUG:
        wanted = c.LOG_INFO
    else:
        wanted = c.LOG_DEBUG
    return min(wanted, _NAMES.get(os.environ.get("AXONPUSH_LOG", "").strip().lower(), c.LOG_DEBUG))


def follow(library: Library) -> None:
    """Lets the library's level be the logger's, which may have been set at any time."""
    global _level
    if _wanted() == _level:
        return
    with _following:
        _level = _wanted()
        library.log_set_polled(_level, _LINES)


def after_fork() -> None:
    """In a forked child: nobody is there any more who would release the lock."""
    global _following
    _following = threading.RLock()


def drain(library: Library) -> None:
    """Writes the lines that wait."""
    if library.log_poll(_collect, None, 0) or _lines:
        _write()
    follow(library)


def _write() -> None:
    before = writing()
    _here.writing = True
    try:
        while _lines:
            try:
                level, message = _lines.pop(0)
            except IndexError:  # another thread was faster
                break
            try:
                logger.log(_LEVELS.get(level, logging.WARNING), "%s", (message or b"").decode(errors="replace"))
            except Exception:
                # A handler's defect is no business of whoever happened to make the call.
                pass
    finally:
        _here.writing = before


def writing() -> bool:
    """Whether this thread is writing lines of the library's: an integration must not make events of them."""
    return getattr(_here, "writing", False)


def say(message: str, *arguments: Any) -> None:
    """A warning of this package's own."""
    before = writing()
    _here.writing = True
    try:
        logger.warning(message, *arguments)
    finally:
        _here.writing = before
