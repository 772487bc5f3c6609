//! Brings what the instance writes into its log.

use std::io;
use std::path::Path;

use jiff::Timestamp;

use super::fifo::{Fifo, LOOK};
use crate::flood::Gate;
use crate::lines::Lines;
use crate::log::writer::{Opened, Writer};
use crate::log::{DIRECTORY, Source, line};
use crate::protocol::KeepSpec;

/// How often a FIFO with a partial line is looked at, milliseconds: at first, and at most as long as nothing is added.
const RECHECK_MS: (u64, u64) = (20, 500);

/// How many looks at one stream before the other and the rest of the keeper have their turn.
const LOOKS_PER_TURN: usize = 16;

/// How many bytes of lines are written at once.
const BATCH: usize = 32 * 1024;

/// A stream of the instance.
#[derive(Debug)]
pub(crate) struct Stream {
    source: Source,
    pub(crate) fifo: Fifo,
    /// It holds a partial line: so many bytes, looked at again then, after so long.
    partial: Option<Partial>,
    /// Lines of it that are in the log and may still be in the FIFO.
    unsettled: Vec<Vec<u8>>,
}

#[derive(Debug, Clone, Copy)]
struct Partial {
    held: u64,
    look_at: u64,
    wait: u64,
}

impl Stream {
    /// Whether to wait for it to become readable; a stream with a partial line is readable all the time.
    pub(crate) fn is_awaited(&self) -> bool {
        self.partial.is_none()
    }
}

/// Both streams, the log and the gate between them.
pub(crate) struct Output {
    pub(crate) streams: [Stream; 2],
    log: Writer,
    gate: Gate,
    cut: usize,
    rate: u64,
    look: Box<[u8]>,
    batch: Vec<u8>,
}

impl Output {
    /// Opens FIFOs and log in the current directory.
    pub(crate) fn open(spec: &KeepSpec, now: u64) -> io::Result<Self> {
        let Opened {
            writer,
            unsettled,
            dropped,
        } = Writer::open(Path::new(DIRECTORY), spec.log)?;
        let stream = |source: Source| -> io::Result<Stream> {
            let lines = unsettled.iter().filter(|(from, _)| *from == source);
            Ok(Stream {
                source,
                fifo: Fifo::open(Path::new(source.as_str()), spec.user)
                    .map_err(|error| io::Error::new(error.kind(), format!("FIFO {}: {error}", source.as_str())))?,
                partial: None,
                unsettled: lines.map(|(_, text)| text.clone()).collect(),
            })
        };
        // A line and its end must fit into one look.
        let cut = (spec.log.line_bytes as usize).clamp(16, LOOK - 2);
        let mut gate = Gate::new(spec.log.bytes_per_second, cut as u64 + 64, now);
        gate.resume(dropped);
        Ok(Self {
            streams: [stream(Source::Out)?, stream(Source::Err)?],
            log: writer,
            gate,
            cut,
            rate: spec.log.bytes_per_second,
            look: vec![0; LOOK].into_boxed_slice(),
            batch: Vec::with_capacity(BATCH),
        })
    }

    /// Brings over what is there, for a while. Answers whether there may be more.
    pub(crate) fn pump(&mut self, now: u64) -> io::Result<bool> {
        let mut more = false;
        for index in 0..self.streams.len() {
            if let Some(partial) = self.streams[index].partial {
                let held = self.streams[index].fifo.held();
                if now < partial.look_at {
                    continue;
                }
                if held == partial.held && !self.streams[index].fifo.is_full() {
                    let wait = (partial.wait * 2).min(RECHECK_MS.1);
                    self.streams[index].partial = Some(Partial {
                        look_at: now + wait,
                        wait,
                        held,
                    });
                    continue;
                }
            }
            let mut looks = 0;
            while looks < LOOKS_PER_TURN && self.bring(index, now, false)? {
                looks += 1;
            }
            more |= looks == LOOKS_PER_TURN;
        }
        self.say_dropped(now);
        Ok(more)
    }

    /// Brings over all that is left, a partial line too, because nobody writes any more.
    pub(crate) fn finish(&mut self, now: u64) -> io::Result<()> {
        for index in 0..self.streams.len() {
            // A stranger that was handed the FIFO could write for ever.
            let mut looks = 0;
            while looks < 4096 && self.bring(index, now, true)? {
                looks += 1;
            }
        }
        let dropped = self.gate.take();
        self.note_dropped(dropped);
        Ok(())
    }

