//! `buildah`, with a storage of its own and without anything that runs in the background.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::run::{Result, capture, run};

/// Where images and containers are.
pub(crate) struct Store {
    dir: PathBuf,
}

impl Store {
    pub(crate) fn new(dir: &Path) -> Result<Self> {
        let dir = dir.join("storage");
        fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        Ok(Self { dir })
    }

    /// `buildah`, ready for a subcommand. Nothing of it takes a kernel that allows more than
    /// `chroot`.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("buildah");
        command
            .arg("--root")
            .arg(self.dir.join("root"))
            .arg("--runroot")
            .arg(self.dir.join("run"))
            .args(["--storage-driver", "vfs"])
            .env("BUILDAH_ISOLATION", "chroot");
        command
    }

    fn say(&self, arguments: &[&str]) -> Result<String> {
        capture(self.command().args(arguments)).map(|text| text.trim().to_owned())
    }

    /// Makes an image of a file system's archive and further files, unless it is there.
    pub(crate) fn import(
        &self,
        name: &str,
        system: &Path,
        files: &[(&Path, &str)],
        config: &[&str],
    ) -> Result<()> {
        if self.say(&["images", "--quiet", name]).is_ok() {
            return Ok(());
        }
        let container = self.from("scratch")?;
        // An archive is unpacked.
        run(self
            .command()
            .args(["add", "--quiet", &container])
            .arg(system)
            .arg("/"))?;
        for (from, to) in files {
            run(self
                .command()
                .args(["copy", "--quiet", &container])
                .arg(from)
                .arg(to))?;
        }
        run(self.command().arg("config").args(config).arg(&container))?;
        self.say(&["commit", "--quiet", "--rm", &container, name])?;
        Ok(())
    }

    /// A new container.
    pub(crate) fn from(&self, image: &str) -> Result<String> {
        self.say(&["from", "--pull-never", image])
    }

    pub(crate) fn remove(&self, container: &str) -> Result<()> {
        self.say(&["rm", container]).map(|_| ())
    }

    /// A command in a container, not yet started.
    pub(crate) fn run(
        &self,
        container: &str,
        volumes: &[String],
        user: Option<&str>,
        line: &[String],
    ) -> Command {
        let mut command = self.command();
        command.args(["run", "--isolation", "chroot"]);
        // The checks serve their pictures on the loopback interface.
        command.args(["--env", "ALLOW_PRIVATE_URLS=1"]);
        for volume in volumes {
            command.args(["--volume", volume]);
        }
        if let Some(user) = user {
            command.args(["--user", user]);
        }
        command.arg(container).arg("--").args(line);
        command
    }

    /// What Docker would start: the entry point with the command behind it.
    pub(crate) fn start_line(&self, container: &str) -> Result<Vec<String>> {
        let config = self.config(container)?;
        let words = |name: &str| {
            let list = config[name].as_array().into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned)
        };
        let line: Vec<_> = words("Entrypoint").chain(words("Cmd")).collect();
        if line.is_empty() {
            return Err(format!("{container} has nothing to start"));
        }
        Ok(line)
    }

    fn config(&self, container: &str) -> Result<Value> {
        let text = self.say(&["inspect", "--type", "container", container])?;
        let inspected: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        Ok(inspected["Docker"]["config"].clone())
    }

    /// How many bytes of files the functions' folders hold.
    pub(crate) fn added(&self, container: &str) -> Result<u64> {
        let line = ["sh", "-c", "cat /var/runtime/* /var/task/* | wc -c"].map(str::to_owned);
        let text = capture(&mut self.run(container, &[], None, &line))?;
        text.trim()
            .parse()
            .map_err(|error| format!("{}: {error}", text.trim()))
    }
}
