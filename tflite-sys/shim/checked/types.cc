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

TfLiteStatus NotScalar(const Op& op) {
  if (op.input(0) == nullptr || Rank(op.input(0)) < 1) {
    return op.Refuse("the input has no dimensions");
  }
  return kTfLiteOk;
}

// The kernels look for the largest number of each row.
TfLiteStatus Rows(const Op& op) {
  TFLITE_SYS_OK(NotScalar(op));
  const TfLiteTensor* input = op.input(0);
  return Dim(input, Rank(input) - 1) > 0 ? kTfLiteOk : op.Refuse("rows without elements");
}

// With one scale for each slice, the kernels go by the shape that they get, not by the file's, and
// count the elements down from the last one.
TfLiteStatus Slices(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  if (input == nullptr) return op.Refuse("a tensor is left out");
  for (const TfLiteTensor* quantized : {input, static_cast<const TfLiteTensor*>(op.output(0))}) {
    const TfLiteAffineQuantization* affine = ScalesOf(quantized);
    if (affine == nullptr) continue;
    const int axis = affine->quantized_dimension;
    if (axis < 0 || axis >= Rank(input) || Dim(input, axis) != affine->scale->size) {
      return op.Refuse("%d scales do not fit axis %d of the input", affine->scale->size, axis);
    }
    if (Count(input) == 0) return op.Refuse("the input has no elements");
  }
  return kTfLiteOk;
}

// The kernel compares the condition's length with the first one of a scalar, unless all there is are
// single elements.
TfLiteStatus SelectRanks(const Op& op) {
  const TfLiteTensor* condition = op.input(0);
  for (const TfLiteTensor* tensor :
       {condition, op.input(1), op.input(2), static_cast<const TfLiteTensor*>(op.output(0))}) {
    if (tensor == nullptr) return op.Refuse("a tensor is left out");
  }
  const bool are_single = Count(condition) == 1 && Count(op.input(1)) == 1 &&
                          Count(op.input(2)) == 1 && Count(op.output(0)) == 1;
  if (Rank(condition) > 0 && Rank(op.input(1)) == 0 && !are_single) {
    return op.Refuse("a condition with dimensions chooses between scalars");
  }
  return kTfLiteOk;
}

constexpr Guard kGuards[] = {
    {.code = kTfLiteBuiltinLogSoftmax, .prepare = Rows},
    {.code = kTfLiteBuiltinSoftmax, .prepare = Rows},
    {.code = kTfLiteBuiltinQuantize, .prepare = Slices},
    {.code = kTfLiteBuiltinDequantize, .prepare = Slices},
    {.code = kTfLiteBuiltinSelect, .prepare = SelectRanks},
    {.code = kTfLiteBuiltinL2Normalization, .prepare = NotScalar},
    {.code = kTfLiteBuiltinBitcast, .prepare = BitcastShapes},
    {.code = kTfLiteBuiltinCumsum, .same_type = 0},
};

}  // namespace

Guards TypeGuards() { return {kGuards, sizeof kGuards / sizeof *kGuards}; }

}  // namespace tflite_sys
