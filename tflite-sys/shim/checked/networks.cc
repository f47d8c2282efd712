// Recurrent networks: lengths of weights and states that their kernels do not compare.

#include "checked/check.h"

namespace tflite_sys {
namespace {

// Any length.
constexpr int kAny = -1;

// Whether the input has this shape, if it is there.
TfLiteStatus HasShape(const Op& op, int index, std::initializer_list<int> dims) {
  const TfLiteTensor* input = op.input(index);
  if (input == nullptr) return kTfLiteOk;
  TFLITE_SYS_OK(op.ExpectRank(index, static_cast<int>(dims.size())));
  int axis = 0;
  for (const int dim : dims) {
    if (dim != kAny && Dim(input, axis) != dim) {
      return op.Refuse("input %d has length %d along axis %d, not %d", index, Dim(input, axis),
                       axis, dim);
    }
    ++axis;
  }
  return kTfLiteOk;
}

TfLiteStatus IsThere(const Op& op, int index) {
  return op.input(index) != nullptr ? kTfLiteOk : op.Refuse("input %d is left out", index);
}

TfLiteStatus ExpectRanks(const Op& op, std::initializer_list<int> ranks) {
  int index = 0;
  for (const int rank : ranks) TFLITE_SYS_OK(op.ExpectRank(index++, rank));
  return kTfLiteOk;
}

TfLiteStatus Rnn(const Op& op) { return ExpectRanks(op, {2, 2, 2, 1, 2}); }
TfLiteStatus SequenceRnn(const Op& op) { return ExpectRanks(op, {3, 2, 2, 1, 2}); }

// What an auxiliary input and its weights must be, whose lengths are only compared in part, or by
// a check that ends the process. `weights` are the two whose presence the kernel looks at.
TfLiteStatus Auxiliary(const Op& op, int index, bool has_weights, bool time_major) {
  const TfLiteTensor* input = op.input(0);
  const TfLiteTensor* auxiliary = op.input(index);
  if (auxiliary == nullptr) {
    return has_weights ? op.Refuse("weights for an input %d that is left out", index) : kTfLiteOk;
  }
  // Without weights, it is the input of the backward half. With them, and the time first, the
  // kernel steps through it with the input's length.
  const int length = !has_weights || time_major ? Dim(input, 2) : kAny;
  return HasShape(op, index, {Dim(input, 0), Dim(input, 1), length});
}

TfLiteStatus BothSequenceRnn(const Op& op) {
  TFLITE_SYS_OK(ExpectRanks(op, {3, 2, 2, 1, 2, 2, 2, 1, 2}));
  for (const int first : {1, 5}) {
    const int units = Dim(op.input(first), 0);
    TFLITE_SYS_OK(HasShape(op, first + 1, {units, units}));
    TFLITE_SYS_OK(HasShape(op, first + 2, {units}));
    if (!op.input(first + 3)->is_variable) {
      return op.Refuse("input %d is no variable", first + 3);
    }
  }
  const bool has_weights = op.input(10) != nullptr;
  if (has_weights != (op.input(11) != nullptr)) {
    return op.Refuse("one of the inputs 10 and 11 is left out");
  }
  const auto* params = op.params<TfLiteBidirectionalSequenceRNNParams>();
  TFLITE_SYS_OK(Auxiliary(op, 9, has_weights, params->time_major));
  if (!has_weights) return kTfLiteOk;
  const int length = Dim(op.input(9), 2);
  TFLITE_SYS_OK(HasShape(op, 10, {Dim(op.input(1), 0), length}));
  return HasShape(op, 11, {Dim(op.input(5), 0), length});
}

// A network whose weights start at input `first`, in the order that the three kernels share. They
// give the states that are not projected the length of those that are, or take it to be less.
TfLiteStatus Gates(const Op& op, int first) {
  const int to_output = first + 3, recurrent_to_output = first + 7, projection = first + 15;
  TFLITE_SYS_OK(op.ExpectRank(to_output, 2));
  TFLITE_SYS_OK(IsThere(op, recurrent_to_output));
  const TfLiteTensor* recurrent = op.input(recurrent_to_output);
  const int cells = Dim(op.input(to_output), 0);
  if (Rank(recurrent) < 1) return op.Refuse("input %d has no dimensions", recurrent_to_output);
  // On one dimension lies the diagonal of a square.
  const int outputs = Dim(recurrent, Rank(recurrent) - 1);
  for (int index = first + 4; index <= recurrent_to_output; ++index) {
    const TfLiteTensor* weights = op.input(index);
    if (weights == nullptr) continue;
    TFLITE_SYS_OK(Rank(weights) == 1 ? HasShape(op, index, {cells})
                                     : HasShape(op, index, {cells, outputs}));
    if (Rank(weights) == 1 && weights->type != kTfLiteFloat32) {
      return op.Refuse("input %d is a diagonal that is not float32", index);
    }
    if (Rank(weights) == 1 && cells != outputs) {
      return op.Refuse("input %d is a diagonal of %d cells, with %d outputs", index, cells,
                       outputs);
    }
  }
  if (op.input(projection) == nullptr ? outputs != cells : outputs > cells) {
    return op.Refuse("%d outputs of %d cells, %s projection", outputs, cells,
                     op.input(projection) == nullptr ? "without a" : "after their");
  }
  if (op.input(first) != nullptr) TFLITE_SYS_OK(IsThere(op, first + 11));
  return kTfLiteOk;
}

TfLiteStatus Lstm(const Op& op) {
  // With five inputs it is another kernel, which compares the lengths.
  if (op.inputs() < 20) return kTfLiteOk;
  TFLITE_SYS_OK(op.ExpectRank(0, 2));
  return Gates(op, 1);
}

TfLiteStatus SequenceLstm(const Op& op) {
  TFLITE_SYS_OK(op.ExpectRank(0, 3));
  return Gates(op, 1);
}

TfLiteStatus BothSequenceLstm(const Op& op) {
  TFLITE_SYS_OK(op.ExpectRank(0, 3));
  constexpr int kAuxiliary = 39;
  const bool has_weights = op.input(kAuxiliary + 2) != nullptr;
  const auto* params = op.params<TfLiteBidirectionalSequenceLSTMParams>();
  TFLITE_SYS_OK(Auxiliary(op, kAuxiliary, has_weights, params->time_major));
  struct Half {
    int first, auxiliary;
  };
  for (const Half half : {Half{1, kAuxiliary + 1}, Half{18, kAuxiliary + 5}}) {
    TFLITE_SYS_OK(Gates(op, half.first));
    const int cells = Dim(op.input(half.first + 3), 0);
    for (int gate = 0; gate < 4; ++gate) {
      const int index = half.auxiliary + gate;
      // The first gate may be left out.
      const bool is_needed = has_weights && (gate > 0 || op.input(half.first) != nullptr);
      if (is_needed != (op.input(index) != nullptr)) {
        return op.Refuse("input %d is %s, unlike others", index,
                         is_needed ? "left out" : "given");
      }
      if (is_needed) TFLITE_SYS_OK(HasShape(op, index, {cells, Dim(op.input(kAuxiliary), 2)}));
    }
  }
  return kTfLiteOk;
}

// The state is moved by one step, also if it has none.
TfLiteStatus Svdf(const Op& op) {
  TFLITE_SYS_OK(ExpectRanks(op, {2, 2, 2}));
  if (op.input(3) != nullptr) TFLITE_SYS_OK(op.ExpectRank(3, 1));
  for (int index = 0; index < 3; ++index) {
    if (Count(op.input(index)) == 0) return op.Refuse("input %d has no elements", index);
  }
  return kTfLiteOk;
}

constexpr Guard kGuards[] = {
    {.code = kTfLiteBuiltinRnn, .prepare = Rnn, .same_type = 0},
    {.code = kTfLiteBuiltinUnidirectionalSequenceRnn, .prepare = SequenceRnn, .same_type = 0},
    {.code = kTfLiteBuiltinBidirectionalSequenceRnn, .prepare = BothSequenceRnn, .same_type = 0},
    {.code = kTfLiteBuiltinLstm, .prepare = Lstm},
    {.code = kTfLiteBuiltinUnidirectionalSequenceLstm, .prepare = SequenceLstm},
    {.code = kTfLiteBuiltinBidirectionalSequenceLstm, .prepare = BothSequenceLstm},
    {.code = kTfLiteBuiltinSvdf, .prepare = Svdf, .same_type = 0},
};

}  // namespace

Guards NetworkGuards() { return {kGuards, sizeof kGuards / sizeof *kGuards}; }

}  // namespace tflite_sys
