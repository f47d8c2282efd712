// The resolver that the C API takes its operators from, in the place of upstream's
// create_op_resolver_with_builtin_ops.cc: the same operators in the same versions, with checks
// before their kernels.

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <utility>

#include "checked/check.h"
#include "flatbuffers/flexbuffers.h"
#include "tensorflow/lite/core/create_op_resolver.h"
#include "tensorflow/lite/core/kernels/register.h"
#include "tensorflow/lite/kernels/kernel_util.h"
#include "tensorflow/lite/mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace tflite_sys {
namespace {

using tflite::ops::builtin::BuiltinOpResolverWithoutDefaultDelegates;

constexpr int kBuiltinCount = tflite::BuiltinOperator_MAX + 1;
// Built-in operators by their code, then those with a name.
constexpr int kSlots = kBuiltinCount + kCustomCount;
constexpr int kMaxVersion = 32;
// As for tensors in files: some kernels call themselves once for each dimension.
constexpr int kMaxRank = 254;
// TfLiteIntArray holds more temporaries than any kernel has.
constexpr int kMaxOutputs = 16;

// Upstream's functions, and what is checked before them.
struct Slot {
  bool is_used = false;
  TfLiteRegistration upstream = {};
  Guard guard = {};
  const char* name = "";
};

class Slots {
 public:
  Slots() {
    const BuiltinOpResolverWithoutDefaultDelegates resolver;
    for (int code = 0; code < kBuiltinCount; ++code) {
      const auto op = static_cast<tflite::BuiltinOperator>(code);
      // All versions have the same functions.
      for (int version = 1; version <= kMaxVersion && !slots_[code].is_used; ++version) {
        Fill(code, resolver.FindOp(op, version), tflite::EnumNameBuiltinOperator(op));
      }
    }
    for (int custom = 0; custom < kCustomCount; ++custom) {
      const char* name = kCustomNames[custom];
      Fill(kBuiltinCount + custom, resolver.FindOp(name, 1), name);
    }
    for (const Guards& guards :
         {ArithmeticGuards(), ControlGuards(), IndexGuards(), NetworkGuards(), ResourceGuards(),
          SizeGuards(), SliceGuards(), StablehloGuards(), TypeGuards()}) {
      for (int i = 0; i < guards.count; ++i) slots_[guards.begin[i].code].guard = guards.begin[i];
    }
    const Guards guards = CustomGuards();
    for (int i = 0; i < guards.count; ++i) {
      slots_[kBuiltinCount + guards.begin[i].code].guard = guards.begin[i];
    }
  }

  const Slot& operator[](int slot) const { return slots_[slot]; }

 private:
  void Fill(int slot, const TfLiteRegistration* found, const char* name) {
    if (found == nullptr) return;
    slots_[slot].is_used = true;
    slots_[slot].upstream = *found;
    slots_[slot].name = name;
  }

