//! `cargo xtask load`: thousands of requests, one at a time and many at a time. Every answer must be
//! the right one, and the memory must stay what it is.

mod client;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use self::client::{Client, Question};
use crate::checks::Outcome;
use crate::demo;
use crate::emulator::{self, Emulator};
use crate::endtoend::check_answer;
use crate::run::{Result, step, target};
use crate::served::{self, Served};
use crate::web::Server;

/// By how much the memory may grow between the two looks at it, in percent.
const GROWTH: f64 = 5.0;

#[derive(Args)]
pub(crate) struct Options {
    /// How many requests each client or group of clients makes
    #[arg(long, default_value_t = 10_000)]
    requests: usize,
    /// After how many of them the memory is looked at for the first time
    #[arg(long, default_value_t = 1_000)]
    warm: usize,
    /// How many requests are made at the very same time
    #[arg(long, default_value_t = 2_000)]
    concurrent: usize,
    /// Leave out the emulator
    #[arg(long)]
    no_emulator: bool,
    /// Take only the parts whose name contains this
    filter: Option<String>,
}

impl Options {
    /// What a run of all checks has time for.
    pub(crate) fn short() -> Self {
        Self {
            requests: 1_000,
            warm: 300,
            concurrent: 300,
            no_emulator: true,
            filter: None,
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let lines = all(options)?;
    println!("\n{}", lines.join("\n"));
    Ok(())
}

pub(crate) fn check() -> Result<Outcome> {
    if !demo::model().iter().all(|(_, path)| path.is_file()) {
        return Ok(Outcome::Skipped("the repository has no model".to_owned()));
    }
    all(&Options::short()).map(|lines| Outcome::Counted(lines.join("; ")))
}

fn all(options: &Options) -> Result<Vec<String>> {
    let picture = fs::read(demo::sample()).map_err(|error| error.to_string())?;
    let pictures = served::pictures()?;
    let event = by_address(&pictures);
    let (mut lines, mut errors) = (Vec::new(), Vec::new());
    let filter = options.filter.as_deref().unwrap_or_default();
    let mut take = |what: &str, work: &dyn Fn() -> Result<String>| {
        if what.contains(filter) {
            match step(what, work) {
                Ok(line) => lines.push(format!("{what}: {line}")),
                Err(error) => errors.push(format!("{what}: {error}")),
            }
        }
    };
    let question = |server: &Served, kind, body: &[u8]| -> Result<Question> {
        Ok(Question::new(server.address()?, "/predict", kind, body))
    };
    let upload = |server: &Served| question(server, "image/jpeg", &picture);
    let fetch = |server: &Served| question(server, "application/json", event.as_bytes());
    take("pictures, one at a time", &|| {
        let server = Served::start(&[])?;
        flat(options, 1, &upload(&server)?, server.process_id())
    });
    take("addresses, one at a time", &|| {
        let server = Served::start(&[])?;
        flat(options, 1, &fetch(&server)?, server.process_id())
    });
    take("pictures, 64 at a time", &|| {
        let server = Served::start(&["--concurrency", "64"])?;
        flat(options, 64, &upload(&server)?, server.process_id())
    });
    take("addresses, 64 at a time", &|| {
        let server = Served::start(&["--concurrency", "64"])?;
        flat(options, 64, &fetch(&server)?, server.process_id())
    });
    let count = options.concurrent;
    take(&format!("{count} pictures at the same time"), &|| {
        let limit = count.to_string();
        let server = Served::start(&["--concurrency", &limit, "--timeout", "170"])?;
        at_once(count, &upload(&server)?, server.process_id())
    });
    take("16 times as many as the limit allows", &|| {
        let server = Served::start(&["--concurrency", "4"])?;
        too_many(&upload(&server)?)
    });
    if !options.no_emulator {
        take("addresses, one at a time, under Lambda's emulator", &|| {
            under_emulator(options, &event)
        });
    }
    if errors.is_empty() {
        Ok(lines)
    } else {
        // What went well is worth a look, too.
        lines.iter().for_each(|line| eprintln!("{line}"));
        Err(errors.join("\n"))
    }
}

fn by_address(pictures: &Server) -> String {
    json!({ "url": pictures.url("/trousers.jpg") }).to_string()
}

/// The answer that all others must be equal to: the trousers are pants.
fn expected(question: &Question) -> Result<Vec<u8>> {
    let ((status, body), _) = Client::new(question).ask()?;
    let answer = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    check_answer(&answer)?;
    if status == 200 {
        Ok(body)
    } else {
        Err(format!("status {status}"))
    }
}

/// So many clients make all requests together, each the next when it has an answer. The memory after
/// the first of them and after the last must be the same.
fn flat(options: &Options, clients: usize, question: &Question, process: u32) -> Result<String> {
    let expected = expected(question)?;
    let start = Instant::now();
    let mut times = many(options.warm, clients, question, &expected)?;
    let before = memory(process)?;
    times.extend(many(
        options.requests.saturating_sub(options.warm),
        clients,
        question,
        &expected,
    )?);
    let after = memory(process)?;
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    let line = format!(
        "{} requests, {rate:.0} a second, {}, {before:.1} MB after {}, {after:.1} MB at the end",
        times.len(),
        percentiles(&mut times),
        options.warm,
    );
    if after > before * (1.0 + GROWTH / 100.0) {
        return Err(format!("the memory grows by more than {GROWTH} %: {line}"));
    }
    Ok(line)
}

/// The time that each of the requests took.
fn many(
    count: usize,
    clients: usize,
    question: &Question,
    expected: &[u8],
) -> Result<Vec<Duration>> {
    let left = AtomicUsize::new(count);
    let next = || {
        let one_less = |left: usize| left.checked_sub(1);
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            .is_ok()
    };
    let work = || {
        let (mut client, mut times) = (Client::new(question), Vec::new());
        while next() {
            let (answer, took) = client.ask()?;
            must_be(&answer, expected)?;
            times.push(took);
        }
        Ok(times)
    };
    Ok(together(clients, work)?.concat())
}

/// What comes of work that so many threads do at the same time.
fn together<T: Send>(
    threads: usize,
    work: impl Fn() -> Result<T> + Copy + Send + Sync,
) -> Result<Vec<T>> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(joined).collect()
    })
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread
        .join()
        .unwrap_or_else(|_| Err("a client has panicked".to_owned()))
}

