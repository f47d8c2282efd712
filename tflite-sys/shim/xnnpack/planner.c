// Where in the workspace XNNPACK's tensors lie.
//
// XNNPACK's own planner uses gaps between the tensors that live together with one, but never what
// is before the first of them. In a chain of equally large tensors each then lies behind the one
// before, and the workspace is as large as all of them together: 160 convolutions took 2.6 GB
// where two tensors of 16 MB live at a time.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "include/xnnpack.h"
#include "src/xnnpack/allocator.h"
#include "src/xnnpack/memory-planner.h"

typedef struct xnn_usage_record Usage;

static bool live_together(const Usage* a, const Usage* b) {
  return a->first_node <= b->last_node && b->first_node <= a->last_node;
}

// The largest first; of equally large ones the first used, so that the plan is the same each time.
static int compare(const void* left, const void* right) {
  const Usage* a = *(Usage* const*)left;
  const Usage* b = *(Usage* const*)right;
  if (a->tensor_size != b->tensor_size) return a->tensor_size < b->tensor_size ? 1 : -1;
  if (a->first_node != b->first_node) return a->first_node > b->first_node ? 1 : -1;
  return (a > b) - (a < b);
}

// The offset of the smallest place that is large enough, between tensors that are sorted by their
// offsets, or behind the last one. Tensors that do not live at the same time are not in the way.
static size_t find_place(const Usage* tensor, Usage* const* placed, size_t count) {
  size_t place = SIZE_MAX, smallest = SIZE_MAX, end = 0;
  for (size_t i = 0; i < count; ++i) {
    const Usage* other = placed[i];
    if (!live_together(tensor, other)) continue;
    if (other->alloc_offset > end) {
      const size_t gap = other->alloc_offset - end;
      if (gap >= tensor->tensor_size && gap < smallest) {
        smallest = gap;
        place = end;
      }
    }
    const size_t other_end = other->alloc_offset + other->tensor_size;
    if (other_end > end) end = other_end;
  }
  return place == SIZE_MAX ? end : place;
}

// The tensors from the smallest number to the largest one; of those without a size nothing is kept.
static size_t with_size(struct xnn_value_allocation_tracker* tracker, Usage** tensors) {
  size_t count = 0;
  for (size_t id = tracker->min_value_id; id <= tracker->max_value_id; ++id) {
    Usage* usage = &tracker->usage[id];
    if (usage->tensor_size == 0) continue;
    if (tensors != NULL) tensors[count] = usage;
    ++count;
  }
  return count;
}

void xnn_plan_value_allocation_tracker(struct xnn_value_allocation_tracker* tracker) {
  if (tracker->min_value_id == XNN_INVALID_VALUE_ID) return;

  const size_t count = with_size(tracker, NULL);
  // Twice the tensors: by size, and by offset as far as they are placed.
  Usage** tensors = xnn_allocate_memory(2 * (count + 1) * sizeof(Usage*));
  size_t arena = 0;
  if (tensors == NULL) {
    // One behind the other needs no memory to plan with.
    for (size_t id = tracker->min_value_id; id <= tracker->max_value_id; ++id) {
      Usage* usage = &tracker->usage[id];
      if (usage->tensor_size == 0) continue;
      usage->alloc_offset = arena;
      arena += usage->tensor_size;
    }
  } else {
    Usage** placed = tensors + count;
    with_size(tracker, tensors);
    qsort(tensors, count, sizeof(Usage*), compare);
    for (size_t i = 0; i < count; ++i) {
      Usage* tensor = tensors[i];
      tensor->alloc_offset = find_place(tensor, placed, i);
      const size_t end = tensor->alloc_offset + tensor->tensor_size;
      if (end > arena) arena = end;
      size_t at = i;
      for (; at > 0 && placed[at - 1]->alloc_offset > tensor->alloc_offset; --at) placed[at] = placed[at - 1];
      placed[at] = tensor;
    }
    xnn_release_memory(tensors);
  }

  // Results in the place of their operands.
  for (size_t id = tracker->min_value_id; id <= tracker->max_value_id; ++id) {
    Usage* usage = &tracker->usage[id];
    if (usage->reuse_value_id == XNN_INVALID_VALUE_ID) continue;
    usage->alloc_offset = tracker->usage[usage->reuse_value_id].alloc_offset;
  }
  tracker->mem_arena_size = arena;
}
