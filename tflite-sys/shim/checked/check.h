// What the checks of operators' values have in common.
//
// Upstream's kernels trust many values that are only known when a model runs. Each check here
// looks at them before the kernel does, and says what is wrong. The table in KERNELS.md lists
// all operators.

#ifndef TFLITE_SYS_CHECKED_CHECK_H_
#define TFLITE_SYS_CHECKED_CHECK_H_

#include <cstdint>
#include <initializer_list>

#include "tensorflow/lite/builtin_ops.h"
#include "tensorflow/lite/core/c/builtin_op_data.h"
#include "tensorflow/lite/core/c/common.h"

namespace tflite_sys {

constexpr int64_t kMaxElements = INT32_MAX;

// One operator of a graph.
class Op {
 public:
  Op(TfLiteContext* context, TfLiteNode* node, int code, const char* name)
      : context_(context), node_(node), code_(code), name_(name) {}

  // Null if there is no such tensor, or if it is left out.
  const TfLiteTensor* input(int index) const { return at(node_->inputs, index); }
  TfLiteTensor* output(int index) const { return at(node_->outputs, index); }
  TfLiteTensor* tensor(int index) const;
  int inputs() const { return node_->inputs == nullptr ? 0 : node_->inputs->size; }
  int outputs() const { return node_->outputs == nullptr ? 0 : node_->outputs->size; }
  TfLiteContext* context() const { return context_; }
  TfLiteNode* node() const { return node_; }
  int code() const { return code_; }
  const char* name() const { return name_; }

  template <typename Params>
  const Params* params() const {
    return static_cast<const Params*>(node_->builtin_data);
  }

  // Reports what is wrong, with the operator's name before it.
  [[gnu::format(printf, 2, 3)]] TfLiteStatus Refuse(const char* format, ...) const;

  // Whether the input is there, and of one of these types.
  TfLiteStatus Expect(int index, std::initializer_list<TfLiteType> types) const;
  TfLiteStatus ExpectOutput(int index, std::initializer_list<TfLiteType> types) const;
  // Whether the input is there, and has this rank.
  TfLiteStatus ExpectRank(int index, int rank) const;
  // Whether the input is there, and has so many elements.
  TfLiteStatus ExpectCount(int index, int64_t count) const;

 private:
  TfLiteTensor* at(const TfLiteIntArray* indices, int index) const {
    if (indices == nullptr || index < 0 || index >= indices->size) return nullptr;
    return tensor(indices->data[index]);
  }

  TfLiteContext* context_;
  TfLiteNode* node_;
  int code_;
  const char* name_;
};

using Check = TfLiteStatus (*)(const Op& op);

// What is checked of one kind of operator.
struct Guard {
  // The code of a built-in operator.
  int code;
  // Before `prepare`: types and ranks that later steps rely on. Must not look at any values.
  Check prepare = nullptr;
  // The inputs whose values `values` looks at, as a mask.
  unsigned known = 0;
  // Before `invoke`, and before `prepare` if all those inputs are known by then: kernels read
  // constants there.
  Check values = nullptr;
  // Before `invoke` only: what XNNPACK could do, and the kernel cannot.
  Check invoke = nullptr;
  // Whether the first output has the type of this input; -1 if that is no rule.
  int same_type = -1;
  // After `init`: with the operator's options, and what the kernel keeps for the node.
  void (*made)(const void* options, void* data) = nullptr;
};

inline int Rank(const TfLiteTensor* tensor) {
  return tensor->dims == nullptr ? 0 : tensor->dims->size;
}
inline int Dim(const TfLiteTensor* tensor, int axis) { return tensor->dims->data[axis]; }

// The number of elements that the shape has.
int64_t Count(const TfLiteTensor* tensor);
bool SameShape(const TfLiteTensor* a, const TfLiteTensor* b);
// Whether the contents are known before the graph runs.
bool IsKnown(const TfLiteTensor* tensor);
bool IsQuantizedType(TfLiteType type);
// The scales of a tensor with one for each slice; null if it has not more than one.
const TfLiteAffineQuantization* ScalesOf(const TfLiteTensor* tensor);

// Whether all inputs have elements.
TfLiteStatus NotEmpty(const Op& op);
// Whether there is memory for so many elements in the first output. For kernels that compute in
// `prepare`, and write whether there is or not.
TfLiteStatus HasRoom(const Op& op, int64_t count);

// The integers in a tensor.
class Ints {
 public:
  // Fails if the input is left out, holds something else, or has not as much memory as its shape
  // says.
  static TfLiteStatus Read(const Op& op, int index, Ints* ints);

  int64_t count() const { return count_; }
  int64_t operator[](int64_t index) const {
    switch (type_) {
      case kTfLiteInt64:
        return static_cast<const int64_t*>(data_)[index];
      case kTfLiteInt16:
        return static_cast<const int16_t*>(data_)[index];
      case kTfLiteInt8:
        return static_cast<const int8_t*>(data_)[index];
      default:
        return static_cast<const int32_t*>(data_)[index];
    }
  }

 private:
  const void* data_ = nullptr;
  int64_t count_ = 0;
  TfLiteType type_ = kTfLiteInt32;
};

// The groups of operators, by concern.
struct Guards {
  const Guard* begin;
  int count;
};
Guards ArithmeticGuards();
Guards ControlGuards();
Guards IndexGuards();
Guards NetworkGuards();
Guards ResourceGuards();
Guards SizeGuards();
Guards SliceGuards();
Guards StablehloGuards();
Guards TypeGuards();
// Those of operators that upstream registers by a name; their `code` is a position in this list.
Guards CustomGuards();
extern const char* const kCustomNames[];
constexpr int kCustomCount = 5;

#define TFLITE_SYS_OK(expression)                      \
  do {                                                 \
    const TfLiteStatus _status = (expression);         \
    if (_status != kTfLiteOk) return _status;          \
  } while (false)

}  // namespace tflite_sys

#endif  // TFLITE_SYS_CHECKED_CHECK_H_
