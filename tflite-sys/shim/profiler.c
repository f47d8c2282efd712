#include "profiler.h"

#include <stdlib.h>

#ifdef TFLITE_SYS_HAS_HEADERS
#include "tensorflow/lite/core/c/c_api_experimental.h"
#include "tensorflow/lite/profiling/telemetry/c/profiler.h"
#else
// As in the headers of the version that this crate binds.
typedef struct TfLiteTelemetryProfilerStruct {
  void* data;
  void (*ReportTelemetryEvent)(struct TfLiteTelemetryProfilerStruct*, const char*, uint64_t);
  void (*ReportTelemetryOpEvent)(struct TfLiteTelemetryProfilerStruct*, const char*, int64_t,
                                 int64_t, uint64_t);
  void (*ReportSettings)(struct TfLiteTelemetryProfilerStruct*, const char*, const void*);
  uint32_t (*ReportBeginOpInvokeEvent)(struct TfLiteTelemetryProfilerStruct*, const char*, int64_t,
                                       int64_t);
  void (*ReportEndOpInvokeEvent)(struct TfLiteTelemetryProfilerStruct*, uint32_t);
  void (*ReportOpInvokeEvent)(struct TfLiteTelemetryProfilerStruct*, const char*, uint64_t, int64_t,
                              int64_t);
} TfLiteTelemetryProfilerStruct;
typedef void TfLiteTelemetrySettings;
extern void TfLiteInterpreterOptionsSetTelemetryProfiler(TfLiteInterpreterOptions*,
                                                         TfLiteTelemetryProfilerStruct*);
#endif

struct tflite_sys_profiler {
  TfLiteTelemetryProfilerStruct native;
  tflite_sys_profiler_callbacks callbacks;
};

static const tflite_sys_profiler_callbacks* callbacks_of(TfLiteTelemetryProfilerStruct* native) {
  return &((const tflite_sys_profiler*)native->data)->callbacks;
}

static void happened(TfLiteTelemetryProfilerStruct* native, const char* name, uint64_t status) {
  const tflite_sys_profiler_callbacks* callbacks = callbacks_of(native);
  callbacks->happened(callbacks->user_data, name, status);
}

static uint32_t begin(TfLiteTelemetryProfilerStruct* native, const char* name, int64_t node,
                      int64_t subgraph) {
  const tflite_sys_profiler_callbacks* callbacks = callbacks_of(native);
  return callbacks->begin(callbacks->user_data, name, node, subgraph);
}

static void end(TfLiteTelemetryProfilerStruct* native, uint32_t event) {
  const tflite_sys_profiler_callbacks* callbacks = callbacks_of(native);
  callbacks->end(callbacks->user_data, event);
}

static void measured(TfLiteTelemetryProfilerStruct* native, const char* name, uint64_t microseconds,
                     int64_t node, int64_t subgraph) {
  const tflite_sys_profiler_callbacks* callbacks = callbacks_of(native);
  callbacks->measured(callbacks->user_data, name, microseconds, node, subgraph);
}

// The runtime calls these two without a look whether they are there.
static void op_happened(TfLiteTelemetryProfilerStruct* native, const char* name, int64_t node,
                        int64_t subgraph, uint64_t status) {
  (void)native, (void)name, (void)node, (void)subgraph, (void)status;
}

static void settings(TfLiteTelemetryProfilerStruct* native, const char* name,
                     const TfLiteTelemetrySettings* values) {
  (void)native, (void)name, (void)values;
}

tflite_sys_profiler* tflite_sys_profiler_create(const tflite_sys_profiler_callbacks* callbacks) {
  tflite_sys_profiler* profiler = calloc(1, sizeof *profiler);
  if (profiler == NULL) return NULL;
  profiler->callbacks = *callbacks;
  profiler->native.data = profiler;
  profiler->native.ReportTelemetryEvent = happened;
  profiler->native.ReportTelemetryOpEvent = op_happened;
  profiler->native.ReportSettings = settings;
  profiler->native.ReportBeginOpInvokeEvent = begin;
  profiler->native.ReportEndOpInvokeEvent = end;
  profiler->native.ReportOpInvokeEvent = measured;
  return profiler;
}

void tflite_sys_profiler_delete(tflite_sys_profiler* profiler) { free(profiler); }

void tflite_sys_interpreter_options_set_profiler(TfLiteInterpreterOptions* options,
                                                 tflite_sys_profiler* profiler) {
  TfLiteInterpreterOptionsSetTelemetryProfiler(options, &profiler->native);
}
