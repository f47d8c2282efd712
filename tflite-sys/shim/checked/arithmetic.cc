// Division, reduction, and the ranks that the broadcasting kernels have room for.

#include "checked/check.h"

namespace tflite_sys {
namespace {

// The element of `tensor` that the output's element `flat` is computed from.
int64_t Source(const TfLiteTensor* tensor, const TfLiteTensor* output, int64_t flat) {
  int64_t index = 0, stride = 1;
  for (int back = 1; back <= Rank(output); ++back) {
    const int64_t dim = Dim(output, Rank(output) - back);
    const int64_t position = flat % dim;
    flat /= dim;
    if (back > Rank(tensor)) continue;
    const int64_t own = Dim(tensor, Rank(tensor) - back);
    if (own != 1) index += position * stride;
    stride *= own;
  }
  return index;
}

// The quotient of the least number and -1 is no number, and the processor stops the process.
template <typename T>
TfLiteStatus Overflow(const Op& op) {
  const TfLiteTensor* dividend = op.input(0);
  const TfLiteTensor* divisor = op.input(1);
  const TfLiteTensor* output = op.output(0);
  const T least = sizeof(T) == 8 ? static_cast<T>(INT64_MIN) : static_cast<T>(INT32_MIN);
  const T* numbers = static_cast<const T*>(divisor->data.data);
  const int64_t count = static_cast<int64_t>(divisor->bytes / sizeof(T));
  // One pass that the compiler can vectorise; few tensors have a -1.
  bool any = false;
  for (int64_t i = 0; i < count; ++i) any |= numbers[i] == T{-1};
  if (!any) return kTfLiteOk;
  const T* others = static_cast<const T*>(dividend->data.data);
  const int64_t results = Count(output);
  for (int64_t i = 0; i < results; ++i) {
    if (others[Source(dividend, output, i)] == least &&
        numbers[Source(divisor, output, i)] == T{-1}) {
      return op.Refuse("element %lld: %lld divided by -1 is more than the type can hold",
                       static_cast<long long>(i), static_cast<long long>(least));
    }
  }
  return kTfLiteOk;
}

TfLiteStatus Ranks(const Op& op, int limit) {
  const TfLiteTensor* first = op.input(0);
  if (first == nullptr) return kTfLiteOk;
  bool is_same = true, fits = Rank(first) <= limit;
  for (int index = 1; index < op.inputs(); ++index) {
    const TfLiteTensor* input = op.input(index);
    if (input == nullptr) continue;
    is_same = is_same && SameShape(first, input);
    fits = fits && Rank(input) <= limit;
  }
  if (is_same || fits) return kTfLiteOk;
  return op.Refuse("different shapes with more than %d dimensions", limit);
}

template <int limit>
TfLiteStatus Broadcast(const Op& op) {
  return Ranks(op, limit);
}

// Products of constants are computed in `prepare`. Two of 16 bits become one of 8 only if they have
// the same shape: else the kernel ends the process.
TfLiteStatus Multiply(const Op& op) {
  TFLITE_SYS_OK(Ranks(op, 6));
  const TfLiteTensor* a = op.input(0);
  const TfLiteTensor* b = op.input(1);
  const TfLiteTensor* output = op.output(0);
  if (a == nullptr || b == nullptr || output == nullptr) return op.Refuse("a tensor is left out");
  if (a->type == kTfLiteInt16 && output->type != kTfLiteInt16 && !SameShape(a, b)) {
    return op.Refuse("different shapes of 16-bit inputs of an 8-bit output");
  }
  if (!IsKnown(a) || !IsKnown(b)) return kTfLiteOk;
  int64_t count = 1;
  for (int back = 1; back <= Rank(a) || back <= Rank(b); ++back) {
    const int one = back <= Rank(a) ? Dim(a, Rank(a) - back) : 1;
    const int other = back <= Rank(b) ? Dim(b, Rank(b) - back) : 1;
    count *= one == 1 ? other : one;
    if (count > kMaxElements) break;
  }
  return HasRoom(op, count);
}

TfLiteStatus Subtract(const Op& op) {
  const TfLiteTensor* output = op.output(0);
  return Ranks(op, output != nullptr && IsQuantizedType(output->type) ? 6 : 5);
}

TfLiteStatus Divide(const Op& op) {
  TFLITE_SYS_OK(Ranks(op, op.code() == kTfLiteBuiltinDiv ? 5 : 4));
  switch (op.input(0)->type) {
    case kTfLiteInt32:
      return Overflow<int32_t>(op);
    case kTfLiteInt64:
      return Overflow<int64_t>(op);
    default:
      return kTfLiteOk;
  }
}

TfLiteStatus Reduce(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  if (input == nullptr) return op.Refuse("a tensor is left out");
  Ints axes;
  TFLITE_SYS_OK(op.Expect(1, {kTfLiteInt32}));
  TFLITE_SYS_OK(Ints::Read(op, 1, &axes));
  const int rank = Rank(input);
  for (int64_t i = 0; i < axes.count() && rank > 0; ++i) {
    if (axes[i] < -rank || axes[i] >= rank) {
      return op.Refuse("axis %lld is not within %d..=%d", static_cast<long long>(axes[i]), -rank,
                       rank - 1);
    }
  }
  return kTfLiteOk;
}

// The kernel divides by the lengths of the output.
TfLiteStatus QuantizedSum(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  if (IsQuantizedType(input->type) && Count(input) == 0) {
    return op.Refuse("the input has no elements");
  }
  return kTfLiteOk;
}

TfLiteStatus FullyConnectedShapes(const Op& op) {
  const TfLiteTensor* filter = op.input(1);
  if (filter == nullptr) return op.Refuse("a tensor is left out");
  TFLITE_SYS_OK(op.ExpectRank(1, 2));
  if (Dim(filter, 1) < 1) return op.Refuse("the filter has rows without elements");
  const TfLiteTensor* input = op.input(0);
  if (input == nullptr || Count(input) % Dim(filter, 1) != 0) {
    return op.Refuse("the input is not made of rows of %d elements", Dim(filter, 1));
  }
  const auto* params = op.params<TfLiteFullyConnectedParams>();
  if (params->weights_format != kTfLiteFullyConnectedWeightsFormatDefault) {
    // The kernel copies the input there.
    const TfLiteTensor* workspace = op.output(1);
    if (workspace == nullptr || Count(workspace) < Count(input)) {
      return op.Refuse("the workspace is smaller than the input");
    }
  }
  if (filter->quantization.type == kTfLiteBlockwiseQuantization) {
    const auto* details =
        static_cast<const TfLiteBlockwiseQuantization*>(filter->quantization.params);
    const TfLiteTensor* scales = op.tensor(details->scale);
    if (details->blocksize < 1 || Dim(filter, 1) % details->blocksize != 0 || scales == nullptr ||
        !IsKnown(scales) || scales->type != kTfLiteFloat16 ||
        scales->bytes / 2 < static_cast<size_t>(Count(filter) / details->blocksize)) {
      return op.Refuse("the scales of the blocks do not fit the filter");
    }
  }
  return kTfLiteOk;
}

// The kernel reads the last two dimensions before it looks how many there are.
TfLiteStatus MatmulRanks(const Op& op) {
  for (int index = 0; index < 2; ++index) {
    const TfLiteTensor* input = op.input(index);
    if (input == nullptr) return op.Refuse("a tensor is left out");
    if (Rank(input) < 2) {
      return op.Refuse("input %d has %d dimensions, not 2 or more", index, Rank(input));
    }
  }
  return kTfLiteOk;
}

TfLiteStatus NormalizationRadius(const Op& op) {
  const auto* params = op.params<TfLiteLocalResponseNormParams>();
  if (params->radius < 0 || params->radius > 1 << 20) {
    return op.Refuse("radius %d is not within 0..=%d", params->radius, 1 << 20);
  }
  return kTfLiteOk;
}

constexpr Guard kGuards[] = {
    {.code = kTfLiteBuiltinDiv, .invoke = Divide},
    {.code = kTfLiteBuiltinFloorDiv, .invoke = Divide},
    {.code = kTfLiteBuiltinFloorMod, .invoke = Divide},
    {.code = kTfLiteBuiltinAdd, .invoke = Broadcast<6>},
    {.code = kTfLiteBuiltinMul, .prepare = Multiply, .invoke = Multiply},
    {.code = kTfLiteBuiltinSub, .invoke = Subtract},
    {.code = kTfLiteBuiltinMaximum, .invoke = Broadcast<5>},
    {.code = kTfLiteBuiltinMinimum, .invoke = Broadcast<5>},
    {.code = kTfLiteBuiltinSelectV2, .invoke = Broadcast<5>},
    {.code = kTfLiteBuiltinEqual, .invoke = Broadcast<4>},
    {.code = kTfLiteBuiltinNotEqual, .invoke = Broadcast<4>},
    {.code = kTfLiteBuiltinGreater, .invoke = Broadcast<4>},
    {.code = kTfLiteBuiltinGreaterEqual, .invoke = Broadcast<4>},
    {.code = kTfLiteBuiltinLess, .invoke = Broadcast<4>},
    {.code = kTfLiteBuiltinLessEqual, .invoke = Broadcast<4>},
    {.code = kTfLiteBuiltinLogicalAnd, .invoke = Broadcast<4>},
    {.code = kTfLiteBuiltinLogicalOr, .invoke = Broadcast<4>},
    {.code = kTfLiteBuiltinPow, .invoke = Broadcast<4>},
    {.code = kTfLiteBuiltinPrelu, .invoke = Broadcast<4>},
    {.code = kTfLiteBuiltinSquaredDifference, .invoke = Broadcast<4>},
    {.code = kTfLiteBuiltinBitwiseXor, .invoke = Broadcast<4>},
    {.code = kTfLiteBuiltinRightShift, .invoke = Broadcast<4>},
    {.code = kTfLiteBuiltinMean, .known = 0b10, .values = Reduce, .same_type = 0},
    {.code = kTfLiteBuiltinSum,
     .known = 0b10,
     .values = Reduce,
     .invoke = QuantizedSum,
     .same_type = 0},
    {.code = kTfLiteBuiltinReduceProd, .known = 0b10, .values = Reduce, .same_type = 0},
    {.code = kTfLiteBuiltinReduceMax, .known = 0b10, .values = Reduce, .same_type = 0},
    {.code = kTfLiteBuiltinReduceMin, .known = 0b10, .values = Reduce, .same_type = 0},
    {.code = kTfLiteBuiltinReduceAny, .known = 0b10, .values = Reduce, .same_type = 0},
    {.code = kTfLiteBuiltinReduceAll, .known = 0b10, .values = Reduce, .same_type = 0},
    {.code = kTfLiteBuiltinBatchMatmul, .prepare = MatmulRanks},
    {.code = kTfLiteBuiltinFullyConnected, .prepare = FullyConnectedShapes},
    {.code = kTfLiteBuiltinLocalResponseNormalization, .prepare = NormalizationRadius},
};

}  // namespace

Guards ArithmeticGuards() { return {kGuards, sizeof kGuards / sizeof *kGuards}; }

}  // namespace tflite_sys
