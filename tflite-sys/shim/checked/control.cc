// Operators that run subgraphs.

#include "checked/check.h"

namespace tflite_sys {
namespace {

// What the kernel of WHILE keeps for a node (kernels/while.cc).
struct WhileData {
  int condition;
  int body;
  bool condition_is_dynamic;
  bool body_is_dynamic;
  bool is_prepared;
};

// The kernel reads one element of the condition after each iteration. It only looks whether there
// is one while it prepares, unless the condition is dynamic. But its length can also change
// because a loop's variable has changed: so the kernel shall always look.
void LookAtCondition(const void* options, void* data) {
  const auto* params = static_cast<const TfLiteWhileParams*>(options);
  auto* own = static_cast<WhileData*>(data);
  // If the kernel has another idea of its data, a test fails that wants the error.
  if (own->condition == params->cond_subgraph_index && own->body == params->body_subgraph_index) {
    own->condition_is_dynamic = true;
  }
}

constexpr Guard kGuards[] = {
    {.code = kTfLiteBuiltinWhile, .made = LookAtCondition},
};

}  // namespace

Guards ControlGuards() { return {kGuards, sizeof kGuards / sizeof *kGuards}; }

}  // namespace tflite_sys
