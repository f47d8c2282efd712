use super::*;
use crate::delegate::Request;
use crate::options::{InterpreterOptions, XnnpackFlags, XnnpackOptions};

fn build(
    model: &[u8],
    options: XnnpackOptions,
    delegate: impl Fn(Request<'_>) -> Option<XnnpackDelegate>,
) -> (Native, XnnpackStatus) {
    let model = Model::from_bytes(model).expect("valid");
    let resizes = Resizes::new();
    let verdict = || Probe::new(&model, &Shared::default(), &resizes)?.ask();
    Native::build_with(
        &model,
        &InterpreterOptions::new().xnnpack(options),
        &resizes,
        verdict,
        delegate,
    )
    .expect("the runtime's own kernels serve")
}

fn runs_without_xnnpack(mut native: Native, status: XnnpackStatus) {
    native.check_lengths().expect("no division");
    native.invoke().expect("valid");
    let report = native.delegate_report(status.clone());
    assert_eq!(report.xnnpack, status);
    assert_eq!((report.delegated, report.partitions), (0, 0));
}

#[test]
fn without_a_delegate_the_own_kernels_serve() {
    let model = include_bytes!("../../../tests/models/add.tflite");
    let (native, status) = build(model, XnnpackOptions::new(), |_| None);
    assert_eq!(status, XnnpackStatus::Unavailable);
    runs_without_xnnpack(native, status);
}

#[test]
fn when_the_delegate_refuses_the_own_kernels_serve() {
    // With this flag XNNPACK takes fixed shapes only, and this model has none.
    let options = XnnpackOptions::new().enable(XnnpackFlags::DISABLE_SUBGRAPH_RESHAPING);
    let model = include_bytes!("../../../tests/models/dynamic_output.tflite");
    let (native, status) = build(model, options, XnnpackDelegate::create);
    assert!(
        matches!(status, XnnpackStatus::Refused { .. }),
        "{status:?}"
    );
    runs_without_xnnpack(native, status);
}

#[test]
fn the_census_agrees_with_fixed_shapes_too() {
    let options = XnnpackOptions::new().enable(XnnpackFlags::DISABLE_SUBGRAPH_RESHAPING);
    let model = include_bytes!("../../../tests/models/conv.tflite");
    let (mut native, status) = build(model, options, XnnpackDelegate::create);
    native.invoke().expect("valid");
    let report = native.delegate_report(status);
    assert_eq!(report.xnnpack, XnnpackStatus::Applied);
    assert_eq!(
        (report.operators, report.delegated, report.partitions),
        (3, 2, 2)
    );
}

#[test]
fn what_was_said_along_with_a_success_is_forgotten() {
    let model = include_bytes!("../../../tests/models/constant_input.tflite");
    let (mut native, _) = build(model, XnnpackOptions::new(), XnnpackDelegate::create);
    crate::report::tests::send(&native.reporter, c"of an earlier call");
    native.invoke().expect("valid");
    let error = native.resize_inputs(&vec![(1, vec![4])]);
    let Err(Error::Runtime { log, .. }) = error else {
        panic!("a constant")
    };
    assert!(log.contains("fixed-size"), "{log}");
    assert!(!log.contains("earlier"), "{log}");
}

#[test]
fn outputs_are_zero_after_each_allocation() {
    let model = include_bytes!("../../../tests/models/dynamic_batch.tflite");
    let (mut native, status) = build(model, XnnpackOptions::new(), XnnpackDelegate::create);
    assert_eq!(status, XnnpackStatus::Applied);
    let output = |native: &Native| {
        let tensor = native.raw.output(0).expect("one");
        let data = tensor.data().expect("allocated");
        // SAFETY: the tensor has been allocated, and is not changed meanwhile.
        unsafe { std::slice::from_raw_parts(data.as_ptr(), tensor.byte_size()) }.to_vec()
    };
    let is_zero = |native: &Native| output(native).iter().all(|&byte| byte == 0);
    assert!(is_zero(&native));
    for rows in [40, 2, 40, 1] {
        native.invoke().expect("valid");
        assert!(!is_zero(&native), "there is a bias");
        let resizes = vec![(0, vec![rows, 4])];
        let verdict = Probe::new(native.model(), &Shared::default(), &resizes)
            .expect("valid")
            .ask();
        let Ok(Verdict::Fits(agreed)) = verdict else {
            panic!("any batch fits")
        };
        native.resize_inputs(&resizes).expect("any batch");
        assert_eq!(native.allocate_for(agreed).expect("memory"), None);
        assert!(is_zero(&native), "{rows}");
    }
}