  std::array<Slot, kSlots> slots_;
};

const Slots& AllSlots() {
  // Never destroyed: interpreters may live until the process ends.
  static const Slots* const slots = new Slots;
  return *slots;
}

// Whether a resize failed since this was cleared. Some kernels do not look at what it returns.
thread_local bool resize_failed = false;

// It is the same function in all contexts.
std::atomic<decltype(TfLiteContext::ResizeTensor)> upstream_resize{nullptr};

bool IsPlain(TfLiteType type) {
  return type != kTfLiteString && type != kTfLiteResource && type != kTfLiteVariant;
}

// The context's ResizeTensor. Kernels count elements with `int`, and compute some lengths from
// values: what does not fit is refused here, for all of them.
TfLiteStatus Resize(TfLiteContext* context, TfLiteTensor* tensor, TfLiteIntArray* dims) {
  const char* reason = dims->size > kMaxRank ? "too many dimensions" : nullptr;
  int64_t count = 1;
  for (int axis = 0; axis < dims->size && reason == nullptr; ++axis) {
    const int64_t dim = dims->data[axis];
    if (dim < 0) {
      reason = "a negative dimension";
    } else if ((count *= dim > 0 ? dim : 1) > kMaxElements) {
      // A dimension of 0 does not hide the others: kernels multiply some of them alone.
      reason = "more than 2147483647 elements";
    }
  }
  if (reason != nullptr) {
    resize_failed = true;
    context->ReportError(context, "The tensor %s would have %s",
                         tensor->name == nullptr ? "without a name" : tensor->name, reason);
    if (dims != tensor->dims) TfLiteIntArrayFree(dims);
    return kTfLiteError;
  }
  const size_t had = tensor->data.raw == nullptr ? 0 : tensor->bytes;
  const TfLiteStatus status = upstream_resize.load()(context, tensor, dims);
  if (status != kTfLiteOk) {
    resize_failed = true;
    return status;
  }
  const bool is_own = tensor->allocation_type == kTfLiteDynamic ||
                      tensor->allocation_type == kTfLitePersistentRo;
  if (is_own && IsPlain(tensor->type) && tensor->bytes > had) {
    if (tensor->data.raw == nullptr) {
      resize_failed = true;
      context->ReportError(context, "No memory for a tensor of %zu bytes", tensor->bytes);
      tensor->bytes = 0;
      return kTfLiteError;
    }
    // Not every kernel writes all of its output.
    std::memset(tensor->data.raw, 0, tensor->bytes);
  }
  return status;
}

void HookResize(TfLiteContext* context) {
  if (context->ResizeTensor == Resize) return;
  upstream_resize.store(context->ResizeTensor);
  context->ResizeTensor = Resize;
}

bool IsCustom(int slot) { return slot >= kBuiltinCount; }

void* Init(int slot, TfLiteContext* context, const char* buffer, size_t length) {
  // All nodes are initialised before anything is prepared.
  HookResize(context);
  const Slot& own = AllSlots()[slot];
  const TfLiteRegistration& upstream = own.upstream;
  if (upstream.init == nullptr) return nullptr;
  // The kernels follow the offsets in these options without a look.
  if (IsCustom(slot) &&
      !flexbuffers::VerifyBuffer(reinterpret_cast<const uint8_t*>(buffer), length, nullptr)) {
    return nullptr;
  }
  void* const data = upstream.init(context, buffer, length);
  if (own.guard.made != nullptr) own.guard.made(buffer, data);
  return data;
}

void Free(int slot, TfLiteContext* context, void* data) {
  const TfLiteRegistration& upstream = AllSlots()[slot].upstream;
  if (data != nullptr && upstream.free != nullptr) upstream.free(context, data);
}

TfLiteStatus Values(const Op& op, const Guard& guard) {
  return guard.values == nullptr ? kTfLiteOk : guard.values(op);
}

bool AreKnown(const Op& op, unsigned inputs) {
  for (int index = 0; inputs != 0; ++index, inputs >>= 1) {
    const TfLiteTensor* input = (inputs & 1) == 0 ? nullptr : op.input(index);
    if (input != nullptr && !IsKnown(input)) return false;
  }
  return true;
}

TfLiteStatus Prepare(int slot, TfLiteContext* context, TfLiteNode* node) {
  const Slot& own = AllSlots()[slot];
  const Op op(context, node, own.upstream.builtin_code, own.name);
  const Guard& guard = own.guard;
  if (IsCustom(slot) && own.upstream.init != nullptr && node->user_data == nullptr) {
    return op.Refuse("the options are no FlexBuffer");
  }
  for (int index = 0; index < op.inputs(); ++index) {
    // Kernels look up the length of that axis.
    const TfLiteAffineQuantization* affine = ScalesOf(op.input(index));
    if (affine != nullptr &&
        (affine->quantized_dimension < 0 || affine->quantized_dimension >= Rank(op.input(index)))) {
      return op.Refuse("input %d has no axis %d, to which its scales belong", index,
                       affine->quantized_dimension);
    }
  }
  if (guard.prepare != nullptr) TFLITE_SYS_OK(guard.prepare(op));
  if (guard.known != 0 && AreKnown(op, guard.known)) TFLITE_SYS_OK(Values(op, guard));
  if (guard.same_type >= 0) {
    const TfLiteTensor* input = op.input(guard.same_type);
    const TfLiteTensor* output = op.output(0);
    if (input != nullptr && output != nullptr && input->type != output->type) {
      return op.Refuse("the output's type %s is not the input's, %s",
                       TfLiteTypeGetName(output->type), TfLiteTypeGetName(input->type));
    }
  }
  if (own.upstream.prepare == nullptr) return kTfLiteOk;
  // Whoever reads an output was verified with the type that the file says.
  TfLiteType types[kMaxOutputs];
  for (int index = 0; index < op.outputs() && index < kMaxOutputs; ++index) {
    const TfLiteTensor* output = op.output(index);
    types[index] = output == nullptr ? kTfLiteNoType : output->type;
  }
  resize_failed = false;
  const TfLiteStatus status = own.upstream.prepare(context, node);
  if (status != kTfLiteOk) return status;
  if (resize_failed) return op.Refuse("an output has no valid shape");
  for (int index = 0; index < op.outputs() && index < kMaxOutputs; ++index) {
    const TfLiteTensor* output = op.output(index);
    if (output != nullptr && types[index] != kTfLiteNoType && output->type != types[index]) {
      return op.Refuse("output %d has the type %s, but the kernel computes %s", index,
                       TfLiteTypeGetName(types[index]), TfLiteTypeGetName(output->type));
    }
  }
  return kTfLiteOk;
}

TfLiteStatus Invoke(int slot, TfLiteContext* context, TfLiteNode* node) {
  const Slot& own = AllSlots()[slot];
  const Op op(context, node, own.upstream.builtin_code, own.name);
  TFLITE_SYS_OK(Values(op, own.guard));
  if (own.guard.invoke != nullptr) TFLITE_SYS_OK(own.guard.invoke(op));
  return own.upstream.invoke(context, node);
}

// A registration's functions get no pointer to it: each slot has functions of its own.
template <int slot>
struct Functions {
  static void* InitSlot(TfLiteContext* context, const char* buffer, size_t length) {
    return Init(slot, context, buffer, length);
  }
  static void FreeSlot(TfLiteContext* context, void* data) { Free(slot, context, data); }
  static TfLiteStatus PrepareSlot(TfLiteContext* context, TfLiteNode* node) {
    return Prepare(slot, context, node);
  }
  static TfLiteStatus InvokeSlot(TfLiteContext* context, TfLiteNode* node) {
    return Invoke(slot, context, node);
  }
};

struct Wrappers {
  decltype(TfLiteRegistration::init) init;
  decltype(TfLiteRegistration::free) free;
  decltype(TfLiteRegistration::prepare) prepare;
  decltype(TfLiteRegistration::invoke) invoke;
};

template <int... slots>
constexpr std::array<Wrappers, sizeof...(slots)> MakeWrappers(
    std::integer_sequence<int, slots...>) {
  return {Wrappers{Functions<slots>::InitSlot, Functions<slots>::FreeSlot,
                   Functions<slots>::PrepareSlot, Functions<slots>::InvokeSlot}...};
}

constexpr auto kWrappers = MakeWrappers(std::make_integer_sequence<int, kSlots>());

class CheckedOpResolver : public BuiltinOpResolverWithoutDefaultDelegates {
 public:
  const TfLiteRegistration* FindOp(tflite::BuiltinOperator op, int version) const override {
    return Wrap(op, BuiltinOpResolverWithoutDefaultDelegates::FindOp(op, version));
  }

