// Values that decide how large an output is.

#include <cmath>

#include "checked/check.h"
#include "tensorflow/lite/kernels/padding.h"

namespace tflite_sys {
namespace {

// Whether each is within bounds, and their product not too large.
TfLiteStatus Lengths(const Op& op, int index, int64_t minimum) {
  Ints lengths;
  TFLITE_SYS_OK(op.Expect(index, {kTfLiteInt32, kTfLiteInt64}));
  TFLITE_SYS_OK(op.ExpectRank(index, 1));
  TFLITE_SYS_OK(Ints::Read(op, index, &lengths));
  int64_t count = 1;
  for (int64_t i = 0; i < lengths.count(); ++i) {
    const int64_t length = lengths[i];
    if (length < minimum || length > INT32_MAX) {
      return op.Refuse("length %lld of axis %lld is not within %lld..=%d",
                       static_cast<long long>(length), static_cast<long long>(i),
                       static_cast<long long>(minimum), INT32_MAX);
    }
    if ((count *= length > 0 ? length : 1) > kMaxElements) {
      return op.Refuse("the output would have more than %d elements", INT32_MAX);
    }
  }
  return kTfLiteOk;
}

TfLiteStatus Fill(const Op& op) {
  TFLITE_SYS_OK(op.ExpectRank(1, 0));
  return Lengths(op, 0, 0);
}

TfLiteStatus BroadcastTo(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  // The kernel copies at least one element.
  TFLITE_SYS_OK(Lengths(op, 1, 1));
  if (input != nullptr && Count(input) == 0) return op.Refuse("the input has no elements");
  return kTfLiteOk;
}

TfLiteStatus Tile(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  if (input == nullptr) return op.Refuse("a tensor is left out");
  if (input->type == kTfLiteString && Rank(input) == 0) {
    return op.Refuse("a string without dimensions");
  }
  TFLITE_SYS_OK(op.Expect(1, {kTfLiteInt32, kTfLiteInt64}));
  TFLITE_SYS_OK(op.ExpectCount(1, Rank(input)));
  Ints multiples;
  TFLITE_SYS_OK(Ints::Read(op, 1, &multiples));
  int64_t count = 1;
  for (int axis = 0; axis < Rank(input); ++axis) {
    const int64_t dim = Dim(input, axis), limit = dim > 0 ? INT32_MAX / dim : INT32_MAX;
    const int64_t multiple = multiples[axis];
    if (multiple < 0 || multiple > limit) {
      return op.Refuse("multiple %lld of axis %d is not within 0..=%lld",
                       static_cast<long long>(multiple), axis, static_cast<long long>(limit));
    }
    if ((count *= dim * multiple > 0 ? dim * multiple : 1) > kMaxElements) {
      return op.Refuse("the output would have more than %d elements", INT32_MAX);
    }
  }
  return kTfLiteOk;
}

TfLiteStatus ResizeImage(const Op& op) {
  TFLITE_SYS_OK(op.Expect(1, {kTfLiteInt32}));
  TFLITE_SYS_OK(op.ExpectCount(1, 2));
  return Lengths(op, 1, 1);
}

TfLiteStatus BroadcastArgs(const Op& op) {
  Ints a, b;
  TFLITE_SYS_OK(Ints::Read(op, 0, &a));
  TFLITE_SYS_OK(Ints::Read(op, 1, &b));
  for (int64_t back = 1; back <= a.count() && back <= b.count(); ++back) {
    const int64_t one = a[a.count() - back], other = b[b.count() - back];
    if (one != other && one != 1 && other != 1) {
      return op.Refuse("the lengths %lld and %lld do not fit", static_cast<long long>(one),
                       static_cast<long long>(other));
    }
  }
  return kTfLiteOk;
}

template <typename T>
TfLiteStatus RangeOf(const Op& op) {
  T values[3];
  for (int index = 0; index < 3; ++index) {
    const TfLiteTensor* input = op.input(index);
    if (input->data.raw == nullptr || input->bytes < sizeof(T)) {
      return op.Refuse("input %d has no value", index);
    }
    values[index] = *static_cast<const T*>(input->data.data);
  }
  const double start = static_cast<double>(values[0]), limit = static_cast<double>(values[1]),
               delta = static_cast<double>(values[2]);
  // This is exact enough for a bound.
  const double steps = (limit - start) / delta;
  if (delta == 0 || !(std::isfinite(steps)) || steps < 0 || steps > kMaxElements - 1.0) {
    return op.Refuse("from %g to %g by %g are not within 0..=%d steps", start, limit, delta,
                     INT32_MAX);
  }
  return kTfLiteOk;
}

TfLiteStatus Range(const Op& op) {
  TFLITE_SYS_OK(op.Expect(0, {kTfLiteInt32, kTfLiteInt64, kTfLiteFloat32}));
  for (int index = 0; index < 3; ++index) {
    TFLITE_SYS_OK(op.Expect(index, {op.input(0)->type}));
    TFLITE_SYS_OK(op.ExpectRank(index, 0));
  }
  switch (op.input(0)->type) {
    case kTfLiteInt32:
      return RangeOf<int32_t>(op);
    case kTfLiteInt64:
      return RangeOf<int64_t>(op);
    default:
      return RangeOf<float>(op);
  }
}

TfLiteStatus ReshapeTo(const Op& op, int64_t count, int64_t (*at)(const void*, int64_t),
                       const void* dims) {
  int64_t product = 1, unknown = 0;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t dim = at(dims, i);
    if (dim < -1) {
      return op.Refuse("length %lld of axis %lld", static_cast<long long>(dim),
                       static_cast<long long>(i));
    }
    unknown += dim == -1;
    if (dim > 0 && (product *= dim) > kMaxElements) {
      return op.Refuse("the output would have more than %d elements", INT32_MAX);
    }
  }
  if (unknown > 1) return op.Refuse("%lld lengths are unknown", static_cast<long long>(unknown));
  return kTfLiteOk;
}

TfLiteStatus Reshape(const Op& op) {
  const TfLiteTensor* shape = op.input(1);
  if (shape == nullptr || Rank(shape) != 1 || shape->type != kTfLiteInt32) {
    // Then the kernel takes the shape from the options.
    const auto* params = op.params<TfLiteReshapeParams>();
    if (params == nullptr) return op.Refuse("there is no shape");
    return ReshapeTo(
        op, params->num_dimensions,
        [](const void* dims, int64_t i) { return int64_t{static_cast<const int*>(dims)[i]}; },
        params->shape);
  }
  Ints dims;
  TFLITE_SYS_OK(Ints::Read(op, 1, &dims));
  return ReshapeTo(
      op, dims.count(),
      [](const void* dims, int64_t i) { return (*static_cast<const Ints*>(dims))[i]; }, &dims);
}

// As many columns as the kernel makes of the output's size must be there in the input.
TfLiteStatus TransposeConv(const Op& op) {
  const TfLiteTensor* weights = op.input(1);
  const TfLiteTensor* input = op.input(2);
  if (weights == nullptr || input == nullptr || Rank(weights) != 4 || Rank(input) != 4) {
    return op.Refuse("weights or input have not 4 dimensions");
  }
  TFLITE_SYS_OK(op.Expect(0, {kTfLiteInt32}));
  TFLITE_SYS_OK(op.ExpectCount(0, 4));
  TFLITE_SYS_OK(Lengths(op, 0, 1));
  Ints shape;
  TFLITE_SYS_OK(Ints::Read(op, 0, &shape));
  const auto* params = op.params<TfLiteTransposeConvParams>();
  if (params->stride_height < 1 || params->stride_width < 1) return op.Refuse("a stride below 1");
  int ignored_height, ignored_width;
  const int filter_height = Dim(weights, 1), filter_width = Dim(weights, 2);
  const int height = static_cast<int>(shape[1]), width = static_cast<int>(shape[2]);
  const TfLitePaddingValues padding = tflite::ComputePaddingHeightWidth(
      params->stride_height, params->stride_width, 1, 1, height, width, filter_height, filter_width,
      params->padding, &ignored_height, &ignored_width);
  const auto columns = [](int64_t length, int64_t filter, int64_t pad, int64_t offset,
                          int64_t stride) {
    const int64_t count = (length + 2 * pad + offset - filter) / stride + 1;
    return count > 0 ? count : 0;
  };
  const int64_t high =
      columns(height, filter_height, padding.height, padding.height_offset, params->stride_height);
  const int64_t wide =
      columns(width, filter_width, padding.width, padding.width_offset, params->stride_width);
  const int64_t limit = int64_t{Dim(input, 1)} * Dim(input, 2);
  if (high * wide > limit || shape[3] != Dim(weights, 0) || shape[0] != Dim(input, 0)) {
    return op.Refuse("the output shape [%lld, %d, %d, %lld] is not that of %d pictures of %d x %d "
                     "and %d filters",
                     static_cast<long long>(shape[0]), height, width,
                     static_cast<long long>(shape[3]), Dim(input, 0), Dim(input, 1), Dim(input, 2),
                     Dim(weights, 0));
  }
  return kTfLiteOk;
}

TfLiteStatus ResizeTo(const Op& op, int output, std::initializer_list<int64_t> dims) {
  TfLiteTensor* tensor = op.output(output);
  if (tensor == nullptr || tensor->allocation_type != kTfLiteDynamic) return kTfLiteOk;
  TfLiteIntArray* array = TfLiteIntArrayCreate(static_cast<int>(dims.size()));
  if (array == nullptr) return op.Refuse("no memory");
  int i = 0;
  for (const int64_t dim : dims) array->data[i++] = static_cast<int>(dim);
  return op.context()->ResizeTensor(op.context(), tensor, array);
}

// The kernels of the next ones do not look whether there was memory for an output.
TfLiteStatus RandomShape(const Op& op) {
  TFLITE_SYS_OK(op.Expect(0, {kTfLiteInt32}));
  return Lengths(op, 0, 0);
}

TfLiteStatus Random(const Op& op) {
  TfLiteTensor* output = op.output(0);
  if (output == nullptr || output->allocation_type != kTfLiteDynamic) return kTfLiteOk;
  Ints shape;
  TFLITE_SYS_OK(Ints::Read(op, 0, &shape));
  TfLiteIntArray* dims = TfLiteIntArrayCreate(static_cast<int>(shape.count()));
  if (dims == nullptr) return op.Refuse("no memory");
  for (int i = 0; i < dims->size; ++i) dims->data[i] = static_cast<int>(shape[i]);
  return op.context()->ResizeTensor(op.context(), output, dims);
}

TfLiteStatus MultinomialShapes(const Op& op) {
  TFLITE_SYS_OK(op.ExpectRank(0, 2));
  TFLITE_SYS_OK(op.ExpectRank(1, 0));
  return op.Expect(1, {kTfLiteInt32});
}

TfLiteStatus NonMaxSuppressionCount(const Op& op) {
  TFLITE_SYS_OK(op.Expect(2, {kTfLiteInt32}));
  TFLITE_SYS_OK(op.ExpectRank(2, 0));
  Ints count;
  TFLITE_SYS_OK(Ints::Read(op, 2, &count));
  if (count[0] < 0) {
    return op.Refuse("%lld boxes at most", static_cast<long long>(count[0]));
  }
  return kTfLiteOk;
}

TfLiteStatus NonMaxSuppression(const Op& op) {
  Ints count;
  TFLITE_SYS_OK(Ints::Read(op, 2, &count));
  TFLITE_SYS_OK(ResizeTo(op, 0, {count[0]}));
  return op.inputs() == 6 ? ResizeTo(op, 1, {count[0]}) : kTfLiteOk;
}

TfLiteStatus Dilate(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  if (input == nullptr) return op.Refuse("a tensor is left out");
  TFLITE_SYS_OK(op.Expect(1, {kTfLiteInt32}));
  TFLITE_SYS_OK(op.ExpectRank(1, 1));
  TFLITE_SYS_OK(op.ExpectCount(1, Rank(input)));
  TFLITE_SYS_OK(op.ExpectCount(2, 1));
  Ints dilations;
  TFLITE_SYS_OK(Ints::Read(op, 1, &dilations));
  // The kernel counts bytes with `int`.
  int64_t count = 16;
  for (int axis = 0; axis < Rank(input); ++axis) {
    const int64_t limit = INT32_MAX / (Dim(input, axis) > 0 ? Dim(input, axis) : 1);
    if (dilations[axis] < 1 || dilations[axis] > limit) {
      return op.Refuse("dilation %lld of axis %d is not within 1..=%lld",
                       static_cast<long long>(dilations[axis]), axis,
                       static_cast<long long>(limit));
    }
    if ((count *= Dim(input, axis) * dilations[axis]) > INT32_MAX) {
      return op.Refuse("the output would be too large");
    }
  }
  return kTfLiteOk;
}

// With float inputs and integer filters, and with 16-bit inputs, the kernel writes as many channels
// as the input's and the option come to. Else it looks at the filter, and keeps the multiplier in 16
// bits.
TfLiteStatus DepthwiseChannels(const Op& op) {
  const TfLiteTensor* input = op.input(0);
  const TfLiteTensor* filter = op.input(1);
  TFLITE_SYS_OK(op.ExpectRank(0, 4));
  TFLITE_SYS_OK(op.ExpectRank(1, 4));
  const int channels = Dim(input, 3);
  if (channels > 0 && Dim(filter, 3) / channels > INT16_MAX) {
    return op.Refuse("a multiplier of more than %d", INT16_MAX);
  }
  const bool is_hybrid = input->type == kTfLiteFloat32 && filter->type != kTfLiteFloat32;
  if (!is_hybrid && input->type != kTfLiteInt16) return kTfLiteOk;
  const int64_t multiplier = op.params<TfLiteDepthwiseConvParams>()->depth_multiplier;
  if (channels * multiplier != Dim(filter, 3)) {
    return op.Refuse("%lld times %d channels are not those of the filter, %d",
                     static_cast<long long>(multiplier), channels, Dim(filter, 3));
  }
  return kTfLiteOk;
}

// Whether there are at least two different scales, one for each slice along the first axis.
bool HasOwnScales(const TfLiteTensor* filter) {
  const TfLiteAffineQuantization* affine = ScalesOf(filter);
  if (affine == nullptr || affine->quantized_dimension != 0 ||
      affine->scale->size != Dim(filter, 0)) {
    return false;
  }
  const float* scales = affine->scale->data;
  for (int i = 1; i < affine->scale->size; ++i) {
    if (scales[i] != scales[0]) return true;
  }
  return false;
}

// The kernel divides the output channels by the number of groups, and by what each gets. With float
// inputs and integer filters it has groups only where it has prepared for many scales.
TfLiteStatus ConvGroups(const Op& op) {
  TFLITE_SYS_OK(op.ExpectRank(0, 4));
  TFLITE_SYS_OK(op.ExpectRank(1, 4));
  const int channels = Dim(op.input(0), 3), own = Dim(op.input(1), 3);
  if (channels < 1 || own < 1 || channels % own != 0) return kTfLiteOk;
  if (Dim(op.input(1), 0) % (channels / own) != 0) {
    return op.Refuse("%d groups do not divide %d output channels", channels / own,
                     Dim(op.input(1), 0));
  }
  const TfLiteType type = op.input(1)->type;
  const bool is_hybrid = op.input(0)->type == kTfLiteFloat32 && type != kTfLiteFloat32;
  const bool is_prepared =
      (type == kTfLiteInt8 || type == kTfLiteInt4) && HasOwnScales(op.input(1));
  if (is_hybrid && channels != own && !is_prepared) {
    return op.Refuse("%d groups of a filter without scales of its own for each output channel",
                     channels / own);
  }
  return kTfLiteOk;
}

// The kernel asks for a multiple of the filter's channels, and takes it for their number.
TfLiteStatus Conv3dTranspose(const Op& op) {
  TFLITE_SYS_OK(op.Expect(0, {kTfLiteInt32}));
  TFLITE_SYS_OK(op.ExpectCount(0, 5));
  TFLITE_SYS_OK(op.ExpectRank(1, 5));
  Ints shape;
  TFLITE_SYS_OK(Ints::Read(op, 0, &shape));
  if (shape[4] != Dim(op.input(1), 3)) {
    return op.Refuse("%lld output channels of %d filters", static_cast<long long>(shape[4]),
                     Dim(op.input(1), 3));
  }
  return kTfLiteOk;
}

constexpr Guard kGuards[] = {
    {.code = kTfLiteBuiltinFill, .known = 0b1, .values = Fill},
    {.code = kTfLiteBuiltinBroadcastTo, .known = 0b10, .values = BroadcastTo},
    {.code = kTfLiteBuiltinBroadcastArgs, .known = 0b11, .values = BroadcastArgs},
    {.code = kTfLiteBuiltinTile, .known = 0b10, .values = Tile},
    {.code = kTfLiteBuiltinResizeBilinear,
     .known = 0b10,
     .values = ResizeImage,
     .invoke = NotEmpty},
    {.code = kTfLiteBuiltinResizeNearestNeighbor,
     .known = 0b10,
     .values = ResizeImage,
     .invoke = NotEmpty},
    {.code = kTfLiteBuiltinRange, .known = 0b111, .values = Range},
    {.code = kTfLiteBuiltinReshape, .known = 0b10, .values = Reshape},
    {.code = kTfLiteBuiltinTransposeConv,
     .known = 0b1,
     .values = TransposeConv,
     .invoke = NotEmpty},
    {.code = kTfLiteBuiltinRandomUniform, .known = 0b1, .values = RandomShape, .invoke = Random},
    {.code = kTfLiteBuiltinRandomStandardNormal,
     .known = 0b1,
     .values = RandomShape,
     .invoke = Random},
    {.code = kTfLiteBuiltinMultinomial, .prepare = MultinomialShapes},
    {.code = kTfLiteBuiltinNonMaxSuppressionV4,
     .known = 0b100,
     .values = NonMaxSuppressionCount,
     .invoke = NonMaxSuppression},
    {.code = kTfLiteBuiltinNonMaxSuppressionV5,
     .known = 0b100,
     .values = NonMaxSuppressionCount,
     .invoke = NonMaxSuppression},
    {.code = kTfLiteBuiltinDilate, .known = 0b10, .values = Dilate, .invoke = NotEmpty},
    {.code = kTfLiteBuiltinConv2d, .prepare = ConvGroups, .invoke = NotEmpty},
    {.code = kTfLiteBuiltinDepthwiseConv2d, .prepare = DepthwiseChannels, .invoke = NotEmpty},
    {.code = kTfLiteBuiltinConv3d, .invoke = NotEmpty},
    {.code = kTfLiteBuiltinConv3dTranspose,
     .known = 0b1,
     .values = Conv3dTranspose,
     .invoke = NotEmpty},
    {.code = kTfLiteBuiltinAveragePool2d, .invoke = NotEmpty},
    {.code = kTfLiteBuiltinMaxPool2d, .invoke = NotEmpty},
    {.code = kTfLiteBuiltinL2Pool2d, .invoke = NotEmpty},
};

}  // namespace

Guards SizeGuards() { return {kGuards, sizeof kGuards / sizeof *kGuards}; }

}  // namespace tflite_sys
