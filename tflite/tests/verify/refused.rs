//! Models that contradict themselves, as `tests/models/refused.py` makes them.

use tflite::{Error, Interpreter, Model, ModelInfo, ModelPart, ModelProblem};

use super::models;
use super::refusals::REFUSALS;
use super::refusals_of_kernels::REFUSALS_OF_KERNELS;

fn refuse(name: &str, bytes: &[u8]) -> (ModelPart, ModelProblem) {
    match Model::from_bytes(bytes) {
        Err(Error::UnsoundModel { part, problem }) => (*part, *problem),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn each_contradiction_is_named() {
    let models = models("refused");
    for (name, bytes) in &models {
        let (part, problem) = refuse(name, bytes);
        let expected = (REFUSALS.iter())
            .chain(REFUSALS_OF_KERNELS)
            .find(|(model, _)| model == name);
        let message = format!("{part}: {problem}");
        assert_eq!(
            Some(message.as_str()),
            expected.map(|(_, text)| *text),
            "{name}"
        );
    }
    assert_eq!(models.len(), REFUSALS.len() + REFUSALS_OF_KERNELS.len());
}

#[test]
fn errors_carry_what_they_say() {
    let models = models("refused");
    let find = |name: &str| {
        let (_, bytes) = models
            .iter()
            .find(|(model, _)| model == name)
            .expect("there");
        refuse(name, bytes)
    };
    let (part, problem) = find("constant_long");
    let tensor = ModelPart::Tensor {
        subgraph: 0,
        index: 2,
        name: "c".to_owned(),
    };
    assert_eq!(part, tensor);
    assert!(matches!(
        problem,
        ModelProblem::ConstantSize {
            expected: 12,
            actual: 16,
            ..
        }
    ));
    let (_, problem) = find("offset_wraps");
    let ModelProblem::Outside { offset, size, .. } = problem else {
        panic!("{problem}")
    };
    assert_eq!((offset, size), (u64::MAX - 3, 12));
}

#[test]
fn what_is_refused_can_be_described() {
    for (name, bytes) in models("refused") {
        let info = ModelInfo::from_bytes(&bytes).expect("well-formed");
        assert_eq!(info.subgraphs.is_empty(), name == "no_subgraphs", "{name}");
    }
}

#[test]
fn sound_models_are_accepted_and_run() {
    let models = models("accepted");
    assert!(models.len() > 10);
    for (name, bytes) in models {
        let model = Model::from_bytes(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut interpreter = Interpreter::new(&model, Default::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let is_run = interpreter.invoke();
        assert!(is_run.is_ok(), "{name}: {is_run:?}");
    }
}

#[test]
fn weights_behind_the_flatbuffer_are_used() {
    let models = models("accepted");
    let (_, bytes) = models
        .iter()
        .find(|(name, _)| name == "offset")
        .expect("there");
    let model = Model::from_bytes(bytes).expect("sound");
    let mut interpreter = Interpreter::new(&model, Default::default()).expect("sound");
    interpreter
        .input_mut(0)
        .expect("input")
        .copy_from_slice(&[10.0_f32, 20.0, 30.0])
        .expect("three");
    interpreter.invoke().expect("no error");
    let output = interpreter.output(0).expect("output");
    assert_eq!(output.data::<f32>().expect("floats"), [11.0, 22.0, 33.0]);
    let info = model.info().expect("sound");
    assert_eq!(info.subgraphs[0].tensors[2].constant_bytes, Some(12));
}
