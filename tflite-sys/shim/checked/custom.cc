// Operators that upstream registers by a name. Their options are a FlexBuffer, which resolver.cc
// has verified.

#include "checked/check.h"
#include "flatbuffers/flexbuffers.h"

namespace tflite_sys {

enum Custom { kNumericVerify, kMfcc, kAudioSpectrogram, kDetectionPostprocess, kHadamardRotation };

const char* const kCustomNames[] = {"NumericVerify", "Mfcc", "AudioSpectrogram",
                                    "TFLite_Detection_PostProcess", "aeq.hadamard_rotation"};

namespace {

flexbuffers::Map Options(const Op& op) {
  const auto* data = static_cast<const uint8_t*>(op.node()->custom_initial_data);
  return flexbuffers::GetRoot(data, op.node()->custom_initial_data_size).AsMap();
}

TfLiteStatus NumericVerify(const Op& op) {
  if (op.input(0) == nullptr || op.input(1) == nullptr) return op.Refuse("a tensor is left out");
  if (SameShape(op.input(0), op.input(1))) return kTfLiteOk;
  return op.Refuse("the inputs have different shapes");
}

TfLiteStatus Mfcc(const Op& op) {
  const int count = Options(op)["dct_coefficient_count"].AsInt32();
  const int channels = Options(op)["filterbank_channel_count"].AsInt32();
  if (count < 1 || channels < 1 || channels > 1 << 16 || count > channels) {
    return op.Refuse("%d coefficients of %d channels", count, channels);
  }
  return kTfLiteOk;
}

// The kernel turns what follows from the rate into indices.
TfLiteStatus MfccRate(const Op& op) {
  Ints rate;
  TFLITE_SYS_OK(op.ExpectCount(1, 1));
  TFLITE_SYS_OK(Ints::Read(op, 1, &rate));
  const int channels = op.input(0) == nullptr ? 0 : Dim(op.input(0), 2);
  const double highest = Options(op)["upper_frequency_limit"].AsDouble();
  const double lowest = Options(op)["lower_frequency_limit"].AsDouble();
  const double width = 0.5 * static_cast<double>(rate[0]) / (channels - 1);
  if (rate[0] < 1 || channels < 2 || !(lowest >= 0) || !(highest > lowest) ||
      !(highest / width < channels)) {
    return op.Refuse("rate %lld for %d channels of up to %g Hz", static_cast<long long>(rate[0]),
                     channels, highest);
  }
  return kTfLiteOk;
}

TfLiteStatus AudioSpectrogram(const Op& op) {
  const int64_t window = Options(op)["window_size"].AsInt64();
  const int64_t stride = Options(op)["stride"].AsInt64();
  if (window < 2 || window > 1 << 24 || stride < 1 || stride > INT32_MAX) {
    return op.Refuse("window %lld and stride %lld", static_cast<long long>(window),
                     static_cast<long long>(stride));
  }
  return kTfLiteOk;
}

TfLiteStatus DetectionPostprocess(const Op& op) {
  const TfLiteTensor* boxes = op.input(0);
  const TfLiteTensor* scores = op.input(1);
  const TfLiteTensor* anchors = op.input(2);
  TFLITE_SYS_OK(op.ExpectRank(0, 3));
  TFLITE_SYS_OK(op.ExpectRank(1, 3));
  TFLITE_SYS_OK(op.ExpectRank(2, 2));
  TFLITE_SYS_OK(op.Expect(0, {kTfLiteFloat32, kTfLiteUInt8}));
  TFLITE_SYS_OK(op.Expect(2, {boxes->type}));
  const flexbuffers::Map options = Options(op);
  const int64_t detections = options["max_detections"].AsInt32();
  const int64_t classes_each = options["max_classes_per_detection"].AsInt32();
  const int64_t classes = options["num_classes"].AsInt32();
  const auto each = options["detections_per_class"];
  if (detections < 0 || classes_each < 1 || detections * classes_each > kMaxElements / 4 ||
      classes < 1 || (!each.IsNull() && each.AsInt32() < 0)) {
    return op.Refuse("%lld detections of %lld classes", static_cast<long long>(detections),
                     static_cast<long long>(classes));
  }
  if (Dim(anchors, 0) < Dim(boxes, 1) || Dim(anchors, 1) != 4 || Dim(boxes, 1) < 1 ||
      Dim(boxes, 2) < 4 || Dim(scores, 1) != Dim(boxes, 1)) {
    return op.Refuse("%d anchors for %d boxes", Dim(anchors, 0), Dim(boxes, 1));
  }
  return kTfLiteOk;
}

TfLiteStatus HadamardRotation(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  const TfLiteTensor* output = op.output(0);
  if (input == nullptr || output == nullptr) return op.Refuse("a tensor is left out");
  TFLITE_SYS_OK(op.Expect(0, {kTfLiteFloat32}));
  TFLITE_SYS_OK(op.ExpectOutput(0, {kTfLiteFloat32}));
  const int size = Options(op)["hadamard_size"].AsInt32();
  if (size < 1 || (size & (size - 1)) != 0 || (Rank(input) != 2 && Rank(input) != 3)) {
    return op.Refuse("size %d for %d dimensions", size, Rank(input));
  }
  if (!SameShape(input, output)) return op.Refuse("the output has another shape than the input");
  return kTfLiteOk;
}

constexpr Guard kGuards[] = {
    {.code = kNumericVerify, .prepare = NumericVerify},
    {.code = kMfcc, .prepare = Mfcc, .invoke = MfccRate},
    {.code = kAudioSpectrogram, .prepare = AudioSpectrogram},
    {.code = kDetectionPostprocess, .prepare = DetectionPostprocess},
    {.code = kHadamardRotation, .prepare = HadamardRotation, .invoke = HadamardRotation},
};

}  // namespace

Guards CustomGuards() { return {kGuards, sizeof kGuards / sizeof *kGuards}; }

}  // namespace tflite_sys
