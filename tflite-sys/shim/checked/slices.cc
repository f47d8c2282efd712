// Parts of tensors, orders of axes, margins.

#include "checked/check.h"

namespace tflite_sys {
namespace {

TfLiteStatus Slice(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  const TfLiteTensor* output = op.output(0);
  if (input == nullptr || output == nullptr) return op.Refuse("a tensor is left out");
  Ints begins, sizes;
  TFLITE_SYS_OK(Ints::Read(op, 1, &begins));
  TFLITE_SYS_OK(Ints::Read(op, 2, &sizes));
  TFLITE_SYS_OK(op.Expect(2, {op.input(1)->type}));
  TFLITE_SYS_OK(op.ExpectCount(1, Rank(input)));
  TFLITE_SYS_OK(op.ExpectCount(2, Rank(input)));
  // The kernel keeps a shape that the file gives.
  const bool is_given = output->allocation_type != kTfLiteDynamic && Rank(output) != 0 &&
                        output->data.raw != nullptr;
  if (is_given && Rank(output) != Rank(input)) {
    return op.Refuse("the output has %d dimensions, the input %d", Rank(output), Rank(input));
  }
  for (int axis = 0; axis < Rank(input); ++axis) {
    const int64_t dim = Dim(input, axis), begin = begins[axis];
    if (begin < 0 || begin > dim) {
      return op.Refuse("begin %lld of axis %d is not within 0..=%lld",
                       static_cast<long long>(begin), axis, static_cast<long long>(dim));
    }
    const int64_t size = sizes[axis] == -1 ? dim - begin : sizes[axis];
    if (size < 0 || size > dim - begin) {
      return op.Refuse("size %lld of axis %d is not within 0..=%lld, and not -1",
                       static_cast<long long>(size), axis, static_cast<long long>(dim - begin));
    }
    if (is_given && Dim(output, axis) != size) {
      return op.Refuse("size %lld of axis %d is not that of the output, %d",
                       static_cast<long long>(size), axis, Dim(output, axis));
    }
  }
  return kTfLiteOk;
}

int Bits(int mask, int count) {
  int bits = 0;
  for (int bit = 0; bit < count; ++bit) bits += mask >> bit & 1;
  return bits;
}

// The kernel has room for 5 axes, and finds out only after it filled them.
TfLiteStatus StridedSliceMasks(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  if (input == nullptr) return op.Refuse("a tensor is left out");
  for (int index = 1; index <= 3; ++index) {
    TFLITE_SYS_OK(op.Expect(index, {kTfLiteInt32}));
    TFLITE_SYS_OK(op.ExpectRank(index, 1));
    TFLITE_SYS_OK(op.ExpectCount(index, Count(op.input(1))));
  }
  const auto* params = op.params<TfLiteStridedSliceParams>();
  const int64_t count = Count(op.input(1));
  if (count > 10) return op.Refuse("%lld positions are too many", static_cast<long long>(count));
  const int positions = static_cast<int>(count);
  if (Bits(params->ellipsis_mask, positions) > 1) return op.Refuse("there are several ellipses");
  const int added = Bits(params->new_axis_mask & ~params->ellipsis_mask, positions);
  if (Rank(input) + added > 5) {
    return op.Refuse("%d axes and %d new ones are more than 5", Rank(input), added);
  }
  if (positions > Rank(input) + added) {
    return op.Refuse("there are %d positions for %d axes and %d new ones", positions, Rank(input),
                     added);
  }
  if (params->offset && !IsKnown(op.input(2))) {
    return op.Refuse("the ends must be constant if they are offsets");
  }
  return kTfLiteOk;
}

TfLiteStatus StridedSlice(const Op& op) {
  const auto* params = op.params<TfLiteStridedSliceParams>();
  if (op.input(0) == nullptr) return op.Refuse("a tensor is left out");
  Ints ends, strides;
  TFLITE_SYS_OK(Ints::Read(op, 2, &ends));
  TFLITE_SYS_OK(Ints::Read(op, 3, &strides));
  // The kernel adds a stride to a position before it looks whether that is still within the axis.
  int64_t longest = 1;
  for (int axis = 0; axis < Rank(op.input(0)); ++axis) {
    if (Dim(op.input(0), axis) > longest) longest = Dim(op.input(0), axis);
  }
  const int64_t limit = INT32_MAX - longest;
  for (int64_t i = 0; i < strides.count(); ++i) {
    if (strides[i] == 0 || strides[i] > limit || strides[i] < -limit) {
      return op.Refuse("stride %lld of position %lld", static_cast<long long>(strides[i]),
                       static_cast<long long>(i));
    }
    // The kernel takes a negative end for one counted from the other side, but only when it copies.
    if (params->offset && (strides[i] < 0 || ends[i] < 0)) {
      return op.Refuse("a negative stride or end, of position %lld", static_cast<long long>(i));
    }
  }
  // With offsets, the kernel reads an end for each axis.
  if (params->offset && ends.count() < Rank(op.input(0))) {
    return op.Refuse("there are %lld ends for %d axes", static_cast<long long>(ends.count()),
                     Rank(op.input(0)));
  }
  return kTfLiteOk;
}

TfLiteStatus ReadPadding(const Op& op, int index, int64_t rows, Ints* padding) {
  TFLITE_SYS_OK(Ints::Read(op, index, padding));
  TFLITE_SYS_OK(op.ExpectRank(index, 2));
  if (Dim(op.input(index), 0) != rows || Dim(op.input(index), 1) != 2) {
    return op.Refuse("the shape [%d, %d] of input %d is not [%lld, 2]", Dim(op.input(index), 0),
                     Dim(op.input(index), 1), index, static_cast<long long>(rows));
  }
  return kTfLiteOk;
}

TfLiteStatus PadShapes(const Op& op) { return op.ExpectRank(1, 2); }

TfLiteStatus Pad(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  Ints padding;
  TFLITE_SYS_OK(ReadPadding(op, 1, Rank(input), &padding));
  for (int axis = 0; axis < Rank(input); ++axis) {
    const int64_t limit = INT32_MAX - Dim(input, axis);
    const int64_t before = padding[2 * axis], after = padding[2 * axis + 1];
    if (before < 0 || after < 0 || before > limit || after > limit - before) {
      return op.Refuse("padding %lld and %lld of axis %d: negative, or more than %lld",
                       static_cast<long long>(before), static_cast<long long>(after), axis,
                       static_cast<long long>(limit));
    }
  }
  return kTfLiteOk;
}

TfLiteStatus MirrorPad(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  TFLITE_SYS_OK(op.Expect(1, {kTfLiteInt32, kTfLiteInt64}));
  Ints padding;
  TFLITE_SYS_OK(ReadPadding(op, 1, Rank(input), &padding));
  const auto* params = op.params<TfLiteMirrorPaddingParams>();
  const int64_t edge = params->mode == kTfLiteMirrorPaddingReflect ? 1 : 0;
  for (int axis = 0; axis < Rank(input); ++axis) {
    const int64_t limit = Dim(input, axis) > edge ? Dim(input, axis) - edge : 0;
    for (int side = 0; side < 2; ++side) {
      const int64_t value = padding[2 * axis + side];
      if (value < 0 || value > limit) {
        return op.Refuse("padding %lld of axis %d is not within 0..=%lld",
                         static_cast<long long>(value), axis, static_cast<long long>(limit));
      }
    }
  }
  return kTfLiteOk;
}

TfLiteStatus Transpose(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  if (input == nullptr) return op.Refuse("a tensor is left out");
  TFLITE_SYS_OK(op.Expect(1, {kTfLiteInt32}));
  TFLITE_SYS_OK(op.ExpectRank(1, 1));
  TFLITE_SYS_OK(op.ExpectCount(1, Rank(input)));
  Ints order;
  TFLITE_SYS_OK(Ints::Read(op, 1, &order));
  uint32_t seen = 0;
  const int rank = Rank(input);
  if (rank > 32) return op.Refuse("%d dimensions are too many", rank);
  for (int axis = 0; axis < rank; ++axis) {
    const int64_t from = order[axis] < 0 ? order[axis] + rank : order[axis];
    if (from < 0 || from >= rank) {
      return op.Refuse("axis %lld is not within %d..=%d", static_cast<long long>(order[axis]),
                       -rank, rank - 1);
    }
    if ((seen >> from & 1) != 0) {
      return op.Refuse("axis %lld is there twice, so that the order is no permutation",
                       static_cast<long long>(from));
    }
    seen |= uint32_t{1} << from;
  }
  return kTfLiteOk;
}

TfLiteStatus ReverseSequence(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  if (input == nullptr) return op.Refuse("a tensor is left out");
  const auto* params = op.params<TfLiteReverseSequenceParams>();
  const int rank = Rank(input);
  for (const int axis : {params->seq_dim, params->batch_dim}) {
    if (axis < 0 || axis >= rank) return op.Refuse("axis %d of %d", axis, rank);
  }
  TFLITE_SYS_OK(op.Expect(1, {kTfLiteInt32, kTfLiteInt64}));
  TFLITE_SYS_OK(op.ExpectRank(1, 1));
  TFLITE_SYS_OK(op.ExpectCount(1, Dim(input, params->batch_dim)));
  Ints lengths;
  TFLITE_SYS_OK(Ints::Read(op, 1, &lengths));
  const int limit = Dim(input, params->seq_dim);
  for (int64_t i = 0; i < lengths.count(); ++i) {
    if (lengths[i] < 0 || lengths[i] > limit) {
      return op.Refuse("length %lld of batch %lld is not within 0..=%d",
                       static_cast<long long>(lengths[i]), static_cast<long long>(i), limit);
    }
  }
  return kTfLiteOk;
}

TfLiteStatus ReverseShapes(const Op& op) {
  TFLITE_SYS_OK(op.ExpectRank(1, 1));
  if (Count(op.input(1)) == 0) return op.Refuse("there are no axes");
  return kTfLiteOk;
}

TfLiteStatus ReadAxis(const Op& op, int index, int rank) {
  TFLITE_SYS_OK(op.Expect(index, {kTfLiteInt32}));
  TFLITE_SYS_OK(op.ExpectCount(index, 1));
  Ints axis;
  TFLITE_SYS_OK(Ints::Read(op, index, &axis));
  if (axis[0] < -rank || axis[0] >= rank) {
    return op.Refuse("axis %lld is not within %d..=%d", static_cast<long long>(axis[0]), -rank,
                     rank - 1);
  }
  return kTfLiteOk;
}

TfLiteStatus Split(const Op& op) {
  const TfLiteTensor* input = op.input(1);
  if (input == nullptr) return op.Refuse("a tensor is left out");
  return ReadAxis(op, 0, Rank(input));
}

TfLiteStatus SplitV(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  if (input == nullptr) return op.Refuse("a tensor is left out");
  TFLITE_SYS_OK(ReadAxis(op, 2, Rank(input)));
  Ints axis, sizes;
  TFLITE_SYS_OK(Ints::Read(op, 2, &axis));
  TFLITE_SYS_OK(op.Expect(1, {kTfLiteInt32, kTfLiteInt64}));
  TFLITE_SYS_OK(Ints::Read(op, 1, &sizes));
  const int limit = Dim(input, static_cast<int>(axis[0] < 0 ? axis[0] + Rank(input) : axis[0]));
  for (int64_t i = 0; i < sizes.count(); ++i) {
    if (sizes[i] < -1 || sizes[i] > limit) {
      return op.Refuse("size %lld of part %lld is not within 0..=%d, and not -1",
                       static_cast<long long>(sizes[i]), static_cast<long long>(i), limit);
    }
  }
  return kTfLiteOk;
}

TfLiteStatus BlocksAndMargins(const Op& op, Ints* blocks, Ints* margins) {
  const TfLiteTensor* input = op.input(0);
  if (input == nullptr) return op.Refuse("a tensor is left out");
  const int axes = Rank(input) - 2;
  TFLITE_SYS_OK(op.Expect(1, {kTfLiteInt32}));
  TFLITE_SYS_OK(op.Expect(2, {kTfLiteInt32}));
  TFLITE_SYS_OK(op.ExpectRank(1, 1));
  TFLITE_SYS_OK(op.ExpectCount(1, axes));
  TFLITE_SYS_OK(Ints::Read(op, 1, blocks));
  TFLITE_SYS_OK(ReadPadding(op, 2, axes, margins));
  for (int i = 0; i < axes; ++i) {
    if ((*blocks)[i] < 1) {
      return op.Refuse("block size %lld of axis %d is not at least 1",
                       static_cast<long long>((*blocks)[i]), i + 1);
    }
    for (int side = 0; side < 2; ++side) {
      if ((*margins)[2 * i + side] < 0) {
        return op.Refuse("%lld at an edge of axis %d is negative",
                         static_cast<long long>((*margins)[2 * i + side]), i + 1);
      }
    }
  }
  return kTfLiteOk;
}

TfLiteStatus BatchToSpace(const Op& op) {
  Ints blocks, crops;
  TFLITE_SYS_OK(BlocksAndMargins(op, &blocks, &crops));
  for (int i = 0; i < blocks.count(); ++i) {
    const int64_t dim = Dim(op.input(0), i + 1) * blocks[i];
    const int64_t cropped = crops[2 * i] + crops[2 * i + 1];
    if (dim > INT32_MAX || cropped > dim) {
      return op.Refuse("axis %d would have the length %lld", i + 1,
                       static_cast<long long>(dim - cropped));
    }
  }
  return kTfLiteOk;
}

TfLiteStatus SpaceToBatch(const Op& op) {
  Ints blocks, padding;
  TFLITE_SYS_OK(BlocksAndMargins(op, &blocks, &padding));
  int64_t batches = Dim(op.input(0), 0);
  for (int i = 0; i < blocks.count(); ++i) {
    const int64_t dim = Dim(op.input(0), i + 1) + padding[2 * i] + padding[2 * i + 1];
    if (dim > INT32_MAX) {
      return op.Refuse("axis %d would have the length %lld", i + 1, static_cast<long long>(dim));
    }
    if ((batches *= blocks[i]) > INT32_MAX) return op.Refuse("there would be too many batches");
  }
  return kTfLiteOk;
}

constexpr Guard kGuards[] = {
    {.code = kTfLiteBuiltinSlice, .known = 0b110, .values = Slice},
    {.code = kTfLiteBuiltinStridedSlice,
     .prepare = StridedSliceMasks,
     .known = 0b1100,
     .values = StridedSlice},
    {.code = kTfLiteBuiltinPad, .prepare = PadShapes, .known = 0b10, .values = Pad},
    {.code = kTfLiteBuiltinPadv2, .prepare = PadShapes, .known = 0b10, .values = Pad},
    {.code = kTfLiteBuiltinMirrorPad, .known = 0b10, .values = MirrorPad, .same_type = 0},
    {.code = kTfLiteBuiltinTranspose, .known = 0b10, .values = Transpose},
    {.code = kTfLiteBuiltinReverseSequence, .known = 0b10, .values = ReverseSequence},
    {.code = kTfLiteBuiltinReverseV2, .prepare = ReverseShapes},
    {.code = kTfLiteBuiltinSplit, .known = 0b1, .values = Split},
    {.code = kTfLiteBuiltinSplitV, .known = 0b110, .values = SplitV},
    {.code = kTfLiteBuiltinBatchToSpaceNd, .known = 0b110, .values = BatchToSpace},
    {.code = kTfLiteBuiltinSpaceToBatchNd, .known = 0b110, .values = SpaceToBatch},
};

}  // namespace

Guards SliceGuards() { return {kGuards, sizeof kGuards / sizeof *kGuards}; }

}  // namespace tflite_sys
