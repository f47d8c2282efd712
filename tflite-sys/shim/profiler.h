// The telemetry profiler behind a struct of this crate's own.
//
// TfLiteTelemetryProfilerStruct has no stable layout: it is filled by the C compiler, from the
// headers of the library that is linked.

#ifndef TFLITE_SYS_PROFILER_H_
#define TFLITE_SYS_PROFILER_H_

#include <stdint.h>

#include "tflite_sys.h"

#ifdef __cplusplus
extern "C" {
#endif

// What one interpreter's profiler calls. `name` is NUL-terminated, and valid during the call
// only. None of them may unwind. They are called on the thread that uses the interpreter.
typedef struct tflite_sys_profiler_callbacks {
  void* user_data;
  // An operator begins. The result goes to `end`; UINT32_MAX says that nobody wants to know.
  uint32_t (*begin)(void* user_data, const char* name, int64_t node, int64_t subgraph);
  // The operator that `begin` gave this number ends.
  void (*end)(void* user_data, uint32_t event);
  // A delegate has measured one of its own operators.
  void (*measured)(void* user_data, const char* name, uint64_t microseconds, int64_t node,
                   int64_t subgraph);
  // Something else happened, such as "Invoke" at the end of a subgraph's invocation.
  void (*happened)(void* user_data, const char* name, uint64_t status);
} tflite_sys_profiler_callbacks;

typedef struct tflite_sys_profiler tflite_sys_profiler;

// Copies the callbacks. NULL if there is no memory.
tflite_sys_profiler* tflite_sys_profiler_create(const tflite_sys_profiler_callbacks* callbacks);

void tflite_sys_profiler_delete(tflite_sys_profiler* profiler);

// TfLiteInterpreterOptionsSetTelemetryProfiler(). The profiler must outlive every interpreter
// that is made with the options.
void tflite_sys_interpreter_options_set_profiler(TfLiteInterpreterOptions* options,
                                                 tflite_sys_profiler* profiler);

#ifdef __cplusplus
}
#endif

#endif  // TFLITE_SYS_PROFILER_H_