    /// The FIFOs, by device and inode.
    pub(crate) fn files(&self) -> Vec<(u64, u64)> {
        let stats = self
            .streams
            .iter()
            .filter_map(|stream| rustix::fs::fstat(&stream.fifo).ok());
        stats.map(|stat| (stat.st_dev, stat.st_ino)).collect()
    }

    /// Writes a line of the keeper's own.
    pub(crate) fn note(&mut self, text: &str) {
        self.log.note(text, self.gate.dropped());
    }

    /// When [`Output::pump`] has something to do although nothing became readable.
    pub(crate) fn due(&self) -> Option<u64> {
        let partial = self
            .streams
            .iter()
            .filter_map(|stream| stream.partial)
            .map(|partial| partial.look_at);
        partial.chain(self.gate.due()).min()
    }

    /// How many lines are missing from the log.
    pub(crate) fn missing(&self) -> u64 {
        self.log.missing()
    }

    /// Why the log cannot be written, if so.
    pub(crate) fn error(&self) -> Option<&str> {
        self.log.error()
    }

    /// Tries to write again.
    pub(crate) fn retry(&mut self) {
        self.log.retry();
    }

    /// One look at one stream. Answers whether another may find more.
    fn bring(&mut self, index: usize, now: u64, is_over: bool) -> io::Result<bool> {
        let Self {
            streams,
            log,
            gate,
            cut,
            look,
            batch,
            ..
        } = self;
        let stream = &mut streams[index];
        let mut seen = stream.fifo.look(look)?;
        // A look that is full may end within a line whose rest is still to be seen.
        let mut take_rest = is_over && stream.fifo.held() == seen as u64;
        if !take_rest && seen > 0 && Lines::new(&look[..seen], *cut, false).next().is_none() && stream.fifo.is_full() {
            // Whoever waits for room with half a line written would wait for ever. Looked at again, because it may have
            // become full since, with whole lines.
            seen = stream.fifo.look(look)?;
            take_rest = Lines::new(&look[..seen], *cut, false).next().is_none();
        }
        let mut lines = Lines::new(&look[..seen], *cut, take_rest);
        let mut missing = skip_known(&mut lines, &std::mem::take(&mut stream.unsettled));
        let stamp = line::stamp(Timestamp::now());
        let most = BATCH.min(log.batch_bytes() as usize);
        let (mut count, mut taken) = (0, 0);
        batch.clear();
        loop {
            let before = lines.used();
            let text = lines.next();
            let cost = text.map_or(0, |text| line::cost(stream.source, text));
            if text.is_none() || batch.len() + cost as usize > most {
                // Only what is written is taken: a keeper that is killed between the two leaves it to be found again.
                log.append(batch, count);
                log.count_missing(missing);
                stream.fifo.take(before - taken)?;
                log.settle(gate.dropped());
                batch.clear();
                (count, missing, taken) = (0, 0, before);
            }
            let Some(text) = text else { break };
            if gate.keeps(now, cost) {
                line::push(batch, &stamp, stream.source, text);
                count += 1;
            } else {
                missing += 1;
            }
        }
        let used = taken;
        let held = stream.fifo.held();
        let is_partial = held > 0 && held == (seen - used) as u64;
        stream.partial = is_partial.then_some(Partial {
            held,
            look_at: now + RECHECK_MS.0,
            wait: RECHECK_MS.0,
        });
        Ok(used > 0 && !is_partial)
    }

    fn say_dropped(&mut self, now: u64) {
        if let Some(dropped) = self.gate.let_up(now) {
            self.note_dropped(dropped);
        }
    }

    fn note_dropped(&mut self, dropped: crate::flood::Dropped) {
        if dropped.lines > 0 {
            let (lines, bytes, rate) = (dropped.lines, dropped.bytes, self.rate);
            self.note(&format!(
                "{lines} lines ({bytes} bytes) are missing here: more than {rate} bytes per second"
            ));
        }
    }
}

/// Skips lines that an earlier keeper has written and, being killed, had no time to take. Answers how many others, which
/// it had dropped, are skipped with them.
///
/// They still are in the FIFO if all of them come there in this order. If they do not, they were taken and what is here
/// is new.
fn skip_known(lines: &mut Lines<'_>, known: &[Vec<u8>]) -> u64 {
    let mut ahead = lines.clone();
    let mut others = 0;
    for line in known {
        loop {
            match ahead.next() {
                Some(text) if text == line => break,
                Some(_) => others += 1,
                None => return 0,
            }
        }
    }
    *lines = ahead;
    others
}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
