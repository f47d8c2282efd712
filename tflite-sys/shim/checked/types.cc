// Kernels that write elements of their input's type into whatever the output is, or that count on
// dimensions which they do not ask for.

#include "checked/check.h"
#include "tensorflow/lite/kernels/kernel_util.h"

namespace tflite_sys {
namespace {

TfLiteStatus BitcastShapes(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  const TfLiteTensor* output = op.output(0);
  if (input == nullptr || output == nullptr) return op.Refuse("a tensor is left out");
  const int from = tflite::TfLiteTypeGetSizeBits(input->type);
  const int to = tflite::TfLiteTypeGetSizeBits(output->type);
  if (from < 8 || to < 8 || (from < to && Rank(input) < 1)) {
    return op.Refuse("a scalar of %s cannot be one of %s", TfLiteTypeGetName(input->type),
                     TfLiteTypeGetName(output->type));
  }
  return kTfLiteOk;
}

TfLiteStatus ExpectRanks(const Op& op, std::initializer_list<int> ranks) {
  int index = 0;
  for (const int rank : ranks) TFLITE_SYS_OK(op.ExpectRank(index++, rank));
  return kTfLiteOk;
}

TfLiteStatus Rnn(const Op& op) { return ExpectRanks(op, {2, 2, 2, 1, 2}); }
TfLiteStatus SequenceRnn(const Op& op) { return ExpectRanks(op, {3, 2, 2, 1, 2}); }
TfLiteStatus BothSequenceRnn(const Op& op) {
  return ExpectRanks(op, {3, 2, 2, 1, 2, 2, 2, 1, 2});
}
TfLiteStatus Svdf(const Op& op) { return ExpectRanks(op, {2, 2, 2}); }

TfLiteStatus NotScalar(const Op& op) {
  if (op.input(0) == nullptr || Rank(op.input(0)) < 1) {
    return op.Refuse("the input has no dimensions");
  }
  return kTfLiteOk;
}

constexpr Guard kGuards[] = {
    {.code = kTfLiteBuiltinLogSoftmax, .prepare = NotScalar},
    {.code = kTfLiteBuiltinL2Normalization, .prepare = NotScalar},
    {.code = kTfLiteBuiltinBitcast, .prepare = BitcastShapes},
    {.code = kTfLiteBuiltinCumsum, .same_type = 0},
    {.code = kTfLiteBuiltinRnn, .prepare = Rnn, .same_type = 0},
    {.code = kTfLiteBuiltinUnidirectionalSequenceRnn, .prepare = SequenceRnn, .same_type = 0},
    {.code = kTfLiteBuiltinBidirectionalSequenceRnn, .prepare = BothSequenceRnn, .same_type = 0},
    {.code = kTfLiteBuiltinSvdf, .prepare = Svdf, .same_type = 0},
};

}  // namespace

Guards TypeGuards() { return {kGuards, sizeof kGuards / sizeof *kGuards}; }

}  // namespace tflite_sys
