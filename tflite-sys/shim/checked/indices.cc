// Indices into tensors, and shapes that follow from them.

#include "checked/check.h"

namespace tflite_sys {
namespace {

TfLiteStatus ScatterNdShapes(const Op& op) {
  const TfLiteTensor* indices = op.input(0);
  const TfLiteTensor* updates = op.input(1);
  const TfLiteTensor* shape = op.input(2);
  if (indices == nullptr || updates == nullptr || shape == nullptr) {
    return op.Refuse("a tensor is left out");
  }
  TFLITE_SYS_OK(op.Expect(0, {kTfLiteInt32}));
  TFLITE_SYS_OK(op.Expect(2, {kTfLiteInt32}));
  TFLITE_SYS_OK(op.ExpectRank(2, 1));
  const int outer = Rank(indices) - 1;
  if (outer < 0 || Rank(updates) < outer || Dim(indices, outer) > Dim(shape, 0) ||
      Dim(shape, 0) > 254) {
    return op.Refuse("the ranks of indices, updates and shape do not fit");
  }
  return kTfLiteOk;
}

TfLiteStatus ScatterNdShape(const Op& op) {
  Ints shape;
  TFLITE_SYS_OK(Ints::Read(op, 2, &shape));
  for (int64_t axis = 0; axis < shape.count(); ++axis) {
    // The kernel divides by them.
    if (shape[axis] < 1) {
      return op.Refuse("length %lld of axis %lld is not at least 1",
                       static_cast<long long>(shape[axis]), static_cast<long long>(axis));
    }
  }
  return kTfLiteOk;
}

TfLiteStatus ScatterNd(const Op& op) {
  Ints indices, shape;
  TFLITE_SYS_OK(ScatterNdShape(op));
  TFLITE_SYS_OK(Ints::Read(op, 0, &indices));
  TFLITE_SYS_OK(Ints::Read(op, 2, &shape));
  const int64_t depth = Dim(op.input(0), Rank(op.input(0)) - 1);
  for (int64_t i = 0; i < indices.count(); ++i) {
    const int64_t limit = shape[i % depth] - 1;
    if (indices[i] < 0 || indices[i] > limit) {
      return op.Refuse("index %lld of axis %lld is not within 0..=%lld",
                       static_cast<long long>(indices[i]), static_cast<long long>(i % depth),
                       static_cast<long long>(limit));
    }
  }
  return kTfLiteOk;
}

TfLiteStatus SparseToDenseShapes(const Op& op) {
  const TfLiteTensor* indices = op.input(0);
  const TfLiteTensor* values = op.input(2);
  if (indices == nullptr || values == nullptr) return op.Refuse("a tensor is left out");
  // The kernel takes the number of a single index from behind its shape.
  if (Rank(indices) == 0) return op.Refuse("the indices have no dimensions");
  if (Rank(values) == 1 && Dim(values, 0) < Dim(indices, 0)) {
    return op.Refuse("there are %d indices, but %d values", Dim(indices, 0), Dim(values, 0));
  }
  if (Rank(values) == 0 || Rank(values) == 1) return kTfLiteOk;
  return op.Refuse("the values have %d dimensions", Rank(values));
}

TfLiteStatus SparseToDense(const Op& op) {
  const TfLiteTensor* tensor = op.input(0);
  Ints indices, shape;
  TFLITE_SYS_OK(Ints::Read(op, 0, &indices));
  TFLITE_SYS_OK(op.Expect(1, {kTfLiteInt32, kTfLiteInt64}));
  TFLITE_SYS_OK(Ints::Read(op, 1, &shape));
  const int64_t depth = Rank(tensor) == 2 ? Dim(tensor, 1) : 1;
  if (depth > 4 || shape.count() != depth) {
    return op.Refuse("an index of %lld numbers for %lld axes", static_cast<long long>(depth),
                     static_cast<long long>(shape.count()));
  }
  for (int64_t i = 0; i < indices.count(); ++i) {
    const int64_t limit = shape[i % depth] - 1;
    if (indices[i] < 0 || indices[i] > limit) {
      return op.Refuse("index %lld of axis %lld is not within 0..=%lld",
                       static_cast<long long>(indices[i]), static_cast<long long>(i % depth),
                       static_cast<long long>(limit));
    }
  }
  return kTfLiteOk;
}

TfLiteStatus EmbeddingLookupTypes(const Op& op) {
  const TfLiteTensor* value = op.input(1);
  const TfLiteTensor* output = op.output(0);
  if (value == nullptr || output == nullptr) return op.Refuse("a tensor is left out");
  const bool is_float = output->type == kTfLiteFloat32 || output->type == kTfLiteFloat16;
  if (value->quantization.type == kTfLiteBlockwiseQuantization) {
    if (!is_float) return op.ExpectOutput(0, {kTfLiteFloat32, kTfLiteFloat16});
    const auto* details =
        static_cast<const TfLiteBlockwiseQuantization*>(value->quantization.params);
    const TfLiteTensor* scales = op.tensor(details->scale);
    if (Rank(value) != 2 || details->blocksize < 2 || Dim(value, 1) % details->blocksize != 0 ||
        details->blocksize % 2 != 0 || scales == nullptr || !IsKnown(scales) ||
        scales->type != kTfLiteFloat16 ||
        scales->bytes / 2 < static_cast<size_t>(Count(value) / details->blocksize)) {
      return op.Refuse("the scales of the blocks do not fit the table");
    }
    return kTfLiteOk;
  }
  if (value->type == output->type && value->type != kTfLiteString) return kTfLiteOk;
  if (is_float) return op.Expect(1, {kTfLiteUInt8, kTfLiteInt8, kTfLiteInt4, kTfLiteInt2});
  return op.Refuse("a table of %s, but an output of %s", TfLiteTypeGetName(value->type),
                   TfLiteTypeGetName(output->type));
}

TfLiteStatus EmbeddingLookupSparseTypes(const Op& op) {
  TFLITE_SYS_OK(op.Expect(4, {kTfLiteFloat32}));
  const TfLiteTensor* indices = op.input(1);
  const TfLiteTensor* shape = op.input(2);
  if (indices == nullptr || shape == nullptr) return op.Refuse("a tensor is left out");
  TFLITE_SYS_OK(op.ExpectRank(1, 2));
  TFLITE_SYS_OK(op.ExpectRank(2, 1));
  if (Dim(indices, 1) < 1 || Dim(indices, 1) != Dim(shape, 0) || Dim(shape, 0) > 254) {
    return op.Refuse("an index of %d numbers for %d axes", Dim(indices, 1), Dim(shape, 0));
  }
  return kTfLiteOk;
}

TfLiteStatus EmbeddingLookupSparse(const Op& op) {
  Ints indices, shape;
  TFLITE_SYS_OK(Ints::Read(op, 1, &indices));
  TFLITE_SYS_OK(Ints::Read(op, 2, &shape));
  const TfLiteTensor* value = op.input(4);
  int64_t count = Dim(value, 0) > 0 ? Count(value) / Dim(value, 0) : 0;
  const int64_t depth = shape.count();
  for (int64_t axis = 0; axis + 1 < depth; ++axis) {
    if (shape[axis] < 0) {
      return op.Refuse("length %lld of axis %lld", static_cast<long long>(shape[axis]),
                       static_cast<long long>(axis));
    }
    if ((count *= shape[axis]) > kMaxElements) return op.Refuse("the output would be too large");
  }
  for (int64_t i = 0; i < indices.count(); ++i) {
    // The last number is not used.
    const int64_t axis = i % depth, limit = shape[axis] - 1;
    if (axis + 1 < depth && (indices[i] < 0 || indices[i] > limit)) {
      return op.Refuse("index %lld of axis %lld is not within 0..=%lld",
                       static_cast<long long>(indices[i]), static_cast<long long>(axis),
                       static_cast<long long>(limit));
    }
  }
  return kTfLiteOk;
}

TfLiteStatus SegmentSumShapes(const Op& op) {
  TFLITE_SYS_OK(op.ExpectRank(1, 1));
  if (op.input(0) == nullptr || Rank(op.input(0)) < 1) {
    return op.Refuse("the data have no dimensions");
  }
  return kTfLiteOk;
}

TfLiteStatus UnsortedSegmentShapes(const Op& op) {
  TFLITE_SYS_OK(op.ExpectCount(2, 1));
  if (op.input(0) == nullptr || op.input(1) == nullptr || Rank(op.input(0)) < 1 ||
      Rank(op.input(1)) < 1) {
    return op.Refuse("data or segments have no dimensions");
  }
  return kTfLiteOk;
}

TfLiteStatus OneHotTypes(const Op& op) { return op.Expect(1, {kTfLiteInt32}); }

TfLiteStatus ArgShapes(const Op& op) { return op.ExpectCount(1, 1); }

// An axis without elements has no greatest one.
TfLiteStatus ArgAxis(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  Ints axis;
  TFLITE_SYS_OK(Ints::Read(op, 1, &axis));
  const int rank = Rank(input);
  if (axis[0] < -rank || axis[0] >= rank) {
    return op.Refuse("axis %lld is not within %d..=%d", static_cast<long long>(axis[0]), -rank,
                     rank - 1);
  }
  if (Dim(input, static_cast<int>(axis[0] < 0 ? axis[0] + rank : axis[0])) == 0) {
    return op.Refuse("axis %lld has no elements", static_cast<long long>(axis[0]));
  }
  return kTfLiteOk;
}

TfLiteStatus TopK(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  const TfLiteTensor* indices = op.output(1);
  if (input == nullptr || indices == nullptr || Rank(input) < 1) {
    return op.Refuse("the input has no dimensions");
  }
  if (indices->type == kTfLiteInt16 && Dim(input, Rank(input) - 1) > INT16_MAX + 1) {
    return op.Refuse("indices of 16 bits for %d elements", Dim(input, Rank(input) - 1));
  }
  return kTfLiteOk;
}

TfLiteStatus MatrixTypes(const Op& op) {
  return op.Expect(0, {kTfLiteInt64, kTfLiteInt32, kTfLiteInt16, kTfLiteInt8, kTfLiteUInt8,
                       kTfLiteFloat32});
}

TfLiteStatus MatrixSetDiagShapes(const Op& op) {
  TFLITE_SYS_OK(MatrixTypes(op));
  const TfLiteTensor* input = op.input(0);
  const TfLiteTensor* diagonal = op.input(1);
  if (input == nullptr || Rank(input) < 2) return op.Refuse("the input is no matrix");
  TFLITE_SYS_OK(op.Expect(1, {input->type}));
  TFLITE_SYS_OK(op.ExpectRank(1, Rank(input) - 1));
  const int last = Rank(input) - 1;
  for (int axis = 0; axis + 1 < last; ++axis) {
    if (Dim(input, axis) != Dim(diagonal, axis)) return op.Refuse("the diagonals are not as many");
  }
  const int rows = Dim(input, last - 1), columns = Dim(input, last);
  const int length = rows < columns ? rows : columns;
  if (Dim(diagonal, last - 1) == length) return kTfLiteOk;
  return op.Refuse("the diagonal has %d elements instead of %d", Dim(diagonal, last - 1), length);
}

TfLiteStatus LshTypes(const Op& op) {
  TFLITE_SYS_OK(op.Expect(0, {kTfLiteFloat32}));
  if (op.inputs() == 3) TFLITE_SYS_OK(op.Expect(2, {kTfLiteFloat32}));
  if (op.input(1) == nullptr || op.input(1)->type == kTfLiteString) {
    return op.Refuse("strings cannot be projected");
  }
  return op.ExpectOutput(0, {kTfLiteInt32});
}

TfLiteStatus SkipGram(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  if (input == nullptr || Count(input) < 1) return op.Refuse("there is no text");
  return kTfLiteOk;
}

TfLiteStatus UniqueTypes(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  if (input == nullptr) return op.Refuse("a tensor is left out");
  TFLITE_SYS_OK(op.ExpectOutput(0, {input->type}));
  const auto* params = op.params<TfLiteUniqueParams>();
  if (params == nullptr) return op.Refuse("there are no options");
  return op.ExpectOutput(1, {params->index_out_type});
}

// Joined scalars have no axis that the kernel could join them along, unless it does so in advance.
// If all inputs are constants, the kernel joins them in `prepare`.
TfLiteStatus ConcatenationRanks(const Op& op) {
  const TfLiteTensor* first = op.input(0);
  if (first == nullptr) return op.Refuse("a tensor is left out");
  bool are_known = true;
  int64_t count = 0;
  for (int index = 0; index < op.inputs(); ++index) {
    const TfLiteTensor* input = op.input(index);
    if (input == nullptr) return op.Refuse("input %d is left out", index);
    are_known = are_known && IsKnown(input);
    count += Count(input);
    if (Rank(first) == 0 &&
        (!are_known || input->type != first->type || input->type == kTfLiteInt4)) {
      return op.Refuse("input %d has no dimensions", index);
    }
  }
  return are_known ? HasRoom(op, count) : kTfLiteOk;
}

constexpr Guard kGuards[] = {
    {.code = kTfLiteBuiltinScatterNd,
     .prepare = ScatterNdShapes,
     .known = 0b101,
     .values = ScatterNd},
    {.code = kTfLiteBuiltinSparseToDense,
     .prepare = SparseToDenseShapes,
     .known = 0b11,
     .values = SparseToDense},
    {.code = kTfLiteBuiltinEmbeddingLookup, .prepare = EmbeddingLookupTypes},
    {.code = kTfLiteBuiltinEmbeddingLookupSparse,
     .prepare = EmbeddingLookupSparseTypes,
     .known = 0b110,
     .values = EmbeddingLookupSparse},
    {.code = kTfLiteBuiltinSegmentSum, .prepare = SegmentSumShapes, .same_type = 0},
    {.code = kTfLiteBuiltinUnsortedSegmentMax, .prepare = UnsortedSegmentShapes, .same_type = 0},
    {.code = kTfLiteBuiltinUnsortedSegmentMin, .prepare = UnsortedSegmentShapes, .same_type = 0},
    {.code = kTfLiteBuiltinUnsortedSegmentProd, .prepare = UnsortedSegmentShapes, .same_type = 0},
    {.code = kTfLiteBuiltinUnsortedSegmentSum, .prepare = UnsortedSegmentShapes, .same_type = 0},
    {.code = kTfLiteBuiltinOneHot, .prepare = OneHotTypes},
    {.code = kTfLiteBuiltinArgMax, .prepare = ArgShapes, .invoke = ArgAxis},
    {.code = kTfLiteBuiltinArgMin, .prepare = ArgShapes, .invoke = ArgAxis},
    {.code = kTfLiteBuiltinTopkV2, .prepare = TopK},
    {.code = kTfLiteBuiltinMatrixDiag, .prepare = MatrixTypes},
    {.code = kTfLiteBuiltinMatrixSetDiag, .prepare = MatrixSetDiagShapes},
    {.code = kTfLiteBuiltinLshProjection, .prepare = LshTypes},
    {.code = kTfLiteBuiltinSkipGram, .prepare = SkipGram, .invoke = SkipGram},
    {.code = kTfLiteBuiltinUnique, .prepare = UniqueTypes},
    {.code = kTfLiteBuiltinConcatenation, .prepare = ConcatenationRanks},
};

}  // namespace

Guards IndexGuards() { return {kGuards, sizeof kGuards / sizeof *kGuards}; }

}  // namespace tflite_sys
