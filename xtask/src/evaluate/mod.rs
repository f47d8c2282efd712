//! `cargo xtask evaluate`: how often the model is right, through the code that the function runs.
//!
//! A picture's label is the name of its folder: `DIR/<label>/*.jpg`.

mod python;
mod scores;
mod show;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use self::scores::Tally;
use crate::classify::{self, Job, Plan, Report};
use crate::run::{Result, root, step};
use crate::setup;

#[derive(Args)]
pub(crate) struct Options {
    /// Folder of pictures, one folder for each label: `DIR/<label>/*.jpg`
    #[arg(long, value_name = "DIR")]
    images: PathBuf,
    /// The model [default: the one of the repository]
    #[arg(long, value_name = "FILE", default_value_os_t = root().join("model/clothing.tflite"), hide_default_value = true)]
    model: PathBuf,
    /// Its labels, one a line [default: FILE with .labels.txt for .tflite, or those in the model]
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Threads of one inference [default: as many as the machine has]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Print the result as JSON too, on the last line
    #[arg(long)]
    json: bool,
    /// Classify the same pictures with the official Python interpreter too, and compare
    #[arg(long)]
    compare_python: bool,
    /// With --compare-python: how far two scores may be apart where the predictions differ
    #[arg(
        long,
        value_name = "X",
        default_value_t = 0.05,
        requires = "compare_python"
    )]
    tolerance: f64,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    // Before the build, which may take minutes.
    readable(&options.images)?;
    readable(&options.model)?;
    if let Some(labels) = &options.labels {
        readable(labels)?;
    }
    setup::for_build()?;
    let program = classify::build()?;
    let report = step("Classifying the pictures", || classify(&program, options))?;

    let plan = &report.plan;
    let mut found = BTreeMap::new();
    let mut unreadable = Vec::new();
    for (file, result) in &report.scores {
        match result {
            Ok(scores) => {
                found.insert(file.as_str(), scores.as_slice());
            }
            Err(error) => unreadable.push((file, error)),
        }
    }
    if found.is_empty() {
        return Err(show::unreadable(&options.images, &unreadable));
    }
    let tally = Tally::new(&plan.labels, &found)?;
    let compared = if options.compare_python && unreadable.is_empty() {
        Some(python::compare(options, plan, &found)?)
    } else {
        None
    };

    let rate = report.scores.len() as f64 / report.seconds.max(1e-9);
    let theirs = compared.as_ref().map(|compared| &compared.tally);
    println!("{}", show::classes(&plan.labels, &tally, theirs));
    println!("{}", show::confusion(&plan.labels, &tally));
    println!(
        "accuracy {:.4}: {} of {} pictures; {rate:.1} images per second, {} threads, {}",
        tally.accuracy(),
        tally.right(),
        tally.pictures(),
        plan.threads,
        plan.backend
    );
    if plan.others > 0 {
        println!(
            "left out, since their names are not those of pictures: {} files",
            plan.others
        );
    }
    if let Some(compared) = &compared {
        println!("{}", compared.show(&plan.labels));
    }
    if options.json {
        let mut result = tally.json(&plan.labels);
        result["images_per_second"] = json!(rate);
        result["pictures"] = json!(tally.pictures());
        result["threads"] = json!(plan.threads);
        result["backend"] = json!(plan.backend);
        result["unreadable"] = json!(unreadable);
        if let Some(compared) = &compared {
            result["python"] = compared.json(&plan.labels);
        }
        println!("{result}");
    }
    if !unreadable.is_empty() {
        return Err(show::unreadable(&options.images, &unreadable));
    }
    compared.map_or(Ok(()), |compared| compared.verdict())
}

fn classify(program: &Path, options: &Options) -> Result<Report> {
    let job = Job {
        images: &options.images,
        model: &options.model,
        labels: options.labels.as_deref(),
        threads: options.threads,
        runs: None,
    };
    classify::run(program, &job, |plan| check(&options.images, plan))
}

fn readable(path: &Path) -> Result<()> {
    path.metadata()
        .map(drop)
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// Every picture must lie in the folder of a label.
fn check(images: &Path, plan: &Plan) -> Result<()> {
    let images = images.display();
    if plan.files.is_empty() {
        return Err(format!(
            "there are no pictures in {images}: they belong into {images}/<label>"
        ));
    }
    for file in &plan.files {
        let Some((folder, _)) = file.split_once('/') else {
            return Err(format!("{images}/{file} lies in no label's folder"));
        };
        if !plan.labels.iter().any(|label| label == folder) {
            return Err(format!(
                "{images}/{folder} is the folder of no label of the model; its labels are: {}",
                plan.labels.join(", ")
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(files: &[&str]) -> Result<()> {
        let plan = Plan {
            labels: vec!["hat".to_owned(), "pants".to_owned()],
            files: files.iter().map(|file| (*file).to_owned()).collect(),
            others: 0,
            threads: 1,
            backend: String::new(),
        };
        check(Path::new("dir"), &plan)
    }

    #[test]
    fn pictures_lie_in_the_folders_of_labels() {
        assert_eq!(
            checked(&["hat/1.jpg", "hat/more/2.jpg", "pants/1.jpg"]),
            Ok(())
        );
        for (files, parts) in [
            (&[][..], &["no pictures", "dir"][..]),
            (&["1.jpg"], &["dir/1.jpg", "no label's folder"]),
            (&["hat/1.jpg", "hats/1.jpg"], &["dir/hats", "hat, pants"]),
        ] {
            let error = checked(files).expect_err("refused");
            for part in parts {
                assert!(error.contains(part), "{part:?} is not in: {error}");
            }
        }
    }
}
