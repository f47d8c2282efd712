//! Models and pictures from a server of S3's protocol.

use std::path::PathBuf;

use crate::checks::Outcome;
use crate::python;
use crate::run::{Result, cargo, run};

/// A server that checks signatures and rights, and AWS's own library, which fills it.
const PACKAGES: [&str; 2] = ["moto[s3,server]==5.2.5", "boto3==1.44.5"];

/// The interpreter of an environment with moto.
pub(crate) fn moto() -> Result<PathBuf> {
    python::environment("python-moto", "moto, a server of S3's protocol", &PACKAGES)
}

pub(crate) fn check() -> Result<Outcome> {
    let python = moto()?;
    run(cargo()
        .args(["test", "--locked", "--package", "lambda-fn"])
        .args(["--test", "models", "moto"])
        .env("MOTO_PYTHON", python))?;
    Ok(Outcome::Passed)
}
