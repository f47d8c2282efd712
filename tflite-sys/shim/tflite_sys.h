// What the C API cannot give to Rust directly, because it passes a va_list.
//
// The layouts and signatures here are this crate's own; bindgen binds them together with
// the official headers.

#ifndef TFLITE_SYS_H_
#define TFLITE_SYS_H_

#include <stddef.h>

// A prebuilt library may come without headers. What is needed of them is declared here; where
// they are there, the compiler compares.
#ifdef __has_include
#if __has_include("tensorflow/lite/core/c/c_api.h")
#include "tensorflow/lite/core/c/c_api.h"
#define TFLITE_SYS_HAS_HEADERS
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

#ifndef TFLITE_SYS_HAS_HEADERS
typedef struct TfLiteModel TfLiteModel;
typedef struct TfLiteInterpreterOptions TfLiteInterpreterOptions;
#endif

// Receives one formatted message. `message` is NUL-terminated, and valid during the call
// only. Must not unwind.
typedef void (*tflite_sys_report_fn)(void* user_data, const char* message);

// Where the messages of one model or interpreter go. Must outlive that model or
// interpreter, at the same address.
typedef struct tflite_sys_reporter {
  tflite_sys_report_fn report;
  void* user_data;
} tflite_sys_reporter;

// TfLiteInterpreterOptionsSetErrorReporter() with a formatting reporter.
void tflite_sys_interpreter_options_set_reporter(TfLiteInterpreterOptions* options,
                                                 const tflite_sys_reporter* reporter);

// TfLiteModelCreateWithErrorReporter() with a formatting reporter. As c_api.h has it, the
// reporter must outlive every interpreter that is made from the model.
TfLiteModel* tflite_sys_model_create(const void* model_data, size_t model_size,
                                     const tflite_sys_reporter* reporter);

// Receives one message of the runtime's process-wide log. `severity` is 0 (verbose),
// 1 (info), 2 (warning) or 3 (error). May be called on any thread. Must not unwind.
typedef void (*tflite_sys_log_fn)(int severity, const char* message);

// Sets the process-wide sink; NULL, the initial value, drops all messages. Returns the
// sink that was set before, NULL if the library is not one that this package built: that one
// has no sink. May be called on any thread at any time.
tflite_sys_log_fn tflite_sys_set_log_sink(tflite_sys_log_fn sink);

#ifdef __cplusplus
}
#endif

#endif  // TFLITE_SYS_H_
