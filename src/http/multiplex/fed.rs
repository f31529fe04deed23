//! A connection for the fuzzer.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};

/// A connection that is no more than the bytes that a fuzzer has.
#[derive(Default)]
pub struct Memory {
    input: VecDeque<u8>,
    pub ended: bool,
    pub received: u64,
    pub written: usize,
}

impl Memory {
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.extend(bytes);
    }

    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() && !self.ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = buffer.len().min(self.input.len());
        for (to, from) in buffer.iter_mut().zip(self.input.drain(..count)) {
            *to = from;
        }
        self.received += count as u64;
        Ok(count)
    }
}
