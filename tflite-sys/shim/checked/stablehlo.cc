// StableHLO's operators: their kernels take the attributes as they are.

#include "checked/check.h"

namespace tflite_sys {
namespace {

// Whether there are `expected` different axes of a tensor with `rank` axes, or any number of them
// if that is negative.
TfLiteStatus Axes(const Op& op, const char* what, const int64_t* axes, int count, int64_t expected,
                  int rank) {
  if (count < 0 || count > 8 || (expected >= 0 && count != expected)) {
    return op.Refuse("%s: %d axes", what, count);
  }
  uint32_t seen = 0;
  for (int i = 0; i < count; ++i) {
    if (axes[i] < 0 || axes[i] >= rank || axes[i] >= 32 || (seen >> axes[i] & 1) != 0) {
      return op.Refuse("%s: axis %lld of %d", what, static_cast<long long>(axes[i]), rank);
    }
    seen |= uint32_t{1} << axes[i];
  }
  return kTfLiteOk;
}

bool Contains(const int64_t* axes, int count, int axis) {
  for (int i = 0; i < count; ++i) {
    if (axes[i] == axis) return true;
  }
  return false;
}

TfLiteStatus GatherShapes(const Op& op) {
  const TfLiteTensor* operand = op.input(0);
  const TfLiteTensor* indices = op.input(1);
  const TfLiteTensor* output = op.output(0);
  if (operand == nullptr || indices == nullptr || output == nullptr) {
    return op.Refuse("a tensor is left out");
  }
  const auto* params = op.params<TfLiteStablehloGatherParams>();
  const int rank = Rank(operand), vectors = Rank(indices), results = Rank(output);
  TFLITE_SYS_OK(Axes(op, "collapsed_slice_dims", params->collapsed_slice_dims,
                     params->num_collapsed_slice_dims, -1, rank));
  TFLITE_SYS_OK(Axes(op, "offset_dims", params->offset_dims, params->num_offset_dims,
                     rank - params->num_collapsed_slice_dims, results));
  if (params->index_vector_dim < 0 || params->index_vector_dim >= vectors) {
    return op.Refuse("index_vector_dim %lld of %d axes",
                     static_cast<long long>(params->index_vector_dim), vectors);
  }
  TFLITE_SYS_OK(Axes(op, "start_index_map", params->start_index_map, params->num_start_index_map,
                     Dim(indices, static_cast<int>(params->index_vector_dim)), rank));
  if (params->num_slice_sizes != rank || results != vectors - 1 + params->num_offset_dims) {
    return op.Refuse("%d slice sizes for %d axes, %d axes of results", params->num_slice_sizes,
                     rank, results);
  }
  for (int axis = 0; axis < rank; ++axis) {
    const int64_t size = params->slice_sizes[axis];
    const bool is_collapsed =
        Contains(params->collapsed_slice_dims, params->num_collapsed_slice_dims, axis);
    if (size < 0 || size > Dim(operand, axis) || (is_collapsed && size > 1)) {
      return op.Refuse("slice size %lld of axis %d, which has the length %d",
                       static_cast<long long>(size), axis, Dim(operand, axis));
    }
  }
  return kTfLiteOk;
}

// The kernels compute at least one element.
TfLiteStatus NothingEmpty(const Op& op) {
  TFLITE_SYS_OK(NotEmpty(op));
  if (op.output(0) != nullptr && Count(op.output(0)) == 0) {
    return op.Refuse("the output has no elements");
  }
  return kTfLiteOk;
}

TfLiteStatus Indices(const Op& op, int64_t limit) {
  TFLITE_SYS_OK(op.Expect(1, {kTfLiteInt32, kTfLiteInt64}));
  Ints indices;
  TFLITE_SYS_OK(Ints::Read(op, 1, &indices));
  for (int64_t i = 0; i < indices.count(); ++i) {
    if (indices[i] < 0 || indices[i] > limit) {
      return op.Refuse("index %lld is not within 0..=%lld", static_cast<long long>(indices[i]),
                       static_cast<long long>(limit));
    }
  }
  return kTfLiteOk;
}

// Starts too far behind are moved to the front, but not negative ones.
TfLiteStatus Gather(const Op& op) {
  TFLITE_SYS_OK(NothingEmpty(op));
  return Indices(op, INT32_MAX);
}

TfLiteStatus ScatterShapes(const Op& op) {
  const TfLiteTensor* operand = op.input(0);
  const TfLiteTensor* indices = op.input(1);
  const TfLiteTensor* updates = op.input(2);
  if (operand == nullptr || indices == nullptr || updates == nullptr) {
    return op.Refuse("a tensor is left out");
  }
  TFLITE_SYS_OK(op.Expect(2, {operand->type}));
  const auto* params = op.params<TfLiteStablehloScatterParams>();
  const int rank = Rank(operand), vectors = Rank(indices), outer = Rank(updates);
  TFLITE_SYS_OK(Axes(op, "inserted_window_dims", params->inserted_window_dims,
                     params->num_inserted_window_dims, -1, rank));
  TFLITE_SYS_OK(Axes(op, "update_window_dims", params->update_window_dims,
                     params->num_update_window_dims, rank - params->num_inserted_window_dims,
                     outer));
  if (params->index_vector_dim < 0 || params->index_vector_dim >= vectors) {
    return op.Refuse("index_vector_dim %lld of %d axes",
                     static_cast<long long>(params->index_vector_dim), vectors);
  }
  TFLITE_SYS_OK(Axes(op, "scatter_dims_to_operand_dims", params->scatter_dims_to_operand_dims,
                     params->num_scatter_dims_to_operand_dims,
                     Dim(indices, static_cast<int>(params->index_vector_dim)), rank));
  if (outer - params->num_update_window_dims != vectors - 1) {
    return op.Refuse("updates of %d axes for indices of %d", outer, vectors);
  }
  int next = 0;
  for (int axis = 0; axis < outer; ++axis) {
    if (Contains(params->update_window_dims, params->num_update_window_dims, axis)) continue;
    if (next == params->index_vector_dim) ++next;
    if (Dim(updates, axis) != Dim(indices, next)) {
      return op.Refuse("axis %d of the updates has the length %d instead of %d", axis,
                       Dim(updates, axis), Dim(indices, next));
    }
    ++next;
  }
  return kTfLiteOk;
}

// What lies too far behind is skipped, but not what lies before; sums must not turn negative.
TfLiteStatus Scatter(const Op& op) {
  TFLITE_SYS_OK(NothingEmpty(op));
  int longest = 0;
  for (int axis = 0; axis < Rank(op.input(2)); ++axis) {
    if (Dim(op.input(2), axis) > longest) longest = Dim(op.input(2), axis);
  }
  return Indices(op, INT32_MAX - longest);
}

TfLiteStatus Pad(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  if (input == nullptr) return op.Refuse("a tensor is left out");
  const auto* params = op.params<TfLiteStablehloPadParams>();
  TFLITE_SYS_OK(op.ExpectCount(1, 1));
  if (Rank(input) < 1 || Rank(input) > 8) return op.Refuse("%d dimensions", Rank(input));
  for (int axis = 0; axis < Rank(input); ++axis) {
    const int64_t low = params->edge_padding_low[axis], high = params->edge_padding_high[axis],
                  interior = params->interior_padding[axis];
    constexpr int64_t kLimit = INT32_MAX;
    if (low < -kLimit || low > kLimit || high < -kLimit || high > kLimit || interior < 0 ||
        interior > kLimit / (Dim(input, axis) + int64_t{1})) {
      return op.Refuse("padding %lld, %lld and %lld of axis %d", static_cast<long long>(low),
                       static_cast<long long>(high), static_cast<long long>(interior), axis);
    }
  }
  return kTfLiteOk;
}

// The lengths of a window's axis, before and after each step; false if one is too large.
bool Window(int64_t length, int64_t dilation, int64_t low, int64_t high) {
  constexpr int64_t kLimit = INT32_MAX;
  if (dilation < 1 || dilation > kLimit || low < -kLimit || low > kLimit || high < -kLimit ||
      high > kLimit) {
    return false;
  }
  const int64_t dilated = (length - 1) * dilation + 1;
  return dilated <= kLimit && dilated + low + high <= kLimit && dilated + low + high >= 0;
}

TfLiteStatus StablehloReduceWindow(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  if (input == nullptr) return op.Refuse("a tensor is left out");
  TFLITE_SYS_OK(op.ExpectCount(1, 1));
  const auto* params = op.params<TfLiteStablehloReduceWindowParams>();
  if (Rank(input) < 1 || Rank(input) > 6) return op.Refuse("%d dimensions", Rank(input));
  for (int axis = 0; axis < Rank(input); ++axis) {
    if (!Window(Dim(input, axis), params->base_dilations[axis], params->padding[2 * axis],
                params->padding[2 * axis + 1]) ||
        !Window(params->window_dimensions[axis], params->window_dilations[axis], 0, 0)) {
      return op.Refuse("dilation or padding of axis %d", axis);
    }
  }
  return kTfLiteOk;
}

TfLiteStatus ReduceWindow(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  if (input == nullptr) return op.Refuse("a tensor is left out");
  TFLITE_SYS_OK(op.ExpectCount(1, 1));
  Ints window, strides, dilations;
  for (int index = 2; index <= 4; ++index) {
    TFLITE_SYS_OK(op.Expect(index, {kTfLiteInt64}));
    TFLITE_SYS_OK(op.ExpectCount(index, Rank(input)));
  }
  TFLITE_SYS_OK(Ints::Read(op, 2, &window));
  TFLITE_SYS_OK(Ints::Read(op, 3, &strides));
  TFLITE_SYS_OK(Ints::Read(op, 4, &dilations));
  for (int axis = 0; axis < Rank(input); ++axis) {
    if (window[axis] < 1 || window[axis] > INT32_MAX || strides[axis] < 1 ||
        strides[axis] > INT32_MAX || !Window(window[axis], dilations[axis], 0, 0)) {
      return op.Refuse("window %lld, stride %lld and dilation %lld of axis %d",
                       static_cast<long long>(window[axis]),
                       static_cast<long long>(strides[axis]),
                       static_cast<long long>(dilations[axis]), axis);
    }
  }
  return kTfLiteOk;
}

TfLiteStatus ShiftLeft(const Op& op) {
  if (op.input(0) == nullptr || op.input(1) == nullptr) return op.Refuse("a tensor is left out");
  if (SameShape(op.input(0), op.input(1))) return kTfLiteOk;
  return op.Refuse("the inputs have different shapes");
}

constexpr Guard kGuards[] = {
    {.code = kTfLiteBuiltinStablehloGather,
     .prepare = GatherShapes,
     .values = Gather,
     .same_type = 0},
    {.code = kTfLiteBuiltinStablehloScatter,
     .prepare = ScatterShapes,
     .values = Scatter,
     .same_type = 0},
    {.code = kTfLiteBuiltinStablehloPad, .prepare = Pad, .same_type = 0},
    {.code = kTfLiteBuiltinStablehloReduceWindow,
     .prepare = StablehloReduceWindow,
     .invoke = NothingEmpty},
    {.code = kTfLiteBuiltinReduceWindow,
     .known = 0b11100,
     .values = ReduceWindow,
     .invoke = NothingEmpty},
    {.code = kTfLiteBuiltinStablehloShiftLeft, .prepare = ShiftLeft},
    {.code = kTfLiteBuiltinStablehloAdd, .invoke = NothingEmpty, .same_type = 0},
    {.code = kTfLiteBuiltinStablehloAnd, .invoke = NothingEmpty, .same_type = 0},
    {.code = kTfLiteBuiltinStablehloMultiply, .invoke = NothingEmpty, .same_type = 0},
    {.code = kTfLiteBuiltinStablehloMaximum, .invoke = NothingEmpty, .same_type = 0},
    {.code = kTfLiteBuiltinStablehloMinimum, .invoke = NothingEmpty, .same_type = 0},
};

}  // namespace

Guards StablehloGuards() { return {kGuards, sizeof kGuards / sizeof *kGuards}; }

}  // namespace tflite_sys