fn must_be((status, body): &client::Answer, expected: &[u8]) -> Result<()> {
    if *status == 200 && body == expected {
        return Ok(());
    }
    let body = String::from_utf8_lossy(body);
    Err(format!("another answer: {status} {body}"))
}

/// As many clients as requests, all of which are sent before there is an answer to the last.
fn at_once(count: usize, question: &Question, process: u32) -> Result<String> {
    let expected = expected(question)?;
    let gate = RwLock::new(());
    let work = || {
        drop(gate.read());
        let (answer, took) = Client::new(question).ask()?;
        must_be(&answer, &expected).map(|()| took)
    };
    let (times, start) = thread::scope(|scope| {
        let closed = gate.write();
        let threads: std::io::Result<Vec<_>> = (0..count)
            .map(|_| {
                let thread = thread::Builder::new().stack_size(1 << 17);
                thread.spawn_scoped(scope, work)
            })
            .collect();
        drop(closed);
        let start = Instant::now();
        let times: Result<Vec<_>> = match threads {
            Ok(threads) => threads.into_iter().map(joined).collect(),
            Err(error) => Err(format!("{count} threads: {error}")),
        };
        (times, start)
    });
    let (mut times, took) = (times?, start.elapsed().as_secs_f64());
    let memory = memory(process)?;
    Ok(format!(
        "all answered in {took:.1} s, {}, {memory:.1} MB at the end",
        percentiles(&mut times)
    ))
}

