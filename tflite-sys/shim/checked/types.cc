// Kernels that write elements of their input's type into whatever the output is.

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

constexpr Guard kGuards[] = {
    {.code = kTfLiteBuiltinBitcast, .prepare = BitcastShapes},
    {.code = kTfLiteBuiltinCumsum, .same_type = 0},
    {.code = kTfLiteBuiltinRnn, .same_type = 0},
    {.code = kTfLiteBuiltinUnidirectionalSequenceRnn, .same_type = 0},
    {.code = kTfLiteBuiltinBidirectionalSequenceRnn, .same_type = 0},
    {.code = kTfLiteBuiltinSvdf, .same_type = 0},
};

}  // namespace

Guards TypeGuards() { return {kGuards, sizeof kGuards / sizeof *kGuards}; }

}  // namespace tflite_sys
