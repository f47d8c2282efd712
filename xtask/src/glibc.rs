//! `cargo xtask check-glibc`: whether a program or library runs on systems as old as those of Lambda.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader, Sym, VersionIndex};
use object::{Endianness, FileKind};

use crate::run::Result;

/// Amazon Linux 2, the oldest that Lambda still runs.
pub(crate) const FLOOR: &str = "2.26";

/// What a program may ask the loader for: libc's parts, the compiler's support library and the
/// loader itself.
const LIBRARIES: &[&str] = &[
    "libc.so.6",
    "libm.so.6",
    "libgcc_s.so.1",
    "libdl.so.2",
    "libpthread.so.0",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
];

/// The newest symbols of libgcc_s in Amazon Linux 2, whose GCC is 7.3.
const LIBGCC: &str = "7.0.0";

#[derive(Args)]
pub(crate) struct Options {
    /// Programs or shared libraries
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The oldest glibc that they must run with
    #[arg(long, default_value = FLOOR)]
    max: String,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut wrong = 0;
    for file in &options.files {
        let report = check(file, &options.max)?;
        println!("{}: {report}", file.display());
        wrong += usize::from(!report.is_good());
    }
    match wrong {
        0 => Ok(()),
        _ => Err(format!(
            "{wrong} of {} files do not run with glibc {}",
            options.files.len(),
            options.max
        )),
    }
}

/// What a file needs, and what of it is not there.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The newest version of glibc that it needs, if it needs any.
    newest: Option<String>,
    /// The libraries that it asks the loader for.
    libraries: Vec<String>,
    /// Those of them that an old system may not have.
    foreign: Vec<String>,
    /// The versions that are too new, with the symbols that need them.
    too_new: BTreeMap<String, BTreeSet<String>>,
}

impl Report {
    pub(crate) fn is_good(&self) -> bool {
        self.foreign.is_empty() && self.too_new.is_empty()
    }

    /// An error that lists what is wrong, if anything is.
    pub(crate) fn verdict(&self, file: &Path) -> Result<()> {
        if self.is_good() {
            Ok(())
        } else {
            Err(format!("{}: {self}", file.display()))
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match &self.newest {
            Some(version) => write!(out, "needs GLIBC_{version}")?,
            None => out.write_str("needs no version of glibc")?,
        }
        if !self.libraries.is_empty() {
            write!(out, " and {}", self.libraries.join(", "))?;
        }
        for library in &self.foreign {
            write!(out, "\n  {library}: a system may not have it")?;
        }
        for (version, symbols) in &self.too_new {
            let symbols: Vec<_> = symbols.iter().map(String::as_str).collect();
            let symbols = if symbols.is_empty() {
                "no symbol, but the loader asks for it".to_owned()
            } else {
                symbols.join(", ")
            };
            write!(out, "\n  {version} is too new: {symbols}")?;
        }
        Ok(())
    }
}

/// Says what a file needs, and what of it a system with glibc `max` lacks.
pub(crate) fn check(file: &Path, max: &str) -> Result<Report> {
    if parts(max).is_none() {
        return Err(format!("'{max}' is no version such as {FLOOR}"));
    }
    let failed = |error: &dyn fmt::Display| format!("{}: {error}", file.display());
    let data = fs::read(file).map_err(|error| failed(&error))?;
    let report = match FileKind::parse(&*data) {
        Ok(FileKind::Elf64) => examine::<elf::FileHeader64<Endianness>>(&data, max),
        Ok(FileKind::Elf32) => examine::<elf::FileHeader32<Endianness>>(&data, max),
        _ => return Err(failed(&"not an ELF file")),
    };
    report.map_err(|error| failed(&error))
}

fn examine<H: FileHeader<Endian = Endianness>>(
    data: &[u8],
    max: &str,
) -> std::result::Result<Report, Box<dyn Error>> {
    let header = H::parse(data)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, data)?;
    let mut report = Report::default();

    // The loader itself, by the name that the program calls it by.
    let mut is_dynamic = false;
    for segment in header.program_headers(endian, data)? {
        is_dynamic |= segment.p_type(endian) == elf::PT_DYNAMIC;
        if let Some(path) = segment.interpreter(endian, data)? {
            let path = String::from_utf8_lossy(path);
            let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
            report.ask_for(name);
        }
    }
    let dynamic = sections.dynamic_table(endian, data)?;
    if is_dynamic && dynamic.is_empty() {
        return Err("the sections that say what it needs are stripped".into());
    }
    for entry in dynamic.iter() {
        if entry.tag == elf::DT_NEEDED {
            report.ask_for(lossy(Some(dynamic.string(entry)?)));
        }
    }

    let versions = sections.versions(endian, data)?;
    let symbols = sections.symbols(endian, data, elf::SHT_DYNSYM)?;
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    if let Some(versions) = &versions {
        for (index, symbol) in symbols.enumerate() {
            let at: VersionIndex = versions.version_index(endian, index);
            if let Some(version) = versions.version(at)?
                && symbol.is_undefined(endian)
            {
                let name = lossy(symbol.name(endian, symbols.strings()).ok());
                users
                    .entry(lossy(Some(version.name())))
                    .or_default()
                    .insert(name);
            }
        }
    }
    // The loader asks for each version in this list, whether a symbol needs it or not.
    if let Some((mut needs, link)) = sections.gnu_verneed(endian, data)? {
        let strings = sections.strings(endian, data, link)?;
        while let Some((_, mut wanted)) = needs.next()? {
            while let Some(version) = wanted.next()? {
                let name = lossy(version.name(endian, strings).ok());
                let users = users.remove(&name).unwrap_or_default();
                report.need(name, users, max);
            }
        }
    }
    Ok(report)
}

impl Report {
    fn ask_for(&mut self, library: String) {
        if self.libraries.contains(&library) {
            return;
        }
        if !LIBRARIES.contains(&library.as_str()) {
            self.foreign.push(library.clone());
        }
        self.libraries.push(library);
    }

    fn need(&mut self, name: String, users: BTreeSet<String>, max: &str) {
        let newest_of = |limit: &str, version: &str| match (parts(version), parts(limit)) {
            (Some(version), Some(limit)) => version <= limit,
            // Such as GLIBC_PRIVATE and GLIBC_ABI_DT_RELR, which no symbol's version is.
            _ => false,
        };
        let is_there = if let Some(version) = name.strip_prefix("GLIBC_") {
            let newest = self.newest.as_deref().and_then(parts);
            if parts(version).is_some_and(|version| newest.is_none_or(|newest| version > newest)) {
                self.newest = Some(version.to_owned());
            }
            newest_of(max, version)
        } else if let Some(version) = name.strip_prefix("GCC_") {
            newest_of(LIBGCC, version)
        } else {
            // Of another library, which is in the list of foreign ones, or in that of known ones.
            true
        };
        if !is_there {
            self.too_new.entry(name).or_default().extend(users);
        }
    }
}

fn lossy(name: Option<&[u8]>) -> String {
    name.map_or_else(
        || "a name that cannot be read".to_owned(),
        |name| String::from_utf8_lossy(name).into_owned(),
    )
}

/// The numbers of a version, as long as it is made of numbers.
fn parts(version: &str) -> Option<Vec<u32>> {
    let mut parts: Vec<u32> = version
        .split('.')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    // 2.0 is 2.
    while parts.last() == Some(&0) {
        parts.pop();
    }
    Some(parts)
}

#[cfg(test)]
mod tests;