  const TfLiteRegistration* FindOp(const char* op, int version) const override {
    const TfLiteRegistration* found =
        BuiltinOpResolverWithoutDefaultDelegates::FindOp(op, version);
    for (int custom = 0; custom < kCustomCount; ++custom) {
      if (std::strcmp(op, kCustomNames[custom]) == 0) return Wrap(kBuiltinCount + custom, found);
    }
    return found;
  }

 private:
  const TfLiteRegistration* Wrap(int slot, const TfLiteRegistration* found) const {
    if (found == nullptr || slot < 0 || slot >= kSlots) return found;
    const Slot& own = AllSlots()[slot];
    // An operator that the user put in upstream's place is the user's.
    if (!own.is_used || found->registration_external != nullptr ||
        found->prepare != own.upstream.prepare || found->invoke != own.upstream.invoke) {
      return found;
    }
    TfLiteRegistration& wrapped = wrapped_.emplace_back(*found);
    wrapped.init = kWrappers[slot].init;
    if (found->free != nullptr) wrapped.free = kWrappers[slot].free;
    wrapped.prepare = kWrappers[slot].prepare;
    if (own.guard.values != nullptr || own.guard.invoke != nullptr) {
      wrapped.invoke = kWrappers[slot].invoke;
    }
    return &wrapped;
  }

  // At fixed addresses. The builder of an interpreter copies what it is given.
  mutable std::deque<TfLiteRegistration> wrapped_;
};

}  // namespace
}  // namespace tflite_sys

namespace tflite {

std::unique_ptr<MutableOpResolver> CreateOpResolver() {
  return std::make_unique<tflite_sys::CheckedOpResolver>();
}

}  // namespace tflite
