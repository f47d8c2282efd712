#include "checked/check.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "tensorflow/lite/kernels/kernel_util.h"

namespace tflite_sys {

TfLiteTensor* Op::tensor(int index) const {
  if (index < 0 || static_cast<size_t>(index) >= context_->tensors_size) return nullptr;
  return &context_->tensors[index];
}

TfLiteStatus Op::Refuse(const char* format, ...) const {
  char message[256];
  va_list args;
  va_start(args, format);
  if (std::vsnprintf(message, sizeof message, format, args) < 0) message[0] = '\0';
  va_end(args);
  context_->ReportError(context_, "%s: %s", name_, message);
  return kTfLiteError;
}

static TfLiteStatus ExpectType(const Op& op, const TfLiteTensor* tensor, const char* role, int index,
                               std::initializer_list<TfLiteType> types) {
  if (tensor == nullptr) return op.Refuse("%s %d is left out", role, index);
  for (const TfLiteType type : types) {
    if (tensor->type == type) return kTfLiteOk;
  }
  return op.Refuse("%s %d has the type %s, which is not supported there", role, index,
                   TfLiteTypeGetName(tensor->type));
}

TfLiteStatus Op::Expect(int index, std::initializer_list<TfLiteType> types) const {
  return ExpectType(*this, input(index), "input", index, types);
}

TfLiteStatus Op::ExpectOutput(int index, std::initializer_list<TfLiteType> types) const {
  return ExpectType(*this, output(index), "output", index, types);
}

TfLiteStatus Op::ExpectRank(int index, int rank) const {
  const TfLiteTensor* tensor = input(index);
  if (tensor == nullptr) return Refuse("input %d is left out", index);
  if (Rank(tensor) == rank) return kTfLiteOk;
  return Refuse("input %d has %d dimensions instead of %d", index, Rank(tensor), rank);
}

TfLiteStatus Op::ExpectCount(int index, int64_t count) const {
  const TfLiteTensor* tensor = input(index);
  if (tensor == nullptr) return Refuse("input %d is left out", index);
  if (Count(tensor) == count) return kTfLiteOk;
  return Refuse("input %d has %lld elements instead of %lld", index,
                static_cast<long long>(Count(tensor)), static_cast<long long>(count));
}

int64_t Count(const TfLiteTensor* tensor) {
  int64_t count = 1;
  for (int axis = 0; axis < Rank(tensor); ++axis) count *= Dim(tensor, axis);
  return count;
}

bool SameShape(const TfLiteTensor* a, const TfLiteTensor* b) {
  if (Rank(a) != Rank(b)) return false;
  for (int axis = 0; axis < Rank(a); ++axis) {
    if (Dim(a, axis) != Dim(b, axis)) return false;
  }
  return true;
}

bool IsKnown(const TfLiteTensor* tensor) {
  return tensor != nullptr && tflite::IsConstantOrPersistentTensor(tensor) &&
         (tensor->data.raw != nullptr || Count(tensor) == 0);
}

bool IsQuantizedType(TfLiteType type) {
  return type == kTfLiteInt8 || type == kTfLiteUInt8 || type == kTfLiteInt16;
}

const TfLiteAffineQuantization* ScalesOf(const TfLiteTensor* tensor) {
  if (tensor == nullptr || tensor->quantization.type != kTfLiteAffineQuantization) return nullptr;
  const auto* affine =
      static_cast<const TfLiteAffineQuantization*>(tensor->quantization.params);
  const bool has_many = affine != nullptr && affine->scale != nullptr && affine->scale->size > 1;
  return has_many ? affine : nullptr;
}

TfLiteStatus NotEmpty(const Op& op) {
  for (int index = 0; index < op.inputs(); ++index) {
    const TfLiteTensor* input = op.input(index);
    if (input != nullptr && Count(input) == 0) {
      return op.Refuse("input %d has no elements", index);
    }
  }
  return kTfLiteOk;
}

TfLiteStatus HasRoom(const Op& op, int64_t count) {
  const TfLiteTensor* output = op.output(0);
  if (output == nullptr) return op.Refuse("the output is left out");
  if (count > kMaxElements) {
    return op.Refuse("the output would have more than %lld elements",
                     static_cast<long long>(kMaxElements));
  }
  const size_t size = (static_cast<size_t>(tflite::TfLiteTypeGetSizeBits(output->type)) + 7) / 8;
  const size_t bytes = static_cast<size_t>(count) * (size > 0 ? size : sizeof(void*));
  if (output->data.raw != nullptr && output->bytes >= bytes) return kTfLiteOk;
  // Nobody else takes it before the kernel does, but other threads: large memory is only promised
  // when it is asked for, and given when it is written.
  void* const probe = std::malloc(bytes > 0 ? bytes : 1);
  if (probe == nullptr) return op.Refuse("no memory for %zu bytes", bytes);
  std::free(probe);
  return kTfLiteOk;
}

TfLiteStatus Ints::Read(const Op& op, int index, Ints* ints) {
  const TfLiteTensor* tensor = op.input(index);
  TFLITE_SYS_OK(op.Expect(index, {kTfLiteInt8, kTfLiteInt16, kTfLiteInt32, kTfLiteInt64}));
  const size_t size = tensor->type == kTfLiteInt64   ? 8
                      : tensor->type == kTfLiteInt32 ? 4
                      : tensor->type == kTfLiteInt16 ? 2
                                                     : 1;
  ints->data_ = tensor->data.raw_const;
  ints->count_ = Count(tensor);
  ints->type_ = tensor->type;
  if (ints->count_ < 0 || (ints->count_ > 0 && ints->data_ == nullptr) ||
      tensor->bytes / size < static_cast<size_t>(ints->count_)) {
    return op.Refuse("input %d has no values", index);
  }
  return kTfLiteOk;
}

}  // namespace tflite_sys
