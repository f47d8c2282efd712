// The runtime's process-wide log, in the place of upstream's minimal_logging_default.cc.
//
// Upstream writes to stderr. A library inside somebody else's program must not: every
// message goes to the sink that tflite_sys_set_log_sink() has set, or nowhere.

#include <atomic>
#include <cstdarg>
#include <cstdio>

#include "tensorflow/lite/minimal_logging.h"
#include "tflite_sys.h"

static std::atomic<tflite_sys_log_fn> log_sink{nullptr};

extern "C" tflite_sys_log_fn tflite_sys_set_log_sink(tflite_sys_log_fn sink) {
  return log_sink.exchange(sink);
}

namespace tflite {
namespace logging_internal {

LogSeverity MinimalLogger::minimum_log_severity_ = TFLITE_LOG_VERBOSE;

void MinimalLogger::LogFormatted(LogSeverity severity, const char* format, va_list args) {
  const tflite_sys_log_fn sink = log_sink.load();
  if (sink == nullptr || severity < minimum_log_severity_) return;
  // Longer messages are cut: a log line is not worth a heap allocation that can fail.
  char message[1024];
  if (std::vsnprintf(message, sizeof message, format, args) < 0) return;
  sink(static_cast<int>(severity), message);
}

}  // namespace logging_internal
}  // namespace tflite
