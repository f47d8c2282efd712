// Included before everything else in the XNNPACK delegate: it looks at operators without a context
// to log to, and some of its checks log all the same.

#ifndef TFLITE_SYS_CHECKED_UNLOGGED_H_
#define TFLITE_SYS_CHECKED_UNLOGGED_H_

// Before the definition below: it is not defined again.
#include "tensorflow/lite/core/c/common.h"

#undef TF_LITE_KERNEL_LOG
#define TF_LITE_KERNEL_LOG(context, ...) TF_LITE_MAYBE_KERNEL_LOG(context, __VA_ARGS__)

#endif  // TFLITE_SYS_CHECKED_UNLOGGED_H_
