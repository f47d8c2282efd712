// Variables, hash tables, and calls of subgraphs.

#include "checked/check.h"
#include "tensorflow/lite/core/subgraph.h"
#include "tensorflow/lite/experimental/resource/lookup_interfaces.h"
#include "tensorflow/lite/experimental/resource/resource_variable.h"

namespace tflite_sys {
namespace {

using tflite::resource::LookupInterface;
using tflite::resource::ResourceBase;
using tflite::resource::ResourceVariable;

tflite::Subgraph* GraphOf(const Op& op) {
  return static_cast<tflite::Subgraph*>(op.context()->impl_);
}

// Variables and hash tables share one list, and the kernels take what they find there for theirs.
TfLiteStatus FindResource(const Op& op, ResourceBase** resource) {
  const TfLiteTensor* handle = op.input(0);
  TFLITE_SYS_OK(op.Expect(0, {kTfLiteResource, kTfLiteInt32}));
  if (handle->data.raw == nullptr || handle->bytes < sizeof(int32_t)) {
    return op.Refuse("the handle has no value");
  }
  auto& resources = GraphOf(op)->resources();
  const auto found = resources.find(handle->data.i32[0]);
  *resource = found == resources.end() ? nullptr : found->second.get();
  return kTfLiteOk;
}

TfLiteStatus AssignVariable(const Op& op) {
  ResourceBase* resource = nullptr;
  TFLITE_SYS_OK(FindResource(op, &resource));
  if (op.input(1) == nullptr || op.input(1)->type == kTfLiteString) {
    return op.Refuse("a variable cannot hold strings");
  }
  if (resource != nullptr && dynamic_cast<ResourceVariable*>(resource) == nullptr) {
    return op.Refuse("the resource %d is no variable", op.input(0)->data.i32[0]);
  }
  return kTfLiteOk;
}

TfLiteStatus ReadVariable(const Op& op) {
  ResourceBase* resource = nullptr;
  TFLITE_SYS_OK(FindResource(op, &resource));
  auto* variable = dynamic_cast<ResourceVariable*>(resource);
  const TfLiteTensor* value = variable == nullptr ? nullptr : variable->GetTensor();
  if (value == nullptr) {
    return op.Refuse("the resource %d is no variable that was set", op.input(0)->data.i32[0]);
  }
  const TfLiteTensor* output = op.output(0);
  if (output == nullptr || output->type == kTfLiteString) {
    return op.Refuse("a variable cannot hold strings");
  }
  if (output->allocation_type != kTfLiteDynamic &&
      (output->bytes != value->bytes || !SameShape(output, value))) {
    return op.Refuse("the variable has %zu bytes, the output %zu", value->bytes, output->bytes);
  }
  return kTfLiteOk;
}

TfLiteStatus FindTable(const Op& op) {
  ResourceBase* resource = nullptr;
  TFLITE_SYS_OK(FindResource(op, &resource));
  if (dynamic_cast<LookupInterface*>(resource) == nullptr) {
    return op.Refuse("the resource %d is no hash table", op.input(0)->data.i32[0]);
  }
  return kTfLiteOk;
}

TfLiteStatus FindInTable(const Op& op) {
  TFLITE_SYS_OK(FindTable(op));
  if (op.input(2) == nullptr || Count(op.input(2)) < 1) return op.Refuse("no default value");
  return kTfLiteOk;
}

TfLiteStatus HandleTypes(const Op& op) { return op.ExpectOutput(0, {kTfLiteResource}); }

// The kernel takes all subgraphs but the first for branches, and one branch for each.
TfLiteStatus CaseBranches(const Op& op) {
  const auto* params = op.params<TfLiteStablehloCaseParams>();
  const size_t subgraphs = GraphOf(op)->GetSubgraphs()->size();
  if (params->num_branches < 1 || params->num_branches + size_t{1} != subgraphs) {
    return op.Refuse("%u branches in a model of %zu subgraphs", params->num_branches, subgraphs);
  }
  for (uint32_t branch = 0; branch < params->num_branches; ++branch) {
    const int32_t index = params->branch_subgraph_indices[branch];
    if (index < 1 || static_cast<size_t>(index) >= subgraphs) {
      return op.Refuse("branch %u is subgraph %d", branch, index);
    }
  }
  return kTfLiteOk;
}

constexpr Guard kGuards[] = {
    {.code = kTfLiteBuiltinVarHandle, .prepare = HandleTypes},
    {.code = kTfLiteBuiltinAssignVariable, .invoke = AssignVariable},
    {.code = kTfLiteBuiltinReadVariable, .invoke = ReadVariable},
    {.code = kTfLiteBuiltinHashtableFind, .invoke = FindInTable},
    {.code = kTfLiteBuiltinHashtableImport, .invoke = FindTable},
    {.code = kTfLiteBuiltinHashtableSize, .invoke = FindTable},
    {.code = kTfLiteBuiltinStablehloCase, .prepare = CaseBranches},
};

}  // namespace

Guards ResourceGuards() { return {kGuards, sizeof kGuards / sizeof *kGuards}; }

}  // namespace tflite_sys
