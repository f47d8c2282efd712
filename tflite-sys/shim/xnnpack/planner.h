// Included before everything else in XNNPACK's memory-planner.c: planner.c has the function of this
// name that is used.

#ifndef TFLITE_SYS_XNNPACK_PLANNER_H_
#define TFLITE_SYS_XNNPACK_PLANNER_H_

#include "src/xnnpack/memory-planner.h"

void tflite_sys_unused_plan(struct xnn_value_allocation_tracker* tracker);

#define xnn_plan_value_allocation_tracker tflite_sys_unused_plan

#endif  // TFLITE_SYS_XNNPACK_PLANNER_H_
