#include "tflite_sys.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef TFLITE_SYS_HAS_HEADERS
typedef void (*report_va_fn)(void* user_data, const char* format, va_list args);
extern TfLiteModel* TfLiteModelCreateWithErrorReporter(const void*, size_t, report_va_fn, void*);
extern void TfLiteInterpreterOptionsSetErrorReporter(TfLiteInterpreterOptions*, report_va_fn, void*);
#endif

// Formats one message and passes it on. The signature is the one c_api.h asks for.
static void format_and_report(void* user_data, const char* format, va_list args) {
  const tflite_sys_reporter* reporter = user_data;
  char stack[512];
  va_list again;
  va_copy(again, args);
  int length = vsnprintf(stack, sizeof stack, format, args);
  if (length < 0) {
    // The format itself failed: its text is still better than nothing.
    reporter->report(reporter->user_data, format);
  } else if ((size_t)length < sizeof stack) {
    reporter->report(reporter->user_data, stack);
  } else {
    char* heap = malloc((size_t)length + 1);
    if (heap != NULL) vsnprintf(heap, (size_t)length + 1, format, again);
    // Out of memory: the first half a kilobyte, cut, still says what went wrong.
    reporter->report(reporter->user_data, heap != NULL ? heap : stack);
    free(heap);
  }
  va_end(again);
}

void tflite_sys_interpreter_options_set_reporter(TfLiteInterpreterOptions* options,
                                                 const tflite_sys_reporter* reporter) {
  TfLiteInterpreterOptionsSetErrorReporter(options, format_and_report, (void*)reporter);
}

TfLiteModel* tflite_sys_model_create(const void* model_data, size_t model_size,
                                     const tflite_sys_reporter* reporter) {
  return TfLiteModelCreateWithErrorReporter(model_data, model_size, format_and_report, (void*)reporter);
}

// A library that somebody else built has no sink and logs as it likes. Ours has this function
// (shim/minimal_logging.cc), which then wins.
__attribute__((weak)) tflite_sys_log_fn tflite_sys_set_log_sink(tflite_sys_log_fn sink) {
  (void)sink;
  return NULL;
}

// Tests compare what the compiler makes of the headers' structs with the committed bindings.
#ifdef TFLITE_SYS_HAS_HEADERS
#include "tensorflow/lite/delegates/external/external_delegate.h"
#include "tensorflow/lite/delegates/xnnpack/xnnpack_delegate.h"

#define AT(type, field) offsetof(type, field)

static const size_t xnnpack_layout[] = {
    sizeof(TfLiteXNNPackDelegateOptions),
    _Alignof(TfLiteXNNPackDelegateOptions),
    AT(TfLiteXNNPackDelegateOptions, num_threads),
    AT(TfLiteXNNPackDelegateOptions, runtime_flags),
    AT(TfLiteXNNPackDelegateOptions, flags),
    AT(TfLiteXNNPackDelegateOptions, weights_cache),
    AT(TfLiteXNNPackDelegateOptions, handle_variable_ops),
    AT(TfLiteXNNPackDelegateOptions, weight_cache_file_path),
    AT(TfLiteXNNPackDelegateOptions, weight_cache_file_descriptor),
    AT(TfLiteXNNPackDelegateOptions, weight_cache_provider),
    AT(TfLiteXNNPackDelegateOptions, weight_cache_lock_memory),
};

static const size_t external_layout[] = {
    sizeof(TfLiteExternalDelegateOptions),
    _Alignof(TfLiteExternalDelegateOptions),
    AT(TfLiteExternalDelegateOptions, lib_path),
    AT(TfLiteExternalDelegateOptions, count),
    AT(TfLiteExternalDelegateOptions, keys),
    AT(TfLiteExternalDelegateOptions, values),
    AT(TfLiteExternalDelegateOptions, insert),
    kExternalDelegateMaxOptions,
};
#undef AT

const size_t* tflite_sys_xnnpack_options_layout(size_t* count) {
  *count = sizeof xnnpack_layout / sizeof *xnnpack_layout;
  return xnnpack_layout;
}

const size_t* tflite_sys_external_options_layout(size_t* count) {
  *count = sizeof external_layout / sizeof *external_layout;
  return external_layout;
}
#else
const size_t* tflite_sys_xnnpack_options_layout(size_t* count) {
  *count = 0;
  return NULL;
}

const size_t* tflite_sys_external_options_layout(size_t* count) {
  *count = 0;
  return NULL;
}
#endif