/// 64 clients, and 4 places: each request has its answer or 429.
fn too_many(question: &Question) -> Result<String> {
    const CLIENTS: usize = 64;
    const EACH: usize = 10;
    let expected = expected(question)?;
    let counts = Mutex::new((0, 0));
    let work = || {
        let mut client = Client::new(question);
        for _ in 0..EACH {
            let (answer, _) = client.ask()?;
            let is_refused = answer.0 == 429
                && serde_json::from_slice::<serde_json::Value>(&answer.1)
                    .is_ok_and(|body| body["errorType"] == "TooManyRequests");
            let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            if is_refused {
                counts.1 += 1;
            } else {
                must_be(&answer, &expected)?;
                counts.0 += 1;
            }
        }
        Ok(())
    };
    together(CLIENTS, work)?;
    let (good, refused) = counts.into_inner().unwrap_or_else(PoisonError::into_inner);
    if good == 0 || refused == 0 {
        return Err(format!(
            "{good} answered, {refused} refused: both must be there"
        ));
    }
    must_be(&Client::new(question).ask()?.0, &expected)?;
    Ok(format!("{good} answered, {refused} refused with 429"))
}

fn under_emulator(options: &Options, event: &str) -> Result<String> {
    let bootstrap = demo::build()?;
    let program = match emulator::find() {
        Ok(program) => program,
        Err(reason) => return Ok(format!("skipped: {reason}")),
    };
    let variables = demo::model();
    let log = target().join("load.log");
    let emulator = Emulator::start(&program, &bootstrap, &variables, &log)?;
    // Started with the first event.
    check_answer(&emulator.invoke(event)?)?;
    let process = process_of(&bootstrap, emulator.group())?;
    let question = Question::new(
        emulator.address(),
        emulator::PATH,
        "application/json",
        event.as_bytes(),
    );
    flat(options, 1, &question, process)
}

/// The process of a program in a process group, or whose parent is in it: the emulator gives the
/// function a group of its own.
fn process_of(program: &Path, group: u32) -> Result<u32> {
    let processes = fs::read_dir("/proc").map_err(|error| format!("/proc: {error}"))?;
    let ids = processes.flatten();
    let mut ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.find(|id| {
        let is_near = parent_and_group(*id).is_some_and(|(parent, own)| {
            own == group || parent_and_group(parent).is_some_and(|(_, theirs)| theirs == group)
        });
        is_near && fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|path| path == program)
    })
    .ok_or_else(|| format!("{} does not run", program.display()))
}

fn parent_and_group(process: u32) -> Option<(u32, u32)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Behind the name, which may have anything in it: state, parent, group.
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(1);
    let mut next = || fields.next()?.parse().ok();
    Some((next()?, next()?))
}

/// What a process has of the machine's memory, in MB.
fn memory(process: u32) -> Result<f64> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok())
        .map(|kilobytes| kilobytes / 1000.0)
        .ok_or_else(|| format!("{path} has no VmRSS"))
}

/// Half of the requests took no longer than the first, 99 of 100 no longer than the second.
fn percentiles(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |part: usize| {
        let index = times.len().saturating_sub(1) * part / 100;
        times
            .get(index)
            .map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    format!("p50 {:.1} ms, p99 {:.1} ms", at(50), at(99))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let mut times: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentiles(&mut times), "p50 100.0 ms, p99 198.0 ms");
        assert_eq!(percentiles(&mut []), "p50 0.0 ms, p99 0.0 ms");
    }

    #[test]
    fn this_process_has_memory_and_a_group() {
        let own = std::process::id();
        assert!(memory(own).is_ok_and(|size| size > 0.1));
        let program = std::env::current_exe().expect("there is one");
        let (_, group) = parent_and_group(own).expect("there is one");
        assert_eq!(process_of(&program, group), Ok(own));
    }
}
